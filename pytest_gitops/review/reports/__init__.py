"""Reports of a review: Markdown for a pull request, one HTML page, JSON with a schema, and the terminal."""

from pytest_gitops.review.reports.forge import GITHUB_LIMIT, GITLAB_LIMIT, Forge, forge_here
from pytest_gitops.review.reports.json_format import ReviewFormatError, from_json, to_json
from pytest_gitops.review.reports.markdown import MARKER, to_markdown
from pytest_gitops.review.reports.page import to_html
from pytest_gitops.review.reports.terminal import write_review

__all__ = [
    "GITHUB_LIMIT",
    "GITLAB_LIMIT",
    "MARKER",
    "Forge",
    "ReviewFormatError",
    "forge_here",
    "from_json",
    "to_html",
    "to_json",
    "to_markdown",
    "write_review",
]
