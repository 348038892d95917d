"""From a renderer's error to the finding that a user reads, or to a skip where the cluster might well succeed."""

from __future__ import annotations

from dataclasses import replace

from pytest_gitops.locating import Locator, steps
from pytest_gitops.model import Failed, Finding, Location, Severity, Skipped
from pytest_gitops.recursion.node import Node
from pytest_gitops.rendering import RenderError

# Codes of the engine protocol, where a rule has another name than the code.
RULES = {
    "path": "path-not-found",
    "substitution": "substitution",
    "busy": "engine",
    "panic": "engine",
    "crash": "engine",
    "protocol": "engine",
    "cancelled": "engine",
    "deadline": "limit",
}
REMOTE = "remote bases are not fetched: allow them with --gitops-allow-remote-bases (load(…, remote_bases=True))"


class Failures:
    """Turns errors of one cluster's builds into outcomes, with places in the repository's files."""

    def __init__(self, cluster: str, locator: Locator) -> None:
        self._cluster = cluster
        self._locator = locator

    def of_build(self, node: Node, error: RenderError, prefix: str) -> Failed | Skipped:
        """Return the outcome of a build that failed; ``prefix`` leads from the repository's root to its tree."""
        if error.code == "remote":
            return Skipped(f"it needs {error.url or 'a remote base'}, and {REMOTE}")
        return Failed((self._finding(node, error, prefix),))

    def at_field(self, node: Node, rule: str, field: str, message: str, remedy: str | None = None) -> Failed:
        """Return a failure at a field of the Kustomization, in the file that declares it."""
        return Failed((self._make(node, rule, message, self.field(node, field), remedy, node.chain),))

    def field(self, node: Node, field: str) -> Location:
        """Return where a field of a Kustomization is declared, or as near as its file tells."""
        declared = node.spec_field + field.removeprefix("spec")
        line = self._locator.field(node.location.file, node.location.line, steps(declared))
        return replace(node.location, line=line)

    def _finding(self, node: Node, error: RenderError, prefix: str) -> Finding:
        rule = "variable-not-set" if error.variable else RULES.get(error.code, error.code)
        location = _moved(error.location, prefix)
        chain = (*node.chain, node.location, *(place for step in error.chain if (place := _moved(step, prefix))))
        if error.variable and location is not None:
            line = self._locator.variable(location.file, error.variable, location.line or 1)
            location = replace(location, line=line or location.line)
        if location is None or (error.code == "path" and location.file == node.location.file):
            location, chain = self.field(node, error.field or _field(error)), node.chain
        return self._make(node, rule, error.message, location, error.remedy, chain, error.resource)

    def _make(
        self,
        node: Node,
        rule: str,
        message: str,
        location: Location,
        remedy: str | None,
        chain: tuple[Location, ...],
        resource: str | None = None,
    ) -> Finding:
        return Finding(
            rule=rule,
            severity=Severity.ERROR,
            message=message,
            location=location,
            resource=resource or f"Kustomization/{node.label}",
            clusters=(self._cluster,),
            remedy=remedy,
            chain=tuple(dict.fromkeys(place for place in chain if place != location)),
        )


def overlay_failure(error: RenderError, file: str) -> Failed | Skipped:
    """Return the outcome of an overlay's build that failed; what only exists beside Flux is a skip, not a failure."""
    if error.code == "remote":
        return Skipped(f"it needs {error.url or 'a remote base'}, and {REMOTE}")
    if error.code == "refused":
        return Skipped(f"Flux doesn't build it: {error.message}")
    location = error.location or Location(file)
    rule = RULES.get(error.code, error.code)
    chain = tuple(dict.fromkeys(place for place in (Location(file), *error.chain) if place != location))
    return Failed((Finding(rule, Severity.ERROR, error.message, location, error.resource, (), error.remedy, chain),))


def _field(error: RenderError) -> str:
    return "spec.path" if error.code == "path" else "spec"


def _moved(location: Location | None, prefix: str) -> Location | None:
    return replace(location, file=prefix + location.file) if location is not None and prefix else location
