"""Where rendered objects are declared, told from the files that an engine says they came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from pytest_gitops.model import Encrypted, Location, Rendered, Resource
from pytest_gitops.objects import name_of, scalar
from pytest_gitops.rendering import Index

Translate = Callable[[str], str]
Document = tuple[str, str, str]


class Places:
    """Knows the lines of Flux's objects in the repository's files."""

    def __init__(self, index: Index) -> None:
        self._exact: dict[Document, int | None] = {}
        self._documents: dict[tuple[str, str], list[tuple[str, int | None]]] = defaultdict(list)
        for item in index.objects:
            file, kind, name = item.location.file, scalar(item.object, "kind"), name_of(item.object)
            self._exact.setdefault((file, kind, name), item.location.line)
            self._documents[file, kind].append((name, item.location.line))

    def of(self, resource: Resource, fallback: Location) -> Location:
        """Return where a rendered object is declared: the document of its name, else one that its name is made of."""
        file = resource.origin
        if file is None:
            return fallback
        document = (file, resource.kind, resource.name)
        if document in self._exact:
            return Location(file, self._exact[document])
        documents = self._documents.get((file, resource.kind), [])
        made = (line for name, line in documents if name and name in resource.name)
        return Location(file, next(made, documents[0][1] if documents else None))


def moved(rendered: Rendered, translate: Translate) -> Rendered:
    """Return a render of another directory with paths relative to the repository's root."""
    reads = tuple(translate(path) for path in rendered.reads)
    if reads == rendered.reads:
        return rendered
    return Rendered(
        tuple(moved_resource(resource, translate) for resource in rendered.resources),
        reads=reads,
        variables=rendered.variables,
        placeholders=rendered.placeholders,
        secrets=rendered.secrets,
        encrypted=tuple(_moved_encrypted(encrypted, translate) for encrypted in rendered.encrypted),
    )


def _moved_encrypted(encrypted: Encrypted, translate: Translate) -> Encrypted:
    place = encrypted.location
    return encrypted if place is None else replace(encrypted, location=replace(place, file=translate(place.file)))


def moved_resource(resource: Resource, translate: Translate) -> Resource:
    """Return an object of another directory with paths relative to the repository's root."""
    return Resource(
        id=resource.id,
        api_version=resource.api_version,
        text=resource.text,
        origin=None if resource.origin is None else translate(resource.origin),
        transformations=tuple(translate(path) for path in resource.transformations),
        template=resource.template,
    )


def templated(resource: Resource) -> Resource:
    """Return an object of a chart that isn't in the repository: where it comes from is no file of the user's."""
    return Resource(id=resource.id, api_version=resource.api_version, text=resource.text, template=resource.origin)
