"""Where rendered objects are declared, told from the files that an engine says they came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from pytest_gitops.model import Location, Rendered, Resource
from pytest_gitops.objects import name_of
from pytest_gitops.rendering import Index

Translate = Callable[[str], str]
Document = tuple[str, str, int | None]


class Places:
    """Knows the lines of Flux's objects in the repository's files."""

    def __init__(self, index: Index) -> None:
        self._documents: dict[str, list[Document]] = defaultdict(list)
        for item in index.objects:
            name = name_of(item.object)
            self._documents[item.location.file].append((str(item.object.get("kind")), name, item.location.line))

    def of(self, resource: Resource, fallback: Location) -> Location:
        """Return where a rendered object is declared: the document of its kind and name, else of its kind."""
        if resource.origin is None:
            return fallback
        documents = [doc for doc in self._documents.get(resource.origin, ()) if doc[0] == resource.kind]
        best = max(documents, key=lambda doc: _likeness(doc[1], resource.name), default=None)
        return Location(resource.origin, best[2] if best else None)


def _likeness(declared: str, rendered: str) -> tuple[bool, bool]:
    """Rank a declared name: the very name, then one that a prefix or suffix was added to."""
    return declared == rendered, bool(declared) and declared in rendered


def moved(rendered: Rendered, translate: Translate) -> Rendered:
    """Return a render of another directory with paths relative to the repository's root."""
    reads = tuple(translate(path) for path in rendered.reads)
    if reads == rendered.reads:
        return rendered
    return Rendered(
        tuple(_moved(resource, translate) for resource in rendered.resources),
        reads=reads,
        variables=rendered.variables,
        placeholders=rendered.placeholders,
    )


def _moved(resource: Resource, translate: Translate) -> Resource:
    return Resource(
        id=resource.id,
        api_version=resource.api_version,
        text=resource.text,
        origin=None if resource.origin is None else translate(resource.origin),
        transformations=tuple(translate(path) for path in resource.transformations),
    )
