"""Programs that say what a HelmRelease renders to, and how their answers are read."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import yaml
from oracle_corpora import Loader

from pytest_gitops.model import JsonObject

NAMESPACE = "apps"
CLUSTER_WIDE = {
    "APIService", "ClusterRole", "CSIDriver", "ClusterRoleBinding", "CustomResourceDefinition", "IngressClass",
    "MutatingWebhookConfiguration", "Namespace", "Plane", "PriorityClass", "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
}  # fmt: skip
Ask = Callable[[JsonObject], JsonObject]


class Oracle:
    """A program that answers a line of JSON with another one."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def ask(self, request: JsonObject) -> JsonObject:
        """Return the answer to a request."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: JsonObject = json.loads(self._process.stdout.readline())
        return answer

    def end(self) -> None:
        """Close the program's input, and wait for its end."""
        self._process.communicate(timeout=10)


def release(spec: Mapping[str, Any], name: str = "app") -> JsonObject:
    """Return a HelmRelease."""
    return {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"interval": "5m", **spec},
    }


def objects(manifest: str, namespace: str, unknown: Collection[str] = ()) -> list[JsonObject]:
    """Return the objects of a manifest, in the namespace that Helm's client puts those of known kinds into."""
    found: list[JsonObject] = []
    for document in yaml.load_all(manifest, Loader):
        items = [] if document is None else document["items"] if document["kind"] == "List" else [document]
        found += [item if item["kind"] in unknown else placed(item, namespace) for item in items]
    return found


def placed(item: Any, namespace: str) -> JsonObject:
    """Return an object in the namespace that Helm's client puts it into."""
    if item["kind"] in CLUSTER_WIDE:
        return dict(item)
    return {**item, "metadata": {"namespace": namespace, **item["metadata"]}}


def sources(manifest: str) -> list[str]:
    """Return the templates that a manifest says its objects come from."""
    return [line.removeprefix("# Source: ") for line in manifest.splitlines() if line.startswith("# Source: ")]


def plain(item: JsonObject) -> str:
    """Return an object as text, without the labels that Flux adds."""
    labels = {
        k: v for k, v in item["metadata"].get("labels", {}).items() if not k.startswith("helm.toolkit.fluxcd.io/")
    }
    metadata = {k: v for k, v in item["metadata"].items() if k != "labels"} | ({"labels": labels} if labels else {})
    return json.dumps({**item, "metadata": metadata}, sort_keys=True)
