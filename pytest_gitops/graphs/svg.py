"""Graphs as SVG, drawn without any other program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from pytest_gitops.graphs.graph import ClusterGraph, Node
from pytest_gitops.graphs.layout import Layout, layout

_CHAR, _LINE, _PAD = 7.5, 16, 10
_ROW, _BEND, _GAP, _BETWEEN = 14, 6, 70, 30
_TITLE = 34

_STYLE = """\
<style>
  text { font: 12px ui-monospace, monospace; fill: #212529 }
  .title { font-weight: bold }
  .box { fill: none; stroke: #adb5bd }
  .node { fill: #e7f1ff; stroke: #1c5fb0 }
  .failed { fill: #f8d7da; stroke: #b02a37 }
  .missing { fill: #fff; stroke: #b02a37; stroke-dasharray: 4 }
  .skipped { fill: #f1f3f5; stroke: #868e96; stroke-dasharray: 4 }
  .suspended { fill: #fff3cd; stroke: #997404 }
  path { fill: none; stroke: #495057 }
  .declares { stroke: #adb5bd; stroke-dasharray: 2 3 }
</style>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">\
<polygon points="0,1 8,4 0,7" fill="#495057"/></marker></defs>"""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node or a bend is: its left edge, its middle's height, its size."""

    x: float
    y: float
    width: float
    height: float


def to_svg(graphs: Sequence[ClusterGraph]) -> str:
    """Return one drawing, each cluster a box below the last; a dotted line declares, a solid arrow depends on."""
    parts: list[str] = []
    top = width = float(_BETWEEN)
    for graph in graphs:
        laid = layout(len(graph.nodes), [(edge.source, edge.target) for edge in graph.edges])
        places, (inner, height) = _places(graph, laid)
        box = max(inner, len(graph.name) * _CHAR) + 2 * _PAD
        parts.append(f'<g transform="translate({_BETWEEN} {_number(top)})">')
        parts.append(f'<rect class="box" width="{_number(box)}" height="{_number(height + _TITLE + _PAD)}" rx="6"/>')
        parts.append(f'<text class="title" x="{_PAD}" y="22">{escape(graph.name)}</text>')
        parts += [f'<g transform="translate({_PAD} {_TITLE})">', *_drawn(graph, laid, places), "</g>", "</g>"]
        top += height + _TITLE + _PAD + _BETWEEN
        width = max(width, box + 2 * _BETWEEN)
    size = f'width="{_number(width)}" height="{_number(top)}" viewBox="0 0 {_number(width)} {_number(top)}"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', _STYLE, *parts, "</svg>"]) + "\n"


def _places(graph: ClusterGraph, laid: Layout) -> tuple[dict[int, _Place], tuple[float, float]]:
    """Return the place of each node and bend, and the size of it all."""
    found: dict[int, _Place] = {}
    sizes = [_height(graph.nodes[n]) if n < len(graph.nodes) else _BEND for n in range(sum(map(len, laid.layers)))]
    tall = [sum(sizes[number] + _ROW for number in layer) - _ROW for layer in laid.layers]
    x, bottom = 0.0, max(tall, default=0.0)
    for layer, height in zip(laid.layers, tall, strict=True):
        width = max((_width(graph.nodes[number]) for number in layer if number < len(graph.nodes)), default=0.0)
        y = (bottom - height) / 2
        for number in layer:
            found[number] = _Place(x, y + sizes[number] / 2, width, sizes[number])
            y += sizes[number] + _ROW
        x += width + _GAP
    return found, (max(x - _GAP, 0.0), bottom)


def _drawn(graph: ClusterGraph, laid: Layout, places: dict[int, _Place]) -> Iterator[str]:
    for edge in sorted(graph.edges, key=lambda edge: not edge.declares):
        route = laid.routes.get((edge.source, edge.target))
        kind = 'class="declares"' if edge.declares else 'marker-end="url(#arrow)"'
        path = _curve([places[number] for number in route]) if route else _loop(places[edge.source])
        yield f'<path {kind} d="{path}"/>'
    for number, node in enumerate(graph.nodes):
        yield from _box(node, places[number])


def _box(node: Node, place: _Place) -> Iterator[str]:
    top = place.y - place.height / 2
    size = f'width="{_number(place.width)}" height="{_number(place.height)}"'
    radius = 3 if node.kind == "Kustomization" else 15
    yield f'<rect class="{node.state or "node"}" x="{_number(place.x)}" y="{_number(top)}" {size} rx="{radius}"/>'
    for line, text in enumerate(node.lines):
        y = top + _PAD + _LINE * line + 9
        yield f'<text x="{_number(place.x + _PAD)}" y="{_number(y)}">{escape(text)}</text>'


def _curve(route: Sequence[_Place]) -> str:
    """Return a path through the places: out on the side that faces the next one, straight across a bend's column."""
    forwards = route[0].x <= route[-1].x
    ends = [(place.x, place.x + place.width)[:: 1 if forwards else -1] for place in route]
    x, y = ends[0][1], route[0].y
    parts = [f"M{_number(x)},{_number(y)}"]
    for place, (near, far) in zip(route[1:], ends[1:], strict=True):
        middle = _number((x + near) / 2)
        parts.append(f"C{middle},{_number(y)} {middle},{_number(place.y)} {_number(near)},{_number(place.y)}")
        if place is not route[-1]:
            parts.append(f"H{_number(far)}")
        x, y = far, place.y
    return " ".join(parts)


def _loop(place: _Place) -> str:
    x, top, bottom = place.x + place.width, place.y - 6, place.y + 6
    return (
        f"M{_number(x)},{_number(top)} C{_number(x + 30)},{_number(top)} {_number(x + 30)},{_number(bottom)} "
        f"{_number(x)},{_number(bottom)}"
    )


def _width(node: Node) -> float:
    return max(len(line) for line in node.lines) * _CHAR + 2 * _PAD


def _height(node: Node) -> float:
    return float(len(node.lines) * _LINE + _PAD + 4)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
