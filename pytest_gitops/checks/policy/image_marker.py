"""Markers for image automation are ones that it understands, on the value they stand for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex, FleetIndex, is_unknown
from pytest_gitops.checks.policy._images import Image
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.checks.sources import SourceFile
from pytest_gitops.model import Location

_LINE = re.compile(
    r"""^\s*(?:-\s+)?[\w./"'-]+:\s+["']?(?P<value>[^\s"'#]*)["']?\s+#\s*(?P<marker>\{.*\$imagepolicy.*)$"""
)
_POLICY = re.compile(r"^[a-z0-9.-]+:[a-z0-9.-]+(:(?P<part>\w+))?$")
_PARTS = (None, "name", "tag", "digest")


@rule(
    "image-marker",
    set="recommended",
    severity="warning",
    scope=Scope.FILE,
    contains=r"\$imagepolicy",
    description="A marker for image automation is one that image-automation-controller reads: written as "
    '`# {"$imagepolicy": "namespace:name[:tag|:name|:digest]"}`, it stands on a value of that form, of the image '
    "that its policy watches. Others are passed over in silence.",
    remedy='Write `# {"$imagepolicy": "namespace:name"}` after a whole image, with `:tag` after a tag alone and '
    "`:name` after a name alone.",
    source="https://fluxcd.io/flux/guides/image-update/#configure-image-update-for-custom-resources",
    passing=[
        """
image: ghcr.io/acme/web:1.2.3 # {"$imagepolicy": "flux-system:web"}
tag: 1.2.3 # {"$imagepolicy": "flux-system:web:tag"}
"""
    ],
    failing=[
        """
image: ghcr.io/acme/web:1.2.3 # {"$imagepolicy": "flux-system/web"}
""",
        """
image: ghcr.io/acme/web:1.2.3 # {"$imagepolicy": "flux-system:web:tag"}
""",
    ],
)
def image_marker(file: SourceFile, fleet: FleetIndex) -> Iterator[Violation]:
    """Yield a violation for each marker that is passed over, or puts something else than its value."""
    for number, line in enumerate(file.lines, 1):
        if (found := _LINE.match(line)) and (problem := _problem(found["value"], found["marker"], fleet)):
            yield Violation(problem, location=Location(file.path, number))


def _problem(value: str, marker: str, fleet: FleetIndex) -> str | None:
    policy = _policy(marker)
    if policy is None:
        return f"marker {marker.strip()} is not understood"
    found = _POLICY.match(policy)
    if found is None or found["part"] not in _PARTS:
        return f"marker names the policy {policy!r}, which is not namespace:name[:tag|:name|:digest]"
    if is_unknown(value) or "${" in value:
        return None
    if found["part"] in ("tag", "digest"):
        return f"marker replaces the image {value} by a {found['part']} alone" if "/" in value else None
    return _foreign(value, policy, fleet)


def _policy(marker: str) -> str | None:
    try:
        value = json.loads(marker).get("$imagepolicy")
    except (json.JSONDecodeError, AttributeError):
        return None
    return value if isinstance(value, str) else None


def _foreign(value: str, policy: str, fleet: FleetIndex) -> str | None:
    """Return what is wrong where every cluster that has the policy watches another image with it."""
    namespace, name = policy.split(":")[:2]
    watched = [image for cluster in fleet.clusters if (image := _watched(cluster, namespace, name))]
    if watched and Image.of(value).name not in watched and not any(map(is_unknown, watched)):
        return f"marker replaces the image {value} by one of policy {namespace}:{name}, which watches {watched[0]}"
    return None


def _watched(cluster: ClusterIndex, namespace: str, name: str) -> str | None:
    policy = cluster.get("ImagePolicy", namespace, name)
    if policy is None:
        return None
    reference = policy.resource.spec.get("imageRepositoryRef") or {}
    repository = cluster.get(
        "ImageRepository", str(reference.get("namespace") or namespace), str(reference.get("name"))
    )
    image = repository.resource.spec.get("image") if repository else None
    return image if isinstance(image, str) else None
