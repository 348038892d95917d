"""Reviews made by hand, in words that no engine's version changes: what reports are made from in these tests."""

from __future__ import annotations

import difflib
import os
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pytest_gitops.model import Finding, JsonObject, Location, ResourceId, Severity
from pytest_gitops.review.model import (
    Action,
    ClusterReview,
    Fate,
    FieldChange,
    FileChange,
    ImageChange,
    ObjectChange,
    PartChange,
    Review,
    Revision,
)

BASE = Revision("origin/main", "1f0c2d3e4b5a69788796a5b4c3d2e1f00f1e2d3c")
HEAD = Revision("HEAD", "9a8b7c6d5e4f30211203f4e5d6c7b8a99a8b7c6d", dirty=True)
EMPTY = Review(BASE, Revision("HEAD", BASE.commit))


def changed(before: JsonObject | None, after: JsonObject | None, **given: Any) -> ObjectChange:
    """Return the change from one object to another, with their diff; what differs besides is given."""
    one = after or before or {}
    action = Action.CHANGED if before and after else Action.ADDED if after else Action.REMOVED
    values: dict[str, Any] = {
        "id": ResourceId.of(one),
        "api_version": one["apiVersion"],
        "action": action,
        "fate": Fate.APPLIED if after else Fate.PRUNED,
        "owner_before": "flux-system/apps" if before else None,
        "owner_after": "flux-system/apps" if after else None,
        "before": before,
        "after": after,
        "diff": _diff(before, after),
    }
    return ObjectChange(**{**values, **given})


def _diff(before: JsonObject | None, after: JsonObject | None) -> str:
    sides = [yaml.safe_dump(one, sort_keys=False).splitlines(keepends=True) if one else [] for one in (before, after)]
    return "".join(list(difflib.unified_diff(*sides))[2:])


def deployment(name: str, tag: str, namespace: str = "web", replicas: int = 2) -> JsonObject:
    """Return a Deployment with one container."""
    container = {"name": name, "image": f"ghcr.io/example/{name}:{tag}", "env": [{"name": "MODE", "value": "full"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [container]}}},
    }


