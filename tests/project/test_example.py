"""The example is what a healthy fleet looks like: every check passes, and none has anything to remark.

Its own tests want a live cluster; how they do is tested with that.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CLOSING_LINE = re.compile(r"^(\d+) passed in ")


def test_example_is_silent(tmp_path: Path) -> None:
    repo = shutil.copytree(PROJECT / "example-repo", tmp_path / "repo", ignore=shutil.ignore_patterns(".*cache"))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--gitops-repo=.",
        "-q",
        "-rs",
        "-W",
        "error::pytest_gitops.GitopsWarning",
        "--ignore=tests",
    ]
    done = subprocess.run(command, cwd=repo, stdout=subprocess.PIPE, text=True, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout
    assert CLOSING_LINE.match(lines[-1]), done.stdout
    assert [line for line in lines[:-1] if line.strip(".%[]0123456789 ")] == []
