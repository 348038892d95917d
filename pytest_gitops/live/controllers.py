"""Waits for the Deployments of a cluster's own to be available, and tells what keeps pods from running."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.api import Api, Kind
from pytest_gitops.model import JsonObject

SECONDS = 300.0
PAUSE = 0.5
# An image whose pull fails is tried again by the kubelet; one that fails for so long is not there.
PULL_SECONDS = 60.0
_DEPLOYMENTS = Kind("apps/v1", "Deployment", "deployments", True)
_PODS = Kind("v1", "Pod", "pods", True)
PULLING = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
_PLANNED = ("ContainerCreating", "PodInitializing")


def await_available(api: Api, namespace: str, names: Iterable[str], remedy: str) -> None:
    """Wait until Deployments are available; raises LiveError, saying what keeps them, where they aren't in time.

    ``remedy`` says what to do about an image that can't be pulled.
    """
    wanted, end, failing = set(names), time.monotonic() + SECONDS, 0.0
    while missing := wanted - set(_available(api, namespace)):
        waiting = [each for each in held_up(api, namespace) if each[1] in PULLING]
        failing = (failing or time.monotonic()) if waiting else 0.0
        is_late = time.monotonic() > end
        if is_late or (failing and time.monotonic() - failing > PULL_SECONDS):
            told = "\n".join(f"  {pod}: {reason}: {message}" for pod, reason, message in held_up(api, namespace))
            hint = f"; {remedy}" if waiting else ""
            raise LiveError(f"{', '.join(sorted(missing))} did not become available in {namespace}{hint}:\n{told}")
        time.sleep(PAUSE)


def held_up(api: Api, namespace: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield each pod that has a container that waits: its ``namespace/name``, and the reason and message."""
    for pod in api.list(_PODS, namespace):
        status = pod.get("status") or {}
        containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
        for container in containers:
            waiting = (container.get("state") or {}).get("waiting") or {}
            reason = str(waiting.get("reason") or "")
            if reason and reason not in _PLANNED:
                name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
                yield name, reason, str(waiting.get("message") or container.get("image") or "")


def _available(api: Api, namespace: str) -> list[str]:
    return [str(each["metadata"]["name"]) for each in api.list(_DEPLOYMENTS, namespace) if _is_available(each)]


def _is_available(deployment: JsonObject) -> bool:
    status = deployment.get("status") or {}
    is_current = status.get("observedGeneration") == deployment["metadata"].get("generation")
    conditions = {each["type"]: each["status"] for each in status.get("conditions") or ()}
    return is_current and conditions.get("Available") == "True"
