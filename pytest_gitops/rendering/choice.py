"""Chooses a renderer by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pytest_gitops.rendering.engine import EngineRenderer
from pytest_gitops.rendering.protocol import Renderer, RendererSettings, RendererUnavailableError

ENGINES: dict[str, Callable[[RendererSettings], Renderer]] = {"bundled": EngineRenderer}


def create_renderer(name: str = "auto", *, cache: Path | None = None, deadline: float = 10.0) -> Renderer:
    """Return the renderer of this name; ``auto`` is the bundled engine, or tools on PATH where it is missing.

    Raises RendererUnavailableError where the name is unknown (the message lists the choices) or nothing is there
    to render with (the message says what to install).
    """
    try:
        create = ENGINES[name]
    except KeyError:
        raise RendererUnavailableError(f"unknown engine {name!r}: choose one of {', '.join(ENGINES)}") from None
    return create(RendererSettings(cache=cache, deadline=deadline))
