"""What has to be fetched for a cluster: artifacts of sources, and charts."""

from __future__ import annotations

import json
from collections.abc import Callable

from pytest_gitops.model import Failed, JsonObject, Skipped
from pytest_gitops.objects import mapping
from pytest_gitops.recursion.failures import UNAVAILABLE_SOURCE, Failures
from pytest_gitops.recursion.node import Node, Wait
from pytest_gitops.recursion.registry import Provided
from pytest_gitops.recursion.shared import UNDER_WAY, Shared
from pytest_gitops.rendering import UNAVAILABLE, Fetched, FetchRequest, RenderError
from pytest_gitops.sources import Place, SourceKey

# Fields that change when something is fetched, never what.
_WHEN = ("interval", "timeout", "suspend")
# What says that nothing can be fetched at all, rather than that something can't be.
_NO_NETWORK = ("offline", "unsupported", "protocol")


class Fetching:
    """Fetches what nothing here stands for, each once in a load; ``strict`` makes what can't be had a failure."""

    def __init__(self, shared: Shared, failures: Failures, replan: Callable[[Node], None], *, strict: bool) -> None:
        self._shared = shared
        self._failures = failures
        self.replan = replan
        self._strict = strict

    def artifact(self, node: Node, source: JsonObject) -> Fetched | RenderError | Wait:
        """Return the artifact of a source; the node is planned again when it is there."""
        return self._ask(node, source)

    def chart(self, node: Node, repository: JsonObject, name: str, version: str) -> Fetched | RenderError | Wait:
        """Return a chart of a HelmRepository; the node is planned again when it is there."""
        return self._ask(node, repository, name, version)

    def _ask(self, node: Node, source: JsonObject, chart: str = "", version: str = "") -> Fetched | RenderError | Wait:
        kind = source.get("kind")
        spec = {name: value for name, value in mapping(source, "spec").items() if name not in _WHEN}
        wanted = {"apiVersion": source.get("apiVersion"), "kind": kind, "spec": spec}
        key = ("fetch", json.dumps([kind, spec, chart, version], sort_keys=True, default=str))
        found = self._shared.ask(
            key,
            lambda tag: FetchRequest(source=wanted, chart=chart, version=version, tag=tag),
            lambda: self.replan(node),
        )
        return Wait.WORK if found is UNDER_WAY else found

    def missing(
        self, node: Node, what: str, error: RenderError, absent: Place, place: tuple[str, Provided | None]
    ) -> Failed | Skipped:
        """Return how a node ends that can't have what was to be fetched.

        ``what`` is that, ``absent`` says why it isn't here in the first place. What the server doesn't have is a
        failure: at the field of the node that asks for it, or of the source where that is ``provided``.
        """
        if not self._strict and error.code in _NO_NETWORK:
            return Skipped(absent.said())
        if not self._strict and error.code in UNAVAILABLE:
            return Skipped(absent.said(error.message))
        said = f"{what} can't be fetched: {error.message}"
        field, provided = place
        if provided is None:
            return self._failures.at_field(node, UNAVAILABLE_SOURCE, field, said, error.remedy)
        return self._failures.at_source(node, field, said, provided, remedy=error.remedy)


def repository_of(url: str) -> JsonObject:
    """Return the HelmRepository that a chart's dependency stands for by its URL alone."""
    spec = {"url": url, **({"type": "oci"} if url.startswith("oci://") else {})}
    return {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository", "spec": spec}


def named(key: SourceKey, obj: JsonObject | None) -> str:
    """Return a source's name, with its URL where it has one."""
    url = mapping(obj, "spec").get("url")
    return f"{key} ({url})" if url else str(key)
