"""Python tests of other programs in the repository take nothing of the fleet down."""

from __future__ import annotations

import pytest
from fleet_files import Files, write_files
from running import HEALTHY, Run, outcomes

NEEDY = "import absent_module\n\n\ndef test_other(): pass\n"
NOTE = "note: Python tests left out, which need what is not installed here: {}"
FLEET = dict.fromkeys(HEALTHY, "PASSED")


def notes(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if line.startswith("note: ")]


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"tools/test_tool.py": NEEDY}, "tools/test_tool.py"),
        ({"tools/conftest.py": NEEDY, "tools/test_tool.py": "def test_tool(): pass\n"}, "tools/conftest.py"),
        ({"tools/__init__.py": "", "tools/test_tool.py": NEEDY}, "tools/test_tool.py"),
    ],
    ids=["a module", "a conftest.py", "in a package"],
)
def test_what_needs_something_else_is_left_out(pytester: pytest.Pytester, run: Run, files: Files, named: str) -> None:
    write_files(pytester.path, {**files, "own/test_own.py": "def test_own(): pass\n"})
    result = run("-v")
    assert outcomes(result) == {**FLEET, "own/test_own.py::test_own": "PASSED"}
    assert notes(result) == [NOTE.format(f"{named} (No module named 'absent_module')")]
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.usefixtures("healthy")
def test_many_are_told_in_a_line(pytester: pytest.Pytester, run: Run) -> None:
    write_files(pytester.path, {f"tools/{name}/test_{name}.py": NEEDY for name in "abcde"})
    result = run("-v")
    listed = ", ".join(f"tools/{name}/test_{name}.py (No module named 'absent_module')" for name in "abc")
    assert notes(result) == [NOTE.format(f"{listed} and 2 more")]


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(
    "files",
    [
        {"tools/test_tool.py": "undefined\n"},
        {"tools/test_tool.py": NEEDY, "pytest.ini": "[pytest]\npython_files = test_*.py\n"},
        {"tools/test_tool.py": NEEDY.replace("other()", "other(rendered)")},
        {"tools/test_tool.py": f"from pytest_gitops import load\n{NEEDY}"},
    ],
    ids=["another error", "configured", "with a fixture", "with the library"],
)
def test_what_is_asked_for_or_wrong_is_an_error_of_its_own(pytester: pytest.Pytester, run: Run, files: Files) -> None:
    write_files(pytester.path, files)
    result = run("-v")
    assert outcomes(result) == FLEET
    assert notes(result) == []
    result.assert_outcomes(passed=len(HEALTHY), errors=1)
    assert "ERROR tools/test_tool.py" in result.stdout.str()
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.usefixtures("healthy")
def test_what_is_named_is_an_error_as_ever(pytester: pytest.Pytester) -> None:
    write_files(pytester.path, {"tools/test_tool.py": NEEDY})
    result = pytester.runpytest_inprocess("--gitops-repo=.", ".")
    result.assert_outcomes(errors=1)
    assert result.ret == pytest.ExitCode.INTERRUPTED


@pytest.mark.usefixtures("healthy")
def test_without_a_repository_pytest_does_as_it_always_does(pytester: pytest.Pytester) -> None:
    write_files(pytester.path, {"tools/test_tool.py": NEEDY})
    assert pytester.runpytest_inprocess().ret == pytest.ExitCode.INTERRUPTED
