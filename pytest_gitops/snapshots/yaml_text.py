"""Writes JSON values as YAML for people: one way to write each value, on any version of anything.

PyYAML's dumper isn't used: it writes ``y`` and ``2e-07`` so that others read a boolean and a text, and texts with a
blank at a line's end or a tab as one long line of escapes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

FIRST = ("apiVersion", "kind", "metadata", "name", "namespace")
_LONGEST_KEY = 1000

# What some reader of YAML 1.1 or 1.2 takes for something else than a text.
_WORDS = frozenset({"", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "=", "<<", "-", "?"})
_NUMBER = re.compile(
    r"""[-+]?(
        \.(inf|nan|[0-9_]+(e[-+]?[0-9]+)?)
      | 0[xob][0-9a-f_]+
      | [0-9][0-9_]*(:[0-9_]+)*(\.[0-9_]*)?(e[-+]?[0-9]+)?
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt\s].*)?")
_PLAIN_START = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`]|-[^\s\-]|--[^\s\-]")
_NOT_PLAIN = re.compile(r"^\.\.\.|: |:$| #|\s$|\t")
_UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_ESCAPED = re.compile(f'[\\\\"\n\t]|{_UNPRINTABLE.pattern}')


def to_yaml(value: Any) -> str:
    """Return a JSON value as a YAML document without markers; it ends with a line break.

    Mappings begin with what names an object, then go by the alphabet.
    """
    return "".join(f"{line}\n" for line in _block(value, ""))


def one_line(value: Any) -> str:
    """Return a JSON value as YAML on one line; collections in flow style, as JSON writes them."""
    if isinstance(value, str):
        return quoted(value)
    return json.dumps(value, ensure_ascii=True, sort_keys=True)


def quoted(text: str) -> str:
    """Return a text as a YAML scalar on one line: plain where every reader takes that for the text."""
    if _UNPRINTABLE.search(text) or "\n" in text:
        return '"' + _ESCAPED.sub(_escape, text) + '"'
    if _is_plain(text):
        return text
    return "'" + text.replace("'", "''") + "'"


def _block(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict) and value:
        yield from _mapping(value, indent)
    elif isinstance(value, list) and value:
        yield from _sequence(value, indent)
    else:
        first, *rest = _scalar(value, indent or "  ")
        yield f"{indent}{first}"
        yield from rest


def _mapping(value: dict[str, Any], indent: str) -> Iterator[str]:
    for key in _ordered(value):
        item = value[key]
        name = quoted(str(key))
        lead = f"{indent}{name}:" if len(name) <= _LONGEST_KEY else f"{indent}? {name}\n{indent}:"
        if isinstance(item, dict) and item:
            yield lead
            yield from _mapping(item, f"{indent}  ")
        elif isinstance(item, list) and item:
            yield lead
            yield from _sequence(item, indent)
        else:
            first, *rest = _scalar(item, f"{indent}  ")
            yield f"{lead} {first}"
            yield from rest


def _sequence(value: list[Any], indent: str) -> Iterator[str]:
    for item in value:
        first, *rest = _block(item, f"{indent}  ")
        yield f"{indent}- {first[len(indent) + 2 :]}"
        yield from rest


def _scalar(value: Any, indent: str) -> Iterator[str]:
    """Yield the lines of a scalar or an empty collection; all but the first are indented."""
    if isinstance(value, str):
        yield from _text(value, indent)
    elif isinstance(value, float):
        # A float of YAML 1.1 has a point, also where it has an exponent.
        text = json.dumps(value)
        yield text if "." in text or "e" not in text else text.replace("e", ".0e")
    else:
        yield json.dumps(value)


def _text(text: str, indent: str) -> Iterator[str]:
    if "\n" not in text or not text.strip() or _UNPRINTABLE.search(text):
        yield quoted(text)
        return
    body = text.rstrip("\n")
    breaks = len(text) - len(body)
    hint = "2" if text.startswith((" ", "\n", "\t")) else ""
    yield f"|{hint}{'-' if breaks == 0 else '' if breaks == 1 else '+'}"
    for line in body.split("\n"):
        yield f"{indent}{line}" if line else ""
    yield from ("" for _ in range(breaks - 1))


def _ordered(keys: Iterable[str]) -> list[str]:
    return sorted(keys, key=lambda key: (FIRST.index(key) if key in FIRST else len(FIRST), str(key)))


def _is_plain(text: str) -> bool:
    if text.lower() in _WORDS or _NUMBER.fullmatch(text) or _DATE.fullmatch(text):
        return False
    return bool(_PLAIN_START.match(text)) and not _NOT_PLAIN.search(text)


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004
