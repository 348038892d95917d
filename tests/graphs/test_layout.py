"""Edges lead from layer to layer, cycles and long ways included."""

from __future__ import annotations

from itertools import pairwise

from pytest_gitops.graphs.layout import MOST_BENDS, Layout, layout


def test_a_diamond_with_a_shortcut() -> None:
    assert layout(4, [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3)]) == Layout(
        layers=((0,), (1, 2, 4), (3,)),
        routes={(0, 1): (0, 1), (0, 2): (0, 2), (1, 3): (1, 3), (2, 3): (2, 3), (0, 3): (0, 4, 3)},
    )


def test_a_cycle_is_led_back() -> None:
    assert layout(3, [(0, 1), (1, 2), (2, 0), (1, 1)]) == Layout(
        layers=((0,), (1, 3), (2,)), routes={(0, 1): (0, 1), (1, 2): (1, 2), (2, 0): (2, 3, 0)}
    )


def test_neighbours_are_ordered_to_cross_little() -> None:
    assert layout(4, [(0, 3), (1, 2)]).layers == ((0, 1), (3, 2))


def test_routes_go_through_each_layer_between() -> None:
    laid = layout(30, [(a, b) for a in range(30) for b in range(a + 1, 30, 7)])
    layer_of = {node: depth for depth, layer in enumerate(laid.layers) for node in layer}
    assert all(layer_of[b] - layer_of[a] == 1 for route in laid.routes.values() for a, b in pairwise(route))
    assert sorted(layer_of) == list(range(sum(map(len, laid.layers))))


def test_a_chain_too_long_to_read_stays_small() -> None:
    count = 3_000
    laid = layout(count, [*((n, n + 1) for n in range(count - 1)), *((0, n) for n in range(1, count))])
    assert sum(map(len, laid.layers)) < count + MOST_BENDS
    assert laid.routes[0, count - 1] == (0, count - 1)


def test_nothing_is_laid_out() -> None:
    assert layout(0, []) == Layout(layers=(), routes={})
