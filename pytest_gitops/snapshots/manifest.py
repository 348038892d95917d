"""From a part's objects to the text of its snapshot: redacted, normalised, in one order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_gitops.model import HelmRelease, JsonObject, Part, Rendered
from pytest_gitops.objects import mapping, name_of, namespace_of, without_hash
from pytest_gitops.redaction import PLAIN, Redactor, Secrecy
from pytest_gitops.snapshots.options import Fold, SnapshotOptions
from pytest_gitops.snapshots.rules import apply, digest
from pytest_gitops.snapshots.yaml_text import to_yaml

HEADER = "# What this renders to, without secrets and noise. Made by pytest-gitops: --snapshot-update writes it anew.\n"

# The ten characters that kustomize appends to the names of generated ConfigMaps and Secrets.
_HASHED = ("ConfigMap", "Secret")
_NAME = r"(?<![a-z0-9.-]){}(?![a-z0-9-])"


@dataclass(frozen=True, slots=True)
class Normaliser:
    """Turns objects into what a snapshot says of them."""

    options: SnapshotOptions
    redactor: Redactor

    def text(self, objects: Iterable[JsonObject], secrecy: Secrecy = PLAIN, *, random: bool = False) -> str:
        """Return the snapshot of these objects: one YAML document each, whatever order they come in."""
        documents = self.objects(objects, secrecy, random=random)
        return HEADER + "".join(f"---\n{to_yaml(document)}" for document in documents)

    def objects(
        self, objects: Iterable[JsonObject], secrecy: Secrecy = PLAIN, *, random: bool = False
    ) -> list[JsonObject]:
        """Return the objects without secrets and noise, by kind, namespace and name.

        ``random`` says that what makes them gives other values at each render.
        """
        redacted = [self.redactor.redact(obj, secrecy) for obj in objects]
        named = without_hashes(redacted) if self.options.names else redacted
        rules = [rule for rule in self.options.rules if random or not rule.random]
        return sorted((folded(apply(rules, obj), self.options.fold) for obj in named), key=_order)


def objects_of(part: Part) -> list[JsonObject]:
    """Return the objects that a rendered part makes, a HelmRelease's hooks among them."""
    hooks = part.hooks if isinstance(part, HelmRelease) else ()
    return [resource.object for resource in (*(part.rendered or Rendered(())), *hooks)]


def is_random(part: Part) -> bool:
    """Return whether a part gives other values at each render."""
    return isinstance(part, HelmRelease) and part.chart is not None and "random" in part.chart.uses


def without_hashes(objects: Sequence[JsonObject]) -> list[JsonObject]:
    """Return the objects without the hash suffixes of generated names, there and wherever they are referred to."""
    names = {name for obj in objects if obj.get("kind") in _HASHED and without_hash(name := name_of(obj)) != name}
    if not names:
        return list(objects)
    pattern = re.compile(_NAME.format(f"({'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))})"))

    def shortened(found: re.Match[str]) -> str:
        return f"{without_hash(found[0])}-<hash>"

    return [_mapped(obj, lambda text: pattern.sub(shortened, text)) for obj in objects]


def folded(obj: JsonObject, fold: Fold) -> JsonObject:
    """Return an object with digests for its long texts."""

    def short(text: str) -> str:
        if len(text) <= fold.word or not _is_long(text, fold):
            return text
        lines = text.count("\n") + (not text.endswith("\n"))
        size = f"{lines} lines" if lines > 1 else f"{len(text)} characters"
        return f"<folded {digest(text)}, {size}>"

    changed: JsonObject = _mapped(obj, short)
    return changed


def _is_long(text: str, fold: Fold) -> bool:
    if len(text) > fold.characters or text.count("\n") >= fold.lines:
        return True
    return any(len(word) > fold.word for word in text.split())


def _mapped(value: Any, change: Any) -> Any:
    if isinstance(value, dict):
        return {change(key): _mapped(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _order(obj: JsonObject) -> tuple[str, ...]:
    group = str(obj.get("apiVersion") or "").rpartition("/")[0]
    names = (str(obj.get("kind")), namespace_of(obj), name_of(obj) or str(mapping(obj, "metadata").get("generateName")))
    return (*names, group, json.dumps(obj, sort_keys=True))
