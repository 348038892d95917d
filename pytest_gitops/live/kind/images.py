"""Images that a test calls broken, in a cluster whose pods are real: they are renamed to ones that can't be pulled."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.api import Api, ApiError, Kind
from pytest_gitops.live.applying import Application
from pytest_gitops.live.rewriting import GROUP, KIND, UNKNOWN_REGISTRY, deadline_policy, image_policy, in_version
from pytest_gitops.live.waiting import until
from pytest_gitops.model import JsonObject, ResourceId

# So soon is a Deployment with such an image one that failed.
PROGRESS_SECONDS = 3
ACTIVE_SECONDS = 30.0
_PODS = Kind("v1", "Pod", "pods", True)
_LISTS = ("containers", "initContainers")


class BrokenImages:
    """The images that pods can't pull, in one cluster."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._application = Application(api)
        self._broken: tuple[str, ...] = ()

    def set(self, images: Iterable[str]) -> None:
        """Have these images, and only these, be broken in pods that are made from now on; others' pods are mended.

        Returns once that is in effect; raises LiveError where it isn't in time.
        """
        before, self._broken = self._broken, tuple(sorted(images))
        if before == self._broken:
            return
        policies = _policies(self._broken or before)
        version = self._application.kind_of(GROUP, KIND).api_version.rpartition("/")[2]
        for obj in in_version(policies, version):
            self._put(obj) if self._broken else self._remove(obj)
        for image in {*before, *self._broken}:
            if until(self._agrees(image), ACTIVE_SECONDS) is None:
                raise LiveError(f"that {image} is broken, or mended, took no effect within {ACTIVE_SECONDS:.0f} s")
        self._mend()

    def _put(self, obj: JsonObject) -> None:
        self._api.apply(self._application.kind(obj), obj, manager="pytest-gitops", force=True)

    def _remove(self, obj: JsonObject) -> None:
        id = ResourceId.of(obj)
        self._api.delete(self._application.kind(obj), id.namespace, id.name)

    def _agrees(self, image: str) -> Callable[[], bool]:
        """Return what tells whether a new pod with an image would get what it should."""
        metadata = {"name": "pytest-gitops-probe", "namespace": "default"}
        pod = {"containers": [{"name": "probe", "image": image}]}
        probe = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod}

        def agrees() -> bool:
            try:
                answer = self._api.apply(_PODS, probe, manager="pytest-gitops", dry_run=True)
            except ApiError:
                return False
            named = str(answer["spec"]["containers"][0]["image"])
            return named.startswith(UNKNOWN_REGISTRY) == self._is_broken(image)

        return agrees

    def _mend(self) -> None:
        """Give pods back the images that are not broken any more: the kubelet then pulls these."""
        for pod in self._api.list(_PODS):
            lists = {name: self._mended(pod["spec"].get(name) or ()) for name in _LISTS}
            patch = {name: containers for name, containers in lists.items() if containers}
            if patch:
                id = ResourceId.of(pod)
                self._api.patch_lists(_PODS, id.namespace, id.name, {"spec": patch})

    def _mended(self, containers: Iterable[JsonObject]) -> list[JsonObject]:
        found = []
        for container in containers:
            own = str(container["image"]).removeprefix(UNKNOWN_REGISTRY)
            if own != container["image"] and not self._is_broken(own):
                found.append({"name": container["name"], "image": own})
        return found

    def _is_broken(self, image: str) -> bool:
        return any(image == each or image.startswith((f"{each}:", f"{each}@")) for each in self._broken)


def _policies(images: tuple[str, ...]) -> list[JsonObject]:
    return [*image_policy(images), *deadline_policy(PROGRESS_SECONDS, images)]
