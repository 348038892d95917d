"""Where a kustomization file sets a field of an object: by patch, image, replica count, label, generator…"""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename, dirname, join, normpath
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pytest_gitops.checks.nodes import Place, documents, embedded, walk
from pytest_gitops.checks.rule import FieldPath
from pytest_gitops.checks.sources import SourceTree, child, entry, line_of, scalar
from pytest_gitops.model import Resource
from pytest_gitops.patterns import fits

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def is_overlay_file(path: str) -> bool:
    """Return whether kustomize reads a file of this name as a kustomization file."""
    return basename(path) in NAMES


def items(node: Node | None, *keys: str) -> tuple[Node, ...]:
    """Return the items of the list below ``keys``; none where there is no list."""
    found = child(node, *keys)
    return tuple(found.value) if isinstance(found, SequenceNode) else ()


def settings(files: SourceTree, path: str, resource: Resource, field: FieldPath) -> Iterator[Place]:
    """Yield the places where the kustomization file at ``path`` sets a field, the one applied last first."""
    for document in files[path].documents:
        yield from fields(path, document, resource, field)
        for patch in reversed((*items(document, "patches"), *items(document, "patchesJson6902"))):
            yield from patched(files, path, patch, resource, field)
        for node in reversed(items(document, "patchesStrategicMerge")):
            if isinstance(node, ScalarNode):
                yield from _patch(files, path, node, resource, field, targeted=False, offset=0)


def fields(file: str, node: Node, resource: Resource, field: FieldPath, offset: int = 0) -> Iterator[Place]:
    """Yield where ``images``, ``replicas``, ``namespace``, labels and the like below ``node`` set a field.

    The spec of a Flux Kustomization has some of them under the same names.
    """
    if field and field[-1] == "image":
        yield from _images(file, node, resource, field, offset)
    if field == ("spec", "replicas"):
        named = (item for item in items(node, "replicas") if _alike(scalar(item, "name"), resource.name))
        yield from (place for item in named if (place := _at(file, item, "count", offset)))
    if field == ("metadata", "namespace"):
        yield from filter(None, (_at(file, node, key, offset) for key in ("namespace", "targetNamespace")))
    if len(field) > 1 and field[-2] in ("labels", "matchLabels", "selector", "annotations"):
        yield from _common(file, node, str(field[-2]), str(field[-1]), offset)


def _images(file: str, node: Node, resource: Resource, field: FieldPath, offset: int) -> Iterator[Place]:
    image = _value(resource.object, field)
    for item in items(node, "images"):
        name = scalar(item, "newName") or scalar(item, "name")
        if name and re.match(rf"{re.escape(name)}([:@]|$)", str(image)):
            for key in ("newTag", "digest", "newName", "name"):
                if place := _at(file, item, key, offset):
                    yield place
                    break


def _common(file: str, node: Node, where: str, key: str, offset: int) -> Iterator[Place]:
    annotations = where == "annotations"
    holders = ["commonAnnotations", "annotations"] if annotations else ["commonLabels"]
    for holder in holders:
        if place := _at(file, child(node, holder), key, offset):
            yield place
    if place := _at(file, child(node, "commonMetadata", "annotations" if annotations else "labels"), key, offset):
        yield place
    for item in () if annotations else items(node, "labels"):
        if place := _at(file, child(item, "pairs"), key, offset):
            yield place


def patched(
    files: SourceTree, file: str, patch: Node, resource: Resource, field: FieldPath, *, offset: int = 0
) -> Iterator[Place]:
    """Yield where one entry of ``patches`` sets a field: inline, or in the file it names."""
    target = child(patch, "target")
    if target is not None and not _targets(target, resource):
        return
    inline = child(patch, "patch")
    source = inline if inline is not None else child(patch, "path")
    if isinstance(source, ScalarNode):
        yield from _patch(files, file, source, resource, field, targeted=target is not None, offset=offset)


def _patch(
    files: SourceTree, file: str, node: ScalarNode, resource: Resource, field: FieldPath, *, targeted: bool, offset: int
) -> Iterator[Place]:
    text = str(node.value)
    if "\n" in text or ": " in text:
        begin, nodes = embedded(node)
        where, offset = file, offset + begin
    else:
        where, offset = normpath(join(dirname(file), text)), 0
        nodes = files[where].documents
    yield from patch_documents(where, nodes, resource, field, offset=offset, targeted=targeted)


def patch_documents(
    file: str, nodes: tuple[Node, ...], resource: Resource, field: FieldPath, *, offset: int = 0, targeted: bool = False
) -> Iterator[Place]:
    """Yield where the documents of a patch (strategic merge, or JSON 6902 operations) set a field."""
    for node in nodes:
        if isinstance(node, SequenceNode):
            for operation in reversed(node.value):
                yield from _operation(file, operation, resource, field, offset)
        elif isinstance(node, MappingNode) and (targeted or is_about(node, resource)):
            yield walk(file, node, field, resource.object, offset)


