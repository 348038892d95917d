"""Watches what becomes Ready, when, and why not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.api import Api, ApiError, Kind
from pytest_gitops.model import JsonObject, Moment

KINDS = (
    ("kustomize.toolkit.fluxcd.io", "Kustomization"),
    ("helm.toolkit.fluxcd.io", "HelmRelease"),
    ("source.toolkit.fluxcd.io", "GitRepository"),
    ("source.toolkit.fluxcd.io", "OCIRepository"),
    ("source.toolkit.fluxcd.io", "HelmRepository"),
    ("source.toolkit.fluxcd.io", "HelmChart"),
    ("source.toolkit.fluxcd.io", "Bucket"),
)
PAUSE = 0.1


class Timeline:
    """Polls the cluster's Flux objects from a thread until it is closed; ``told`` is called with each moment."""

    def __init__(self, api: Api, told: Callable[[Moment], None] | None = None) -> None:
        self._api = api
        self._told = told
        self._moments: list[Moment] = []
        self._objects: dict[str, JsonObject] = {}
        self._kinds: list[Kind] = []
        self._changed = threading.Condition()
        self._ended = False
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="gitops-timeline", daemon=True)
        self._thread.start()

    @property
    def moments(self) -> tuple[Moment, ...]:
        """What has happened so far."""
        with self._changed:
            return tuple(self._moments)

    @property
    def objects(self) -> dict[str, JsonObject]:
        """Flux's objects as they were last seen, by name."""
        with self._changed:
            return dict(self._objects)

    def wait(self, seconds: float) -> None:
        """Wait until something changes, at most so long."""
        with self._changed:
            self._changed.wait(seconds)

    def close(self) -> None:
        """Stop watching; may be called twice."""
        self._ended = True
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._ended:
            try:
                self._look()
            except (ApiError, LiveError):
                # The server may be going, or a definition coming; the next look tells.
                self._kinds = []
            time.sleep(PAUSE)

    def _look(self) -> None:
        if not self._kinds:
            self._kinds = _watched(self._api)
        found = {name_of(obj): obj for kind in self._kinds for obj in self._api.list(kind)}
        with self._changed:
            before, self._objects = self._objects, found
            # What changed between two looks is told in the order in which it did.
            changed = sorted(found.items(), key=lambda item: _changed(item[1]))
            new = [moment for name, obj in changed if (moment := self._moment(name, obj, before.get(name)))]
            self._moments += new
            if new or before.keys() != found.keys():
                self._changed.notify_all()
        for moment in new if self._told else ():
            self._told(moment)  # type: ignore[misc]

    def _moment(self, name: str, obj: JsonObject, before: JsonObject | None) -> Moment | None:
        now = ready(obj)
        if now is None or (before is not None and ready(before) == now):
            return None
        return Moment(round(time.monotonic() - self._began, 2), name, *now)


def name_of(obj: JsonObject) -> str:
    """Return what a Flux object is called here: a Kustomization without its kind, as elsewhere."""
    metadata = obj["metadata"]
    name = f"{metadata['namespace']}/{metadata['name']}"
    return name if obj["kind"] == "Kustomization" else f"{obj['kind']}/{name}"


def ready(obj: JsonObject) -> tuple[str, str, str, str] | None:
    """Return an object's Ready condition as status, reason, message, with the revision it was tried with."""
    status = obj.get("status") or {}
    for condition in status.get("conditions") or ():
        if condition["type"] == "Ready":
            text = str(condition.get("message") or "")
            return str(condition["status"]), str(condition.get("reason") or ""), text, revision(obj)
    return None


def _changed(obj: JsonObject) -> tuple[str, int]:
    """Return when an object's Ready condition changed, and of one second, its resource version (ordered since 1.35)."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    since = next((str(each.get("lastTransitionTime")) for each in conditions if each["type"] == "Ready"), "")
    version = str(obj["metadata"].get("resourceVersion") or "")
    return since, int(version) if version.isdigit() else 0


def observed(obj: JsonObject) -> int | None:
    """Return the generation that an object's Ready condition is about: of what fails, the status' own may be older."""
    status = obj.get("status") or {}
    generations = [each.get("observedGeneration") for each in status.get("conditions") or () if each["type"] == "Ready"]
    found: int | None = next(filter(None, generations), None) or status.get("observedGeneration")
    return found


def revision(obj: JsonObject) -> str:
    """Return the revision that an object was last tried with, or that a source last gave."""
    status = obj.get("status") or {}
    artifact = status.get("artifact") or {}
    return str(status.get("lastAttemptedRevision") or artifact.get("revision") or "")


def _watched(api: Api) -> list[Kind]:
    served = api.kinds().values()
    found = []
    for group, kind in KINDS:
        versions = [each for each in served if each.kind == kind and each.api_version.startswith(f"{group}/")]
        found += sorted(versions, key=lambda each: ("beta" in each.api_version, each.api_version))[:1]
    return found
