"""An object that needs something which another Kustomization brings along, told once for each pair of the two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_gitops.checks.context import ClusterIndex, Owned
from pytest_gitops.checks.graph._order import Order
from pytest_gitops.checks.rule import FieldPath, Violation
from pytest_gitops.model import Kustomization, Part, Severity

Need = tuple[Owned, str, list[Owned], FieldPath]


def unordered(cluster: ClusterIndex, needs: Iterable[Need]) -> Iterator[Violation]:
    """Yield a violation for the first object of each part that may be applied before what it needs.

    A need is the object, what it needs in words, the objects that provide it (one of them will do), and the
    field that says so.
    """
    order = Order(cluster)
    told: set[tuple[str, str]] = set()
    for user, what, providers, path in needs:
        if (user.owner.name, what) in told:
            continue
        if any(order.settled(provider.owner, user.owner) for provider in providers):
            continue
        told.add((user.owner.name, what))
        yield _violation(order, user, what, providers[0].owner, path)


def _violation(order: Order, user: Owned, what: str, provider: Part, path: FieldPath) -> Violation:
    needs = f"{user.resource.id} needs {what}, which {_said(provider)} creates"
    if order.settled(user.owner, provider):
        # Flux applies nothing of a Kustomization whose dry run fails, so what it declares never comes to be. What a
        # chart brings may have been installed by hand before.
        remedy = f"Move it to where {what} is, or into a Kustomization that depends on {_dependable(order, provider)}."
        severity = Severity.ERROR if isinstance(provider, Kustomization) else None
        return Violation(f"{needs}, but that comes later", path, user.resource, remedy=remedy, severity=severity)
    message = f"{needs}; {_said(user.owner)} does not depend on that one"
    return Violation(message, path, user.resource, remedy=_remedy(order, user.owner, provider))


def _remedy(order: Order, user: Part, provider: Part) -> str:
    """Kustomizations depend on Kustomizations, and HelmReleases on HelmReleases."""
    if user.id.kind != provider.id.kind:
        user, provider = order.carrier(user), order.carrier(provider)
    entry = f"{{name: {provider.id.name}, namespace: {provider.id.namespace}}}"
    if user.name == provider.name:
        return f"Move one of them out of {_said(user)}, and add `dependsOn: [{entry}]` to the one that comes later."
    return f"Add `dependsOn: [{entry}]` to {_said(user)}."


def _dependable(order: Order, provider: Part) -> str:
    carrier = order.carrier(provider)
    return f"{carrier.id.namespace}/{carrier.id.name}"


def _said(part: Part) -> str:
    return f"{part.id.kind} {part.id.namespace}/{part.id.name}"
