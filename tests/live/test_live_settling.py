"""How long a live cluster is waited for, and what is tried again, by what Flux says try after try."""

from __future__ import annotations

from typing import cast

import pytest

from pytest_gitops.live import settling
from pytest_gitops.live.readiness import Told
from pytest_gitops.live.scenario import LiveCluster
from pytest_gitops.live.settling import LOOKS, End, State, settle

READY: Told = ("True", "ReconciliationSucceeded", "Applied", "main@sha1:1")
RUNS: Told = ("Unknown", "Progressing", "Running health checks", "main@sha1:1")
FAILED: Told = ("False", "ReconciliationFailed", "dry-run failed", "main@sha1:1")
NAMED: Told = ("False", "HealthCheckFailed", "timeout waiting for: [Job/a/b status: 'InProgress']", "main@sha1:1")
CUT: Told = (
    "False",
    "HealthCheckFailed",
    "client rate limiter Wait returned an error: rate: Wait(n=1) would exceed context deadline",
    "main@sha1:1",
)


class Script:
    """A cluster in which Flux says of each part what is written for it, one thing more each time it is asked to try."""

    def __init__(self, **parts: list[Told]) -> None:
        self.parts = parts
        self.asked: list[str] = []

    def ready(self, name: str) -> Told | None:
        return self.parts[name][0]

    def reconcile(self, name: str) -> None:
        self.asked.append(name)
        if len(self.parts[name]) > 1:
            self.parts[name].pop(0)

    def check_running(self) -> None: ...

    def wait_for_change(self, seconds: float) -> None: ...


def settled(script: Script, seconds: float = 20) -> dict[str, End]:
    return settle(cast(LiveCluster, script), dict.fromkeys(script.parts), seconds)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "QUIET_SECONDS", 0.05)


def test_a_check_that_names_what_it_waits_for_is_made_once() -> None:
    script = Script(app=[NAMED], web=[READY])

    assert settled(script) == {"app": End(State.FAILED, *NAMED[1:3]), "web": End(State.READY, *READY[1:3])}
    assert script.asked == []


def test_what_failed_for_another_reason_is_tried_once_more() -> None:
    script = Script(app=[FAILED, READY])

    assert settled(script)["app"].state is State.READY
    assert script.asked == ["app"]


def test_a_check_cut_off_is_made_until_it_names_what_it_waits_for() -> None:
    script = Script(app=[CUT, CUT, NAMED, READY])

    assert settled(script) == {"app": End(State.FAILED, *NAMED[1:3])}
    assert script.asked == ["app"] * 2


def test_a_check_always_cut_off_comes_to_an_end() -> None:
    script = Script(app=[CUT])

    assert settled(script) == {"app": End(State.FAILED, *CUT[1:3])}
    assert script.asked == ["app"] * LOOKS


def test_a_try_that_time_ends_leaves_what_was_told_before() -> None:
    assert settled(Script(app=[FAILED, RUNS]), 0.5) == {"app": End(State.FAILED, *FAILED[1:3])}
    assert settled(Script(app=[RUNS]), 0.2) == {"app": End(State.UNFINISHED, *RUNS[1:3])}
