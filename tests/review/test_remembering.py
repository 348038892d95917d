"""A base that was rendered before is not rendered again, where it would be the same; what is kept is data alone."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from fleet_files import config_map, two_clusters, write_files
from git_repositories import commit, committed

from pytest_gitops import load
from pytest_gitops.configuration import Configuration
from pytest_gitops.model import Fleet
from pytest_gitops.rendering.protocol import Fetched, RenderError
from pytest_gitops.rendering.standby import Standby
from pytest_gitops.repository import Repository
from pytest_gitops.review.making import Compared, compare_with_base
from pytest_gitops.review.model import Revision
from pytest_gitops.review.remembering import FOLDER, Memory
from pytest_gitops.review.telling import tell

CONTEXT = {"age_keys": [], "decrypt": True, "sources": []}


class Reviewing:
    """Compares a repository with its main branch, and counts how often that is rendered."""

    def __init__(self, root: Path, cache: Path, directory: Path) -> None:
        self.root, self.cache = root, cache
        self.standby = Standby()
        self.rendered = 0
        self._directory = directory

    def load(self, repository: Repository, configuration: Configuration | None = None) -> Fleet:
        """Render the base."""
        self.rendered += 1
        return load(repository, configuration=configuration, cache_dir=self.cache, standby=self.standby)

    def compared(self, **context: object) -> Compared:
        """Compare, with a new memory of the same cache."""
        head = load(self.root, cache_dir=self.cache, standby=self.standby)
        memory = Memory(self.cache, self.standby, CONTEXT | context)
        directory = self._directory / str(len(list(self._directory.iterdir())))
        directory.mkdir()
        return compare_with_base(
            head, "main", directory, self.load, repo=self.root, narrow=lambda fleet: fleet, memory=memory
        )


@pytest.fixture
def reviewing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reviewing]:
    """A repository with a change, and nobody's keys."""
    for name in ("SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    root = committed(tmp_path / "fleet", two_clusters())
    write_files(root, {"apps/base/config.yaml": config_map("web", greeting="good morning")})
    (tmp_path / "bases").mkdir()
    reviewing = Reviewing(root, tmp_path / "cache", tmp_path / "bases")
    yield reviewing
    reviewing.standby.close()


def test_the_same_review_without_rendering(reviewing: Reviewing) -> None:
    first, second = (reviewing.compared() for _ in range(2))
    assert reviewing.rendered == 1
    one, other = (tell(c.comparison, Revision("a", "1"), Revision("b", "2")) for c in (first, second))
    assert one == other
    assert one.clusters


def test_another_tree_another_head_and_other_settings_are_rendered(reviewing: Reviewing) -> None:
    reviewing.compared()
    reviewing.compared(version="2")
    assert reviewing.rendered == 2
    commit(reviewing.root)
    write_files(reviewing.root, {"apps/base/config.yaml": config_map("web", greeting="good evening")})
    reviewing.compared()
    assert reviewing.rendered == 3
    write_files(reviewing.root, {".pytest-gitops.yaml": "clusters: {staging: {flux-version: v2.8.0}}\n"})
    reviewing.compared()
    assert reviewing.rendered == 4


def test_with_keys_nothing_is_kept(reviewing: Reviewing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_gitops.review.remembering.find_keys", lambda *_: ("a key",))
    for _ in range(2):
        reviewing.compared()
    assert reviewing.rendered == 2
    assert not (reviewing.cache / FOLDER).exists()


class Evil:
    """Runs a program where it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> object:
        return os.system, (f"touch {self.file}",)


def test_a_file_of_somebody_elses_does_nothing(reviewing: Reviewing, tmp_path: Path) -> None:
    reviewing.compared()
    (file,) = (reviewing.cache / FOLDER).iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    for content in (
        pickle.dumps((Evil(tmp_path / "ran"), {})),
        b"rubbish",
        b"",
        pickle.dumps(1),
        file.read_bytes()[:99],
    ):
        file.write_bytes(content)
        reviewing.compared()
    assert reviewing.rendered == 6
    assert not (tmp_path / "ran").exists()


def test_few_are_kept(reviewing: Reviewing) -> None:
    for number in range(6):
        reviewing.compared(version=number)
    assert len(list((reviewing.cache / FOLDER).iterdir())) == 4


@pytest.mark.parametrize(
    ("then", "now", "holds"),
    [
        ({b"a": Fetched("1", "sha256:1", cached=True)}, {b"a": Fetched("1", "sha256:1")}, True),
        ({b"a": Fetched("1", "sha256:1")}, {b"a": Fetched("2", "sha256:2")}, False),
        ({b"a": RenderError("unreachable", "one way")}, {b"a": RenderError("unreachable", "another")}, True),
        ({b"a": RenderError("unreachable", "x")}, {b"a": Fetched("1", "sha256:1")}, False),
        ({b"a": RenderError("unreachable", "x")}, {}, False),
        (
            {b"a": RenderError("unreachable", "x"), b"b": RenderError("unreachable", "x")},
            {b"b": RenderError("unreachable", "x")},
            True,
        ),
        ({b"a": Fetched("1", "sha256:1", directory=Path("/"))}, {}, True),
        ({b"a": Fetched("1", "sha256:1", directory=Path("/no/such/directory"))}, {}, False),
    ],
)
def test_servers_have_to_answer_as_they_did(
    reviewing: Reviewing, then: dict[bytes, object], now: dict[bytes, object], holds: bool
) -> None:
    standby = reviewing.standby
    standby.fetched, standby.asked = dict(then), set(then)
    reviewing.compared()
    standby.fetched = dict(now)
    reviewing.compared()
    assert reviewing.rendered == (1 if holds else 2)
