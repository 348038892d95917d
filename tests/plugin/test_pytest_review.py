"""--gitops-base and --gitops-changed: items, failures, the user's own tests; alone and with workers."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet_files import Files, bootstrap, config_map, kustomization, namespace, overlay, two_clusters, write_files
from git_repositories import commit, committed
from running import CANARY, PRODUCTION, STAGING, Run, collected, outcomes

import pytest_gitops
from pytest_gitops.model import Fleet

APPS = {name: f"{node}::flux-system/apps" for name, node in (("production", PRODUCTION), ("staging", STAGING))}
CHECKS = ("build", "schema", "references", "policy")


@pytest.fixture
def committed_fleet(pytester: pytest.Pytester) -> Path:
    """Two healthy clusters with a namespace each, committed, as the current directory."""
    return committed(pytester.path, fleet())


def fleet() -> Files:
    """Return two clusters whose apps hold a namespace of their own, and what each of them needs."""
    files = two_clusters() | {".gitignore": ".pytest_cache/\n__pycache__/\n"}
    for cluster in ("production", "staging"):
        files[f"apps/{cluster}/namespace.yaml"] = namespace("web")
        files[f"apps/{cluster}/kustomization.yaml"] = (
            overlay("../base", "namespace.yaml") + f"commonAnnotations: {{cluster: {cluster}}}\n"
        )
    return files


def reviewed(result: pytest.RunResult) -> dict[str, str]:
    """Return the outcomes of the review items."""
    return {node: outcome for node, outcome in outcomes(result).items() if node.endswith("::review")}


def test_only_what_changes_is_reviewed(committed_fleet: Path, run_checks: Run) -> None:
    write_files(committed_fleet, {"apps/base/config.yaml": config_map("web", greeting="good morning")})
    result = run_checks("--gitops-base=main", "-v")
    result.assert_outcomes(passed=22)
    assert reviewed(result) == {f"{node}::review": "PASSED" for node in APPS.values()}
    assert result.ret == 0


def test_without_a_change_nothing_is_reviewed(committed_fleet: Path, run_checks: Run) -> None:
    result = run_checks("--gitops-base=main", "-v")
    assert reviewed(result) == {}
    assert "main" in "\n".join(line for line in result.outlines if "no change in any cluster" in line)


def test_a_danger_fails_the_part_that_it_is_about(committed_fleet: Path, run_checks: Run) -> None:
    files = {"apps/staging/kustomization.yaml": overlay("../base") + "commonAnnotations: {cluster: staging}\n"}
    write_files(committed_fleet, files)
    (committed_fleet / "apps/staging/namespace.yaml").unlink()
    result = run_checks("--gitops-base=main", "--gitops-check=review", "-v", "--tb=short")
    assert reviewed(result) == {f"{APPS['staging']}::review": "FAILED"}
    result.stdout.fnmatch_lines(
        [
            "*apps/staging/namespace.yaml:*: Namespace web is deleted*",
            "  in Namespace/web",
            "  remedy: *",
            "  rule: review-namespace-removed",
        ]
    )


def test_an_annotation_at_the_base_excuses(committed_fleet: Path, run_checks: Run) -> None:
    file = committed_fleet / "apps/staging/namespace.yaml"
    notes = '  annotations: {ignore.pytest-gitops/review-namespace-removed: "it holds nothing"}\n'
    file.write_text(file.read_text(encoding="utf-8") + notes, encoding="utf-8")
    commit(committed_fleet)
    file.write_text(namespace("other"), encoding="utf-8")
    result = run_checks("--gitops-base=main", "--gitops-check=review", "-v")
    assert reviewed(result) == {f"{APPS['staging']}::review": "PASSED"}


def test_a_rule_is_configured_as_any_other(committed_fleet: Path, run_checks: Run) -> None:
    text = "checks:\n  rules:\n    review-namespace-removed: off\n"
    write_files(committed_fleet, {".pytest-gitops.yaml": text})
    commit(committed_fleet)
    write_files(committed_fleet, {"apps/staging/namespace.yaml": namespace("other")})
    result = run_checks("--gitops-base=main", "--gitops-check=review", "-v")
    assert reviewed(result) == {f"{APPS['staging']}::review": "PASSED"}


def test_what_no_part_of_head_holds_is_told_of_its_cluster(committed_fleet: Path, run_checks: Run) -> None:
    (committed_fleet / "clusters/staging/apps.yaml").unlink()
    result = run_checks("--gitops-base=main", "--gitops-check=review", "-v")
    assert set(reviewed(result)) == {f"{STAGING}::flux-system/flux-system::review", f"{STAGING}::review"}


def test_a_removed_cluster_is_told_of_the_first(committed_fleet: Path, run_checks: Run) -> None:
    for path in sorted((committed_fleet / "clusters/staging").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    result = run_checks("--gitops-base=main", "--gitops-check=review", "-v")
    assert list(reviewed(result)) == [f"{PRODUCTION}::review"]


def test_what_does_not_build_is_not_told_as_removed(committed_fleet: Path, run_checks: Run) -> None:
    write_files(committed_fleet, {"apps/staging/kustomization.yaml": overlay("absent.yaml")})
    result = run_checks("--gitops-base=main", "--gitops-check=review", "-v")
    assert reviewed(result) == {f"{APPS['staging']}::review": "PASSED"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--gitops-base=mian"],
            "ERROR: gitops: --gitops-base: 'mian' names no commit of this clone; did you mean 'main'?",
        ),
        (
            ["--gitops-check=review"],
            "ERROR: --gitops-check: review needs something to compare with; give --gitops-base=REF",
        ),
        (
            ["--gitops-changed"],
            (
                "ERROR: gitops: --gitops-base: the clone does not know which branch is origin's default; give "
                "--gitops-base=REF, or have Git learn it by `git remote set-head origin --auto`"
            ),
        ),
    ],
)
def test_what_cannot_be_compared_ends_the_run(
    committed_fleet: Path, run_checks: Run, arguments: list[str], said: str
) -> None:
    result = run_checks(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert [line for line in result.errlines if line.startswith("ERROR")] == [said]


def test_the_ini_file_names_a_base_and_an_option_takes_it_back(committed_fleet: Path, run_checks: Run) -> None:
    write_files(committed_fleet, {"pytest.ini": "[pytest]\ngitops_base = main\n"})
    commit(committed_fleet)
    write_files(committed_fleet, {"apps/staging/namespace.yaml": namespace("web") + "  labels: {a: b}\n"})
    assert reviewed(run_checks("-v")) == {f"{APPS['staging']}::review": "PASSED"}
    assert reviewed(run_checks("-v", "--gitops-base=")) == {}


def test_head_and_base_are_rendered_once(
    committed_fleet: Path, run_checks: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(committed_fleet, {"apps/staging/namespace.yaml": namespace("other")})
    loads = committed_fleet.parent / f"{committed_fleet.name}-loads"
    load = pytest_gitops.load

    def counted(*args: object, **options: object) -> Fleet:
        with loads.open("a", encoding="utf-8") as file:
            file.write("load\n")
        return load(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("pytest_gitops.load", counted)
    result = run_checks("--gitops-base=main", "--gitops-changed", "-v")
    assert set(reviewed(result)) == {f"{APPS['staging']}::review"}
    assert loads.read_text(encoding="utf-8") == "load\nload\n"


REVIEWING = """\
def test_no_namespace_goes(gitops_review):
    gone = [o.id for c in gitops_review.clusters for o in c.objects if o.action.value == "removed"]
    assert [str(id) for id in gone] == []
