"""Images go forward."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.kinds import WORKLOADS
from pytest_gitops.checks.pods import all_containers
from pytest_gitops.checks.policy._images import Image
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource
from pytest_gitops.objects import scalar
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.dangers._versions import numbers, suffix


@rule(
    "review-image-downgraded",
    check="review",
    set="recommended",
    severity="warning",
    scope="change",
    kinds=WORKLOADS,
    description="No container goes back to an older version of its image, by the version that its tag names: data that "
    "the newer one has converted may not be readable any more.",
    remedy="Make sure that the older version can read what the newer one wrote; else go forward.",
    source="https://kubernetes.io/docs/concepts/containers/images/#image-names",
    passing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1.9.0-alpine"}]}
# after the change
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1.10.0-alpine"}]}
""",
    ],
    failing=[
        """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1.10.0-alpine"}]}
# after the change
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: apps}
spec: {containers: [{name: web, image: "web:1.9.0-alpine"}]}
""",
    ],
)
def image_downgraded(change: Change, _: ClusterComparison) -> Iterator[Violation]:
    """Yield a violation for each container whose image goes back."""
    if change.before is None or change.after is None:
        return
    used = {name: image for name, _, image in _images(change.before.resource)}
    for name, path, image in _images(change.after.resource):
        old = used.get(name)
        if old is None or old.name != image.name or suffix(old.tag) != suffix(image.tag):
            continue
        before, after = numbers(old.tag), numbers(image.tag)
        if before is not None and after is not None and after < before:
            message = f"{change.id}: the image {image.name} goes back from {old.tag} to {image.tag}"
            yield Violation(message, (*path, "image"))


def _images(resource: Resource) -> Iterator[tuple[str, tuple[str | int, ...], Image]]:
    for path, container in all_containers(resource):
        yield scalar(container, "name"), path, Image.of(scalar(container, "image"))
