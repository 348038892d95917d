"""Renders with flux, kustomize or kubectl from PATH, for where the bundled engine can't be had."""

from pytest_gitops.rendering.external.renderer import ExternalRenderer

__all__ = ["ExternalRenderer"]
