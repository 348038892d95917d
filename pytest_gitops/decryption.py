"""The age keys that decrypt what SOPS encrypted: where they come from, and what becomes of them."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pytest_gitops.exceptions import ConfigurationError
from pytest_gitops.model import JsonObject

KEY = "SOPS_AGE_KEY"
FILE = "SOPS_AGE_KEY_FILE"
_DEFAULT = "sops/age/keys.txt"
_LARGEST = 64 << 10
_MARK = "AGE-SECRET-KEY-"
_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


@dataclass(frozen=True, slots=True)
class Keys:
    """Age identities.

    ``given`` says that somebody gave them for this run, so that what none of them decrypts is worth telling;
    those that SOPS finds in the user's own configuration may be for anything. ``program`` is where ``sops`` is, which
    then decrypts what they don't, in the user's own environment.
    """

    identities: tuple[str, ...] = field(default=(), repr=False)
    given: bool = False
    program: str | None = None

    def __bool__(self) -> bool:
        return bool(self.identities or self.program)

    def parameters(self) -> JsonObject | None:
        """Return what the engine is told, None where there is nothing."""
        if not self:
            return None
        program = {"environment": dict(os.environ), "path": self.program} if self.program else None
        return {"age": self.identities, "program": program}


NO_KEYS = Keys()


def find_keys(
    files: Iterable[Path] = (), configured: Path | None = None, environ: Mapping[str, str] | None = None
) -> Keys:
    """Return the keys of ``files``, of the configured file, and those that SOPS itself would find.

    These are ``SOPS_AGE_KEY``, ``SOPS_AGE_KEY_FILE`` and ``sops/age/keys.txt`` in the user's configuration directory
    (SOPS 3.13); what SOPS would run a program for is left out. A configured file that isn't there counts as none: a
    checkout without the key. Raises ConfigurationError, which quotes no key, where a file that is named can't be read.
    """
    environ = os.environ if environ is None else environ
    found = [(str(file), _read(file, str(file))) for file in files]
    if configured is not None and configured.exists():
        found.append((str(configured), _read(configured, str(configured))))
    if environ.get(KEY):
        found.append((KEY, environ[KEY]))
    if environ.get(FILE):
        found.append((FILE, _read(Path(environ[FILE]).expanduser(), f"{FILE}={environ[FILE]}")))
    given = bool(found)
    default = _default(environ)
    identities = [key for origin, text in found for key in _identities(text, origin)]
    if default is not None and default.is_file():
        # Nobody asked for this one: where it is of no use, there is none.
        with suppress(ConfigurationError):
            identities += _identities(_read(default, str(default)), str(default))
    return Keys(tuple(dict.fromkeys(identities)), given)


def _identities(text: str, origin: str) -> tuple[str, ...]:
    """Return the identities among a text's words; comments, and kinds of keys that need a program, are left out."""
    lines = (line.partition("#")[0] for line in text.splitlines())
    words = tuple(word for line in lines for word in line.split() if word.startswith(_MARK))
    if not all(_is_whole(word) for word in words):
        raise ConfigurationError(f"{origin}: holds an age key that was cut or changed; copy it again")
    return words


def _is_whole(identity: str) -> bool:
    """Tell whether an identity's checksum fits it (Bech32, as BIP 173 defines it)."""
    prefix, _separator, data = identity.lower().rpartition("1")
    if identity != identity.upper() or any(letter not in _LETTERS for letter in data):
        return False
    values = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + [_LETTERS.index(c) for c in data]
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATORS):
            check ^= generator if top >> bit & 1 else 0
    return check == 1


def _read(path: Path, name: str) -> str:
    """Return a file's text; what is no file, or too large for one that holds keys, is refused unread."""
    try:
        with open(path, encoding="utf-8", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
                raise ConfigurationError(f"{name} is no file of age keys; give one that age-keygen made")
            return file.read()
    except OSError as error:
        raise ConfigurationError(f"{name}: the age key can't be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{name} is no file of age keys; give one that age-keygen made") from None


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe doesn't make the run wait."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _default(environ: Mapping[str, str]) -> Path | None:
    """Return where SOPS looks for keys by itself (Go's ``os.UserConfigDir``, on macOS ``XDG_CONFIG_HOME`` first)."""
    if sys.platform == "win32":
        base = environ.get("AppData")
    elif environ.get("XDG_CONFIG_HOME"):
        base = environ["XDG_CONFIG_HOME"]
    elif environ.get("HOME"):
        base = f"{environ['HOME']}/{'Library/Application Support' if sys.platform == 'darwin' else '.config'}"
    else:
        base = None
    return Path(base) / _DEFAULT if base else None
