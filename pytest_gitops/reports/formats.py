"""The formats there are, and which of them a file is to have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_gitops.reports.gitlab import to_gitlab
from pytest_gitops.reports.json_format import to_json
from pytest_gitops.reports.report import Report
from pytest_gitops.reports.sarif import to_sarif

if TYPE_CHECKING:
    from pytest_gitops.review.model import Review


FORMATS: dict[str, Callable[[Report], str]] = {"json": to_json, "sarif": to_sarif, "gitlab": to_gitlab}
REVIEWS = ("review", "markdown", "html")

_GITLAB_NAMES = ("code-quality", "codequality", "codeclimate")
_SUFFIXES = {".sarif": "sarif", ".sarif.json": "sarif", ".md": "markdown", ".html": "html", ".htm": "html"}


class UnknownFormatError(ValueError):
    """A report's file has a name that tells no format. Whoever gave the name should care."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A file that a report is written to, and its format."""

    format: str
    path: Path

    @property
    def of_review(self) -> bool:
        """Whether it is a report of a review, which there is only where a change is reviewed."""
        return self.format in REVIEWS

    def write(self, report: Report) -> None:
        """Write the report, making folders as needed; raises OSError."""
        text = self._text(report)
        if text is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(text, encoding="utf-8")

    def _text(self, report: Report) -> str | None:
        if not self.of_review:
            return FORMATS[self.format](report)
        return _of_review(self.format, report.review, report.prefix) if report.review else None


def _of_review(name: str, review: Review, prefix: str) -> str:
    # Imported here: most runs review nothing.
    from pytest_gitops.review.reports import forge_here, to_html, to_json, to_markdown  # noqa: PLC0415

    if name == "markdown":
        return to_markdown(review, forge_here(prefix))
    return to_html(review) if name == "html" else to_json(review)


def destination(text: str, base: Path) -> Destination:
    """Return where ``FORMAT:FILE``, or a file whose name tells its format, lies below ``base``.

    ``*.sarif`` and ``*.sarif.json`` are SARIF, ``*code-quality*.json`` GitLab's, ``*review*.json`` a review's, other
    ``*.json`` JSON; ``*.md`` and ``*.html`` are reviews. Raises UnknownFormatError for another name.
    """
    name, separator, path = text.partition(":")
    if separator and name in (*FORMATS, *REVIEWS) and path:
        return Destination(name, base / path)
    file = text.rpartition("/")[2].lower()
    for suffix, format_name in _SUFFIXES.items():
        if file.endswith(suffix):
            return Destination(format_name, base / text)
    if file.endswith(".json"):
        return Destination(_json_format(file), base / text)
    choices = ", ".join(f"{name}:" for name in (*FORMATS, *REVIEWS))
    raise UnknownFormatError(f"{text!r} tells no format; put one in front of it: {choices}")


def _json_format(file: str) -> str:
    if any(part in file for part in _GITLAB_NAMES):
        return "gitlab"
    return "review" if "review" in file else "json"
