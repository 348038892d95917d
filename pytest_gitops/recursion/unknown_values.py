"""Tells whether a chart fails because of values that Git can't tell, for which placeholders stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pytest_gitops.locating import Step
from pytest_gitops.rendering import RenderError
from pytest_gitops.variables import is_hidden, placeholder

_ANY = placeholder("")
# What a chart says of a text where it wants another type; a value that is missing is none of that.
_TYPED = re.compile(
    r"can't evaluate field|wrong type for value|incompatible types for comparison|error calling (?!include|tpl|fail)|"
    r"range can't iterate over|cannot unmarshal|error converting YAML to JSON|YAML parse error"
)
_AT = re.compile(r"at '([^']*)': (?!additional propert|missing propert)")


def is_doubtful(error: RenderError, values: Iterable[Any]) -> bool:
    """Tell whether an error of a chart may come of a placeholder among ``values``, each a whole document of them."""
    hidden = [path for document in values for path in _hidden(document)]
    if not hidden:
        return False
    if _ANY in error.message:
        return True
    if error.code == "values":
        wanted = [_steps(pointer) for pointer in _AT.findall(error.message)]
        return any(path[: len(above)] == above for path in hidden for above in wanted)
    return error.code == "helm" and _TYPED.search(error.message) is not None


def _hidden(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    if isinstance(value, str):
        if is_hidden(value) or _ANY in value:
            yield tuple(map(str, path))
        return
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in below:
        yield from _hidden(each, (*path, step))


def _steps(pointer: str) -> tuple[str, ...]:
    """Return the steps of a JSON pointer."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
