"""The formats there are, and which of them a file is to have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pytest_gitops.reports.gitlab import to_gitlab
from pytest_gitops.reports.json_format import to_json
from pytest_gitops.reports.report import Report
from pytest_gitops.reports.sarif import to_sarif

FORMATS: dict[str, Callable[[Report], str]] = {"json": to_json, "sarif": to_sarif, "gitlab": to_gitlab}

_GITLAB_NAMES = ("code-quality", "codequality", "codeclimate")


class UnknownFormatError(ValueError):
    """A report's file has a name that tells no format. Whoever gave the name should care."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A file that a report is written to, and its format."""

    format: str
    path: Path

    def write(self, report: Report) -> None:
        """Write the report, making folders as needed; raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(FORMATS[self.format](report), encoding="utf-8")


def destination(text: str, base: Path) -> Destination:
    """Return where ``FORMAT:FILE``, or a file whose name tells its format, lies below ``base``.

    ``*.sarif`` and ``*.sarif.json`` are SARIF, ``*code-quality*.json`` GitLab's, other ``*.json`` JSON.
    Raises UnknownFormatError for another name.
    """
    name, separator, path = text.partition(":")
    if separator and name in FORMATS and path:
        return Destination(name, base / path)
    file = text.rpartition("/")[2].lower()
    if file.endswith((".sarif", ".sarif.json")):
        return Destination("sarif", base / text)
    if file.endswith(".json"):
        return Destination("gitlab" if any(part in file for part in _GITLAB_NAMES) else "json", base / text)
    raise UnknownFormatError(f"{text!r} tells no format; write {' or '.join(f'{name}:{text}' for name in FORMATS)}")
