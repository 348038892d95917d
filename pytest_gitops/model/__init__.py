"""The values that flow through pytest-gitops; frozen, and free of pytest."""

from pytest_gitops.model.finding import Finding, Severity
from pytest_gitops.model.fleet import Cluster, Failed, Fleet, Kustomization, Outcome, Overlay, Skipped, Source
from pytest_gitops.model.resource import JsonObject, Location, Rendered, Resource, ResourceId, Variable, group_of

__all__ = [
    "Cluster",
    "Failed",
    "Finding",
    "Fleet",
    "JsonObject",
    "Kustomization",
    "Location",
    "Outcome",
    "Overlay",
    "Rendered",
    "Resource",
    "ResourceId",
    "Severity",
    "Skipped",
    "Source",
    "Variable",
    "group_of",
]
