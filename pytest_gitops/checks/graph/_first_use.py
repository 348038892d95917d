"""An object that needs something which another Kustomization brings along, told once for each pair of the two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_gitops.checks.context import ClusterIndex, Owned
from pytest_gitops.checks.graph._order import Order
from pytest_gitops.checks.rule import FieldPath, Violation
from pytest_gitops.model import Severity

Need = tuple[Owned, str, list[Owned], FieldPath]


def unordered(cluster: ClusterIndex, needs: Iterable[Need]) -> Iterator[Violation]:
    """Yield a violation for the first object of each Kustomization that may be applied before what it needs.

    A need is the object, what it needs in words, the objects that provide it (one of them will do), and the
    field that says so.
    """
    order = Order(cluster)
    told: set[tuple[str, str]] = set()
    for user, what, providers, path in needs:
        if (user.kustomization.name, what) in told:
            continue
        if any(order.settled(provider.kustomization, user.kustomization) for provider in providers):
            continue
        told.add((user.kustomization.name, what))
        provider = providers[0].kustomization
        message = (
            f"{user.resource.id} needs {what}, which Kustomization {provider.name} creates; "
            f"Kustomization {user.kustomization.name} does not depend on that one"
        )
        if order.settled(user.kustomization, provider):
            # Flux applies nothing of a Kustomization whose dry run fails, so what it declares never comes to be.
            remedy = f"Move it to where {what} is, or into a Kustomization that depends on {provider.name}."
            message = (
                f"{user.resource.id} needs {what}, which Kustomization {provider.name} creates, but that comes later"
            )
            yield Violation(message, path, user.resource, remedy=remedy, severity=Severity.ERROR)
            continue
        remedy = (
            f"Add `dependsOn: [{{name: {provider.id.name}, namespace: {provider.id.namespace}}}]` to Kustomization "
            f"{user.kustomization.name}."
        )
        yield Violation(message, path, user.resource, remedy=remedy)
