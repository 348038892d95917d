"""Keeps what is secret at either revision out of what the rules of a review say."""

from __future__ import annotations

from dataclasses import replace

from pytest_gitops.checks.results import Hit
from pytest_gitops.hiding import Hiding
from pytest_gitops.model import Part
from pytest_gitops.redaction import ClusterSecrets
from pytest_gitops.review.comparison import ClusterComparison


class Silence:
    """Takes out of the hits about one cluster what its parts took out of Secrets, and all that was decrypted."""

    def __init__(self, cluster: ClusterComparison) -> None:
        self._cluster = cluster
        sides = (cluster.base, cluster.head)
        self._secrets = tuple(ClusterSecrets(index.cluster) if index else None for index in sides)
        self._decrypted = frozenset(
            secret
            for index in sides
            for part in (index.cluster.parts if index else ())
            for secret in (part.rendered.secrets if part.rendered else ())
        )
        self._hidings: dict[int, Hiding] = {}

    def __call__(self, hit: Hit) -> Hit:
        """Return a hit whose message has no secret."""
        message = self._of(hit.part)(hit.violation.message)
        return replace(hit, violation=replace(hit.violation, message=message))

    def _of(self, owner: Part | None) -> Hiding:
        if id(owner) not in self._hidings:
            self._hidings[id(owner)] = Hiding({*self._decrypted, *((owner and self._values(owner)) or ())})
        return self._hidings[id(owner)]

    def _values(self, owner: Part) -> set[str]:
        pair = self._cluster.pair(owner) or self._cluster.pair(owner, head=False)
        sides = (pair.before, pair.after) if pair else ()
        found = (secrets.of(part) for secrets, part in zip(self._secrets, sides, strict=False) if secrets and part)
        return {value for secrecy in found for value in (*secrecy.values, *secrecy.whole)}
