"""Renders Kustomizations and overlays as a cluster would, with one of several engines."""

from pytest_gitops.rendering.choice import ENGINES, create_renderer
from pytest_gitops.rendering.protocol import (
    BuildRequest,
    DeclaredVersion,
    Done,
    Index,
    IndexedObject,
    IndexedOverlay,
    Renderer,
    RenderError,
    RendererUnavailableError,
    Tree,
    TreeError,
    UnreadFile,
    VariableSource,
)

__all__ = [
    "ENGINES",
    "BuildRequest",
    "DeclaredVersion",
    "Done",
    "Index",
    "IndexedObject",
    "IndexedOverlay",
    "RenderError",
    "Renderer",
    "RendererUnavailableError",
    "Tree",
    "TreeError",
    "UnreadFile",
    "VariableSource",
    "create_renderer",
]
