"""A file that SOPS encrypted is encrypted as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from yaml.nodes import MappingNode, Node

from pytest_gitops.checks.policy._secrets import stands_for
from pytest_gitops.checks.policy._sops import leaves, metadata, unencrypted
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.checks.sources import SourceFile, line_of, scalar
from pytest_gitops.model import Location


@rule(
    "sops-incomplete",
    set="essential",
    severity="error",
    scope=Scope.FILE,
    files=("*.yaml", "*.yml", "*.json"),
    description="Every value that a SOPS file's `encrypted_regex` (or `encrypted_suffix`, `unencrypted_regex`, "
    "`unencrypted_suffix`) selects is encrypted, and a file named `*.sops.yaml` is encrypted at all. A value that "
    "was added by hand is readable by anyone, and decryption of the file fails.",
    remedy="Encrypt the file again: `sops --encrypt --in-place <file>` for one that never was, `sops <file>` to "
    "edit one that is. If the value was pushed, replace it.",
    source="https://github.com/getsops/sops#encrypting-only-parts-of-a-file",
    passing=[
        """
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {token: "ENC[AES256_GCM,data:aW4=,iv:aXY=,tag:dGFn,type:str]", empty: ""}
sops: {mac: "ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]", encrypted_regex: "^(data|stringData)$"}
"""
    ],
    failing=[
        """
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {token: "ENC[AES256_GCM,data:aW4=,iv:aXY=,tag:dGFn,type:str]", added: by-hand, too: by-hand}
sops: {mac: "ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]", encrypted_regex: "^(data|stringData)$"}
"""
    ],
)
def sops_incomplete(file: SourceFile) -> Iterator[Violation]:
    """Yield one violation for each document that isn't wholly encrypted."""
    named = ".sops." in file.path.rpartition("/")[2][1:]
    if not named and "sops" not in file.text:
        return
    for document in file.documents:
        if isinstance(document, MappingNode):
            if named and metadata(document) is None:
                yield from _never(file, document)
            yield from _partly(file, document)


def _never(file: SourceFile, document: Node) -> Iterator[Violation]:
    """A plaintext Secret is told as such, by the rule for it; a template's values are yet to be filled in."""
    is_template = all(stands_for(str(leaf.node.value)) for leaf in leaves(document))
    if document.value and scalar(document, "kind") != "Secret" and not is_template:
        place = Location(file.path, line_of(document))
        yield Violation("named as a SOPS file, but not encrypted", location=place)


def _partly(file: SourceFile, document: Node) -> Iterator[Violation]:
    leaves = list(unencrypted(document))
    if leaves:
        more = f" and {len(leaves) - 1} more" if len(leaves) > 1 else ""
        place = Location(file.path, line_of(leaves[0].node))
        yield Violation(f"{'.'.join(leaves[0].path)}{more} in a SOPS file is not encrypted", location=place)
