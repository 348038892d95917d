"""What a kustomization file changes is there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from yaml.nodes import Node, ScalarNode

from pytest_gitops.checks.context import FleetIndex, is_unknown
from pytest_gitops.checks.overlay_file import NAMES, items
from pytest_gitops.checks.references._patches import is_met
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.checks.sources import SourceFile, child, line_of, scalar
from pytest_gitops.model import Location, Resource

_VARIABLE = "${"
_DELETES = "$patch: delete"
_RENAMES = re.compile(r"""["']?path["']?:\s*["']?/(metadata/name|kind)\b""")


@rule(
    "overlay-target",
    check="references",
    set="recommended",
    severity="warning",
    scope=Scope.FILE,
    files=NAMES,
    contains=r"^(patches|patchesJson6902|images):",
    description="A patch whose target has a name finds an object of that name, and an entry of `images` an "
    "image. kustomize passes "
    "over those that find nothing without a word, so a misspelt name changes nothing.",
    remedy="Correct the name or kind of the target, or the name of the image; or remove the entry.",
    source="https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/",
    passing=[
        "kind: Kustomization\nimages:\n  - name: ghcr.io/acme/web\n",
        """
kind: Kustomization
patches:
  - target: {kind: PersistentVolumeClaim, name: app}
    patch: "[{op: replace, path: /metadata/name, value: web}]"
""",
    ],
    failing=[
        """
kind: Kustomization
patches:
  - target: {kind: Deployment, name: web}
    patch: "[{op: remove, path: /spec/replicas}]"
"""
    ],
)
def overlay_target(file: SourceFile, index: FleetIndex) -> Iterator[Violation]:
    """Yield a violation for each patch and image entry that no render which read the file has a use for."""
    renders = index.readers.get(file.path)
    if not renders:
        return
    resources = [resource for rendered in renders for resource in rendered]
    for document in file.documents:
        if _awaits_content(document, file, index):
            continue
        for patch in (*items(document, "patches"), *items(document, "patchesJson6902")):
            target = child(patch, "target")
            if target is not None and not _is_met(target, _content(patch, file, index), resources):
                what = f"{scalar(target, 'kind') or 'object'} {scalar(target, 'name')}"
                yield Violation(
                    f"the patch changes nothing: there is no {what}", location=Location(file.path, line_of(target))
                )
        for image in items(document, "images"):
            if not _is_used(image, resources):
                message = f"the entry of images changes nothing: no container runs {scalar(image, 'name')}"
                yield Violation(message, location=Location(file.path, line_of(image)))


def _awaits_content(document: Node, file: SourceFile, index: FleetIndex) -> bool:
    """Return whether a resource file is empty yet, as those of flux-system are in a template until the bootstrap."""
    named = (str(item.value) for item in items(document, "resources") if isinstance(item, ScalarNode))
    files = (index.files.named_in(file, name) for name in named if name.endswith((".yaml", ".yml")))
    return any(resource.text and not resource.documents for resource in files)


def _content(patch: Node, file: SourceFile, index: FleetIndex) -> str:
    """Return a patch's text: its own, or its file's; empty where the names that it leaves are not known."""
    if child(patch, "options") is not None:
        return ""
    if path := scalar(patch, "path"):
        return index.files.named_in(file, path).text
    return scalar(patch, "patch") or ""


def _is_met(target: Node, patch: str, resources: list[Resource]) -> bool:
    """Tell whether a target finds something; one that the patch deletes or renames is gone."""
    name, kind = scalar(target, "name"), scalar(target, "kind")
    if not name or _VARIABLE in name or not patch or _DELETES in patch or _RENAMES.search(patch):
        return True
    return is_met({"kind": kind, "name": name}, resources)


def runs(resource: Resource, image: str) -> bool:
    """Tell whether an object names an image, with whatever tag or digest; a longer name is another image."""
    return (
        image in resource.text and re.search(rf"(?<![\w./-]){re.escape(image)}(?![\w./-])", resource.text) is not None
    )


def _is_used(image: Node, resources: list[Resource]) -> bool:
    names = [name for key in ("name", "newName") if (name := scalar(image, key))]
    if not names or any(_VARIABLE in name or is_unknown(name) for name in names):
        return True
    return any(runs(resource, name) for name in names for resource in resources)
