"""Rules chosen, tuned, exempted and added: what a run tells of them, alone and with workers."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet_files import Files, bootstrap, kustomization, overlay, write_files
from running import Run, outcomes

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: web
{annotations}spec:
  containers:
    - name: web
      image: web
      resources: {{requests: {{cpu: 10m, memory: 16Mi}}, limits: {{memory: 16Mi}}}}
"""

RULE = """\
from pytest_gitops import Violation, rule

@rule("team-label", kinds=["Pod"], description="Pods have a team.", remedy="Add the label.")
def team_label(resource, context, *, label="team"):
    if label not in resource.labels:
        yield Violation(f"{resource.name} has no {label}", ("metadata", "labels", label))

def pytest_gitops_rules(config):
    return [team_label]
"""

APPS = [f"clusters/{c}/flux-system/gotk-sync.yaml::{c}::flux-system/apps::policy" for c in ("production", "staging")]
WARNING = "apps/pod.yaml:9: GitopsWarning: image-tag: image web of container web has no tag (in production, staging)."


def fleet(annotations: str = "") -> Files:
    """Return two clusters that share a Pod whose image has no tag."""
    files = {"apps/pod.yaml": POD.format(annotations=annotations), "apps/kustomization.yaml": overlay("pod.yaml")}
    for cluster in ("production", "staging"):
        files |= bootstrap(cluster) | {f"clusters/{cluster}/apps.yaml": kustomization("apps", "./apps")}
    return files


@pytest.fixture
def repository(pytester: pytest.Pytester) -> Path:
    """The fleet as the current directory."""
    return write_files(pytester.path, fleet())


def configure(root: Path, text: str) -> None:
    """Write the repository's configuration."""
    (root / ".pytest-gitops.yaml").write_text(text, encoding="utf-8")


def warned(result: pytest.RunResult) -> list[str]:
    """Return the lines of the warnings summary that tell a finding."""
    return [line.strip() for line in result.outlines if "GitopsWarning: " in line]


@pytest.mark.usefixtures("repository")
def test_a_finding_of_two_clusters_is_one_warning(run_checks: Run) -> None:
    result = run_checks("--gitops-rule=image-tag")
    assert result.ret == pytest.ExitCode.OK
    assert [line.partition(" Give ")[0] for line in warned(result)] == [WARNING]


@pytest.mark.usefixtures("repository")
def test_a_filter_makes_warnings_errors(run_checks: Run) -> None:
    result = run_checks("--gitops-rule=image-tag", "-W", "error::pytest_gitops.GitopsWarning", *APPS)
    assert result.parseoutcomes() == {"failed": 1, "passed": 1}
    assert "apps/pod.yaml:9: image web of container web has no tag" in result.outlines


@pytest.mark.usefixtures("repository")
def test_an_error_fails_every_item_that_has_it_and_is_told_in_full_once(repository: Path, run_checks: Run) -> None:
    configure(repository, "checks: {rules: {image-tag: error}}\n")
    result = run_checks("--gitops-rule=image-tag")
    assert result.parseoutcomes()["failed"] == len(APPS)
    assert result.outlines.count("apps/pod.yaml:9: image web of container web has no tag") == len(APPS)
    assert [line for line in result.outlines if "remedy:" in line or "told in full" in line] == [
        "  remedy: Give the image a version tag or a digest.",
        f"  told in full by {APPS[0]}",
    ]


def test_why_a_kustomization_does_not_build_is_told_once(repository: Path, run_checks: Run) -> None:
    file = repository / "clusters/staging/apps.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("kind: GitRepository", "kind: GitRepo"), encoding="utf-8")
    failed = [
        item for item, outcome in outcomes(run_checks("-v")).items() if "::staging::" in item and outcome == "FAILED"
    ]
    assert failed == ["clusters/staging/flux-system/gotk-sync.yaml::staging::flux-system/apps::build"]


@pytest.mark.parametrize(
    ("configuration", "count"),
    [
        ("checks: {rules: {image-tag: off}}", 0),
        ("checks: {sets: [essential]}", 0),
        ("checks: {sets: [essential], rules: {image-tag: on}}", 1),
        ("checks: {exemptions: [{rule: image-tag, kind: Pod, name: we*, reason: it is a test}]}", 0),
        ("checks: {exemptions: [{rule: image-*, path: apps/*, reason: x, until: 2999-01-31}]}", 0),
        ("checks: {exemptions: [{rule: image-tag, cluster: staging, reason: it is a test}]}", 1),
    ],
)
def test_configuration_chooses(repository: Path, run_checks: Run, configuration: str, count: int) -> None:
    configure(repository, configuration)
    assert len(warned(run_checks("--gitops-check=policy"))) == count


