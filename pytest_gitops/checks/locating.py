"""From a field of a rendered object to the line of the source file that holds it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from yaml.nodes import Node, ScalarNode

from pytest_gitops.checks import overlay_file
from pytest_gitops.checks.chart_places import Value, file_of, given_value, line_of, line_within, template_line
from pytest_gitops.checks.context import ClusterIndex, Owned
from pytest_gitops.checks.nodes import Place, walk
from pytest_gitops.checks.pods import mapping, mappings
from pytest_gitops.checks.rule import FieldPath
from pytest_gitops.checks.sources import SourceTree
from pytest_gitops.locating import steps
from pytest_gitops.model import HelmRelease, Kustomization, Location, Part, Resource, ResourceSet

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)[^}]*\}")
_MOST_NESTED = 8
# The field of a ResourceSet that holds objects as a text.
_TEMPLATE = "resourcesTemplate"
# What a patch repeats to say which object it is about.
_IDENTITY: tuple[FieldPath, ...] = (("apiVersion",), ("kind",), ("metadata",), ("metadata", "name"))


class Locator:
    """Finds the source of fields in one repository; files are read once, and only when there is something to tell."""

    def __init__(self, files: SourceTree) -> None:
        self._files = files
        self._known: dict[tuple[int, FieldPath, int], Place | None] = {}

    def locate(
        self,
        cluster: ClusterIndex,
        subject: Resource | Part,
        path: FieldPath = (),
        owner: Part | None = None,
        *,
        value: bool = False,
    ) -> Location | None:
        """Return where ``path`` of ``subject`` is written: the last place that sets it, or its nearest parent.

        ``owner`` is the owner of a Resource. With ``value``, a value that is one substituted variable is told
        where the variable is declared. Of an object out of a chart it is the value that led there, else the template
        where the chart is in the repository, else the HelmRelease; of one that a ResourceSet gives it is its template
        there. None where no file is known.
        """
        if isinstance(subject, Part):
            owned = cluster.resource_of(subject)
            if owned is None:
                return subject.location
            subject, owner = owned.resource, owned.owner
        if isinstance(owner, HelmRelease):
            return self._in_chart(cluster, subject, path, owner)
        if isinstance(owner, ResourceSet):
            return self._in_resource_set(cluster, subject, path, owner)
        kustomization = owner if isinstance(owner, Kustomization) else None
        place = self.place(cluster, subject, path, kustomization)
        if place is None:
            location = owner.location if owner else None
            return Location(subject.origin, 1) if subject.origin else location
        if value and place.complete and kustomization and (name := _sole_variable(place.text)):
            return self.declaration(cluster, kustomization, name) or Location(place.file, place.line)
        return Location(place.file, place.line)

    def _in_chart(
        self, cluster: ClusterIndex, resource: Resource, path: FieldPath, release: HelmRelease
    ) -> Location | None:
        added = self._by_helm(cluster, resource, path, release)
        if added is not None:
            return Location(added.file, added.line)
        value = given_value(cluster, resource, path, release)
        if value is not None:
            found = self._value(cluster, release, value)
            if found is not None:
                return found
        if resource.origin is None:
            return self.locate(cluster, release)
        document = overlay_file.document_of(self._files, resource.origin, resource)
        if document is not None:
            place = walk(resource.origin, document, path, resource.object)
            return Location(place.file, place.line)
        return Location(resource.origin, template_line(self._files[resource.origin], resource, path))

    def _in_resource_set(
        self, cluster: ClusterIndex, resource: Resource, path: FieldPath, owner: ResourceSet
    ) -> Location | None:
        field = steps(resource.field or "spec")
        declared = cluster.resource_of(owner)
        text = self._declared(cluster, declared, field, 1) if declared and field[-1] == _TEMPLATE else None
        if text is None or not isinstance(text.node, ScalarNode) or text.node.style != "|":
            return self.locate(cluster, owner, (*field, *path))
        begin, end = text.line, int(text.node.end_mark.line) + text.offset
        within = line_within(self._files[text.file].lines[begin:end], resource, path)
        return Location(text.file, begin + within if within else text.line)

    def _by_helm(
        self, cluster: ClusterIndex, resource: Resource, path: FieldPath, release: HelmRelease
    ) -> Place | None:
        """Return what the HelmRelease itself sets: its common metadata, and the patches of its post-renderers."""
        declared = cluster.resource_of(release)
        if declared is None or not path or path in _IDENTITY:
            return None
        common = mapping(mapping(release.spec, "commonMetadata"), str(path[1])) if path[0] == "metadata" else {}
        if set(path[2:3]) & set(common):
            return self._declared(cluster, declared, ("spec", "commonMetadata", *path[1:3]), 1)
        for index, renderer in reversed(list(mappings(release.spec.get("postRenderers")))):
            for number, _patch in reversed(list(mappings(mapping(renderer, "kustomize").get("patches")))):
                where = ("spec", "postRenderers", index, "kustomize", "patches", number)
                patch = self._declared(cluster, declared, where, 1)
                if patch is None or not patch.complete:
                    continue
                for place in overlay_file.patched(
                    self._files, patch.file, patch.node, resource, path, offset=patch.offset
                ):
                    if place.complete:
                        return place
        return None

    def _value(self, cluster: ClusterIndex, release: HelmRelease, value: Value) -> Location | None:
        if value.reference is None:
            return self.locate(cluster, release, ("spec", "values", *value.path))
        file = file_of(cluster, release, value.reference)
        if file is not None:
            return Location(file.file, line_of(self._files[file.file], value.path) or 1)
        owned = cluster.targets[""].get("ConfigMap", release.id.namespace, value.reference[0])
        if owned is None:
            return None
        return self.locate(cluster, owned.resource, ("data", value.reference[1]), owned.owner)

    def place(
        self,
        cluster: ClusterIndex,
        resource: Resource,
        path: FieldPath,
        kustomization: Kustomization | None,
        nested: int = 0,
    ) -> Place | None:
        """Return the node that sets a field, or its nearest parent; None where the object's source isn't known."""
        best: Place | None = None
        for place in self._candidates(cluster, resource, path, kustomization, nested):
            if place.complete and path:
                return place
            # Of equally near parents the object's own file is the best: it comes last.
            if best is None or place.depth >= best.depth:
                best = place
        return best

    def _candidates(
        self,
        cluster: ClusterIndex,
        resource: Resource,
        path: FieldPath,
        kustomization: Kustomization | None,
        nested: int,
    ) -> Iterator[Place]:
        """Yield the places that hold parts of the path, what is applied last first."""
        if path in _IDENTITY:
            yield from self._origin(resource, path)
            return
        if path and kustomization is not None and nested < _MOST_NESTED:
            yield from self._by_flux(cluster, resource, path, kustomization, nested + 1)
        for file in dict.fromkeys(reversed(resource.transformations)) if path else ():
            if overlay_file.is_overlay_file(file):
                yield from overlay_file.settings(self._files, file, resource, path)
            else:
                yield from overlay_file.patch_documents(file, self._files[file].documents, resource, path)
        found = list(self._origin(resource, path))
        yield from found or self._reads(resource, path, kustomization)

    def _origin(self, resource: Resource, path: FieldPath) -> Iterator[Place]:
        if resource.origin is None:
            return
        document = overlay_file.document_of(self._files, resource.origin, resource)
        if document is not None:
            yield walk(resource.origin, document, path, resource.object)
        elif overlay_file.is_overlay_file(resource.origin):
            yield from overlay_file.generated(self._files, resource.origin, resource, path)

    def _reads(self, resource: Resource, path: FieldPath, kustomization: Kustomization | None) -> Iterator[Place]:
        """Yield places in any file that was read: a patch that replaces all annotations takes the origin with them.

        Of the documents about the object, the longest comes last: the others are patches.
        """
        documents: list[tuple[str, Node]] = []
        for file in kustomization.rendered.reads if kustomization and kustomization.rendered else ():
            if overlay_file.is_overlay_file(file):
                yield from overlay_file.settings(self._files, file, resource, path) if path else ()
                yield from overlay_file.generated(self._files, file, resource, path)
            elif (document := overlay_file.document_of(self._files, file, resource, exactly=True)) is not None:
                documents.append((file, document))
        for file, document in sorted(documents, key=lambda entry: _length(entry[1])):
            yield walk(file, document, path, resource.object)

    def _by_flux(
        self, cluster: ClusterIndex, resource: Resource, path: FieldPath, kustomization: Kustomization, nested: int
    ) -> Iterator[Place]:
        """Yield what the Flux Kustomization itself sets: its patches, images, target namespace and metadata."""
        declared = cluster.resource_of(kustomization)
        spec = kustomization.spec
        if declared is None or not {"patches", "images", "targetNamespace", "commonMetadata"} & set(spec):
            return
        source = self._declared(cluster, declared, ("spec",), nested)
        if source is not None and source.complete:
            yield from overlay_file.fields(source.file, source.node, resource, path, source.offset)
        for index in reversed(range(len(spec.get("patches") or ()))):
            where: FieldPath = ("spec", "patches", index)
            patch = self._declared(cluster, declared, where, nested)
            if patch is not None and patch.complete:
                node, offset = patch.node, patch.offset
                yield from overlay_file.patched(self._files, patch.file, node, resource, path, offset=offset)

    def _declared(self, cluster: ClusterIndex, declared: Owned, path: FieldPath, nested: int) -> Place | None:
        """Return the place of a Kustomization's field, which all objects that it applies ask for."""
        key = (id(declared.resource), path, nested)
        if key not in self._known:
            owner = declared.owner if isinstance(declared.owner, Kustomization) else None
            self._known[key] = self.place(cluster, declared.resource, path, owner, nested)
        return self._known[key]

    def declaration(self, cluster: ClusterIndex, kustomization: Kustomization, variable: str) -> Location | None:
        """Return where the value of a substituted variable is declared; None where that isn't in the repository.

        Flux lets ``substitute`` win, and of ``substituteFrom`` the last that has the variable.
        """
        build = kustomization.spec.get("postBuild") or {}
        if variable in (build.get("substitute") or {}):
            return self.locate(cluster, kustomization, ("spec", "postBuild", "substitute", variable))
        for source in reversed(build.get("substituteFrom") or ()):
            kind, name = str(source.get("kind")), str(source.get("name"))
            owned = cluster.targets[""].get(kind, kustomization.id.namespace, name)
            for field in ("stringData", "data"):
                if owned is not None and variable in (owned.resource.get(field) or {}):
                    return self.locate(cluster, owned.resource, (field, variable), owned.owner)
        return None

    def use(self, cluster: ClusterIndex, resource: Resource, owner: Part, variable: str) -> Location | None:
        """Return the first line that uses ``${variable}`` in the files an object was made from."""
        pattern = re.compile(rf"\$\{{{re.escape(variable)}\b")
        declared = cluster.resource_of(owner)
        reads = owner.rendered.reads if owner.rendered else ()
        last = declared.resource.origin if declared else None
        for file in dict.fromkeys(filter(None, (resource.origin, *resource.transformations, *reads, last))):
            document = overlay_file.document_of(self._files, file, resource)
            if document is None and file in reads and not overlay_file.is_overlay_file(file):
                continue
            begin, end = _extent(document, len(self._files[file].lines))
            for number in range(begin, end):
                if pattern.search(self._files[file].lines[number]):
                    return Location(file, number + 1)
        return self.locate(cluster, resource, (), owner)

    def text(self, cluster: ClusterIndex, resource: Resource, path: FieldPath, owner: Part | None) -> str | None:
        """Return a scalar as the source has it, before substitution; None where it isn't found."""
        place = self.place(cluster, resource, path, owner if isinstance(owner, Kustomization) else None)
        return place.text if place is not None and place.complete else None


def _length(document: Node) -> int:
    return int(document.end_mark.line - document.start_mark.line)


def _extent(document: Node | None, lines: int) -> tuple[int, int]:
    """Return the first line of a document and the one after its last, counted from 0; all where it isn't known."""
    if document is None:
        return 0, lines
    return int(document.start_mark.line), min(lines, int(document.end_mark.line) + 1)


def _sole_variable(text: str | None) -> str | None:
    found = _VARIABLE.fullmatch(text.strip()) if text else None
    return found[1] if found else None
