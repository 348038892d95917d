"""Images have a tag that is not ``latest``."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import is_unknown
from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import all_containers
from pytest_gitops.checks.policy._images import Image
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource


@rule(
    "image-tag",
    set="recommended",
    severity="warning",
    kinds=WORKLOADS,
    description="Every container image has a tag other than `latest`, or a digest: else two nodes may run two "
    "versions, and nothing in Git changes when the version does.",
    remedy="Give the image a version tag or a digest.",
    source="https://kubernetes.io/docs/concepts/containers/images/#image-names",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec:
  containers:
    - {name: web, image: "registry.example:5000/web:1.2.3"}
    - {name: side, image: "web@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"}
"""
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec:
  containers: [{name: web, image: "registry.example:5000/web"}]
""",
        """
apiVersion: batch/v1
kind: CronJob
metadata: {name: web, namespace: apps}
spec:
  jobTemplate: {spec: {template: {spec: {initContainers: [{name: web, image: "web:latest"}]}}}}
""",
    ],
)
def image_tag(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each image without a tag, or with the tag ``latest``."""
    for path, container in all_containers(resource):
        reference = container.get("image")
        if not isinstance(reference, str) or not reference or is_unknown(reference):
            continue
        image = Image.of(reference)
        if not image.digest and image.tag in ("", "latest"):
            what = "has the tag latest" if image.tag else "has no tag"
            yield Violation(f"image {reference} of container {container.get('name')} {what}", (*path, "image"))
