"""What ``substituteFrom`` finds in a cluster, as far as Git tells it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_gitops.model import JsonObject, Resource
from pytest_gitops.objects import listed, mapping, scalar
from pytest_gitops.rendering import VariableSource

ENCRYPTED = "ENC["
# On a ConfigMap or Secret, what flux-operator copies its data from.
COPY = "fluxcd.controlplane.io/copyFrom"


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry of ``spec.postBuild.substituteFrom``; it names an object of the Kustomization's own namespace."""

    kind: str
    name: str
    optional: bool = False

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Values:
    """The keys of a ConfigMap or Secret: what Git tells of them, and which keys it names without the value.

    ``secret`` says that the values were encrypted in Git.
    """

    known: Mapping[str, str] = field(default_factory=dict, repr=False)
    hidden: frozenset[str] = frozenset()
    complete: bool = True
    secret: bool = False

    def source(self, reference: Reference, given: Mapping[str, str]) -> VariableSource:
        """Return what a renderer is told; ``given`` are the user's values, for what Git can't tell."""
        values = {name: given.get(name, placeholder(name)) for name in self.hidden}
        if not self.complete:
            values |= given
        return VariableSource(reference.kind, reference.name, values | dict(self.known), self.complete, self.secret)


UNKNOWN = Values(complete=False)


def references(kustomization: JsonObject) -> tuple[Reference, ...]:
    """Return a Kustomization's ``spec.postBuild.substituteFrom``; entries that name nothing are left out."""
    entries = listed(post_build(kustomization), "substituteFrom")
    return tuple(
        Reference(scalar(entry, "kind"), scalar(entry, "name"), bool(entry.get("optional")))
        for entry in entries
        if isinstance(entry, dict) and scalar(entry, "name")
    )


def post_build(kustomization: JsonObject) -> JsonObject:
    """Return a Kustomization's ``spec.postBuild``, empty where there is none."""
    return mapping(kustomization, "spec", "postBuild")


def placeholder(name: str) -> str:
    """Return the text that stands for a variable whose value Git can't tell: the engine's own for such variables."""
    return f"gitops-placeholder-{name.lower().replace('_', '-')}"


def is_hidden(text: str) -> bool:
    """Tell whether a text stands for a value that Git can't tell: it is encrypted, or a placeholder."""
    return text.startswith((ENCRYPTED, placeholder("")))


def values_of(resource: Resource) -> Values:
    """Return the keys of a rendered ConfigMap or Secret, or of the Secret that a rendered object becomes.

    Values that SOPS or a SealedSecret hides are keys without a value. An ExternalSecret that only maps single keys
    names them all; one with ``dataFrom`` or a template doesn't.
    """
    obj = resource.object
    if COPY in resource.annotations:
        return UNKNOWN
    if resource.id.group == "" and resource.kind == "ConfigMap":
        return _plain(mapping(obj, "data"))
    if resource.id.group == "" and resource.kind == "Secret":
        return _secret(obj)
    return _made(resource, mapping(obj, "spec"))


def made_object(resource: Resource) -> tuple[str, str] | None:
    """Return kind and name of the Secret that a rendered object makes at run time, None for any other object."""
    spec = mapping(resource.object, "spec")
    if resource.kind == "ExternalSecret" and resource.id.group == "external-secrets.io":
        return "Secret", (scalar(mapping(spec, "target"), "name") or resource.name)
    if resource.kind == "SealedSecret":
        return "Secret", str(mapping(mapping(spec, "template"), "metadata").get("name") or resource.name)
    if resource.kind == "Certificate" and resource.id.group == "cert-manager.io":
        return "Secret", (scalar(spec, "secretName") or resource.name)
    if resource.id.group and "Secret" in resource.kind and not resource.kind.endswith(("Store", "Binding", "Class")):
        return "Secret", (scalar(mapping(spec, "destination"), "name") or resource.name)
    return None


def may_make(resource: Resource) -> bool:
    """Tell from an object's kind alone whether it may make a Secret, so that few objects are looked into."""
    return bool(resource.id.group) and ("Secret" in resource.kind or resource.kind == "Certificate")


def _secret(obj: JsonObject) -> Values:
    texts: dict[str, str] = {}
    hidden: set[str] = set()
    for key, value in mapping(obj, "data").items():
        text = str(value)
        decoded = None if text.startswith(ENCRYPTED) else _decode(text)
        if decoded is None or is_hidden(decoded):
            hidden.add(key)
        else:
            texts[key] = decoded
    plain = _plain(mapping(obj, "stringData"))
    hidden = (hidden - set(plain.known)) | plain.hidden
    return Values({k: v for k, v in (texts | dict(plain.known)).items() if k not in hidden}, frozenset(hidden))


def _plain(data: JsonObject) -> Values:
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    hidden = frozenset(key for key, value in texts.items() if is_hidden(value))
    return Values({key: value for key, value in texts.items() if key not in hidden}, hidden)


def _made(resource: Resource, spec: JsonObject) -> Values:
    if resource.kind == "SealedSecret":
        template = _plain(mapping(mapping(spec, "template"), "data"))
        return Values(template.known, frozenset(mapping(spec, "encryptedData")))
    if resource.kind == "ExternalSecret" and not spec.get("dataFrom") and not mapping(spec, "target").get("template"):
        keys = frozenset(scalar(entry, "secretKey") for entry in listed(spec, "data"))
        return Values(hidden=keys, complete=bool(keys))
    return UNKNOWN


def _decode(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=False).decode()
    except (binascii.Error, ValueError):
        return None
