"""Makes text of a repository safe to show: what a reader doesn't see must not change what they read."""

from __future__ import annotations

import re

# Control characters, what reorders text (bidirectional controls), what takes no room, and lone surrogates; tabs and
# line feeds are shown as they are.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """Return the text with each character that is not seen as its escape, such as ``\\x1b`` or ``\\u202e``."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def one_line(text: str) -> str:
    """Return a text as one line, with what is not seen made visible."""
    return visible(" ".join(text.split()))
