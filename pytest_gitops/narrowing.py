"""Leaves of a run the items that a change affects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pytest_gitops.items import CheckItem
from pytest_gitops.review.affecting import Affected
from pytest_gitops.session import GitopsSession
from pytest_gitops.settings import REVIEW

_TARGET = "_gitops_target"
# Fixtures by which a test can look at all there is.
_WHOLE = ("fleet", "gitops_review")


def narrow(config: pytest.Config, session: GitopsSession, items: list[pytest.Item]) -> None:
    """Deselect what the change does not affect; tests that ask for nothing of the fleet stay."""
    affected = session.affected
    if affected is None:
        return
    kept = [item for item in items if _is_kept(item, session, affected)]
    if len(kept) < len(items):
        staying = set(kept)
        config.hook.pytest_deselected(items=[item for item in items if item not in staying])
        items[:] = kept


def _is_kept(item: pytest.Item, session: GitopsSession, affected: Affected) -> bool:
    if isinstance(item, CheckItem):
        return item.check.name == REVIEW or affected.has(item.subject.item(item.check.name))
    if hasattr(item, "snapshot_file"):
        return _keeps_snapshot(item, session, affected)
    names = getattr(item, "fixturenames", ())
    if any(name in names for name in _WHOLE):
        return bool(affected)
    target = getattr(getattr(item, "callspec", None), "params", {}).get(_TARGET)
    return _TARGET not in names if target is None else _touches(target, session, affected)


def _touches(target: tuple[int, int | None, int | None], session: GitopsSession, affected: Affected) -> bool:
    cluster = session.fleet.clusters[target[0]]
    part = None if target[1] is None else cluster.parts[target[1]].name
    return affected.touches(cluster.name, part)


def _keeps_snapshot(item: Any, session: GitopsSession, affected: Affected) -> bool:
    """Return whether a snapshot's part is affected, or the file it is compared with; variants are of many parts."""
    marker = item.get_closest_marker("gitops").kwargs
    part = marker.get("overlay") or _part_of(marker, session)
    if part is None:
        return bool(affected)
    differs = any(session.path(file) == item.snapshot_file for file in affected.files)
    return differs or affected.touches(marker.get("cluster"), part)


def _part_of(marker: Mapping[str, str], session: GitopsSession) -> str | None:
    clusters = (cluster for cluster in session.fleet.clusters if cluster.name == marker.get("cluster"))
    parts = (part for cluster in clusters for part in cluster.parts)
    return next((p.name for p in parts if marker.get(p.id.kind.lower()) == f"{p.id.namespace}/{p.id.name}"), None)
