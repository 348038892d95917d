"""Text of a repository as Markdown that shows it as it is: no markup, no mention, no reference, no link, no command.

Forges look for mentions, references and emoji in the text that rendering leaves, where escapes are gone; so what would
be one is parted by a character without width. Text in code is left alone by all of them.
"""

from __future__ import annotations

import html
import re

from pytest_gitops.review.reports.visible import one_line, visible

LONGEST = 1000
_APART = "&#8203;"
_CODE = re.compile(r"`([^`]+)`")
_MARKUP = re.compile(r"[\\`*_\[\]<>|~$]|^[#+=-]|(?<=^\d)[.)]")
# What GitHub or GitLab link or act on: @user, #1, !1, %1, &1, ~label, $1, ^alert#1, [vulnerability:1], :emoji:, GH-1,
# URLs, and quick actions (a slash at the start of a line).
_REFERENCE = re.compile(
    r"[@#!%&~$^\[](?=\w|&quot;|\")|:(?=[a-z+-][\w+-]*:|//)|\bwww(?=\.)|\bGH(?=-)|^(?=/)", re.IGNORECASE
)
_RUN = re.compile("`+")


def prose(text: str) -> str:
    """Return a sentence as Markdown; what is between backticks becomes code."""
    pieces = _CODE.split(shortened(one_line(text)))
    return "".join(code(piece) if number % 2 else _escaped(piece) for number, piece in enumerate(pieces))


def code(text: str) -> str:
    """Return a text as a code span, also for a cell of a table; nothing for no text."""
    text = shortened(one_line(text)).replace("|", "\\|")
    if not text:
        return ""
    ticks = "`" * (_longest_run(text) + 1)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{padding}{text}{padding}{ticks}"


def html_code(text: str) -> str:
    """Return a text as code for where a forge takes HTML only: the summary of ``<details>``."""
    return f"<code>{html.escape(shortened(one_line(text)), quote=False)}</code>"


def fenced(lines: list[str], language: str) -> str:
    """Return lines of a diff as a fenced block whose fence nothing in it can close."""
    shown = [_diff_line(line) for line in lines]
    fence = "`" * max(3, *(_longest_run(line) + 1 for line in shown))
    return "\n".join([f"{fence}{language}", *shown, fence])


def shortened(text: str, longest: int = LONGEST) -> str:
    """Return the text, or its start where it is longer than anything that people write."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def _diff_line(line: str) -> str:
    """Return a line that starts as lines of diffs do: forges look for commands at the start of a line."""
    line = shortened(visible(line).replace("\n", " "))
    return line if line.startswith((" ", "+", "-", "@")) else f" {line}"


def _escaped(text: str) -> str:
    marked = _REFERENCE.sub(lambda found: f"{found[0]}\0", text)
    escaped = _MARKUP.sub(lambda found: f"\\{found[0]}", marked.replace("&", "&amp;"))
    return escaped.replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\0", _APART)


def _longest_run(text: str) -> int:
    return max((len(run) for run in _RUN.findall(text)), default=0)
