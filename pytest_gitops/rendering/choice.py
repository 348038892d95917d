"""Chooses a renderer by name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pytest_gitops.network import Network
from pytest_gitops.rendering.binary import OVERRIDE, engine_path
from pytest_gitops.rendering.engine import EngineRenderer
from pytest_gitops.rendering.protocol import Renderer, RendererSettings, RendererUnavailableError
from pytest_gitops.rendering.standby import Standby


def _external(settings: RendererSettings) -> Renderer:
    from pytest_gitops.rendering.external import ExternalRenderer  # noqa: PLC0415  (most runs never need it)

    return ExternalRenderer(settings)


def _auto(settings: RendererSettings) -> Renderer:
    """Take the bundled engine; tools stand in only for one that isn't installed, not for one that is broken."""
    if engine_path().exists() or OVERRIDE in os.environ:
        return EngineRenderer(settings)
    try:
        return _external(settings)
    except RendererUnavailableError:
        raise RendererUnavailableError(
            "there is nothing to render with: this installation of pytest-gitops has no engine, and none of flux, "
            "kustomize and kubectl is on PATH. Reinstall pytest-gitops without PYTEST_GITOPS_PURE, or install flux"
        ) from None


ENGINES: dict[str, Callable[[RendererSettings], Renderer]] = {
    "auto": _auto,
    "bundled": EngineRenderer,
    "external": _external,
}


def create_renderer(
    name: str = "auto",
    *,
    cache: Path | None = None,
    deadline: float = 10.0,
    standby: Standby | None = None,
    network: Network | None = None,
) -> Renderer:
    """Return the renderer of this name; ``auto`` is the bundled engine, or tools on PATH where it is not installed.

    ``standby`` gets the engine when the renderer is closed; ``network`` says what may be fetched.

    Raises RendererUnavailableError where the name is unknown (the message lists the choices) or nothing is there
    to render with (the message says what to install).
    """
    try:
        create = ENGINES[name]
    except KeyError:
        raise RendererUnavailableError(f"unknown engine {name!r}: choose one of {', '.join(ENGINES)}") from None
    return create(RendererSettings(cache, deadline, standby, network or Network()))
