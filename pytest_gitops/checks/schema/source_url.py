"""The URL of a source is one that source-controller can use with what else the source says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_gitops.checks.context import is_unknown
from pytest_gitops.checks.rule import Violation, rule
from pytest_gitops.model import Resource

_OCI = "oci://"
_GROUP = "source.toolkit.fluxcd.io"
_REPOSITORY = re.compile(r"[a-z0-9_./-]{2,255}")


@rule(
    "source-url",
    check="schema",
    set="essential",
    severity="error",
    kinds=(f"HelmRepository.{_GROUP}", f"OCIRepository.{_GROUP}"),
    description="A HelmRepository has `type: oci` just where its URL begins with `oci://`, and the URL of an "
    "OCIRepository names a repository without a tag or digest. The API server takes others, and source-controller "
    "never gets anything from them.",
    remedy="Correct the URL, or the field beside it.",
    source="https://fluxcd.io/flux/components/source/helmrepositories/#helm-oci-repository",
    passing=[
        """
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: flux-system}
spec: {interval: 1h, type: oci, url: "oci://registry.example.com/charts"}
""",
        """
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: web, namespace: flux-system}
spec: {interval: 1h, url: "oci://registry.example.com:5000/charts/web", ref: {tag: 1.0.0}}
""",
    ],
    failing=[
        """
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: flux-system}
spec: {interval: 1h, url: "oci://registry.example.com/charts"}
""",
        """
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: flux-system}
spec: {interval: 1h, type: oci, url: "https://charts.example.com"}
""",
        """
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: web, namespace: flux-system}
spec: {interval: 1h, url: "oci://registry.example.com/charts/web:1.0.0"}
""",
    ],
)
def source_url(resource: Resource) -> Iterator[Violation]:
    """Yield a violation where the URL doesn't fit the source.

    Source: source-controller 1.9, ``OCIRepositoryReconciler.parseRepository`` and its HelmRepository reconciler.
    """
    url = str(resource.spec.get("url") or "")
    if not url or is_unknown(url) or "$" in url:
        return
    if resource.kind == "HelmRepository":
        is_oci = resource.spec.get("type") == "oci"
        if is_oci != url.startswith(_OCI):
            has, needs = ("type: oci", "a URL with oci://") if is_oci else ("a URL with oci://", "type: oci")
            yield Violation(f"HelmRepository {resource.name} has {has}, which needs {needs}", ("spec", "url"))
        return
    _host, _slash, repository = url.removeprefix(_OCI).partition("/")
    named, colon, tag = repository.partition("@" if "@" in repository else ":")
    if colon:
        remedy = f"Write the URL without it, and ref: {{{'digest' if '@' in repository else 'tag'}: {tag}}}."
        message = f"OCIRepository {resource.name} has a tag or digest in its URL: {repository}"
        yield Violation(message, ("spec", "url"), remedy=remedy)
    elif url.startswith(_OCI) and not _REPOSITORY.fullmatch(named.rstrip("/")):
        message = f"OCIRepository {resource.name} names no repository that a registry can have: {repository or url}"
        remedy = "Write it as oci://registry/repository, the repository in lower case."
        yield Violation(message, ("spec", "url"), remedy=remedy)
