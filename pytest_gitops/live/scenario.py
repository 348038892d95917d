"""A live cluster that follows a repository, for tests that change something and see what becomes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_gitops.configuration import read_configuration
from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.api import Api, ApiError, Kind
from pytest_gitops.live.applying import Application
from pytest_gitops.live.directory import ClusterDirectory
from pytest_gitops.live.drift import Drift
from pytest_gitops.live.entry import entry_objects
from pytest_gitops.live.naming import GROUPS, Names
from pytest_gitops.live.provider import Provider, Running, Wish
from pytest_gitops.live.readiness import Readiness, Told
from pytest_gitops.live.receiver import Receiver
from pytest_gitops.live.repositories import BRANCH, Repositories
from pytest_gitops.live.spokes import Spokes, elsewhere
from pytest_gitops.live.standing import StandIns
from pytest_gitops.live.timeline import Timeline
from pytest_gitops.live.waiting import until
from pytest_gitops.model import Cluster, JsonObject, LiveRun, Moment

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

SECONDS = 60.0
# How often what has failed is tried again while a test waits for it to be Ready.
RETRY_SECONDS = 2.0
REQUESTED = "reconcile.fluxcd.io/requestedAt"
FORCED = "reconcile.fluxcd.io/forceAt"


class NotAsExpectedError(AssertionError):
    """What a scenario waited for did not come; the text says what came instead. Whoever wrote the test should care."""


class LiveCluster:
    """A running cluster whose Flux follows one cluster of the repository; a test's changes are commits of its own.

    A Kustomization is named ``name`` or ``namespace/name``, anything else ``Kind/namespace/name``. The user's files
    stay as they are: ``write`` and ``edit`` change what the next ``commit`` holds, no more. Methods that wait raise
    NotAsExpectedError with Flux's own conditions.
    """

    def __init__(self, running: Running, cluster: Cluster, root: Path, spokes: Spokes | None = None) -> None:
        self.cluster = cluster
        self._spokes = spokes
        self._running = running
        self._broken: set[str] = set()
        self.api = Api(running.kubeconfig, running.context)
        self._application = Application(self.api)
        self._home = ClusterDirectory()
        try:
            self._repositories = Repositories(cluster, root, self._home.path, running.host)
        except BaseException:
            self._home.remove()
            raise
        self.history = self._repositories.own
        self._names = Names(self._application, cluster)
        self._readiness = Readiness(
            lambda: self._objects, lambda: self.history.tip(BRANCH), self._repositories.own_sources
        )
        self._drifts: dict[str, Drift] = {}
        self._timeline: Timeline | None = None
        rules = read_configuration(root).conditions if running.simulated else {}
        self._stand_ins = StandIns(self.api, self._names, cluster, rules)

    # Start and end

    def bootstrap(self, told: Callable[[Moment], None] | None = None) -> None:
        """Install Flux and have it follow the cluster's entry, as ``flux bootstrap`` leaves it; returns at once."""
        list(self._application.prepare((), self._running.definitions()))
        for obj in self._running.installation():
            self._put(obj)
        for definition in self._stand_ins.definitions():
            self._put(definition)
        if self._spokes is not None:
            self._spokes.prepare()
            for obj in self._spokes.secrets():
                self._put(obj)
        self._running.start_flux()
        self._timeline = Timeline(self.api, told)
        stands = self._repositories.stands
        for obj in self._stand_ins.policies(stands, self._running.progress_seconds):
            self._put(obj)
        self._stand_ins.start(stands)
        self.commit("the working tree", reconcile=False)
        for obj in entry_objects(self.cluster):
            self._put(obj)

    def reset(self, *, seconds: float = SECONDS) -> None:
        """Go back to the working tree as it is now, mend and resume everything, and wait until all is Ready."""
        if self._broken:
            self._broken.clear()
            self._running.break_images(())
        self._drifts.clear()
        self.history.reset()
        self.commit("the working tree", reconcile=False)
        for name, obj in self._objects.items():
            if obj["kind"] in GROUPS and (obj.get("spec") or {}).get("suspend"):
                self.resume(name)
        for obj in entry_objects(self.cluster):
            self._put(obj)
        self.reconcile_source()
        for name in self._watched:
            self.reconcile(name)
        self.wait_ready(seconds=seconds)

    def close(self) -> None:
        """Stop watching and serving, and end the cluster where it was made for this; may be called twice."""
        if self._timeline is not None:
            self._timeline.close()
        self._stand_ins.close()
        self._repositories.close()
        self._running.close()
        if self._spokes is not None:
            self._spokes.close()
        self._home.remove()

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of the cluster."""
        return self._running.kubeconfig

    @property
    def client(self) -> ApiClient:
        """The ``kubernetes`` client's connection to the cluster."""
        return self.api.client

    # Changes of the repository

    def write(self, path: str, text: str | None) -> None:
        """Write a file, or remove it (None), in what the next commit holds."""
        self.history.write({path: text})

    def edit(self, path: str, before: str, after: str) -> None:
        """Replace a text in a file of the next commit; raises ValueError where the file doesn't hold it."""
        text = self.history.read(path)
        if before not in text:
            raise ValueError(f"{path} holds no {before!r}")
        self.history.write({path: text.replace(before, after)})

    def commit(self, message: str = "change", *, reconcile: bool = True) -> str:
        """Commit what was written, have Flux fetch it, and return the commit's id."""
        commit = self.history.commit(BRANCH, message)
        if reconcile:
            self.reconcile_source()
        return commit

    # What Flux is told

    def reconcile_source(self) -> None:
        """Ask Flux to fetch the repository now, as ``flux reconcile source git`` does."""
        for source in self._repositories.own_sources:
            self._request(self._names.kind(source.id.group, source.id.kind), source.id.namespace, source.id.name)

    def reconcile(self, name: str, *, with_source: bool = False, force: bool = False) -> None:
        """Ask Flux to reconcile a Kustomization or HelmRelease now, as ``flux reconcile`` does.

        ``force`` has a HelmRelease upgraded where nothing differs, or its retries are used up. Raises ValueError for a
        Kustomization: what it has to recreate is told by ``spec.force``, or an annotation of the object.
        """
        kind, namespace, own = self._names.of_flux(name)
        if force and kind.kind != "HelmRelease":
            raise ValueError(f"{name} is no HelmRelease: have a Kustomization recreate objects by its spec.force")
        if with_source:
            self.reconcile_source()
        self._request(kind, namespace, own, *((FORCED,) if force else ()))

    def suspend(self, name: str) -> None:
        """Suspend a Kustomization or HelmRelease, as ``flux suspend`` does."""
        kind, namespace, own = self._names.of_flux(name)
        self.api.merge(kind, namespace, own, {"spec": {"suspend": True}})

    def resume(self, name: str) -> None:
        """Resume a Kustomization or HelmRelease, as ``flux resume`` does."""
        kind, namespace, own = self._names.of_flux(name)
        self.api.merge(kind, namespace, own, {"spec": {"suspend": None}})
        self._request(kind, namespace, own)

    # What happens to the cluster

    def break_image(self, image: str) -> None:
        """Have pods with an image (without tag: all of its tags) never get ready from now on."""
        self._broken.add(image)
        self._running.break_images(self._broken)

    def mend_image(self, image: str) -> None:
        """Have pods with an image get ready again."""
        self._broken.discard(image)
        self._running.break_images(self._broken)

    def get(self, id: str, api_version: str | None = None) -> JsonObject | None:
        """Return an object (``Kind/namespace/name``, or ``Kind/name``), None where it isn't there."""
        kind, namespace, name = self._names.of_any(id, api_version)
        return self.api.get(kind, namespace, name)

    def change(self, id: str, patch: JsonObject, api_version: str | None = None, *, status: bool = False) -> None:
        """Change an object behind Flux's back, or with ``status`` its status, by a merge patch."""
        kind, namespace, name = self._names.of_any(id, api_version)
        before = None if status else self.api.get(kind, namespace, name)
        self.api.merge(kind, namespace, name, patch, status=status)
        if before is not None:
            self._drifts[id] = Drift(before, patch)

    def delete(self, id: str, api_version: str | None = None) -> bool:
        """Delete an object behind Flux's back; return whether it was there."""
        kind, namespace, name = self._names.of_any(id, api_version)
        before = self.api.get(kind, namespace, name)
        if before is not None:
            self._drifts[id] = Drift(before, None)
        return self.api.delete(kind, namespace, name)

    def receiver(self) -> Receiver:
        """Return a receiver of notifications, for the address of a Provider; whoever asks closes it."""
        return Receiver(self._running.host)

    # What Flux says

    def wait_ready(self, *names: str, seconds: float = SECONDS) -> None:
        """Wait until Kustomizations or HelmReleases are Ready at the last commit; without names, all there are."""
        self._wait(lambda: self._unready(names), "are not ready", seconds)

    def wait_failed(self, name: str, reason: str | None = None, *, seconds: float = SECONDS) -> str:
        """Wait until one fails at the last commit, for a reason such as ``HealthCheckFailed``; return its message."""
        key = self._names.key(name)

        def failed() -> str | None:
            told = self._readiness.at_last_commit(key)
            return told[2] if told and told[0] == "False" and reason in (None, told[1]) else None

        message: str | None = self._until(failed, seconds)
        if message is None:
            why = f" by {reason}" if reason else ""
            raise NotAsExpectedError(f"{key} did not fail{why}:\n{self._readiness.state([key])}")
        return message

    def wait_restored(self, id: str, api_version: str | None = None, *, seconds: float = SECONDS) -> JsonObject:
        """Wait until Flux has taken back what ``change`` or ``delete`` did to an object, and return that.

        Raises ValueError where nothing was done to it.
        """
        drift = self._drifts.get(id)
        if drift is None:
            raise ValueError(f"{id} was neither changed nor deleted by this test")

        def restored() -> JsonObject | None:
            now = self.get(id, api_version)
            return now if drift.is_restored(now) else None

        obj: JsonObject = self.wait_until(restored, f"{id} is as it was", seconds=seconds)
        return obj

    def wait_gone(self, id: str, api_version: str | None = None, *, seconds: float = SECONDS) -> None:
        """Wait until an object isn't there, as what Flux prunes."""
        self.wait_until(lambda: self.get(id, api_version) is None, f"{id} is gone", seconds=seconds)

    def wait_until(self, ask: Callable[[], Any], what: str, *, seconds: float = SECONDS) -> Any:
        """Wait until a question is answered by something true, and return it."""
        answer = self._until(lambda: ask() or None, seconds)
        if answer is None:
            state = self._readiness.state(self._watched)
            raise NotAsExpectedError(f"{what}: not after {seconds:.0f} s\n{state}")
        return answer

    def ready(self, name: str) -> Told | None:
        """Return the Ready condition at the last commit: status, reason, message, revision; None without one."""
        return self._readiness.at_last_commit(self._names.key(name))

    def wait_for_change(self, seconds: float) -> None:
        """Wait until something happens in the cluster, at most so long."""
        if self._timeline is not None:
            self._timeline.wait(seconds)

    def conditions(self, name: str) -> dict[str, JsonObject]:
        """Return the conditions of a Kustomization or HelmRelease, by type."""
        obj = self.api.get(*self._names.of_flux(name)) or {}
        return {str(c["type"]): c for c in (obj.get("status") or {}).get("conditions") or ()}

    def inventory(self, name: str) -> list[str]:
        """Return what Flux keeps account of, as ``Kind/namespace/name``, sorted."""
        obj = self.api.get(*self._names.of_flux(name)) or {}
        entries = ((obj.get("status") or {}).get("inventory") or {}).get("entries") or ()
        return sorted(_inventoried(str(entry["id"])) for entry in entries)

    def events(self, name: str) -> list[str]:
        """Return what Flux's controllers say of an object, oldest first, as ``reason: message``."""
        kind, namespace, own = self._names.of_flux(name)
        events = [
            event
            for event in self.all_events(namespace)
            if event["involvedObject"].get("name") == own and event["involvedObject"].get("kind") == kind.kind
        ]
        return [f"{event.get('reason')}: {event.get('message')}" for event in events]

    def all_events(self, namespace: str) -> list[JsonObject]:
        """Return a namespace's events, about whatever they are, oldest first."""
        events = self.api.list(self._names.kind("", "Event"), namespace)
        return sorted(events, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))

    @property
    def timeline(self) -> tuple[Moment, ...]:
        """What has become Ready, or not, since the bootstrap."""
        return self._timeline.moments if self._timeline else ()

    @property
    def simulates(self) -> bool:
        """Whether workloads and operators only pretend to run."""
        return bool(self._running.simulated)

    @property
    def ruled(self) -> frozenset[str]:
        """The kinds, as ``Kind.group``, whose objects get conditions by the configuration's rules."""
        return self._stand_ins.ruled

    @property
    def run(self) -> LiveRun:
        """What happened so far, and what wasn't real, for a report."""
        return LiveRun(
            "reconcile",
            self.cluster.name,
            self._running.description,
            (*self._running.simulated, *self._stand_ins.simulated),
            self._stand_ins.assumed,
            self._stand_ins.opened,
            self.timeline,
        )

    def ready_order(self, *names: str, since: float = 0.0) -> list[str]:
        """Return the names in the order in which they last became Ready, counted from ``since`` seconds on."""
        keys = [self._names.key(name) for name in names]
        order: dict[str, None] = {}
        for moment in self.timeline:
            if moment.name in keys and moment.seconds >= since and moment.ready == "True":
                order.pop(moment.name, None)
                order[moment.name] = None
        return [names[keys.index(key)] for key in order]

    # Below: how

    def _put(self, obj: JsonObject) -> None:
        try:
            kind = self._application.kind(obj)
        except LookupError:
            raise LiveError(f"the cluster serves no {obj['kind']} of {obj['apiVersion']}") from None
        self.api.apply(kind, obj, manager="pytest-gitops", force=True)

    def _request(self, kind: Kind, namespace: str, name: str, *further: str) -> None:
        annotations = dict.fromkeys((REQUESTED, *further), str(time.time_ns()))
        try:
            self.api.merge(kind, namespace, name, {"metadata": {"annotations": annotations}})
        except ApiError as error:
            if error.reason != "NotFound":
                raise

    @property
    def _objects(self) -> dict[str, JsonObject]:
        return self._timeline.objects if self._timeline else {}

    @property
    def _watched(self) -> list[str]:
        return [name for name, obj in self._objects.items() if obj["kind"] in GROUPS]

    def _unready(self, names: tuple[str, ...]) -> list[str]:
        if not names:
            keys = list(dict.fromkeys([*self._expected, *self._watched]))
        else:
            keys = [self._names.key(name) for name in names]
        told = {key: self._readiness.at_last_commit(key) for key in keys}
        return [key for key, state in told.items() if state is None or state[0] != "True"]

    @cached_property
    def _expected(self) -> list[str]:
        """The Kustomizations that are to become Ready here."""
        others = elsewhere(self.cluster)
        tried = (k for k in self.cluster.kustomizations if k.rendered is not None and not k.suspended)
        return [k.name for k in tried if k.name not in others]

    def _wait(self, missing: Callable[[], list[str]], what: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        asked = time.monotonic()
        while (left := missing()) and time.monotonic() < end:
            self.check_running()
            if time.monotonic() - asked > RETRY_SECONDS:
                self._retry(left)
                asked = time.monotonic()
            self.wait_for_change(min(1.0, max(0.01, end - time.monotonic())))
        if left:
            raise NotAsExpectedError(f"{', '.join(left)} {what} after {seconds:.0f} s:\n{self._readiness.state(left)}")

    def _until(self, ask: Callable[[], Any], seconds: float) -> Any:
        def asked() -> Any:
            self.check_running()
            return ask()

        return until(asked, seconds)

    def check_running(self) -> None:
        """Raise LiveError where what is waited for can't come: a program has ended, or a condition isn't written."""
        lost = self._running.lost()
        if lost:
            raise LiveError(f"a program of the cluster has ended by itself:\n{lost}")
        if self._stand_ins.problem:
            raise LiveError(f"live.conditions: {self._stand_ins.problem}")

    def _retry(self, keys: list[str]) -> None:
        """Ask Flux to try again what has failed: by itself it waits for as long as ``spec.retryInterval`` says."""
        for key in filter(self._readiness.failing, keys):
            self.reconcile(key)


def _inventoried(id: str) -> str:
    """Return an inventory's ``namespace_name_group_kind`` in the order that is used here."""
    namespace, name, _group, kind = id.split("_")
    return "/".join(part for part in (kind, namespace, name.replace("__", ":")) if part)


def started(
    provider: Provider, cluster: Cluster, root: Path, told: Callable[[str, Moment], None] | None = None
) -> LiveCluster:
    """Start a cluster, and those that it applies to, and have it follow one of the fleet's.

    ``told`` is called with the cluster's name and each thing that becomes Ready, or doesn't.
    """
    spokes = Spokes(provider, cluster)
    try:
        running = provider.start(Wish(cluster.name, workloads=True, flux=True, cluster=cluster))
        return followed(running, cluster, root, spokes, told=None if told is None else partial(told, cluster.name))
    except BaseException:
        spokes.close()
        raise


def followed(
    running: Running, cluster: Cluster, root: Path, spokes: Spokes | None = None, **options: Any
) -> LiveCluster:
    """Return a live cluster that follows one of the fleet's, ended again where that fails."""
    try:
        live = LiveCluster(running, cluster, root, spokes)
    except OSError as error:
        running.close()
        raise LiveError(f"the repository can't be served: {error.strerror or error}") from None
    except BaseException:
        running.close()
        raise
    try:
        live.bootstrap(**options)
    except (ApiError, LiveError, OSError) as error:
        text = f"the cluster could not be bootstrapped: {error}\n{running.diagnose()}".strip()
        live.close()
        raise LiveError(text) from None
    except BaseException:
        live.close()
        raise
    return live
