"""Graphs as Mermaid flowcharts, which forges draw in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_gitops.graphs.graph import ClusterGraph, Node

# What is written as it is; all else could be Mermaid's or Markdown's and is written by its number.
_PLAIN = frozenset(" ./:-_")

_CLASSES = {
    "failed": "fill:#f8d7da,stroke:#b02a37",
    "missing": "fill:#fff,stroke:#b02a37,stroke-dasharray:4",
    "skipped": "fill:#f1f3f5,stroke:#868e96,stroke-dasharray:4",
    "suspended": "fill:#fff3cd,stroke:#997404",
}


def to_mermaid(graphs: Sequence[ClusterGraph]) -> str:
    """Return one flowchart, each cluster a subgraph; a dotted arrow declares, a solid one depends on."""
    return (
        "\n".join(
            [
                "flowchart LR",
                *(line for number, graph in enumerate(graphs) for line in _lines(number, graph)),
                *_classes(graphs),
            ]
        )
        + "\n"
    )


def to_markdown(graphs: Sequence[ClusterGraph]) -> str:
    """Return a Markdown document that shows the flowchart."""
    legend = "A solid arrow leads to what is depended on, a dotted one to what is declared."
    return f"```mermaid\n{to_mermaid(graphs)}```\n\n{legend}\n"


def _lines(number: int, graph: ClusterGraph) -> Iterator[str]:
    prefix = f"c{number}n"
    yield f'  subgraph c{number}["{_escaped(graph.name)}"]'
    for index, node in enumerate(graph.nodes):
        yield f"    {prefix}{index}{_shape(node)}{f':::{node.state}' if node.state else ''}"
    for edge in graph.edges:
        yield f"    {prefix}{edge.source} {'-.->' if edge.declares else '-->'} {prefix}{edge.target}"
    yield "  end"


def _shape(node: Node) -> str:
    text = "<br/>".join(_escaped(line) for line in node.lines)
    return f'["{text}"]' if node.kind == "Kustomization" else f'(["{text}"])'


def _classes(graphs: Sequence[ClusterGraph]) -> Iterator[str]:
    used = {node.state for graph in graphs for node in graph.nodes}
    return (f"  classDef {name} {style}" for name, style in _CLASSES.items() if name in used)


def _escaped(text: str) -> str:
    return "".join(char if char.isalnum() or char in _PLAIN else f"#{ord(char)};" for char in text)
