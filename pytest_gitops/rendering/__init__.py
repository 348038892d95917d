"""Renders Kustomizations and overlays as a cluster would, with one of several engines."""

from pytest_gitops.rendering.choice import ENGINES, create_renderer
from pytest_gitops.rendering.protocol import (
    UNAVAILABLE,
    BuildRequest,
    DeclaredVersion,
    Done,
    Fetched,
    FetchRequest,
    Index,
    IndexedObject,
    IndexedOverlay,
    Renderer,
    RenderError,
    RendererUnavailableError,
    Request,
    Tree,
    TreeError,
    UnreadFile,
    VariableSource,
)

__all__ = [
    "ENGINES",
    "UNAVAILABLE",
    "BuildRequest",
    "DeclaredVersion",
    "Done",
    "FetchRequest",
    "Fetched",
    "Index",
    "IndexedObject",
    "IndexedOverlay",
    "RenderError",
    "Renderer",
    "RendererUnavailableError",
    "Request",
    "Tree",
    "TreeError",
    "UnreadFile",
    "VariableSource",
    "create_renderer",
]
