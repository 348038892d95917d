"""Which container images differ, and which workloads use them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from pytest_gitops.checks.context import ClusterIndex
from pytest_gitops.checks.pods import all_containers
from pytest_gitops.checks.policy._images import Image
from pytest_gitops.model import Resource
from pytest_gitops.objects import mapping
from pytest_gitops.review.comparison import Change, ClusterComparison
from pytest_gitops.review.model import ImageChange

_HELM_GROUP = "helm.toolkit.fluxcd.io"
Version = str
_Key = tuple[str, Version | None, Version | None]


def image_changes(
    cluster: ClusterComparison, hide: Callable[[Change, str], str] = lambda _change, text: text
) -> tuple[ImageChange, ...]:
    """Return the images that differ, by name; of charts that aren't rendered those that a HelmRelease's values name.

    What a new workload uses, and what a removed one used, is only told where no other workload does. ``hide`` takes
    out of a text what is secret in a changed object.
    """
    before, after = cache(lambda: _all_used(cluster.base)), cache(lambda: _all_used(cluster.head))
    found: dict[_Key, dict[str, None]] = defaultdict(dict)
    for change in cluster.changes:
        old = set(_images(change.before.resource, cluster.base)) if change.before else set()
        new = set(_images(change.after.resource, cluster.head)) if change.after else set()
        for key in _paired(old - new, new - old):
            name, was, now = key
            if (was is not None or (name, now) not in before()) and (now is not None or (name, was) not in after()):
                told = (hide(change, name), was and hide(change, was), now and hide(change, now))
                found[told][str(change.id)] = None
    keys = sorted(found, key=lambda key: tuple(part or "" for part in key))
    return tuple(ImageChange(*key, workloads=tuple(sorted(found[key]))) for key in keys)


def _paired(old: Iterable[tuple[str, Version]], new: Iterable[tuple[str, Version]]) -> Iterator[_Key]:
    """Yield what becomes of the images of one workload: another version of the same name, or gone, or come."""
    lost: dict[str, list[Version]] = defaultdict(list)
    for name, version in sorted(old):
        lost[name].append(version)
    for name, version in sorted(new):
        yield name, lost[name].pop(0) if lost[name] else None, version
    for name, versions in lost.items():
        yield from ((name, version, None) for version in versions)


def _all_used(index: ClusterIndex | None) -> set[tuple[str, Version]]:
    resources = (resource for _, resource in index.cluster.resources) if index else ()
    return {image for resource in resources if '"image' in resource.text for image in _images(resource, index)}


def _images(resource: Resource, index: ClusterIndex | None) -> Iterator[tuple[str, Version]]:
    """Yield name and version (``tag``, ``tag@digest`` or ``@digest``) of the images that an object uses."""
    if resource.kind == "HelmRelease" and resource.id.group == _HELM_GROUP:
        if not _is_rendered(resource, index):
            yield from _in_values(mapping(resource.spec, "values"))
        return
    for _path, container in all_containers(resource):
        if isinstance(container.get("image"), str):
            image = Image.of(container["image"])
            yield image.name, _version(image.tag, image.digest)


def _is_rendered(release: Resource, index: ClusterIndex | None) -> bool:
    releases = index.cluster.helm_releases if index else ()
    return any(part.id == release.id and part.rendered is not None for part in releases)


def _in_values(values: Any) -> Iterator[tuple[str, Version]]:
    """Yield the images in a chart's values, in the form that most charts have: repository, tag, maybe registry."""
    if isinstance(values, list):
        for item in values:
            yield from _in_values(item)
    if not isinstance(values, dict):
        return
    repository, tag, digest = (values.get(key) for key in ("repository", "tag", "digest"))
    if isinstance(repository, str) and (isinstance(tag, str | int | float) or isinstance(digest, str)):
        registry = values.get("registry")
        name = f"{registry}/{repository}" if isinstance(registry, str) and registry else repository
        yield name, _version("" if tag is None else str(tag), digest if isinstance(digest, str) else "")
        return
    for value in values.values():
        yield from _in_values(value)


def _version(tag: str, digest: str) -> Version:
    return f"{tag}@{digest}" if digest else tag
