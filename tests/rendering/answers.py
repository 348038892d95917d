"""How tests of the engine's client ask for many builds at once."""

from __future__ import annotations

from pathlib import Path

from pytest_gitops.model import Rendered
from pytest_gitops.rendering import BuildRequest, Renderer, RenderError


def run(renderer: Renderer, root: Path, paths: list[str]) -> dict[str, str]:
    """Build all paths at once; return for each the names rendered, or the error's code."""
    tree = renderer.open(root)
    for path in paths:
        renderer.submit(BuildRequest(tree, path))
    outcomes: dict[str, str] = {}
    while renderer.pending:
        done = renderer.next_done()
        outcome = done.outcome
        outcomes[done.request.path] = (
            ",".join(r.name for r in outcome) if isinstance(outcome, Rendered) else outcome.code
        )
    return outcomes


def error_of(renderer: Renderer, root: Path, path: str) -> RenderError:
    renderer.submit(BuildRequest(renderer.open(root), path))
    outcome = renderer.next_done().outcome
    assert isinstance(outcome, RenderError)
    return outcome


PATHS = [f"p{number}" for number in range(150)]