@pytest.mark.parametrize(
    ("annotations", "count"),
    [
        ('  annotations: {ignore.pytest-gitops/image-tag: "a test image"}\n', 0),
        ('  annotations: {ignore.pytest-gitops/image-tag: "a test image, until 2999-01-31"}\n', 0),
        ('  annotations: {ignore.pytest-gitops/image-tag: "a test image, until 2020-01-31"}\n', 1),
        ('  annotations: {ignore.pytest-gitops/image-tag: ""}\n', 1),
        ('  annotations: {ignore.pytest-gitops/privileged: "another rule"}\n', 1),
    ],
)
def test_an_annotation_exempts_its_object(
    pytester: pytest.Pytester, run_checks: Run, annotations: str, count: int
) -> None:
    write_files(pytester.path, fleet(annotations))
    assert len(warned(run_checks("--gitops-rule=image-tag"))) == count


def test_exemptions_that_are_over_or_unused_are_told(repository: Path, run_checks: Run) -> None:
    configure(
        repository,
        "checks:\n  exemptions:\n    - {rule: image-tag, reason: soon, until: 2020-01-31}\n"
        "    - {rule: privileged, reason: none is}\n",
    )
    result = run_checks("--gitops-check=policy")
    assert result.parseoutcomes()["failed"] == 1
    assert ".pytest-gitops.yaml:3: the exemption from image-tag ended on 2020-01-31: soon" in result.outlines
    assert ".pytest-gitops.yaml:4: GitopsWarning: exemption-unused: the exemption from privileged excuses nothing" in (
        line.rpartition(": none is")[0] for line in warned(result)
    )


@pytest.mark.parametrize(
    ("configuration", "problem"),
    [
        ("checks: {rules: {image-tags: off}}", "there is no rule 'image-tags'; did you mean 'image-tag'?"),
        ("checks: {rules: {flux-interval: {longer: 3h}}}", "has no parameter 'longer'; did you mean 'longest'?"),
        ("checks: {exemptions: [{rule: image-tag}]}", "'reason' is a required property"),
        ("checks: {exemptions: [{rule: image-tag, reason: x, until: soon}]}", "'soon' is no date"),
        ("checks: {set: [strict]}", "unknown key 'set'; did you mean 'sets'?"),
    ],
)
def test_wrong_configuration_is_a_usage_error(
    repository: Path, run_checks: Run, configuration: str, problem: str
) -> None:
    configure(repository, configuration)
    result = run_checks()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert [line for line in result.errlines if problem in line]
    assert all(".pytest-gitops.yaml:1: " in line for line in result.errlines if problem in line)


@pytest.mark.usefixtures("repository")
def test_unknown_rules_and_checks_are_usage_errors(run_checks: Run) -> None:
    result = run_checks("--gitops-rule=imge-tag")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: --gitops-rule: no rule matches 'imge-tag'; did you mean 'image-tag'?" in result.errlines
    result = run_checks("--gitops-check=polcy")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.usefixtures("repository")
def test_own_rules(pytester: pytest.Pytester, run_checks: Run) -> None:
    pytester.makeconftest(RULE)
    result = run_checks("--gitops-rule=team-label")
    assert result.parseoutcomes()["failed"] == len(APPS)
    assert "apps/pod.yaml:3: web has no team" in result.outlines


def test_own_rules_have_parameters(repository: Path, pytester: pytest.Pytester, run_checks: Run) -> None:
    pytester.makeconftest(RULE)
    configure(repository, "checks: {rules: {team-label: {label: squad, severity: warning}}}")
    result = run_checks("--gitops-rule=team-label")
    assert result.ret == pytest.ExitCode.OK
    assert ["web has no squad" in line for line in warned(result)] == [True]


@pytest.mark.usefixtures("repository")
def test_a_rule_that_breaks_says_so(pytester: pytest.Pytester, run_checks: Run) -> None:
    pytester.makeconftest(RULE.replace("if label", "1 / 0\n    if label"))
    result = run_checks("--gitops-rule=team-label")
    assert result.parseoutcomes()["failed"] == len(APPS)
    assert "apps/pod.yaml:1: the rule team-label broke: ZeroDivisionError: division by zero" in result.outlines


@pytest.mark.usefixtures("repository")
def test_two_rules_of_one_name_are_a_usage_error(pytester: pytest.Pytester, run_checks: Run) -> None:
    pytester.makeconftest(RULE.replace("team-label", "image-tag"))
    result = run_checks()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: pytest_gitops_rules: two rules are called 'image-tag': rename one" in result.errlines


@pytest.mark.usefixtures("repository")
def test_tests_of_resources(pytester: pytest.Pytester, run_checks: Run) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.gitops(kind=["Pod", "Job"], cluster="prod*", namespace="web")
        def test_pod(resource, cluster):
            assert (cluster.name, resource.name) == ("production", "web")
            resource.object.clear()

        @pytest.mark.gitops(labels={"team": "web"})
        def test_team(resource):
            raise AssertionError
        """
    )
    result = run_checks("-v", "test_tests_of_resources.py")
    assert outcomes(result) == {
        "test_tests_of_resources.py::test_pod[production/flux-system/apps/Pod/web/web]": "PASSED",
        "test_tests_of_resources.py::test_team[none]": "SKIPPED",
    }
