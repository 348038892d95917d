"""The item ``snapshot``: a test function in syrupy's eyes, a check of one part in the user's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.terminal import disable_color

from pytest_gitops.model import Location
from pytest_gitops.session import SESSION
from pytest_gitops.snapshots.extension import PartExtension

NAME = "snapshot"
Stray = tuple[Path, str]


@dataclass(frozen=True, slots=True)
class SnapshotSubject:
    """What one snapshot is of.

    ``file`` is the snapshot's, below ``folder``. ``text`` makes its content, ``skip`` says why there is none;
    ``problem`` tells why a file must not be read or written, ``strays`` which files may be unused once all items with
    these files are run.
    """

    title: str
    location: Location
    file: Path
    text: Callable[[], str]
    problem: Callable[[Path], str | None]
    strays: Callable[[frozenset[Path]], list[Stray]]
    folder: Path
    skip: str | None = None


class SnapshotDiffersError(Exception):
    """What a snapshot says is not what is there; the text is what the user reads."""

    def __init__(self, text: str, crash: tuple[str, int, str]) -> None:
        super().__init__(text)
        self.crash = crash


def compare(request: pytest.FixtureRequest, snapshot: SnapshotAssertion) -> None:
    """Compare what the item is about with its snapshot: the function that all these items run."""
    request.node.compare(snapshot)


class SnapshotItem(pytest.Function):
    """The comparison of one part, overlay or group of variants with its snapshot."""

    def __init__(
        self, *, subject: SnapshotSubject, mark: dict[str, str], properties: list[tuple[str, object]], **kwargs: Any
    ) -> None:
        super().__init__(callobj=compare, **kwargs)
        self.gitops = subject
        self.snapshot_file = subject.file
        self.add_marker(pytest.mark.gitops(**mark))
        self.user_properties += properties

    def __repr__(self) -> str:
        return f"<Check {self.name}>"

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the part is declared (the line counted from 0, as pytest does), and a headline."""
        location = self.gitops.location
        line = None if location.line is None else location.line - 1
        return self.config.stash[SESSION].path(location.file), line, f"{self.gitops.title}: {NAME}"

    def compare(self, snapshot: SnapshotAssertion) -> None:
        """Compare; raise what pytest makes a skip or a failure of."""
        if self.gitops.skip is not None:
            pytest.skip(self.gitops.skip)
        if (problem := self.gitops.problem(self.snapshot_file)) is not None:
            raise self._error(problem, [])
        assertion = snapshot.use_extension(PartExtension)
        if assertion != self.gitops.text():
            raise self._differs(assertion)

    def strays(self) -> list[Stray]:
        """Return the files that may be unused: none while another item may still have one of them."""
        selected = {item.snapshot_file for item in self.session.items if isinstance(item, SnapshotItem)}
        return self.gitops.strays(frozenset(selected))

    def _differs(self, assertion: SnapshotAssertion) -> SnapshotDiffersError:
        result = assertion.executions[assertion.num_executions - 1]
        file = self.config.stash[SESSION].where(Location(self._relative()))
        if result.exception is not None:
            return self._error(f"the snapshot {file} can't be used: {result.exception}", [])
        if result.recalled_data is None:
            return self._error(f"there is no snapshot {file} yet", ["remedy: --snapshot-update writes it"])
        return self._error(f"it is not what the snapshot {file} says", [*self._diff(assertion), _REMEDY])

    def _diff(self, assertion: SnapshotAssertion) -> Iterator[str]:
        if self.config.option.no_colors:
            with disable_color():
                yield from assertion.get_assert_diff(diff_mode=self.config.option.diff_mode)
        else:
            yield from assertion.get_assert_diff(diff_mode=self.config.option.diff_mode)

    def _relative(self) -> str:
        return self.snapshot_file.relative_to(self.config.stash[SESSION].root).as_posix()

    def _error(self, message: str, lines: list[str]) -> SnapshotDiffersError:
        session = self.config.stash[SESSION]
        place = session.where(self.gitops.location)
        text = "\n  ".join([f"{place}: {message}", *lines])
        short = message if self.config.getoption("tbstyle") == "line" else f"{place}: {message}"
        return SnapshotDiffersError(
            text, (session.where(Location(self.gitops.location.file)), self.gitops.location.line or 1, short)
        )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:
        """Return the failure's text as pytest's own kind of representation: only that survives pytest-xdist whole."""
        if not isinstance(excinfo.value, SnapshotDiffersError):
            return super().repr_failure(excinfo, *args, **kwargs)
        representation = excinfo.getrepr(style="value")
        crash = representation.reprcrash
        if crash is not None:
            crash.path, crash.lineno, crash.message = excinfo.value.crash
        return representation


_REMEDY = "remedy: if this is meant, --snapshot-update writes it anew"
