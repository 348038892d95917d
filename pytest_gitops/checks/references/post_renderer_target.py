"""What a HelmRelease's post-renderers patch is there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import Context, is_unknown
from pytest_gitops.checks.pods import mapping, mappings
from pytest_gitops.checks.references._patches import is_doubtful, is_met, nothing_met
from pytest_gitops.checks.references.overlay_target import runs
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource

_CHART = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps, labels: {helm.toolkit.fluxcd.io/name: web}}
"""
_RELEASE = """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {postRenderers: [{kustomize: {patches: [{target: {kind: Deployment, name: %s}, patch: "[]"}]}}]}
---"""

_IMAGES = """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec: {postRenderers: [{kustomize: {images: [{name: ghcr.io/acme/web, newTag: 1.2.4}]}}]}
---"""


@rule(
    "post-renderer-target",
    check="references",
    set="recommended",
    severity="warning",
    kinds=("HelmRelease",),
    description="The target of a patch in `spec.postRenderers` finds an object that the chart renders, where it has "
    "a name, or where its kind looks like one that is rendered. An entry of `images` names an image "
    "that is run. What finds nothing is passed over in silence.",
    remedy="Correct the kind or name of the target, or the name of the image; or remove the entry.",
    source="https://fluxcd.io/flux/components/helm/helmreleases/#post-renderers",
    passing=[_RELEASE % "web" + _CHART],
    failing=[_RELEASE % "webb" + _CHART, _IMAGES + _CHART],
)
def post_renderer_target(resource: Resource, context: Context) -> Iterator[Violation]:
    """Yield a violation for each patch and image that none of the release's objects and hooks has a use for."""
    release = next((part for part in context.cluster.cluster.helm_releases if part.id == resource.id), None)
    if release is None or release.rendered is None or release.unknown:
        return
    objects = (*release.rendered, *release.hooks)
    for index, renderer in mappings(resource.spec.get("postRenderers")):
        for number, image in mappings(mapping(renderer, "kustomize").get("images")):
            # What is rendered has the new name already.
            names = [str(name) for key in ("name", "newName") if (name := image.get(key))]
            if names and not any(is_unknown(name) or runs(each, name) for name in names for each in objects):
                message = f"the entry of images changes nothing: no container runs {names[0]}"
                yield Violation(message, ("spec", "postRenderers", index, "kustomize", "images", number, "name"))
        for number, patch in mappings(mapping(renderer, "kustomize").get("patches")):
            target, text = mapping(patch, "target"), str(patch.get("patch"))
            if "$patch: delete" in text or "/metadata/name" in text or not is_doubtful(target, objects):
                continue
            if not is_met(target, objects):
                path = ("spec", "postRenderers", index, "kustomize", "patches", number, "target")
                yield nothing_met(target, objects, path)
