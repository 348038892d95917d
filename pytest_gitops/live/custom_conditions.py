"""Writes into custom resources the conditions that their operators would, by rules that users give."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime

from pytest_gitops.checks.kinds import split
from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.api import Api, ApiError, Kind
from pytest_gitops.live.stand_ins import REASON
from pytest_gitops.model import JsonObject, group_of
from pytest_gitops.objects import listed, mapping, scalar

PAUSE = 0.3
# Between two questions which kinds there are, while some are missing.
ROUNDS = 5
# Kind.group to the status of each type of condition: True, False or Unknown.
Rules = Mapping[str, Mapping[str, str]]


class CustomConditions:
    """Gives objects of some kinds their conditions, from a thread, for as long as it isn't closed.

    An object gets them once for each generation: what a test writes stays until the object changes. ``problem`` says
    why some could not be written, empty where all could.
    """

    def __init__(self, api: Api, rules: Rules) -> None:
        self._api = api
        self._rules = rules
        self._kinds: dict[str, Kind] = {}
        self._written: dict[str, int] = {}
        self.problem = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gitops-conditions", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; may be called twice."""
        self._ended.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        rounds = 0
        while self._rules and not self._ended.wait(PAUSE):
            try:
                if len(self._kinds) < len(self._rules) and rounds % ROUNDS == 0:
                    self._kinds = _served(self._api, self._rules)
                self._look()
            except (ApiError, LiveError):
                # The server may be going, or a definition; the next round tells.
                self._kinds = {}
            rounds += 1

    def _look(self) -> None:
        for name, kind in self._kinds.items():
            for obj in self._api.list(kind):
                uid, generation = str(obj["metadata"]["uid"]), int(obj["metadata"].get("generation") or 0)
                if self._written.get(uid) != generation:
                    self._write(kind, obj, self._rules[name])
                    self._written[uid] = generation

    def _write(self, kind: Kind, obj: JsonObject, conditions: Mapping[str, str]) -> None:
        metadata = obj["metadata"]
        there = listed(mapping(obj, "status"), "conditions")
        others = [each for each in there if scalar(each, "type") not in conditions]
        own = [_condition(obj, name, status) for name, status in conditions.items()]
        status = {"observedGeneration": metadata.get("generation") or 0, "conditions": [*others, *own]}
        namespace, named = str(metadata.get("namespace") or ""), str(metadata["name"])
        for below in (True, False):  # of the subresource, or of the object where there is none
            try:
                self._api.merge(kind, namespace, named, {"status": status}, status=below)
            except ApiError as error:
                if not (below and error.reason == "NotFound"):
                    self.problem = f"the conditions of {kind.kind} {namespace}/{named} can't be written: {error}"
                    return
            else:
                return


def _condition(obj: JsonObject, name: str, status: str) -> JsonObject:
    return {
        "type": name,
        "status": status,
        "reason": REASON,
        "message": "the configuration says so",
        "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "observedGeneration": obj["metadata"].get("generation") or 0,
    }


def _served(api: Api, rules: Rules) -> dict[str, Kind]:
    """Return the kinds of the rules that the API server serves, stable versions before others."""
    found: dict[str, Kind] = {}
    kinds = sorted(api.kinds().values(), key=lambda kind: ("alpha" in kind.api_version, "beta" in kind.api_version))
    for name in rules:
        wanted = split(name)
        for kind in kinds:
            if (kind.kind, group_of(kind.api_version)) == wanted:
                found.setdefault(name, kind)
    return found
