"""Kubernetes objects as a render produced them, and where they came from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file: a POSIX path relative to the repository's root, and a line counted from 1."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class ResourceId:
    """The identity of an object in a cluster: group, kind, namespace and name, without the API version.

    Two API versions of one object are the same object to the API server, hence no version here.
    """

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> ResourceId:
        """Return the identity of a Kubernetes object given as a mapping; missing parts are empty strings."""
        metadata = obj.get("metadata") or {}
        return cls(
            group=group_of(str(obj.get("apiVersion") or "")),
            kind=str(obj.get("kind") or ""),
            namespace=str(metadata.get("namespace") or ""),
            name=str(metadata.get("name") or ""),
        )


def group_of(api_version: str) -> str:
    """Return the API group of an ``apiVersion`` (empty for the core group)."""
    group, slash, _version = api_version.rpartition("/")
    return group if slash else ""


class Resource:
    """One rendered object, decoded from JSON only when its content is asked for.

    ``origin`` is the file that first held the object and ``transformations`` are the files (kustomization
    files and patches) that changed it, both relative to the repository's root, in the order kustomize gives
    (kustomize's ``originAnnotations`` and ``transformerAnnotations``). ``origin`` is None where kustomize
    can't tell. ``template`` is the template, such as ``podinfo/templates/service.yaml``, of an object out of a chart
    that is not in the repository; an object out of one that is has its template as ``origin``. ``field`` is,
    of an object that a ResourceSet gives, the field there that holds its template, such as ``spec.resources[0]``.
    """

    __slots__ = ("_object", "api_version", "field", "id", "origin", "template", "text", "transformations")

    def __init__(
        self,
        *,
        id: ResourceId,
        api_version: str,
        text: str,
        origin: str | None = None,
        transformations: tuple[str, ...] = (),
        template: str | None = None,
        field: str | None = None,
    ) -> None:
        self.id = id
        self.api_version = api_version
        self.text = text
        self.origin = origin
        self.transformations = transformations
        self.template = template
        self.field = field
        self._object: JsonObject | None = None

    @property
    def object(self) -> JsonObject:
        """The whole object as plain dicts, lists and scalars."""
        if self._object is None:
            self._object = json.loads(self.text)
        return self._object

    @property
    def kind(self) -> str:
        """The object's kind."""
        return self.id.kind

    @property
    def name(self) -> str:
        """The object's name."""
        return self.id.name

    @property
    def namespace(self) -> str:
        """The object's namespace as rendered; empty for a cluster-scoped object or where none is set."""
        return self.id.namespace

    @property
    def metadata(self) -> JsonObject:
        """The object's metadata."""
        return self.object.get("metadata") or {}

    @property
    def labels(self) -> Mapping[str, str]:
        """The object's labels."""
        return self.metadata.get("labels") or {}

    @property
    def annotations(self) -> Mapping[str, str]:
        """The object's annotations."""
        return self.metadata.get("annotations") or {}

    @property
    def spec(self) -> JsonObject:
        """The object's ``spec``, empty where there is none."""
        return self.object.get("spec") or {}

    def __getitem__(self, key: str) -> Any:
        return self.object[key]

    def get(self, key: str, default: Any = None) -> Any:
        """Return a top-level field of the object, or ``default``."""
        return self.object.get(key, default)

    def fresh(self) -> Resource:
        """Return a copy that shares no mutable part with this one."""
        return Resource(
            id=self.id,
            api_version=self.api_version,
            text=self.text,
            origin=self.origin,
            transformations=self.transformations,
            template=self.template,
            field=self.field,
        )

    def __eq__(self, other: Any) -> bool:
        # Anything else may know better how to compare itself with a resource: a snapshot does.
        if not isinstance(other, Resource):
            return NotImplemented
        return self.id == other.id and self.object == other.object

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Resource {self.id}>"

    def __getstate__(self) -> tuple[Any, ...]:
        return (self.id, self.api_version, self.text, self.origin, self.transformations, self.template, self.field)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.id, self.api_version, self.text, self.origin, self.transformations, self.template, self.field = state
        self._object = None


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable that post-build substitution used: its name, and who gave the value.

    ``source`` is ``substitute`` (inline), ``ConfigMap/<name>``, ``Secret/<name>``, ``default`` (the default
    in the expression), ``unset`` (replaced by nothing) or ``placeholder`` (Git can't tell the value).
    ``resources`` are indices into ``Rendered.resources``.
    """

    name: str
    source: str
    resources: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Encrypted:
    """Something that SOPS encrypted and that isn't, or isn't only, what it should be.

    ``problem`` is ``key`` (no key that is here decrypts it, ``wanted`` names those that would; placeholders stand for
    its values), ``mac`` (it was changed without SOPS) or ``metadata`` (what is needed to decrypt it is missing, and
    Flux uses it as it is). ``resource`` is ``Kind/namespace/name`` where it is an object, ``location`` the place in
    its file.
    """

    problem: str
    location: Location | None = None
    resource: str = ""
    wanted: tuple[str, ...] = ()


class Rendered:
    """What one render gave: resources in the order Flux applies them, and all that went into them.

    ``reads`` are the files the render read (relative to the repository's root); ``placeholders`` maps the
    name of each variable whose value Git can't tell to the text that stands for it in the output. ``secrets`` are the
    decrypted values that went into it: nobody writes them down. ``encrypted`` is what is wrong with what SOPS
    encrypted.
    """

    __slots__ = ("encrypted", "placeholders", "reads", "resources", "secrets", "variables")

    def __init__(
        self,
        resources: tuple[Resource, ...],
        *,
        reads: tuple[str, ...] = (),
        variables: tuple[Variable, ...] = (),
        placeholders: Mapping[str, str] | None = None,
        secrets: tuple[str, ...] = (),
        encrypted: tuple[Encrypted, ...] = (),
    ) -> None:
        self.resources = resources
        self.reads = reads
        self.variables = variables
        self.placeholders = dict(placeholders or {})
        self.secrets = secrets
        self.encrypted = encrypted

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def __len__(self) -> int:
        return len(self.resources)

    def __bool__(self) -> bool:
        """True, for an empty render too: ``if kustomization.rendered`` asks whether it was rendered at all."""
        return True

    def __contains__(self, key: object) -> bool:
        return any(_matches(resource.id, key) for resource in self.resources)

    def __getitem__(self, key: str | ResourceId) -> Resource:
        """Return the object named ``Kind/namespace/name``, or ``Kind/name`` where that is unambiguous.

        Raises KeyError, naming the candidates, where nothing or more than one object matches.
        """
        found = [resource for resource in self.resources if _matches(resource.id, key)]
        if len(found) == 1:
            return found[0]
        if found:
            raise KeyError(f"{key} is ambiguous: {', '.join(str(r.id) for r in found)}")
        raise KeyError(f"no {key} among: {', '.join(str(r.id) for r in self.resources) or 'no resources'}")

    def select(
        self,
        *,
        kind: str | None = None,
        namespace: str | None = None,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> list[Resource]:
        """Return the resources that match all of the given fields."""
        return [
            resource
            for resource in self.resources
            if (kind is None or resource.kind == kind)
            and (namespace is None or resource.namespace == namespace)
            and (name is None or resource.name == name)
            and (not labels or all(resource.labels.get(k) == v for k, v in labels.items()))
        ]

    def fresh(self) -> Rendered:
        """Return a copy whose resources share no mutable part with this one's."""
        return Rendered(
            tuple(resource.fresh() for resource in self.resources),
            reads=self.reads,
            variables=self.variables,
            placeholders=self.placeholders,
            secrets=self.secrets,
            encrypted=self.encrypted,
        )


def _matches(id: ResourceId, key: object) -> bool:
    if isinstance(key, ResourceId):
        return id == key
    return key in (f"{id.kind}/{id.namespace}/{id.name}", f"{id.kind}/{id.name}")