"""


def test_the_users_own_test_of_a_review(committed_fleet: Path, run_checks: Run) -> None:
    write_files(committed_fleet, {"test_own.py": REVIEWING})
    commit(committed_fleet)
    write_files(committed_fleet, {"apps/staging/namespace.yaml": namespace("other")})
    result = run_checks("test_own.py", "--gitops-base=main")
    result.assert_outcomes(failed=1)
    assert "E       AssertionError: assert ['Namespace/web'] == []" in result.outlines
    run_checks("test_own.py").assert_outcomes(skipped=1)


OWN = """\
def test_cluster(cluster): pass
def test_kustomization(kustomization): pass
def test_all(kustomization, fleet): pass
def test_unrelated(): pass
"""


def test_changed_selects_the_users_own_tests(committed_fleet: Path, run_checks: Run) -> None:
    write_files(committed_fleet, {"test_own.py": OWN})
    commit(committed_fleet)
    write_files(committed_fleet, {"apps/staging/namespace.yaml": namespace("web") + "  labels: {a: b}\n"})
    result = run_checks("test_own.py", "--gitops-base=main", "--gitops-changed", "-v")
    names = ("production/flux-system/apps", "production/flux-system/flux-system")
    every = [*names, *(name.replace("production", "staging") for name in names)]
    assert set(outcomes(result)) == {
        "test_own.py::test_cluster[staging]",
        "test_own.py::test_kustomization[staging/flux-system/apps]",
        *(f"test_own.py::test_all[{name}]" for name in every),
        "test_own.py::test_unrelated",
    }


def test_changed_selects_items(committed_fleet: Path, run_checks: Run) -> None:
    write_files(committed_fleet, {"apps/staging/namespace.yaml": namespace("web") + "  labels: {a: b}\n"})
    result = run_checks("--gitops-base=main", "--gitops-changed", "-v")
    assert set(outcomes(result)) == {
        *(f"{APPS['staging']}::{check}" for check in (*CHECKS, "review")),
        f"{STAGING}::graph",
    }


ACROSS: dict[str, Files] = {
    "a dependency is gone": {"clusters/staging/infra.yaml": ""},
    "a definition is another": {
        "infra/crd.yaml": """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: string}}}}}}
