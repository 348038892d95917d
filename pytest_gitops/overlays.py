"""Renders the kustomize overlays that no cluster reaches."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_gitops.discovery.declaration import in_chart, is_dead_corner
from pytest_gitops.model import Failed, Overlay, Skipped
from pytest_gitops.paths import ancestors, is_below
from pytest_gitops.recursion import overlay_failure
from pytest_gitops.rendering import BuildRequest, Index, IndexedOverlay, Renderer, RenderError, Tree


def unreached_overlays(
    index: Index, reached: Iterable[str], ignored: tuple[str, ...] = (), part: str = ""
) -> list[IndexedOverlay]:
    """Return the top-most overlays whose kustomization file no cluster reads: those that no other one names.

    Components, which build nothing by themselves, and what lies in Helm charts, documentation, examples or tests
    aren't among them. Of overlays that name each other in a ring, the first is. ``part`` is the directory of the
    repository to look in.
    """
    read = set(reached)
    left = [overlay for overlay in index.overlays if overlay.file not in read and _is_wanted(overlay, index, ignored)]
    paths = {overlay.path: overlay for overlay in left}
    named = {reference for overlay in index.overlays for reference in overlay.references if reference != overlay.path}
    tops = [overlay for overlay in left if overlay.path not in named]
    covered = _closure(tops, paths)
    for overlay in left:
        if overlay.path not in covered and overlay.path in _closure([overlay], paths, without_start=True):
            tops.append(overlay)
            covered |= _closure([overlay], paths)
    kept = [overlay for overlay in tops if not overlay.component and is_below(overlay.path, part)]
    return sorted(kept, key=lambda overlay: overlay.path)


def set_aside(index: Index, reached: Iterable[str]) -> list[str]:
    """Return the directories of overlays among documentation, examples or tests that no cluster reads, sorted."""
    read = set(reached)
    return sorted(o.path for o in index.overlays if o.file not in read and not o.component and is_dead_corner(o.file))


def render_overlays(
    renderer: Renderer, tree: Tree, overlays: Iterable[IndexedOverlay], built: set[str]
) -> tuple[Overlay, ...]:
    """Render overlays on their own, as ``kustomize build`` would, in the order of their paths.

    ``built`` are the directories that clusters build. An overlay inside one of them that the build leaves out is
    switched off: where it doesn't build, nobody is harmed, and it is a skip.
    """
    results = []
    for overlay in overlays:
        renderer.submit(BuildRequest(tree, overlay.path, tag=overlay))
    while renderer.pending:
        done = renderer.next_done()
        overlay = done.request.tag
        outcome = done.outcome
        if isinstance(outcome, RenderError):
            failure = overlay_failure(outcome, overlay.file)
            if isinstance(failure, Failed) and not built.isdisjoint(ancestors(overlay.path)):
                failure = Skipped(f"no cluster uses it, and it doesn't build: {outcome.message}")
            results.append(Overlay(overlay.path, overlay.file, failure))
        else:
            results.append(Overlay(overlay.path, overlay.file, outcome))
    return tuple(sorted(results, key=lambda overlay: overlay.path))


def _is_wanted(overlay: IndexedOverlay, index: Index, ignored: tuple[str, ...]) -> bool:
    outside = not in_chart(overlay.file, index.charts) and not is_dead_corner(overlay.file)
    return outside and not any(is_below(overlay.path, path) for path in ignored)


def _closure(
    overlays: Iterable[IndexedOverlay], paths: dict[str, IndexedOverlay], *, without_start: bool = False
) -> set[str]:
    start = list(overlays)
    seen: set[str] = set() if without_start else {overlay.path for overlay in start}
    todo = list(start)
    while todo:
        for reference in todo.pop().references:
            if reference in paths and reference not in seen:
                seen.add(reference)
                todo.append(paths[reference])
    return seen
