"""Keeps Python's cyclic garbage collector from going through what a run holds to its end anyway."""

from __future__ import annotations

import gc

import pytest

_SPARED = pytest.StashKey[bool]()


def spare(config: pytest.Config) -> None:
    """Set aside what exists now until ``config`` is cleaned up; garbage of later is collected as ever.

    Nothing is done where somebody else set objects aside: they couldn't be told apart afterwards.
    """
    if _SPARED not in config.stash:
        config.stash[_SPARED] = gc.get_freeze_count() == 0
        if config.stash[_SPARED]:
            config.add_cleanup(gc.unfreeze)
    if config.stash[_SPARED]:
        gc.freeze()