"""
    },
    "an account is gone": {"infra/account.yaml": namespace("nothing")},
    "a variable is gone": {
        "infra/variables.yaml": config_map("variables", other="x").replace(": variables\nd", ": flux-system\nd")
    },
}


def dependent_fleet() -> Files:
    """Return a cluster whose apps need what its infrastructure brings: a definition, an account, a variable."""
    crd = ACROSS["a definition is another"]["infra/crd.yaml"].replace("type: string", "type: integer")
    variables = config_map("variables", size="3").replace("namespace: variables", "namespace: flux-system")
    extra = (
        "dependsOn: [{name: infra}]\n"
        "postBuild: {substituteFrom: [{kind: ConfigMap, name: variables}]}\nserviceAccountName: deployer\n"
    )
    return {
        **bootstrap("staging"),
        "clusters/staging/infra.yaml": kustomization("infra", "./infra"),
        "clusters/staging/apps.yaml": kustomization("apps", "./apps", extra=extra),
        "infra/kustomization.yaml": overlay("crd.yaml", "account.yaml", "variables.yaml"),
        "infra/crd.yaml": crd,
        "infra/account.yaml": "apiVersion: v1\nkind: ServiceAccount\n"
        "metadata: {name: deployer, namespace: flux-system}\n",
        "infra/variables.yaml": variables,
        "apps/kustomization.yaml": overlay("widget.yaml", "namespace.yaml"),
        "apps/namespace.yaml": namespace("web"),
        "apps/widget.yaml": "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w, namespace: web}\n"
        "spec:\n  size: ${size}\n",
        ".gitignore": ".pytest_cache/\n__pycache__/\n",
    }


@pytest.mark.parametrize("name", ACROSS)
def test_changed_runs_what_fails_for_the_sake_of_another_part(
    pytester: pytest.Pytester, run_checks: Run, name: str
) -> None:
    root = committed(pytester.path, dependent_fleet())
    before = outcomes(run_checks("-v"))
    write_files(root, ACROSS[name])
    after = outcomes(run_checks("-v"))
    different = {node for node, outcome in after.items() if before.get(node) != outcome}
    assert different
    selected = outcomes(run_checks("-v", "--gitops-base=main", "--gitops-changed"))
    assert different <= set(selected)
    assert {
        node: outcome for node, outcome in selected.items() if not node.endswith("::review")
    }.items() <= after.items()


def test_review_items_are_listed(committed_fleet: Path, pytester: pytest.Pytester) -> None:
    write_files(committed_fleet, {"apps/staging/namespace.yaml": namespace("web") + "  labels: {a: b}\n"})
    arguments = ("--gitops-repo=.", "--gitops-base=main", "--collect-only", "-q")
    listed = collected(pytester.runpytest_inprocess(*arguments, "--gitops-check=build", "--gitops-check=review"))
    parts = [
        f"{node}::{name}" for node in (PRODUCTION, STAGING) for name in ("flux-system/flux-system", "flux-system/apps")
    ]
    assert listed == [CANARY, *(f"{part}::build" for part in parts), f"{APPS['staging']}::review"]
