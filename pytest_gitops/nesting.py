"""Tells YAML that nests so deep that reading it would end the process: libyaml's composer recurses."""

from __future__ import annotations

import re
from typing import Any

import yaml

DEEPEST = 400
# What libyaml itself says from 0.2.6 on of what nests deeper than a thousand levels, as it reads ahead.
_REFUSED = "maximum nesting depth"
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# A block begins to the right of the one around it, or, at most once a column, below a key in its column.
_HALF = DEEPEST // 2
_INDENTED = re.compile(rf"^[ \t?:-]{{{_HALF // 2}}}", re.MULTILINE)


def is_too_deep(text: str) -> bool:
    """Return whether a text's YAML nests deeper than 400 levels; False for what ends in an error before.

    The parser's events tell it exactly, whatever is in quotes and comments. They are asked for only where there
    are brackets or columns enough for such a depth.
    """
    if text.count("[") + text.count("{") <= _HALF and not _INDENTED.search(text):
        return False
    loader = _LOADER(text)
    depth = 0
    try:
        while depth <= DEEPEST and loader.check_event():
            event = loader.get_event()  # type: ignore[no-untyped-call]
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
    except yaml.YAMLError as error:
        return _REFUSED in str(error)
    finally:
        loader.dispose()
    return depth > DEEPEST


def loaded(text: str) -> Any:
    """Return a text's only YAML document, None where it can't be read or nests too deep."""
    try:
        return None if is_too_deep(text) else yaml.load(text, Loader=_LOADER)  # noqa: S506 (a safe loader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
