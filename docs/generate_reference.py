"""Writes the reference pages that the code itself can tell: options, fixtures and markers, model.

Usage: python docs/generate_reference.py [--check]
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest_gitops
from pytest_gitops import model, plugin, settings

PROJECT = Path(__file__).resolve().parent.parent
REFERENCE = PROJECT / "docs" / "reference"


def main() -> None:
    """Write the pages; with --check only tell those that are out of date."""
    pages = {REFERENCE / f"{name}.md": write() for name, write in PAGES.items()}
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        if stale:
            sys.exit("run python docs/generate_reference.py: " + ", ".join(path.name for path in stale))
        return
    for path in stale:
        path.write_text(pages[path], encoding="utf-8")


def options() -> str:
    """Return the page of command-line options and ini values."""
    declared = Declared()
    settings.add_options(declared)  # type: ignore[arg-type]
    lines = ["# Options", "", "Of the command line. `pytest --help` lists them under GitOps repositories.", ""]
    for names, attributes in declared.options:
        metavar = f" {attributes['metavar']}" if "metavar" in attributes else ""
        lines += [f"## `{', '.join(names)}{metavar}`", "", _sentence(attributes["help"]), ""]
    lines += ["# Ini values", "", "In `pytest.ini`, or in the `[tool.pytest.ini_options]` of `pyproject.toml`.", ""]
    for name, text, kind in declared.ini:
        lines += [f"## `{name}`", "", f"{_sentence(text)} {_INI_KINDS[kind]}", ""]
    return _page(lines)


class Declared:
    """Stands in for pytest's parser, and keeps what is declared."""

    def __init__(self) -> None:
        self.options: list[tuple[tuple[str, ...], dict[str, Any]]] = []
        self.ini: list[tuple[str, str, str | None]] = []

    def getgroup(self, *_names: str) -> Declared:
        """Return itself: there is one group."""
        return self

    def addoption(self, *names: str, **attributes: Any) -> None:
        """Keep an option."""
        self.options.append((names, attributes))

    def addini(self, name: str, text: str, kind: str | None = None, _default: Any = None) -> None:
        """Keep an ini value."""
        self.ini.append((name, text, kind))


_INI_KINDS = {
    None: "One value.",
    "linelist": "One entry a line.",
    "args": "Entries, as on a command line.",
    "bool": "A truth value.",
}


def configuration() -> str:
    """Return the page of the configuration file's keys."""
    schema = json.loads((PROJECT / "pytest_gitops" / "configuration.schema.json").read_text(encoding="utf-8"))
    intro = """
        In `.pytest-gitops.yaml` at the repository's root, or in `[tool.pytest-gitops]` of its `pyproject.toml`; not in
        both. All of it is optional. An error in it ends the run with file, line and the nearest valid key. Editors can
        check the file with its [JSON schema](../../pytest_gitops/configuration.schema.json).
    """
    lines = ["# Configuration", "", _sentence(intro), "", "| key | is | |", "|---|---|---|"]
    lines += [f"| `{key}` | {kind} | {text} |" for key, kind, text in _keys(schema, "")]
    return _page(lines)


