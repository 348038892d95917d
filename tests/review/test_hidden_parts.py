"""Parts of which one revision can't tell whether it has them: what declares them isn't rendered there."""

from __future__ import annotations

from pathlib import Path

from fleet_files import bootstrap, config_map, kustomization, overlay, write_files
from git_repositories import commit, committed

from pytest_gitops import load_review
from pytest_gitops.model import Severity


def test_what_a_lost_parents_children_declare_is_not_gone(tmp_path: Path) -> None:
    files = bootstrap("production")
    files["clusters/production/apps.yaml"] = kustomization("apps", "./apps")
    files["apps/web.yaml"] = kustomization("web", "./web")
    files["web/kustomization.yaml"] = overlay("config.yaml")
    files["web/config.yaml"] = config_map("web", greeting="hello")
    root = committed(tmp_path, files)
    write_files(root, {"clusters/production/broken.yaml": "kind: ["})
    (cluster,) = load_review(root, base="main").clusters
    assert [(part.name, part.action, part.outcome_after, part.known) for part in cluster.parts] == [
        ("flux-system/flux-system", None, "failed", False),
        ("flux-system/apps", None, None, False),
        ("flux-system/web", None, None, False),
    ]
    assert cluster.objects == ()
    assert not [finding for finding in cluster.findings if finding.severity is not Severity.INFO]


LEFT = "  namespace: flux-system\n  annotations:\n    kustomize.toolkit.fluxcd.io/reconcile: disabled\n"


def test_what_flux_is_asked_to_leave_alone_goes_on_as_it_is(tmp_path: Path) -> None:
    files = bootstrap("production")
    files["clusters/production/apps.yaml"] = kustomization("apps", "./apps")
    files["apps/web.yaml"] = kustomization("web", "./web")
    files["web/kustomization.yaml"] = overlay("config.yaml")
    files["web/config.yaml"] = config_map("web", greeting="hello")
    root = committed(tmp_path, files)
    alone = files["clusters/production/apps.yaml"].replace("  namespace: flux-system\n", LEFT)
    write_files(root, {"clusters/production/apps.yaml": alone})
    (cluster,) = load_review(root, base="main").clusters
    why = "Flux leaves it as it is in the cluster, because of kustomize.toolkit.fluxcd.io/reconcile: disabled"
    assert [(part.name, part.action, part.outcome_after, part.known, part.reason) for part in cluster.parts] == [
        ("flux-system/flux-system", None, "rendered", True, None),
        ("flux-system/apps", None, None, False, why),
        ("flux-system/web", None, None, False, None),
    ]
    assert [(str(change.id), change.action.value, change.fate.value) for change in cluster.objects] == [
        ("Kustomization/flux-system/apps", "changed", "held back")
    ]
    commit(root)
    write_files(root, {"clusters/production/apps.yaml": files["clusters/production/apps.yaml"]})
    (cluster,) = load_review(root, base="main").clusters
    assert [(str(change.id), change.action.value, change.fate.value) for change in cluster.objects] == [
        ("Kustomization/flux-system/apps", "changed", "applied")
    ]


def test_a_directory_deleted_without_git_is_gone(tmp_path: Path) -> None:
    root = committed(tmp_path, bootstrap("production") | bootstrap("staging"))
    for file in sorted((root / "clusters/staging").rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    told = [finding.message for cluster in load_review(root, base="main").clusters for finding in cluster.findings]
    commit(root)
    assert told == [
        finding.message for cluster in load_review(root, base="main~1").clusters for finding in cluster.findings
    ]
    assert [message.partition(":")[0] for message in told] == ["Cluster staging leaves Git"]
