"""Which changed fields a Kustomization's ``spec.ignore`` keeps from the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_gitops.checks.rule import FieldPath
from pytest_gitops.model import Kustomization, Resource
from pytest_gitops.objects import listed, mapping, scalar
from pytest_gitops.review.comparison import Change


def ignored_fields(change: Change) -> tuple[FieldPath, ...]:
    """Return the changed fields of an object that is there which kustomize-controller leaves as the cluster has them.

    Targets are read as fluxcd/pkg/ssa does, but for regular expressions beyond ``.*`` and ``|``, and label selectors
    beyond equality: what has one of these matches nothing here, so that the change is told as applied.
    """
    held = change.after
    if held is None or change.before is None or change.renamed or not isinstance(held.part, Kustomization):
        return ()
    pointers = list(_pointers(held.part, held.resource))
    return tuple(field for field in change.fields if any(_is_below(field, pointer) for pointer in pointers))


def _pointers(part: Kustomization, resource: Resource) -> Iterator[list[str]]:
    for rule in listed(part.spec, "ignore"):
        if _selects(mapping(rule, "target"), resource):
            for path in listed(rule, "paths"):
                keys = str(path).split("/")[1:]
                yield [key.replace("~1", "/").replace("~0", "~") for key in keys]


def _is_below(field: FieldPath, pointer: list[str]) -> bool:
    return bool(pointer) and [str(key) for key in field[: len(pointer)]] == pointer


def _selects(target: Mapping[str, Any], resource: Resource) -> bool:
    group, _, version = resource.api_version.rpartition("/")
    known = {
        "group": group,
        "version": version,
        "kind": resource.kind,
        "name": resource.name,
        "namespace": resource.namespace,
    }
    if not all(_fits(scalar(target, key), text) for key, text in known.items()):
        return False
    return _equal(scalar(target, "labelSelector"), mapping(resource.metadata, "labels")) and _equal(
        scalar(target, "annotationSelector"), mapping(resource.metadata, "annotations")
    )


def _fits(pattern: str, text: str) -> bool:
    """Tell whether a text is one of a pattern's alternatives, in time that grows with their lengths alone."""
    return not pattern or any(_is_one(each, text) for each in pattern.removeprefix("^").removesuffix("$").split("|"))


def _is_one(pattern: str, text: str) -> bool:
    first, *middle = pattern.split(".*")
    if not middle:
        return text == first
    last = middle.pop()
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    rest = text[len(first) : len(text) - len(last)]
    for piece in middle:
        _, found, rest = rest.partition(piece) if piece else ("", "-", rest)
        if not found:
            return False
    return True


def _equal(selector: str, has: Mapping[str, Any]) -> bool:
    pairs = [term.replace("==", "=").partition("=") for term in selector.split(",") if term.strip()]
    return all(has.get(key.strip()) == value.strip() if sign else key.strip() in has for key, sign, value in pairs)
