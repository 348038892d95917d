"""Runs the commands that the documentation shows, and puts in what they print.

A fenced block right after ``<!-- run -->`` is a terminal session: each line that starts with ``$ `` is run by sh, and
what follows is what it printed. The sessions of one document share a home directory that holds ``example-repo``
and ``broken-fleet``, a copy of it with the files of ``docs/examples/broken``. ``<!-- run in DIR -->`` starts in DIR.
``<!-- run … | A | B -->`` leaves out the lines of output that match one of the regular expressions A and B.
A block after ``<!-- file: NAME -->`` is written to ``example-repo/NAME`` for the sessions that follow.

Usage: python docs/run_examples.py [--check] [FILE…]
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).resolve().parent
PROJECT = DOCS.parent
HOME = "/home/you"
BLOCK = re.compile(
    r"(?P<head><!-- (?:run(?: in (?P<dir>\S+))?(?: \|(?P<hide>[^\n]*))?|file: (?P<file>\S+)) -->\n```\w*\n)"
    r"(?P<body>.*?)(?P<tail>```\n)",
    re.DOTALL,
)
# Variables that change what pytest prints; under tox, it keeps its cache elsewhere and says so.
FOREIGN = ("PYTEST_", "GITHUB_", "CI", "TOX_")
# What differs between machines and runs, and what stands for it when two outputs are compared.
VARYING = (
    (re.compile(r"\d+\.\d+s\b|\d+ ms\b"), "0.00s"),
    (re.compile(r"^platform .*$|^plugins: .*$|^cachedir: .*$", re.MULTILINE), ""),
    (re.compile(r"engine \S+ \(.*?\)"), "engine"),
    (re.compile(r"=+"), "="),
)


def main() -> None:
    """Renew the outputs of the given documents, or of all; with --check only tell those that differ."""
    check = "--check" in sys.argv
    files = [Path(argument) for argument in sys.argv[1:] if argument != "--check"]
    stale = [file for file in files or documents() if not renew(file, write=not check)]
    if check and stale:
        sys.exit("run python docs/run_examples.py: " + ", ".join(map(str, stale)))


def documents() -> list[Path]:
    """Return the documents that show commands."""
    candidates = [PROJECT / "README.md", *sorted(DOCS.rglob("*.md"))]
    return [file for file in candidates if BLOCK.search(file.read_text(encoding="utf-8"))]


def renew(file: Path, *, write: bool) -> bool:
    """Return whether a document shows what its commands print, and write it anew where not."""
    text, new = file.read_text(encoding="utf-8"), renewed(file)
    if write and new != text:
        file.write_text(new, encoding="utf-8")
    return new == text


def renewed(file: Path) -> str:
    """Run a document's commands, and return it with what they print.

    That is the document as it is where the outputs differ in nothing but what differs between machines and runs.
    """
    text = file.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="gitops-docs-") as directory:
        home = Path(directory).resolve()
        _furnish(home)
        new = BLOCK.sub(lambda match: _renewed(match, home), text)
    return text if _comparable(text) == _comparable(new) else new


def _furnish(home: Path) -> None:
    ignore = shutil.ignore_patterns(".*cache", "__pycache__")
    for name in ("example-repo", "broken-fleet"):
        shutil.copytree(PROJECT / "example-repo", home / name, ignore=ignore)
    shutil.copytree(DOCS / "examples" / "broken", home / "broken-fleet", dirs_exist_ok=True)


def _renewed(match: re.Match[str], home: Path) -> str:
    if match["file"]:
        file = home / "example-repo" / match["file"]
        file.parent.mkdir(exist_ok=True)
        file.write_text(match["body"], encoding="utf-8")
        return match[0]
    hide = [re.compile(pattern.strip()) for pattern in (match["hide"] or "").split("|") if pattern.strip()]
    state = [home / (match["dir"] or ".")]
    session = "".join(_run(command, state, home, hide) for command in _commands(match["body"]))
    return f"{match['head']}{session}{match['tail']}"


def _commands(body: str) -> Iterator[str]:
    return (line[2:] for line in body.splitlines() if line.startswith("$ "))


def _run(command: str, state: list[Path], home: Path, hide: list[re.Pattern[str]]) -> str:
    """Run one command where the last one ended, and return it with what it printed."""
    marker = "\x1e"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)},
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        # What the examples print must not depend on what can be reached from here.
        "GITOPS_OFFLINE": "1",
        "HOME": str(home),
        "GITOPS_CACHE_DIR": str(home / ".cache"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "COLUMNS": "100",
        "LC_ALL": "C.UTF-8",
    }
    script = f"{command}\nprintf '{marker}%s' \"$PWD\""
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=state[0],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    output, _, directory = done.stdout.rpartition(marker)
    state[0] = Path(directory)
    shown = output.replace(str(home), HOME)
    lines = [line.rstrip() for line in shown.splitlines() if not any(pattern.search(line) for pattern in hide)]
    return "\n".join([f"$ {command}", *lines]) + "\n"


def _comparable(text: str) -> str:
    for pattern, replacement in VARYING:
        text = pattern.sub(replacement, text)
    return text


if __name__ == "__main__":
    main()
