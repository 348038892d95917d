"""``--gitops-graph`` and ``--gitops-tree``."""

from __future__ import annotations

from pathlib import Path

import pytest
from running import Run

MERMAID = """\
flowchart LR
  subgraph c0["production"]
    c0n0["flux-system/flux-system"]
    c0n1["flux-system/apps"]
    c0n0 -.-> c0n1
  end
  subgraph c1["staging"]
    c1n0["flux-system/flux-system"]
    c1n1["flux-system/apps"]
    c1n0 -.-> c1n1
  end
"""

TREE = """\
production
└── Kustomization/flux-system/flux-system
    ├── {first}
    └── {second}
staging
└── Kustomization/flux-system/flux-system
    ├── {first}
    └── {second}
"""


def section(result: pytest.RunResult) -> list[str]:
    """Return the lines of the section that shows the trees."""
    start = next(number for number, line in enumerate(result.outlines) if " gitops tree " in line)
    return [line for line in result.outlines[start + 1 : -1] if line and not line.startswith("=")]


def test_graphs_are_written_once_by_suffix(healthy: Path, run: Run) -> None:
    result = run("--gitops-graph=graphs/fleet.mmd", "--gitops-graph=fleet.md")
    assert result.ret == pytest.ExitCode.OK
    assert (healthy / "graphs/fleet.mmd").read_text(encoding="utf-8") == MERMAID
    assert (healthy / "fleet.md").read_text(encoding="utf-8").startswith(f"```mermaid\n{MERMAID}```\n")


def test_a_graph_needs_no_test_to_run(healthy: Path, pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--gitops-repo=.", "--collect-only", "-q", "--gitops-graph=fleet.mmd")
    assert result.ret == pytest.ExitCode.OK
    assert (healthy / "fleet.mmd").read_text(encoding="utf-8") == MERMAID


def test_an_unknown_suffix_is_a_usage_error(healthy: Path, run: Run) -> None:
    result = run("--gitops-graph=fleet.png")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.errlines[0] == (
        "ERROR: --gitops-graph: 'fleet.png' tells no format; its suffix is one of .mmd, .md, .dot, .gv, .svg"
    )


def test_a_graph_that_cannot_be_written_fails_the_run(healthy: Path, run: Run) -> None:
    (healthy / "taken").write_text("", encoding="utf-8")
    result = run("--gitops-graph=taken/fleet.svg")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert any("the graph" in line and "taken/fleet.svg can't be written" in line for line in result.outlines)


def test_a_refused_run_writes_no_graph(healthy: Path, run: Run) -> None:
    result = run("--gitops-graph=fleet.mmd", "--gitops-rule=no-such-rule")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert not (healthy / "fleet.mmd").exists()


def test_the_tree_shows_what_flux_knows(healthy: Path, run: Run) -> None:
    result = run("--gitops-tree")
    kinds = ("Kustomization/flux-system/apps", "GitRepository/flux-system/flux-system")
    assert section(result) == TREE.format(first=kinds[0], second=kinds[1]).splitlines()


def test_the_tree_shows_everything_with_v(healthy: Path, pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-check=build", "--gitops-tree", "-v")
    assert "    │   └── ConfigMap/web/web-staging" in section(result)
