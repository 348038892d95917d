"""How an image reference is read."""

from __future__ import annotations

from typing import NamedTuple


class Image(NamedTuple):
    """An image reference in its parts; an empty part is not there."""

    name: str
    tag: str
    digest: str

    @classmethod
    def of(cls, reference: str) -> Image:
        """Return the parts of ``registry:port/path:tag@digest``."""
        rest, _, digest = reference.partition("@")
        folder, slash, last = rest.rpartition("/")
        name, _, tag = last.partition(":")
        return cls(f"{folder}{slash}{name}", tag, digest)
