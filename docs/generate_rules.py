"""Writes the reference of the rules from what they say of themselves: an index, and a page for each.

Usage: python docs/generate_rules.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from pytest_gitops.checks import CHECKS, Rule, built_in

RULES = Path(__file__).resolve().parent / "reference" / "rules"
NOTE = "<!-- Written by docs/generate_rules.py -->"
SETS = {
    "essential": "on; what it finds would break, or has leaked",
    "recommended": "on; what it finds is unwise",
    "strict": "off; for those who want it",
}


def main() -> None:
    """Write the pages and remove those of rules that are gone; with --check only tell what is out of date."""
    stale = sorted(_stale())
    if "--check" in sys.argv:
        if stale:
            sys.exit("run python docs/generate_rules.py: " + ", ".join(stale))
        return
    RULES.mkdir(parents=True, exist_ok=True)
    written = pages()
    for name in stale:
        if name in written:
            (RULES / name).write_text(written[name], encoding="utf-8")
        else:
            (RULES / name).unlink()


def _stale() -> Iterator[str]:
    written = pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in RULES.glob("*.md")}
    return (name for name in {*written, *there} if written.get(name) != there.get(name))


def pages() -> dict[str, str]:
    """Return the text of every page by its file name."""
    rules = built_in()
    return {"README.md": _index(rules), **{f"{rule.id}.md": _page(rule) for rule in rules}}


def _index(rules: tuple[Rule, ...]) -> str:
    lines = [NOTE, "", "# Rules", "", "Choose, tune and exempt them [in the configuration](../configuration.md).", ""]
    lines += ["| set | |", "|---|---|", *(f"| {name} | {text} |" for name, text in SETS.items())]
    for check in CHECKS:
        found = [rule for rule in rules if rule.check == check]
        if found:
            lines += ["", f"## {check}", "", "| rule | set | severity | |", "|---|---|---|---|"]
            lines += [f"| [{r.id}]({r.id}.md) | {r.set} | {r.severity.value} | {_first(r)} |" for r in found]
    return "\n".join(lines) + "\n"


def _first(rule: Rule) -> str:
    """Return the description up to what explains it."""
    text = rule.description.partition(": ")[0] if ": " in rule.description else rule.description
    return text.partition(". ")[0].rstrip(".").replace("|", "\\|")


def _page(rule: Rule) -> str:
    lines = [NOTE, "", f"# {rule.id}", "", rule.description, "", "| | |", "|---|---|"]
    lines += [f"| check | {rule.check} |", f"| set | {rule.set} |", f"| severity | {rule.severity.value} |"]
    lines += [f"| looks at | {_subject(rule)} |", f"| source | <{rule.source}> |", "", "## Remedy", "", rule.remedy]
    if rule.parameters:
        lines += ["", "## Parameters", "", "| name | default |", "|---|---|"]
        lines += [f"| `{name}` | `{value}` |" for name, value in rule.parameters.items()]
    for title, texts in (("Fails", rule.failing), ("Passes", rule.passing)):
        for text in texts:
            lines += ["", f"## {title}", "", "```yaml", text.strip("\n"), "```"]
    return "\n".join(lines) + "\n"


def _subject(rule: Rule) -> str:
    if rule.scope.value == "resource":
        return "every object" if "*" in rule.kinds else ", ".join(rule.kinds)
    return {"kustomization": "every Flux Kustomization", "cluster": "every cluster"}.get(
        rule.scope.value, f"files ({', '.join(rule.files)})"
    )


if __name__ == "__main__":
    main()
