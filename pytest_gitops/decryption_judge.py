"""What renders say of what SOPS encrypted, as hits of the rules for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_gitops.checks.context import ClusterIndex, FleetIndex
from pytest_gitops.checks.policy.sops_state import decryption_missing, sops_key, sops_mac, sops_metadata
from pytest_gitops.checks.results import Hit
from pytest_gitops.checks.rule import Rule, Violation
from pytest_gitops.model import Encrypted, Kustomization, Resource

_DISABLED = ("kustomize.toolkit.fluxcd.io/decrypt", "disabled")


def judge_decryption(index: FleetIndex, rules: Sequence[Rule]) -> Iterator[Hit]:
    """Yield a hit for each encrypted thing that isn't as it should be."""
    active = {rule.id: rule for rule in rules}
    decrypting = any(k.rendered and k.rendered.secrets for c in index.fleet.clusters for k in c.kustomizations)
    for cluster in index.clusters:
        for kustomization in cluster.cluster.kustomizations:
            for id, violation, subject in _violations(kustomization, decrypting=decrypting):
                if id in active:
                    target: ClusterIndex = cluster.target(kustomization)
                    yield Hit(active[id], violation, target, kustomization, subject or kustomization)


def _violations(kustomization: Kustomization, *, decrypting: bool) -> Iterator[tuple[str, Violation, Resource | None]]:
    rendered = kustomization.rendered
    if rendered is None:
        return
    for encrypted in rendered.encrypted:
        subject = next((r for r in rendered if str(r.id) == encrypted.resource), None)
        name = encrypted.location.file if encrypted.location else encrypted.resource
        if encrypted.problem == "mac":
            message = f"{name} was changed without SOPS: its message authentication code doesn't fit its content"
            yield sops_mac.id, Violation(message, location=encrypted.location), subject
        elif encrypted.problem == "metadata":
            message = (
                f"{name} holds encrypted values without the metadata to decrypt them; Flux applies them as they are"
            )
            yield sops_metadata.id, Violation(message, location=encrypted.location), subject
        elif encrypted.problem == "key" and (rendered.secrets or not decrypting):
            message = f"{name} is encrypted for {_names(encrypted)}, which none of the keys given decrypts"
            yield sops_key.id, Violation(message, location=encrypted.location), subject
    if not (kustomization.spec.get("decryption") or {}).get("provider"):
        for resource in rendered:
            if _is_encrypted(resource):
                message = f"{resource.id} is encrypted by SOPS, and Kustomization {kustomization.name} doesn't decrypt"
                yield decryption_missing.id, Violation(message), resource


def _names(encrypted: Encrypted) -> str:
    return " or ".join(encrypted.wanted[:3]) or "another key"


def _is_encrypted(resource: Resource) -> bool:
    """Tell whether kustomize-controller takes an object for an encrypted Secret (IsEncryptedSecret of version 1.9)."""
    if resource.kind != "Secret" or resource.id.group or '"sops"' not in resource.text:
        return False
    key, value = _DISABLED
    return "sops" in resource.object and str(resource.annotations.get(key) or "").lower() != value
