"""Snapshots of repositories that nobody of this project wrote: they are made, are stable, and hold no secret.

``GITOPS_SNAPSHOT_RUNS=10`` has all of them compared ten times, with and without workers; else some, twice.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from corpora import CORPORA
from fleet_outcomes import git_repository

RUNS = int(os.environ.get("GITOPS_SNAPSHOT_RUNS", "0"))
INDEX = CORPORA / "index.json"
KNOWN = {entry["repo"]: entry for entry in json.loads(INDEX.read_text())} if INDEX.exists() else {}
SOME = ["controlplaneio-fluxcd__d2-fleet", "fluxcd__flux2-multi-tenancy", "onedr0p__home-ops"]
LAYOUTS = [f"layouts/cluster{number}" for number in ("", 2, 3, 4, 5, 6)]

pytestmark = pytest.mark.skipif(not KNOWN, reason=f"no corpora at {CORPORA}")


def copied(name: str, root: Path) -> Path:
    """Copy a repository or a layout, at the place that its paths are relative to, and return its root."""
    source = CORPORA / (name if "/" in name else f"repos/{name}")
    target = root / "tests" / "testdata" / source.name if "/" in name else root
    shutil.copytree(source, target, copy_function=shutil.copyfile, dirs_exist_ok=True)
    for directory, _folders, _files in os.walk(root):
        os.chmod(directory, 0o755)  # noqa: S103 (the originals are read-only)
    known = KNOWN.get(name, {"url": "https://github.com/example-org/layouts", "branch": "main"})
    return git_repository(root, {}, url=known["url"], branch=known["branch"])


def contents(root: Path) -> dict[str, str]:
    """Return all snapshots by file."""
    folder = root / "gitops-snapshots"
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def secrets(texts: dict[str, str]) -> Iterator[Any]:
    """Yield the values of all Secrets in snapshots."""
    for text in texts.values():
        for document in yaml.load_all(text, Loader=yaml.CSafeLoader):
            if isinstance(document, dict) and document.get("kind") == "Secret":
                for key in ("data", "stringData"):
                    yield from (document.get(key) or {}).values()


@pytest.mark.parametrize("name", [*sorted(KNOWN), *LAYOUTS] if RUNS else SOME)
def test_snapshots_are_made_and_stable(name: str, pytester: pytest.Pytester) -> None:
    root = copied(name, pytester.path)
    arguments = ("--gitops-repo=.", "--gitops-check=snapshot", "-q")
    written = pytester.runpytest_inprocess(*arguments, "--snapshot-update")
    assert written.ret == pytest.ExitCode.OK
    made = contents(root)
    # Of what doesn't build, there is none.
    assert bool(made) is ("passed" in written.parseoutcomes())
    for number in range(RUNS or 2):
        if number % 4 == 2 and made:
            shutil.rmtree(root / "gitops-snapshots")
            pytester.runpytest_inprocess(*arguments, "--snapshot-update", *(("-n2",) if number % 8 == 2 else ()))
        result = pytester.runpytest_inprocess(*arguments, *(("-n2",) if number % 2 else ()))
        assert result.ret == pytest.ExitCode.OK
        assert contents(root) == made
    told = [value for value in secrets(made) if value and not re.fullmatch(r"<redacted [0-9a-f]{8}>", str(value))]
    assert [value for value in told if not str(value).startswith(("ENC[", "gitops-placeholder-"))] == []
