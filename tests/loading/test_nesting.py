"""YAML that nests too deep ends no reader: libyaml's composer would end the process with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_gitops.checks.sources import compose
from pytest_gitops.configuration import read_configuration
from pytest_gitops.exceptions import ConfigurationError
from pytest_gitops.locating import Locator
from pytest_gitops.nesting import DEEPEST, is_too_deep

HOSTILE = {
    "brackets": "[" * 100_000,
    "braces": "{a: " * 100_000,
    "closed": "[" * 100_000 + "]" * 100_000,
    "closed-in-quotes": '[ "]", ' * 100_000,
    "closed-in-comments": "[ #]\n" * 100_000,
    "dashes": "- " * 100_000 + "x",
    "question-marks": "? " * 100_000 + "x",
    "dashes-then-brackets": "- " * 250 + "[" * 250,
    "indented": "".join(f"{' ' * n}a:\n" for n in range(1_000)),
    "behind-a-document": "a: b\n---\n" + "- " * 100_000,
}
HARMLESS = {
    "at-the-limit": "[" * DEEPEST + "]" * DEEPEST,
    "wide": "[" + "[], " * 10_000 + "]",
    "in-quotes": '"' + "[" * 10_000 + '"',
    "in-a-block-scalar": "a: |\n  " + "[" * 10_000,
    "behind-a-column": f"a:\n{' ' * 500}b: c\n",
    "not-yaml": "a: ]" + "[" * 10_000,
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in HOSTILE.items()])
def test_what_nests_too_deep_is_not_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "deep.yaml").write_text(text, encoding="utf-8")
    (tmp_path / ".pytest-gitops.yaml").write_text(text, encoding="utf-8")
    assert is_too_deep(text)
    assert list(compose(text)) == []
    assert Locator(tmp_path).field("deep.yaml", 7, ("a", 0)) == 7
    with pytest.raises(ConfigurationError, match=r"^\.pytest-gitops\.yaml: nests deeper than 400 levels"):
        read_configuration(tmp_path)


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in HARMLESS.items()])
def test_what_only_looks_deep_is_read(text: str) -> None:
    assert not is_too_deep(text)
    assert len(list(compose(text))) == (0 if text.startswith("a: ]") else 1)
