"""The provider ``kind``: real clusters, their nodes containers of Docker or podman."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import yaml

from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.api import Api, ApiError
from pytest_gitops.live.controllers import PULLING, await_available, held_up
from pytest_gitops.live.installation import (
    DEFINITION,
    EXPORT,
    NAMESPACE,
    declared_installation,
    installed,
    read_installation,
)
from pytest_gitops.live.kind.engine import Engine, find_engine
from pytest_gitops.live.kind.images import BrokenImages
from pytest_gitops.live.kind.lifetime import Lifetime
from pytest_gitops.live.provider import Wish
from pytest_gitops.live.rewriting import GROUP, KIND
from pytest_gitops.live_options import ARCHIVES, LiveOptions
from pytest_gitops.model import JsonObject

LOAD_SECONDS = 300.0
NODE_IMAGE = "kindest/node"
_LOAD_REMEDY = "load it with --gitops-kind-load, or let the nodes reach its registry"
_VERSION = re.compile(r"v?(1\.\d+)(\.\d+)?")
# Where MutatingAdmissionPolicy is there and off by default.
_BETA = ("1.34", "1.35")


class KindProvider:
    """Makes clusters by the program kind: nodes, pods, images and networking are real."""

    # Their kubeconfigs are for this machine.
    reaches_others = False

    def __init__(self, options: LiveOptions) -> None:
        self._options = options

    def start(self, wish: Wish) -> KindCluster:
        """Make a cluster and load the images that it is to have."""
        engine = find_engine()
        installation = self._installation(wish)
        loaded = self._options.kind_load if wish.workloads or wish.flux else ()
        engine.require_images(image for image in loaded if not image.endswith(ARCHIVES))
        declared = _declared_version(wish)
        image = self._options.kind_image or (f"{NODE_IMAGE}:v{declared}" if declared.count(".") > 1 else None)
        lifetime = Lifetime(engine, image, _configuration(image), keep=self._options.keep_cluster)
        try:
            cluster = KindCluster(lifetime, installation)
            if self._options.kind_image is None:
                cluster.require_version(declared)
            if wish.flux:
                cluster.require_policies()
            _load(engine, lifetime.name, loaded)
        except BaseException as error:
            lifetime.close()
            if isinstance(error, ApiError):
                raise LiveError(f"the cluster's API server refuses: {error}") from None
            raise
        return cluster

    def _installation(self, wish: Wish) -> Sequence[JsonObject]:
        """Return the Flux to install: the file that was named, else what the repository holds."""
        if self._options.flux_install is not None:
            return installed(read_installation(self._options.flux_install))
        found = declared_installation(wish.cluster) if wish.cluster is not None else []
        if wish.flux and not found:
            version = wish.cluster.flux_version if wish.cluster is not None else None
            told = f" --version={version}" if version else ""
            raise LiveError(
                f"the repository holds no Flux to install in a kind cluster for {wish.name} (a gotk-components.yaml "
                f"with the controllers): {EXPORT}{told} > flux.yaml and give --gitops-flux-install=flux.yaml"
            )
        return installed(found)


class KindCluster:
    """A cluster of containers that go with this run, unless it is to be kept."""

    owned = True
    is_only_asked = False
    context = None
    simulated: tuple[str, ...] = ()
    # Real pods take their time; only those with an image that a test calls broken are given up early.
    progress_seconds = None

    def __init__(self, lifetime: Lifetime, installation: Sequence[JsonObject]) -> None:
        self._lifetime = lifetime
        self._installation = installation
        self.kubeconfig: Path = lifetime.kubeconfig
        self._api = Api(self.kubeconfig)
        self.host = lifetime.engine.gateway()
        kept = ", kept" if lifetime.is_kept else ""
        versions = f"Kubernetes {self._api.version}, {lifetime.engine.name}"
        self.description = f"kind cluster {lifetime.name} ({versions}{kept})"

    def require_version(self, declared: str) -> None:
        """Raise LiveError where the cluster is declared to run another version of Kubernetes."""
        wanted, found = _VERSION.match(declared), _VERSION.match(self._api.version)
        if wanted and found and wanted[1] != found[1]:
            raise LiveError(
                f"the cluster is declared to run Kubernetes {declared}, and kind's own node image has "
                f"{self._api.version}: name one of that version with --gitops-kind-image"
            )

    def require_policies(self) -> None:
        """Raise LiveError where the API server can't be told to have Flux read the working tree."""
        if not any(kind == KIND and version.startswith(f"{GROUP}/") for version, kind in self._api.kinds()):
            raise LiveError(
                f"Kubernetes {self._api.version} has no MutatingAdmissionPolicy, by which Flux is made to read the "
                "working tree: name a node image of 1.34 or newer with --gitops-kind-image"
            )

    def definitions(self) -> list[JsonObject]:
        """Return the definitions of the installation."""
        return [obj for obj in self._installation if obj["kind"] == DEFINITION]

    def installation(self) -> list[JsonObject]:
        """Return the rest of the installation, with the controllers."""
        return [obj for obj in self._installation if obj["kind"] != DEFINITION]

    def start_flux(self) -> None:
        """Wait until the controllers are available: sources that are there before them are tried late."""
        names = [obj["metadata"]["name"] for obj in self._installation if obj["kind"] == "Deployment"]
        await_available(self._api, NAMESPACE, names, _LOAD_REMEDY)

    def break_images(self, images: Iterable[str]) -> None:
        """Have new pods name images that can't be pulled in place of these."""
        self._broken.set(images)

    @cached_property
    def _broken(self) -> BrokenImages:
        return BrokenImages(self._api)

    def diagnose(self) -> str:
        """Return which of Flux's pods have ended, and why; empty where none has or the API server doesn't answer."""
        try:
            held = list(held_up(self._api, NAMESPACE))
        except (ApiError, LiveError):
            return ""
        return "\n".join(f"{pod}: {reason}: {text}" for pod, reason, text in held if reason not in PULLING)

    def lost(self) -> str:
        """Return nothing: Kubernetes starts anew what ends in a kind cluster."""
        return ""

    def close(self) -> None:
        """Delete the cluster, unless it is to be kept."""
        self._lifetime.close()


def _declared_version(wish: Wish) -> str:
    """Return the version of Kubernetes that the configuration declares for the cluster, empty where it doesn't."""
    settings = wish.cluster.settings if wish.cluster is not None else {}
    return str(settings.get("kubernetes_version") or "").removeprefix("v")


def _configuration(image: str | None) -> str:
    """Return kind's configuration file: one node, and what the image's version of Kubernetes has to be told."""
    tag = _VERSION.match((image or "").partition("@")[0].rpartition(":")[2])
    beta = {
        "featureGates": {"MutatingAdmissionPolicy": True},
        "runtimeConfig": {f"{GROUP}/v1beta1": "true"},
    }
    own = beta if tag and tag[1] in _BETA else {}
    return yaml.safe_dump({"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", **own})


def _load(engine: Engine, name: str, images: Sequence[str]) -> None:
    """Load images into the cluster's nodes: those of archives, and those that the container engine has."""
    archives = [image for image in images if image.endswith(ARCHIVES)]
    named = [image for image in images if not image.endswith(ARCHIVES)]
    for archive in archives:
        engine.run_kind("load", "image-archive", archive, "--name", name, seconds=LOAD_SECONDS)
    if named:
        engine.run_kind("load", "docker-image", *named, "--name", name, seconds=LOAD_SECONDS)
