"""The options that say which live checks are made, and in what clusters; alone and with workers."""

from __future__ import annotations

import pytest
from running import Run

from pytest_gitops.live.providers import PROVIDERS
from pytest_gitops.live_options import PROVIDERS as NAMES


def said(result: pytest.RunResult) -> str:
    """Return what a run that was refused says of it."""
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line.startswith("ERROR: ")]
    return line.removeprefix("ERROR: ")


def test_the_names_that_are_offered_are_those_of_the_providers() -> None:
    assert list(NAMES) == list(PROVIDERS)


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize("option", ["--gitops-apply", "--gitops-reconcile"])
def test_an_unknown_provider_is_told_with_those_there_are(run: Run, option: str) -> None:
    assert said(run(f"{option}=hermatic")) == (
        f"{option}: 'hermatic' is not one of {', '.join(NAMES)}; write {option}=NAME, or {option} last"
    )


@pytest.mark.usefixtures("healthy")
def test_a_run_has_one_provider(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_gitops.live_options.PROVIDERS", ("one", "other"))

    assert said(run("--gitops-apply=one", "--gitops-reconcile=other")) == (
        "--gitops-apply and --gitops-reconcile name different providers: one run has one"
    )