def claim(name: str) -> JsonObject:
    """Return a PersistentVolumeClaim."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "web"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}},
    }


def part(name: str, **given: Any) -> PartChange:
    """Return a Kustomization that is as it was, unless said otherwise."""
    values: dict[str, Any] = {
        "id": ResourceId("kustomize.toolkit.fluxcd.io", "Kustomization", "flux-system", name),
        "name": f"flux-system/{name}",
        "action": None,
        "location": Location("clusters/staging/apps.yaml", 1),
        "parent": "flux-system/flux-system",
        "outcome_before": "rendered",
        "outcome_after": "rendered",
    }
    return PartChange(**{**values, **given})


def base_review() -> Review:
    """Return a review in which one line of a base is refused in three objects, and in another one otherwise."""
    fields = (FieldChange(("spec", "replicas"), "2", "3"),)
    names = ("web", "shop", "jobs", "mail")
    objects = [changed(deployment(n, "1"), deployment(n, "1", replicas=3), fields=fields) for n in names]
    findings = tuple(
        Finding(
            rule="review-immutable-field",
            severity=Severity.ERROR,
            message=f"Deployment/web/{name}: spec.replicas is immutable. Kustomization flux-system/{name} fails{more}",
            location=Location("base/deployment.yaml", 7),
            resource=f"Deployment/web/{name}",
            remedy="Undo it.",
        )
        for name, more in zip(names, ("", "", "", " by chance"), strict=True)
    )
    return Review(BASE, HEAD, (ClusterReview("eu", None, objects=tuple(objects), findings=findings),))


def fleet_review() -> Review:
    """Return a review of three clusters with something of everything."""
    bump = changed(
        deployment("web", "1.4.0"),
        deployment("web", "1.5.0"),
        fields=(
            FieldChange(
                ("spec", "template", "spec", "containers", 0, "image"),
                '"ghcr.io/example/web:1.4.0"',
                '"ghcr.io/example/web:1.5.0"',
            ),
        ),
        location=Location("apps/web/base/deployment.yaml", 19),
    )
    lost = changed(claim("data"), None, location=Location("apps/web/base/claim.yaml", 1))
    gone = Finding(
        rule="review-data-at-risk",
        severity=Severity.ERROR,
        message="PersistentVolumeClaim/web/data is pruned, and its data with it",
        location=Location("apps/web/base/kustomization.yaml", 6),
        resource="PersistentVolumeClaim/web/data",
        remedy="annotate it with `kustomize.toolkit.fluxcd.io/prune: disabled` before it is taken off the list",
    )
    asleep = Finding(
        rule="review-suspended",
        severity=Severity.WARNING,
        message="Kustomization flux-system/jobs is suspended: 1 change waits until it is resumed",
        location=Location("clusters/production-eu/apps.yaml", 22),
        resource="Kustomization/flux-system/jobs",
        remedy="resume it, or say in the pull request that it waits",
    )
    scaled = changed(
        deployment("worker", "2.0.0"),
        deployment("worker", "2.0.0", replicas=0),
        owner_before="flux-system/jobs",
        owner_after="flux-system/jobs",
        fate=Fate.HELD_BACK,
        location=Location("apps/jobs/worker.yaml", 8),
    )
    moved = changed(
        deployment("proxy", "3.1"),
        deployment("proxy", "3.1"),
        action=Action.MOVED,
        owner_before="flux-system/apps",
        owner_after="flux-system/edge",
    )
    image = ImageChange("ghcr.io/example/web", "1.4.0", "1.5.0", ("Deployment/web/web",))
    new = changed(None, deployment("cache", "7.2"), location=Location("apps/cache/deployment.yaml", 1))
    release = PartChange(
        ResourceId("helm.toolkit.fluxcd.io", "HelmRelease", "monitoring", "loki"),
        "monitoring/loki",
        Action.CHANGED,
        Location("infrastructure/loki.yaml", 4),
        depends_on=("flux-system/infrastructure",),
        parent="flux-system/infrastructure",
        outcome_before="skipped",
        outcome_after="skipped",
        reason="source HelmRepository/monitoring/grafana is not fetched: --gitops-offline",
        chart_before="loki 6.6.0",
        chart_after="loki 6.7.0",
    )
    parts = (
        part("apps", depends_on=("flux-system/infrastructure",)),
        part("edge", depends_on=("flux-system/apps",), renamed_from="flux-system/ingress", action=Action.CHANGED),
        part("infrastructure"),
    )
    production = ClusterReview(
        "production-eu",
        None,
        (*parts, part("jobs", suspended=True, depends_on=("flux-system/apps",)), release),
        (lost, moved, scaled, bump),
        (image,),
        (gone, asleep),
    )
    other = ClusterReview("production-us", None, (*parts, release), (lost, moved, bump), (image,), (gone,))
    staging = ClusterReview("staging", None, parts[:1], (bump, new), (image,))
    both = ("production-eu", "production-us")
    files = (
        FileChange("apps/cache/deployment.yaml", "A", (("staging", ("flux-system/apps",)),)),
        FileChange("apps/web/base/deployment.yaml", "M", tuple((c, ("flux-system/apps",)) for c in (*both, "staging"))),
        FileChange("apps/web/base/claim.yaml", "D", tuple((c, ("flux-system/apps",)) for c in both)),
        FileChange("README.md", "M"),
    )
    notes = ("the base's cluster lab has no entry any more, so nothing is known of it",)
    return Review(BASE, HEAD, (production, other, staging), files, notes)


def skipped_review() -> Review:
    """Return a review of a cluster of which nothing can be rendered."""
    unknown = part(
        "far", outcome_before="skipped", outcome_after="skipped", reason="source GitRepository/x is elsewhere"
    )
    broken = part("broken", outcome_after="failed", reason="apps/x.yaml:3: no such file")
    return Review(BASE, HEAD, (ClusterReview("staging", None, (unknown, broken)),))


HOSTILE = (
    '<img src=x onerror="alert(1)"></script><script>window.hacked = 1</script> [x](javascript:alert(1)) `a` ```` b |'
    " @octocat #1 GH-2 !3 closes #4 https://evil.example/ www.evil.example a@evil.example :tada: $`x`$ \u2028"
    " \u202e\x1b[31m **bold** {{script}} &lt; ]]> --> <!-- \n/close\n```\n~~~"
)


def hostile_review() -> Review:
    """Return a review in which every text of the repository tries to be more than text."""
    obj = deployment("web", "1")
    obj["metadata"]["annotations"] = {"note": HOSTILE}
    id = ResourceId(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    place = Location(HOSTILE, 3)
    change = changed(deployment("web", "1"), obj, id=id, api_version=HOSTILE, location=place, owner_after=HOSTILE)
    raw = changed(None, obj, diff=f"+{HOSTILE}\n {HOSTILE}\n````\n/close\n", owner_after=HOSTILE)
    finding = Finding("review-x", Severity.ERROR, HOSTILE, place, str(id), (HOSTILE,), HOSTILE, (place,))
    strange = PartChange(
        id, HOSTILE, Action.ADDED, place, (HOSTILE,), HOSTILE, True, None, "failed", HOSTILE, HOSTILE, HOSTILE, HOSTILE
    )
    image = ImageChange(HOSTILE, HOSTILE, HOSTILE, (HOSTILE,))
    cluster = ClusterReview(HOSTILE, Action.ADDED, (strange,), (change, raw), (image,), (finding,))
    files = (FileChange(HOSTILE, "M", ((HOSTILE, (HOSTILE,)),)),)
    return Review(Revision(HOSTILE, HOSTILE), Revision(HOSTILE, HOSTILE), (cluster,), files, (HOSTILE,))


@cache
def large_review(objects: int, clusters: int = 4) -> Review:
    """Return a review in which each cluster has a share of ``objects`` changed objects, a fifth of them dangerous."""
    made = []
    for number in range(clusters):
        changes, findings = [], []
        names = [f"flux-system/app-{index:02}" for index in range(24)]
        for index in range(number, objects, clusters):
            name, owner = f"service-{index:04}", names[index % len(names)]
            before, after = (
                deployment(name, "1.0.0", f"team-{index % 9}"),
                deployment(name, "1.1.0", f"team-{index % 9}"),
            )
            after["spec"]["strategy"] = {"rollingUpdate": {"maxSurge": index, "maxUnavailable": 0}}
            sides: list[tuple[JsonObject | None, JsonObject | None]] = [(before, after), (None, after), (before, None)]
            place = Location(f"apps/{name}/deployment.yaml", 1)
            one, other = sides[(index // 5) % 3 if index % 2 else 0]
            change = changed(one, other, owner_before=owner, owner_after=owner, location=place)
            changes.append(change)
            if index % 5 == 0:
                severity = (Severity.ERROR, Severity.WARNING, Severity.INFO)[index % 3]
                message = f"{change.id} is one to look at"
                findings.append(Finding(f"review-{severity.value}", severity, message, place, str(change.id)))
        parts = tuple(
            part(f"app-{index:02}", depends_on=(names[index // 2],) if index else ()) for index in range(len(names))
        )
        images = tuple(
            ImageChange(f"ghcr.io/example/{c.id.name}", "1.0.0", "1.1.0", (str(c.id),)) for c in changes[:40]
        )
        made.append(ClusterReview(f"cluster-{number}", None, parts, tuple(changes), images, tuple(findings)))
    files = tuple(
        FileChange(
            f"apps/service-{index:04}/deployment.yaml",
            "M",
            ((f"cluster-{index % clusters}", (f"flux-system/app-{index % 24:02}",)),),
        )
        for index in range(objects)
    )
    return Review(BASE, HEAD, tuple(made), files)


def expected(name: str, made: str) -> str:
    """Return the text of a file in ``expected``; with GITOPS_WRITE_EXPECTED set, it is written first: read the diff."""
    file = Path(__file__).parent / "expected" / name
    if os.environ.get("GITOPS_WRITE_EXPECTED"):
        file.write_text(made, encoding="utf-8")
    return file.read_text(encoding="utf-8")
