"""No Secret is kept in Git for all to read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from yaml.nodes import MappingNode, Node, ScalarNode

from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.nodes import documents
from pytest_gitops.checks.overlay_file import items
from pytest_gitops.checks.policy._secrets import is_plaintext
from pytest_gitops.checks.policy._sops import metadata
from pytest_gitops.checks.rule import Scope, Violation, rule
from pytest_gitops.checks.sources import SourceFile, child, line_of, scalar
from pytest_gitops.model import Location

# The first begins with plain text, for which Python looks many times as fast as for what the second begins with.
_NAMES_ONE = re.compile(r"""kind["']?:\s*["']?(?:Secret|SecretList|List)\b""")
_IS_ONE = re.compile(r"""(?:^["']?kind["']?:\s*["']?|"kind":\s*")(?:Secret|SecretList|List)\b""", re.MULTILINE)

# In a file for a generator; one that a comment shows is no key.
_HOLDS_A_KEY = re.compile(r"^(?![ \t]*#).*(-----BEGIN [A-Z ]*PRIVATE KEY-----|AGE-SECRET-KEY-1)", re.MULTILINE)

Found = tuple[str, Location]


@rule(
    "plaintext-secret",
    set="essential",
    severity="error",
    scope=Scope.FILE,
    files=("*.yaml", "*.yml", "*.json", "Kustomization"),
    description="No Secret, and no `secretGenerator`, holds a value that anyone with access to the repository can "
    "read. Values that stand for one kept elsewhere (`${VARIABLE}`, templates, `op://…`), public keys and "
    "certificates are none, nor are hosts, regions, names and addresses without a password. Base64 hides nothing.",
    remedy="Encrypt the file with SOPS, or make the Secret from a store (ExternalSecret, SealedSecret). "
    "If the value was pushed, replace it.",
    source="https://fluxcd.io/flux/security/secrets-management/",
    passing=[
        """
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {token: "${TOKEN}", username: flux, insecure: "true", AWS_REGION: eu-west-1, url: "redis://cache:6379"}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
data: {cosign.pub: LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0=}
---
apiVersion: v1
kind: Secret
metadata: {name: encrypted}
data: {token: "ENC[AES256_GCM,data:aW4=,iv:aXY=,tag:dGFn,type:str]"}
sops: {mac: "ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]", encrypted_regex: "^(data|stringData)$"}
"""
    ],
    failing=[
        """
apiVersion: v1
kind: Secret
metadata: {name: token}
data: {username: Zmx1eA==, password: aHVudGVyMg==}
""",
        """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
secretGenerator: [{name: token, literals: [token=hunter2]}]
""",
    ],
)
def plaintext_secret(file: SourceFile, fleet: FleetIndex) -> Iterator[Violation]:
    """Yield one violation for each Secret, and each generator of one, that anyone can read."""
    for document in documents(file.documents) if _may_hold_one(file.text) else ():
        if scalar(document, "kind") == "Secret" and metadata(document) is None:
            name = scalar(document, "metadata", "name")
            yield from _violation(f"Secret {name}", list(_of_secret(file, document)))
        for generator in items(document, "secretGenerator"):
            name = scalar(generator, "name")
            yield from _violation(f"secretGenerator {name}", list(_of_generator(file, fleet, generator)))


def _may_hold_one(text: str) -> bool:
    return "secretGenerator" in text or (_NAMES_ONE.search(text) is not None and _IS_ONE.search(text) is not None)


def _violation(what: str, found: list[Found]) -> Iterator[Violation]:
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield Violation(f"{what} holds {found[0][0]}{more} unencrypted", location=found[0][1])


def _of_secret(file: SourceFile, document: Node) -> Iterator[Found]:
    for field in ("data", "stringData"):
        values = child(document, field)
        for key, value in values.value if isinstance(values, MappingNode) else ():
            if isinstance(value, ScalarNode) and is_plaintext(key.value, value.value, encoded=field == "data"):
                yield key.value, Location(file.path, line_of(key))


def _of_generator(file: SourceFile, fleet: FleetIndex, generator: Node) -> Iterator[Found]:
    for literal in items(generator, "literals"):
        yield from _of_line(str(literal.value), Location(file.path, line_of(literal)))
    for name in (*items(generator, "envs"), *filter(None, [child(generator, "env")])):
        lines = fleet.files.named_in(file, str(name.value))
        if "sops_mac=" not in lines.text:
            # What is left of SOPS' metadata in a file that was cut is no secret.
            for number, line in enumerate(lines.lines, 1):
                yield from () if line.startswith("sops_") else _of_line(line, Location(lines.path, number))
    for entry in items(generator, "files"):
        source = fleet.files.named_in(file, str(entry.value).rpartition("=")[2])
        if _HOLDS_A_KEY.search(source.text):
            yield f"the private key in {source.path}", Location(file.path, line_of(entry))


def _of_line(text: str, location: Location) -> Iterator[Found]:
    key, separator, value = text.strip().partition("=")
    if separator and not key.startswith("#") and is_plaintext(key, value.strip("\"'")):
        yield key, location
