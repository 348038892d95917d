"""What keeps a repository from being tested at all is one clear usage error, and no dead session."""

from __future__ import annotations

import pytest
from fleet_files import write_files
from running import Run


def test_a_repository_outside_of_rootdir_is_a_usage_error(pytester: pytest.Pytester, run: Run) -> None:
    write_files(pytester.path, {"fleet/x.yaml": "", "other/x.yaml": ""})
    result = run("--rootdir=other", repo="fleet")
    root = pytester.path
    problem = (
        f"the GitOps repository {root}/fleet lies outside of pytest's rootdir {root}/other, so its tests would have"
    )
    remedy = f"run pytest in {root}/fleet, or give --rootdir={root}"
    assert result.errlines == [f"ERROR: {problem} no stable ids: {remedy}", ""]
    assert result.ret == pytest.ExitCode.USAGE_ERROR
