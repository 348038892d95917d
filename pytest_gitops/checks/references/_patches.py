"""Whether the target of a patch is among objects."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_gitops.checks.rule import FieldPath, Violation
from pytest_gitops.checks.spelling import misspelt
from pytest_gitops.model import JsonObject, Resource
from pytest_gitops.patterns import fits


def is_doubtful(target: JsonObject, resources: Iterable[Resource]) -> bool:
    """Tell whether a target must be there: one without a name is often meant for what may be; so is one by labels."""
    if target.get("labelSelector") or target.get("annotationSelector"):
        return False
    return bool(target.get("name")) or _meant(target, resources) is not None


def is_met(target: JsonObject, resources: Iterable[Resource]) -> bool:
    """Tell whether a target finds one of the objects, or is no pattern at all.

    kustomize anchors patterns at both ends. Names can have got a prefix or suffix since, which ends at a dash.
    """
    kind, name = (str(target.get(field) or "") for field in ("kind", "name"))
    words = rf"(?:^|[-.:])(?:{name})(?:[-.:]|$)"
    return any(
        (not kind or fits(kind, resource.kind, otherwise=True))
        and (not name or fits(words, resource.name, anywhere=True, otherwise=True))
        for resource in resources
    )


def nothing_met(target: JsonObject, resources: Iterable[Resource], path: FieldPath) -> Violation:
    """Return the violation of a target, at ``path``, that finds nothing."""
    kind, name = str(target.get("kind") or "object"), str(target.get("name") or "")
    meant = _meant(target, resources)
    field = "name" if name and not meant else "kind"
    message = f"the patch changes nothing: there is no {f'{kind} {name}'.strip()}"
    return Violation(message, (*path, field), remedy=f"Did you mean {meant}?" if meant else None)


def _meant(target: JsonObject, resources: Iterable[Resource]) -> str | None:
    return misspelt(str(target.get("kind") or "object"), {resource.kind for resource in resources})
