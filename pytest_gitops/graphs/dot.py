"""Graphs in Graphviz' DOT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_gitops.graphs.graph import ClusterGraph, Node

_STYLES = {
    "failed": 'style="filled", fillcolor="#f8d7da", color="#b02a37"',
    "missing": 'style="dashed", color="#b02a37"',
    "skipped": 'style="dashed,filled", fillcolor="#f1f3f5", color="#868e96"',
    "suspended": 'style="filled", fillcolor="#fff3cd", color="#997404"',
}


def to_dot(graphs: Sequence[ClusterGraph]) -> str:
    """Return one digraph, each cluster a subgraph; a dotted edge declares, a solid one depends on."""
    lines = ["digraph fleet {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
    lines += [line for number, graph in enumerate(graphs) for line in _lines(number, graph)]
    return "\n".join([*lines, "}"]) + "\n"


def _lines(number: int, graph: ClusterGraph) -> Iterator[str]:
    prefix = f"c{number}n"
    yield f"  subgraph cluster_{number} {{"
    yield f"    label={_quoted(graph.name)};"
    for index, node in enumerate(graph.nodes):
        yield f"    {prefix}{index} [{_attributes(node)}];"
    for edge in graph.edges:
        yield f"    {prefix}{edge.source} -> {prefix}{edge.target}{' [style=dotted]' if edge.declares else ''};"
    yield "  }"


def _attributes(node: Node) -> str:
    found = [f"label={_quoted(*node.lines)}"]
    found += [] if node.kind == "Kustomization" else ["shape=ellipse"]
    found += [_STYLES[node.state]] if node.state else []
    return ", ".join(found)


def _quoted(*lines: str) -> str:
    return '"' + r"\n".join(line.replace("\\", r"\\").replace('"', r"\"") for line in lines) + '"'
