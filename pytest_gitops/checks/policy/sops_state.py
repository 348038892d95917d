"""What SOPS encrypted is what it wrote, and what the cluster can decrypt; the render tells."""

from __future__ import annotations

from pytest_gitops.checks.rule import Rule, Scope
from pytest_gitops.model import Severity

_SOURCE = "https://fluxcd.io/flux/guides/mozilla-sops/"


def _rule(id: str, description: str, remedy: str, source: str = _SOURCE) -> Rule:
    return Rule(
        id=id,
        check="policy",
        set="essential",
        severity=Severity.ERROR,
        description=description,
        remedy=remedy,
        source=source,
        scope=Scope.KUSTOMIZATION,
    )


sops_key = _rule(
    "sops-key",
    "The keys that the run was given decrypt what SOPS encrypted. Told where they decrypt nothing at all, or something "
    "else of the same Kustomization; another one's may well be encrypted for a key of its own. Keys that SOPS finds in "
    "the user's own configuration are not given for the run.",
    "Give the key that it is encrypted for, or encrypt it for the cluster's: `sops updatekeys <file>`.",
)
sops_mac = _rule(
    "sops-mac",
    "Every file that SOPS encrypted is as SOPS wrote it: its message authentication code fits its content. Flux "
    "doesn't look at that and applies what was changed, added or left out; `sops` refuses the file. Told where a key "
    "for it is here.",
    "Restore the file from before it was changed by hand and make the change with `sops edit`; where the change is "
    "meant, `sops edit --ignore-mac` writes a new code.",
    "https://getsops.io/docs/#message-authentication-code",
)
sops_metadata = _rule(
    "sops-metadata",
    "What holds encrypted values also holds what SOPS needs to decrypt them. Without it Flux takes it for plain, and "
    "applies the encrypted text as the value.",
    "Restore the file: its end, or the key `sops`, is missing.",
)
decryption_missing = _rule(
    "decryption-missing",
    "A Kustomization that applies a Secret which SOPS encrypted has `spec.decryption`: kustomize-controller refuses it "
    "otherwise.",
    "Add `spec.decryption` with `provider: sops` and the Secret with the keys, or move the Secret to a Kustomization "
    "that has it.",
)
