"""On repositories that nobody here wrote, a change that nothing reads is none: base and head are rendered alike."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from corpora import CORPORA
from git_repositories import commit, git

from pytest_gitops import load_review

REPOSITORIES = sorted(path.name for path in (CORPORA / "repos").glob("*")) or [
    pytest.param("", marks=pytest.mark.skip(f"{CORPORA} is not there"))
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for all of them: many share files."""
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("name", REPOSITORIES)
def test_what_nothing_reads_changes_nothing(
    name: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITOPS_OFFLINE", "1")
    root = tmp_path / name
    shutil.copytree(CORPORA / "repos" / name, root, symlinks=True)
    commit(root)
    index = json.loads((CORPORA / "index.json").read_text(encoding="utf-8"))
    git(root, "remote", "add", "origin", next(entry["url"] for entry in index if entry["repo"] == name))
    (root / "a-note.txt").write_text("nobody reads this\n", encoding="utf-8")
    review = load_review(root, base="main", cache_dir=cache)
    assert [change.file for change in review.files] == ["a-note.txt"]
    assert review.clusters == ()
