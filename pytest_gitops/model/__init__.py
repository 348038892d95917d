"""The values that flow through pytest-gitops; frozen, and free of pytest."""

from pytest_gitops.model.finding import Finding, Severity
from pytest_gitops.model.fleet import (
    Chart,
    Cluster,
    Failed,
    Fleet,
    HelmRelease,
    Kustomization,
    Outcome,
    Overlay,
    Part,
    ResourceSet,
    Skipped,
    Source,
)
from pytest_gitops.model.live import LiveRun, Moment
from pytest_gitops.model.resource import (
    Encrypted,
    JsonObject,
    Location,
    Rendered,
    Resource,
    ResourceId,
    Variable,
    group_of,
)

__all__ = [
    "Chart",
    "Cluster",
    "Encrypted",
    "Failed",
    "Finding",
    "Fleet",
    "HelmRelease",
    "JsonObject",
    "Kustomization",
    "LiveRun",
    "Location",
    "Moment",
    "Outcome",
    "Overlay",
    "Part",
    "Rendered",
    "Resource",
    "ResourceId",
    "ResourceSet",
    "Severity",
    "Skipped",
    "Source",
    "Variable",
    "group_of",
]
