"""Where age keys are found, and what is no key."""

from __future__ import annotations

from pathlib import Path

import pytest
from secrets_files import IDENTITY, OTHER_IDENTITY

from pytest_gitops.decryption import Keys, find_keys
from pytest_gitops.exceptions import ConfigurationError


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_no_keys(tmp_path: Path) -> None:
    assert find_keys(environ={"HOME": str(tmp_path)}) == Keys()
    assert find_keys(environ={}) == Keys()
    assert find_keys(configured=tmp_path / "absent", environ={}) == Keys()


def test_all_that_are_found_count_once(tmp_path: Path) -> None:
    one = put(tmp_path / "one", f"# created: today\n# public key: age1…\n{IDENTITY}\n")
    put(tmp_path / "sops/age/keys.txt", f"{OTHER_IDENTITY}\nAGE-PLUGIN-YUBIKEY-1QQPQ\n")
    environ = {"SOPS_AGE_KEY": f"{OTHER_IDENTITY} {IDENTITY}", "XDG_CONFIG_HOME": str(tmp_path)}
    assert find_keys([one], environ=environ) == Keys((IDENTITY, OTHER_IDENTITY), given=True)
    assert find_keys(environ={"XDG_CONFIG_HOME": str(tmp_path)}) == Keys((OTHER_IDENTITY,), given=False)


def test_a_default_file_of_no_use_is_none(tmp_path: Path) -> None:
    put(tmp_path / "sops/age/keys.txt", IDENTITY[:-3])
    assert find_keys(environ={"XDG_CONFIG_HOME": str(tmp_path)}) == Keys()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (IDENTITY[:-1], "holds an age key that was cut or changed; copy it again"),
        (IDENTITY[:20] + IDENTITY[20:].replace("A", "C"), "holds an age key that was cut or changed; copy it again"),
        ("x" * 100_000, "is no file of age keys; give one that age-keygen made"),
    ],
)
def test_what_is_no_key_is_told_and_not_shown(tmp_path: Path, text: str, message: str) -> None:
    file = put(tmp_path / "key", text)
    with pytest.raises(ConfigurationError) as caught:
        find_keys([file], environ={})
    assert message in str(caught.value)
    assert text[:30] not in str(caught.value)
    assert "SECRET" not in repr(Keys((IDENTITY,), given=True))
