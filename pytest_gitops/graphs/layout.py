"""Places the nodes of a graph in layers, so that edges lead from left to right and cross little.

The layered method of Sugiyama, Tagawa and Toda (1981): break cycles, give each node a layer, lead long edges
through the layers in between, order each layer by its neighbours' mean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 4
# Beyond this many bends, long edges are drawn straight: the picture is past reading, and has to stay small.
MOST_BENDS = 5_000

Arc = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """``layers`` hold nodes and bends from top to bottom; ``routes`` lead each edge from layer to layer.

    Nodes are numbered as given, bends from there on. A route begins and ends with its edge's nodes.
    """

    layers: tuple[tuple[int, ...], ...]
    routes: Mapping[Arc, tuple[int, ...]]


def layout(count: int, arcs: Iterable[Arc]) -> Layout:
    """Return a layout of nodes 0 to ``count - 1``; the same for the same input."""
    given = [arc for arc in dict.fromkeys(arcs) if arc[0] != arc[1]]
    backwards = _backwards(count, given)
    forward = {arc: (arc[::-1] if arc in backwards else arc) for arc in given}
    depths = _depths(count, [(a, b) for a, b in forward.values()])
    layers: list[list[int]] = [[] for _ in range(max(depths, default=-1) + 1)]
    for node, depth in enumerate(depths):
        layers[depth].append(node)
    routes = _routes([(a, b) for a, b in forward.values()], depths, layers)
    _order(layers, routes.values())
    found = {arc: routes[a, b][:: -1 if arc in backwards else 1] for arc, (a, b) in forward.items()}
    return Layout(tuple(map(tuple, layers)), found)


def _backwards(count: int, arcs: Sequence[Arc]) -> set[Arc]:
    """Return the arcs that close a cycle, as a depth-first walk meets them."""
    following = _following(arcs)
    state = [0] * count
    found: set[Arc] = set()
    for start in range(count):
        stack = [(start, iter(following[start]))] if not state[start] else []
        state[start] = state[start] or 1
        while stack:
            node, targets = stack[-1]
            target = next(targets, None)
            if target is None:
                state[node] = 2
                stack.pop()
            elif state[target] == 1:
                found.add((node, target))
            elif state[target] == 0:
                state[target] = 1
                stack.append((target, iter(following[target])))
    return found


def _depths(count: int, arcs: Sequence[Arc]) -> list[int]:
    """Return how many arcs the longest way to each node has; there are no cycles."""
    following = _following(arcs)
    waiting = [0] * count
    for _source, target in arcs:
        waiting[target] += 1
    depths = [0] * count
    ready = [node for node in range(count) if not waiting[node]]
    for node in ready:
        for target in following[node]:
            depths[target] = max(depths[target], depths[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return depths


def _routes(arcs: Sequence[Arc], depths: Sequence[int], layers: list[list[int]]) -> dict[Arc, tuple[int, ...]]:
    """Return each arc's route, its bends added to the layers between."""
    bends = sum(depths[target] - depths[source] - 1 for source, target in arcs)
    number = len(depths)
    routes: dict[Arc, tuple[int, ...]] = {}
    for source, target in dict.fromkeys(arcs):
        between = range(depths[source] + 1, depths[target]) if bends <= MOST_BENDS else range(0)
        for depth in between:
            layers[depth].append(number)
            number += 1
        routes[source, target] = (source, *range(number - len(between), number), target)
    return routes


def _order(layers: list[list[int]], routes: Iterable[Sequence[int]]) -> None:
    """Sort each layer by the mean place of its neighbours in the layer before, then after, a few times."""
    before: dict[int, list[int]] = defaultdict(list)
    after: dict[int, list[int]] = defaultdict(list)
    for route in routes:
        for source, target in pairwise(route):
            before[target].append(source)
            after[source].append(target)
    places = {node: float(place) for layer in layers for place, node in enumerate(layer)}
    for sweep in range(SWEEPS):
        neighbours = after if sweep % 2 else before
        for layer in reversed(layers) if sweep % 2 else layers:
            layer.sort(key=lambda node: _mean([places[other] for other in neighbours[node]], places[node]))
            places.update((node, float(place)) for place, node in enumerate(layer))


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _following(arcs: Iterable[Arc]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for source, target in arcs:
        found[source].append(target)
    return found
