"""An image policy marker names a policy that there is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.checks.sources import SourceFile
from pytest_gitops.model import Location

_MARKER = re.compile(r'#\s*\{\s*"\$imagepolicy"\s*:\s*"([^":]+):([^":]+)(?::(?:tag|name|digest))?"')


@rule(
    "image-policy-marker",
    check="references",
    set="essential",
    severity="error",
    scope=Scope.FILE,
    contains=r"\$imagepolicy",
    description="The ImagePolicy that a marker names in a file exists; the line is never updated otherwise.",
    remedy="Correct namespace and name of the marker, or create the ImagePolicy.",
    source="https://fluxcd.io/flux/guides/image-update/#configure-image-update-for-custom-resources",
    passing=["image: example.org/web:1.0.0"],
    failing=['image: example.org/web:1.0.0 # {"$imagepolicy": "flux-system:web"}'],
)
def image_policy_marker(file: SourceFile, index: FleetIndex) -> Iterator[Violation]:
    """Yield a violation for each marker whose policy no cluster has, if all that could hold it is rendered."""
    for number, line in enumerate(file.lines, 1):
        if (marker := _MARKER.search(line)) and not _exists(index, *marker.groups()):
            message = f"the marker names ImagePolicy {marker[1]}/{marker[2]}, which no cluster has"
            yield Violation(message, location=Location(file.path, number))


def _exists(index: FleetIndex, namespace: str, name: str) -> bool:
    if not index.clusters:
        return True
    for cluster in index.clusters:
        for target in cluster.targets.values():
            if target.get("ImagePolicy", namespace, name) or target.unknown("ImagePolicy", namespace):
                return True
    return False
