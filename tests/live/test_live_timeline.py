"""What a live cluster's timeline tells of objects that change between two looks: the order in which they did."""

from __future__ import annotations

from contextlib import closing
from typing import Any, cast

from pytest_gitops.live.api import Api, Kind
from pytest_gitops.live.timeline import Timeline
from pytest_gitops.live.waiting import until
from pytest_gitops.model import JsonObject

KIND = Kind("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "kustomizations", True)


def ready(name: str, since: str, version: str) -> JsonObject:
    condition = {"type": "Ready", "status": "True", "reason": "Done", "message": "", "lastTransitionTime": since}
    metadata = {"namespace": "flux-system", "name": name, "resourceVersion": version}
    return {"kind": "Kustomization", "metadata": metadata, "status": {"conditions": [condition]}}


class Server:
    """What a timeline asks of an API server; it lists objects by their names."""

    def __init__(self, *objects: JsonObject) -> None:
        self._objects = list(objects)

    def kinds(self) -> dict[tuple[str, str], Kind]:
        return {(KIND.api_version, KIND.kind): KIND}

    def list(self, _kind: Kind) -> Any:
        return self._objects


def test_what_became_ready_between_two_looks_is_told_in_its_order() -> None:
    objects = (
        ready("cache", "2026-01-01T00:00:02Z", "31"),
        ready("infra", "2026-01-01T00:00:01Z", "40"),
        ready("web", "2026-01-01T00:00:02Z", "9"),
    )
    with closing(Timeline(cast(Api, Server(*objects)))) as timeline:
        assert until(lambda: timeline.moments or None, 10)
        assert [moment.name for moment in timeline.moments] == [
            "flux-system/infra",
            "flux-system/web",
            "flux-system/cache",
        ]