def _keys(schema: dict[str, Any], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, value in schema.get("properties", {}).items():
        key, item = f"{prefix}{name}", value.get("additionalProperties")
        kind = _kind(value)
        if isinstance(item, dict) and "properties" not in item:
            kind = f"a mapping to {_kind(item).removeprefix('a ')}s"
        yield key, kind, value.get("description", "")
        yield from _keys(value, f"{key}.")
        if isinstance(item, dict):
            yield from _keys(item, f"{key}.<{name.removesuffix('s')}>.")
        if isinstance(value.get("items"), dict):
            yield from _keys(value["items"], f"{key}[].")


def _kind(schema: dict[str, Any]) -> str:
    kinds = {
        "object": "a mapping",
        "array": "a list",
        "string": "a text",
        "boolean": "a truth value",
        "integer": "a number",
    }
    if "enum" in schema:
        return " or ".join(f"`{choice}`" for choice in schema["enum"])
    kind = schema.get("type", "")
    return " or ".join(kinds.get(one, one) for one in ([kind] if isinstance(kind, str) else kind))


def fixtures() -> str:
    """Return the page of fixtures and markers."""
    lines = ["# Fixtures and markers", "", "For your own tests. See [how to write them](../how-to/own-tests.md).", ""]
    for name in sorted(name for name in plugin.__all__ if not name.startswith("_")):
        function = getattr(plugin, name)
        lines += [f"## Fixture `{name}`", "", _markup(inspect.getdoc(function) or ""), ""]
    name, _, text = plugin._MARKER.partition(": ")
    lines += [f"## Marker `{name}`", "", _sentence(text), ""]
    return _page(lines)


def classes() -> str:
    """Return the page of what ``pytest_gitops`` and ``pytest_gitops.model`` offer."""
    lines = ["# Model", "", "What `pytest_gitops.load` returns and the fixtures give. All of it is read only.", ""]
    lines += ["## `pytest_gitops`", ""]
    for name in pytest_gitops.__all__:
        lines += _described(name, getattr(pytest_gitops, name)) if name not in model.__all__ else []
    lines += ["## `pytest_gitops.model`", ""]
    for name in model.__all__:
        lines += _described(name, getattr(model, name))
    return _page(lines)


def _described(name: str, value: Any) -> list[str]:
    if inspect.isclass(value):
        return [f"### class `{name}`", "", _markup(inspect.getdoc(value) or ""), "", *_members(value)]
    if inspect.isfunction(value):
        return [f"### `{name}{_signature(value)}`", "", _markup(inspect.getdoc(value) or ""), ""]
    return [
        f"### `{name}` = `{value}`".replace("pytest_gitops.model.fleet.", "").replace(
            "pytest_gitops.model.resource.", ""
        ),
        "",
    ]


def _members(cls: type) -> list[str]:
    rows = [*_fields(cls), *_values(cls), *_methods(cls)]
    return ["| member | |", "|---|---|", *(f"| `{name}` | {text} |" for name, text in rows), ""] if rows else []


def _fields(cls: type) -> Iterator[tuple[str, str]]:
    if dataclasses.is_dataclass(cls):
        for field in dataclasses.fields(cls):
            yield field.name, f"`{field.type}`".replace("|", "\\|")
    elif hasattr(cls, "__slots__"):
        for name, parameter in inspect.signature(cls).parameters.items():
            yield name, f"`{parameter.annotation}`".replace("|", "\\|")


def _values(cls: type) -> Iterator[tuple[str, str]]:
    if issubclass(cls, enum.Enum):
        for member in cls:
            yield member.name, f"`{member.value!r}`"


def _methods(cls: type) -> Iterator[tuple[str, str]]:
    for name, member in vars(cls).items():
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if (
            not inspect.isfunction(function)
            or not function.__doc__
            or (name.startswith("_") and name not in _OPERATORS)
        ):
            continue
        call = name if isinstance(member, property) else f"{_OPERATORS.get(name, name)}{_signature(function)}"
        yield call.replace("|", "\\|"), _markup(inspect.getdoc(function) or "").replace("\n", " ").replace("|", "\\|")


_OPERATORS = {"__getitem__": "[…]"}


def _signature(function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    kept = [parameter for name, parameter in signature.parameters.items() if name != "self"]
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(signature.replace(parameters=kept)))
    return re.sub(r"<(\w+\.\w+): [^>]*>", r"\1", text)


def _markup(docstring: str) -> str:
    return re.sub(r"``(.+?)``", r"`\1`", docstring.replace("::\n\n    ", ":\n\n    "))


def _sentence(text: str) -> str:
    return " ".join(text.split()).replace("%%", "%")


def _page(lines: list[str]) -> str:
    return "\n".join(["<!-- Written by docs/generate_reference.py -->", "", *lines]).rstrip() + "\n"


def modules() -> str:
    """Return the map of the package's modules and the engine's packages."""
    lines = [
        "# Module map",
        "",
        "What each part is for, in its own words. [How they work together](../explanation/architecture.md).",
        "",
    ]
    package = PROJECT / "pytest_gitops"
    folders = [(f"{path.parent.relative_to(package).as_posix()}/", path) for path in package.rglob("*/__init__.py")]
    files = [(path.name, path) for path in package.glob("*.py")]
    rows = [(name, _first_line(path)) for name, path in (*sorted(files), *sorted(folders))]
    lines += _map("pytest_gitops/", [(name, text) for name, text in rows if name != "./"])
    packages = sorted({path.parent for path in (PROJECT / "engine").rglob("*.go")})
    lines += _map(
        "engine/", [(path.relative_to(PROJECT / "engine").as_posix(), _package_comment(path)) for path in packages]
    )
    return _page(lines)


def _map(title: str, rows: list[tuple[str, str]]) -> list[str]:
    return [
        f"## `{title}`",
        "",
        "| | |",
        "|---|---|",
        *(f"| `{name}` | {_markup(text)} |" for name, text in rows if text),
        "",
    ]


def _first_line(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n\n")[0].replace("\n", " ")


def _package_comment(folder: Path) -> str:
    comments = (
        re.search(r"((?:^// ?.*\n)+)package ", file.read_text(encoding="utf-8"), re.M)
        for file in sorted(folder.glob("*.go"))
    )
    text = next(
        (comment[1] for comment in comments if comment and comment[1].startswith(("// Package", "// Command"))), ""
    )
    sentence = " ".join(line.removeprefix("//").strip() for line in text.splitlines()).partition(". ")[0].rstrip(".")
    return f"{re.sub(r'^(Package|Command) [a-z-]+ ', '', sentence)}." if sentence else ""


PAGES = {"options": options, "configuration": configuration, "fixtures": fixtures, "model": classes, "modules": modules}

if __name__ == "__main__":
    main()
