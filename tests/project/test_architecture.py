"""The package keeps to its architecture: imports point one way, and the core knows nothing of pytest."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "pytest_gitops"
MODULES = {
    ".".join(("pytest_gitops", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
# What `pytest_gitops.load` may need: everything else serves the plugin.
CORE = ("pytest_gitops.model", "pytest_gitops.rendering", "pytest_gitops.discovery", "pytest_gitops.recursion")


def imported(path: Path, *, at_import: bool) -> Iterator[str]:
    """Yield the modules that a module imports; with ``at_import`` only what it needs to be imported itself."""
    nodes = _executed(ast.parse(path.read_text(encoding="utf-8"))) if at_import else ast.walk(_parsed(path))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) or _is_for_types(child):
            continue
        yield child
        yield from _executed(child)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def test_imports_have_no_cycle() -> None:
    graph = {
        name: {other for other in imported(path, at_import=True) if other in MODULES and other != name}
        for name, path in MODULES.items()
    }
    # A package that gathers its own modules is not a cycle with a module that names the package's parent.
    for name, needs in graph.items():
        needs -= {other for other in needs if name.startswith(f"{other}.")}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"modules import each other: {' → '.join(error.args[1])}")


def test_nothing_private_of_pytest_is_imported() -> None:
    private = {
        name: [other for other in imported(path, at_import=False) if other.split(".")[0] == "_pytest"]
        for name, path in MODULES.items()
    }
    assert {name: found for name, found in private.items() if found} == {}


def test_core_knows_nothing_of_pytest() -> None:
    core = {name: path for name, path in MODULES.items() if name.startswith(CORE)}
    reached = _closure(set(core))
    knowing = {
        name: [other for other in imported(MODULES[name], at_import=False) if other.split(".")[0] == "pytest"]
        for name in reached
    }
    assert {name: found for name, found in knowing.items() if found} == {}


def _closure(names: set[str]) -> set[str]:
    reached: set[str] = set()
    while names:
        name = names.pop()
        reached.add(name)
        names |= {other for other in imported(MODULES[name], at_import=False) if other in MODULES} - reached
    return reached
