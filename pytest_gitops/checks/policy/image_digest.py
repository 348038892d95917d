"""Images are pinned by digest."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import is_unknown
from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import all_containers
from pytest_gitops.checks.policy._images import Image
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "image-digest",
    set="strict",
    severity="warning",
    kinds=WORKLOADS,
    description="Every container image is pinned by its digest: a tag can be moved to another image.",
    remedy="Append the digest to the tag: `image: web:1.2.3@sha256:…`.",
    source="https://kubernetes.io/docs/concepts/containers/images/#image-names",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec:
  containers:
    - {name: web, image: "web:1@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"}
"""
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec:
  containers: [{name: web, image: "web:1.2.3"}]
"""
    ],
)
def image_digest(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each image without a digest."""
    for path, container in all_containers(resource):
        reference = container.get("image")
        if isinstance(reference, str) and reference and not is_unknown(reference) and not Image.of(reference).digest:
            message = f"image {reference} of container {container.get('name')} has no digest"
            yield Violation(message, (*path, "image"))
