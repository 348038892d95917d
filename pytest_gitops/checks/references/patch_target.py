"""What a Flux Kustomization patches is there."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_gitops.checks.context import ClusterIndex, Context, is_unknown
from pytest_gitops.checks.pods import mapping, mappings
from pytest_gitops.checks.references._patches import is_doubtful, is_met, nothing_met
from pytest_gitops.checks.references.overlay_target import runs
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.model import JsonObject, Kustomization


@rule(
    "patch-target",
    check="references",
    set="recommended",
    severity="warning",
    scope=Scope.KUSTOMIZATION,
    description="The target of a patch in `spec.patches` finds an object, where it has a name, or where its kind looks "
    "like one that is rendered, and an entry of `spec.images` an image. Those that find nothing are passed over "
    "without a word.",
    remedy="Correct the kind or name of the target, or the name of the image; or remove the entry.",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#patches",
    passing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: web, namespace: flux-system}
spec: {interval: 1h, prune: true, patches: [{target: {kind: Deployment, name: "web.*"}, patch: "[]"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web-1, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: web}}
""",
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: web, namespace: flux-system}
spec: {interval: 1h, prune: true, patches: [{target: {kind: HelmRelease}, patch: "[]"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: web}}
""",
    ],
    failing=[
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: web, namespace: flux-system}
spec: {interval: 1h, prune: true, patches: [{target: {kind: Deployment, name: webb}, patch: "[]"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: web}}
""",
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: web, namespace: flux-system}
spec: {interval: 1h, prune: true, patches: [{target: {kind: Deploymnt}, patch: "[]"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: web}}
""",
        """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: web, namespace: flux-system}
spec: {interval: 1h, prune: true, images: [{name: ghcr.io/acme/web, newTag: 1.2.4}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps, labels: {kustomize.toolkit.fluxcd.io/name: web}}
spec: {template: {spec: {containers: [{name: web, image: "ghcr.io/acme/website:1.2.3"}]}}}
""",
    ],
)
def patch_target(kustomization: Kustomization, context: Context) -> Iterator[Violation]:
    """Yield a violation for each patch and image that no Kustomization of the cluster which has it has a use for."""
    if kustomization.rendered is None or not kustomization.rendered.resources:
        return
    yield from _images(kustomization, context)
    for index, patch in mappings(kustomization.spec.get("patches")):
        target = mapping(patch, "target")
        if "$patch: delete" in str(patch.get("patch")) or not is_doubtful(target, kustomization.rendered):
            continue
        if not any(_finds(target, other) for other in _sharing(context.cluster, "patches", patch)):
            yield nothing_met(target, kustomization.rendered, ("spec", "patches", index, "target"))


def _images(kustomization: Kustomization, context: Context) -> Iterator[Violation]:
    for index, image in mappings(kustomization.spec.get("images")):
        names = [str(name) for key in ("name", "newName") if (name := image.get(key))]
        if names and not any(is_unknown(name) for name in names):
            renders = [other.rendered for other in _sharing(context.cluster, "images", image)]
            if not any(
                render is None or runs(each, name) for name in names for render in renders for each in render or ()
            ):
                message = f"the entry of images changes nothing: no container runs {names[0]}"
                yield Violation(message, ("spec", "images", index, "name"))


def _sharing(cluster: ClusterIndex, field: str, entry: JsonObject) -> Iterator[Kustomization]:
    """Yield the Kustomizations that have an entry in a list: a parent often gives it to all its children."""
    for kustomization in cluster.kustomizations:
        if any(entry == other for _, other in mappings(kustomization.spec.get(field))):
            yield kustomization


def _finds(target: JsonObject, kustomization: Kustomization) -> bool:
    if kustomization.rendered is None:
        return True
    return is_met(target, kustomization.rendered)
