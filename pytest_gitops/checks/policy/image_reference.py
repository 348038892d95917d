"""The name of an image is one that can be pulled."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_gitops.checks import kinds
from pytest_gitops.checks.context import is_unknown
from pytest_gitops.checks.pods import all_containers
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource

_DOMAIN = r"(?:localhost|[\w-]+(?:\.[\w-]+)+|[\w-]+(?=:\d+/)|\[[0-9a-fA-F:]+\]|[\w-]*[A-Z][\w-]*)(?::\d+)?/"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:{_DOMAIN})?{_PART}(?:/{_PART})*(?::\w[\w.-]{{0,127}})?(?:@[A-Za-z][\w+.-]*:[0-9a-fA-F]{{32,}})?", re.ASCII
)
_EXAMPLE = "registry.example.org/team/web:1.2.3"


@rule(
    "image-reference",
    check="policy",
    set="essential",
    severity="error",
    kinds=kinds.WORKLOADS,
    description="The name of an image is one that container runtimes can read: the repository in lower case, at most "
    "one tag, a digest in full, no space or URL. The API server takes any text; the pod then waits with "
    "`InvalidImageName`.",
    remedy=f"Write it as {_EXAMPLE}.",
    source="https://kubernetes.io/docs/concepts/containers/images/#image-names",
    passing=[
        f"""
apiVersion: v1
kind: Pod
metadata: {{name: web, namespace: apps}}
spec: {{containers: [{{name: web, image: "{image}"}}]}}
"""
        for image in (_EXAMPLE, "web", "localhost:5000/web@sha256:" + "0" * 64, "Registry.example.org:443/a__b/c-d:v1")
    ],
    failing=[
        f"""
apiVersion: v1
kind: Pod
metadata: {{name: web, namespace: apps}}
spec: {{containers: [{{name: web, image: "{image}"}}]}}
"""
        for image in ("ghcr.io/Team/web:1", "web:1:2", "https://ghcr.io/web:1", "web:1 ", "web@sha256:12", "web:")
    ],
)
def image_reference(resource: Resource) -> Iterator[Violation]:
    """Yield a violation for each image whose name can't be read."""
    for path, container in all_containers(resource):
        image = container.get("image")
        if isinstance(image, str) and "${" not in image and not is_unknown(image) and not _IMAGE.fullmatch(image):
            message = f"container {container.get('name')} has the image {image!r}, which is not a name of an image"
            yield Violation(message, (*path, "image"))