def _operation(file: str, operation: Node, resource: Resource, field: FieldPath, offset: int) -> Iterator[Place]:
    """A JSON 6902 operation sets what its path points at, and all below."""
    pointer = scalar(operation, "path") or ""
    elements = [part.replace("~1", "/").replace("~0", "~") for part in pointer.strip("/").split("/")]
    value = child(operation, "value")
    if len(elements) > len(field) or value is None:
        return
    if all(given == "-" or given == str(wanted) for given, wanted in zip(elements, field, strict=False)):
        below = walk(file, value, field[len(elements) :], _value(resource.object, field[: len(elements)]), offset)
        line = below.line if below.depth else _line(operation, "value") + offset
        yield Place(file, below.node, line, below.depth + len(elements), below.complete, offset)


def is_about(document: Node, resource: Resource) -> bool:
    """Return whether a document is, or patches, this object: its kind, and a name that can have become the object's."""
    return scalar(document, "kind") == resource.kind and _alike(scalar(document, "metadata", "name"), resource.name)


def document_of(files: SourceTree, path: str, resource: Resource, *, exactly: bool = False) -> Node | None:
    """Return the document of a file that the object was made from.

    kustomize changes names (prefix, suffix, hash, patches) and namespaces: the best match wins. ``exactly`` wants
    the object's own name, or what prefix, suffix and variables can have made that of.
    """
    found = [node for node in documents(files[path].documents) if scalar(node, "kind") == resource.kind]
    exact = [node for node in found if scalar(node, "metadata", "name") == resource.name]
    same_namespace = [node for node in exact if scalar(node, "metadata", "namespace") == resource.namespace]
    alike = [node for node in found if _alike(scalar(node, "metadata", "name"), resource.name)]
    for candidates in (same_namespace, exact, alike):
        if candidates:
            return candidates[0]
    return found[0] if len(found) == 1 and not exactly else None


def generated(files: SourceTree, path: str, resource: Resource, field: FieldPath) -> Iterator[Place]:
    """Yield where the generators of a kustomization file hold a field of the object they make."""
    kind = "configMapGenerator" if resource.kind == "ConfigMap" else "secretGenerator"
    for document in files[path].documents:
        for item in items(document, kind):
            if _alike(scalar(item, "name"), resource.name):
                yield from _entry(files, path, item, str(field[1]) if field[:1] == ("data",) and field[1:] else None)


def _entry(files: SourceTree, path: str, item: Node, key: str | None) -> Iterator[Place]:
    for node in items(item, "literals") if key else ():
        if isinstance(node, ScalarNode) and node.value.partition("=")[0] == key:
            yield Place(path, node, line_of(node), 2, complete=True)
    for node in items(item, "files") if key else ():
        name, _, source = str(node.value).rpartition("=")
        if (name or basename(source)) == key:
            yield Place(normpath(join(dirname(path), source)), node, 1, 2, complete=True)
    for node in (*items(item, "envs"), *filter(None, [child(item, "env")])) if key else ():
        where = normpath(join(dirname(path), str(node.value)))
        for number, line in enumerate(files[where].lines, 1):
            if line.partition("=")[0].strip() == key:
                yield Place(where, node, number, 2, complete=True)
    yield Place(path, item, line_of(item), 0, complete=False)


def _targets(target: Node, resource: Resource) -> bool:
    """kustomize anchors a target's patterns at both ends; a selector by label is taken to match."""
    name, kind, namespace = (scalar(target, key) for key in ("name", "kind", "namespace"))
    pairs = ((name, resource.name), (kind, resource.kind), (namespace, resource.namespace))
    return all(_matches(pattern, value) for pattern, value in pairs if pattern)


def _matches(pattern: str, value: str) -> bool:
    part = len(pattern) < len(value) and pattern in value
    return part or fits(pattern, value, otherwise=pattern == value)


def _alike(source: str | None, rendered: str) -> bool:
    """Return whether a name in the source can have become the rendered one, by prefix, suffix, hash or variable."""
    if not source:
        return False
    if "${" not in source:
        return source in rendered
    pattern = ".*".join(re.escape(part) for part in re.split(r"\$\{[^}]*\}", source))
    return fits(pattern, rendered, anywhere=True, otherwise=True)


def _at(file: str, node: Node | None, key: str, offset: int = 0) -> Place | None:
    found = entry(node, key)
    return Place(file, found[1], line_of(found[0]) + offset, 99, complete=True, offset=offset) if found else None


def _line(node: Node, key: str) -> int:
    found = entry(node, key)
    return line_of(found[0]) if found else line_of(node)


def _value(value: Any, path: FieldPath) -> Any:
    for element in path:
        if isinstance(value, dict):
            value = value.get(str(element))
        elif isinstance(value, list) and isinstance(element, int) and element < len(value):
            value = value[element]
        else:
            return None
    return value
