"""What an API server says of single faults, each found at its place, and of a clean fleet."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fleet_files import Files, bootstrap, kustomization, namespace, write_files

from pytest_gitops import load
from pytest_gitops.checks.context import FleetIndex
from pytest_gitops.checks.live import server_rules
from pytest_gitops.checks.rule import Rule
from pytest_gitops.checks.running import run
from pytest_gitops.checks.selection import Selection
from pytest_gitops.live.apply_judge import ApplyJudge
from pytest_gitops.live.hermetic.programs import Programs
from pytest_gitops.live.providers import provider

RULES = [rule for rule in vars(server_rules).values() if isinstance(rule, Rule)]

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  replicas: 2
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: ghcr.io/example/web:1.0.0
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  selector:
    app: web
  ports:
    - name: http
      port: 80
"""
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
  namespace: shop
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 1Gi
"""
BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: web
  namespace: shop
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: view
subjects:
  - kind: ServiceAccount
    name: web
    namespace: shop
"""
JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  namespace: shop
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: migrate
          image: ghcr.io/example/migrate:1.0.0
"""
CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: shop
immutable: true
data:
  level: info
"""
STATEFUL_SET = """\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: db
  namespace: shop
spec:
  serviceName: db
  selector:
    matchLabels:
      app: db
  template:
    metadata:
      labels:
        app: db
    spec:
      containers:
        - name: db
          image: ghcr.io/example/db:1.0.0
"""
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: backups.example.com
spec:
  group: example.com
  names:
    kind: Backup
    plural: backups
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                bucket:
                  type: string
                  x-kubernetes-validations:
                    - rule: self == oldSelf
                      message: a backup stays in its bucket
                keep:
                  type: integer
"""
BACKUP = """\
apiVersion: example.com/v1
kind: Backup
metadata:
  name: nightly
  namespace: shop
spec:
  bucket: here
  keep: 7
"""
POLICY = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: replicas
spec:
  matchConstraints:
    resourceRules:
      - apiGroups: [apps]
        apiVersions: [v1]
        operations: [CREATE, UPDATE]
        resources: [deployments]
  validations:
    - expression: object.spec.replicas <= 3 || request.userInfo.username == 'nobody'
      message: no more than three replicas
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: replicas
spec:
  policyName: replicas
  validationActions: [Deny]
"""
OBJECTS = {
    "deployment": DEPLOYMENT,
    "service": SERVICE,
    "claim": CLAIM,
    "binding": BINDING,
    "job": JOB,
    "config": CONFIG,
    "stateful-set": STATEFUL_SET,
    "definition": DEFINITION,
    "backup": BACKUP,
    "policy": POLICY,
}


@dataclass(frozen=True)
class Fault:
    """A single change to one file, and all that is said of it: rule, place, and how the message ends."""

    name: str
    file: str
    before: str
    after: str
    said: tuple[tuple[str, str, str], ...] = field(default=())


FAULTS = (
    Fault(
        "selector",
        "deployment",
        "matchLabels:\n      app: web\n  template:\n    metadata:\n      labels:\n        app: web",
        "matchLabels:\n      app: shop\n  template:\n    metadata:\n      labels:\n        app: shop",
        (("apply-immutable", "apps/shop/deployment.yaml:8", "field is immutable"),),
    ),
    Fault(
        "role-reference",
        "binding",
        "name: view",
        "name: edit",
        (("apply-immutable", "apps/shop/binding.yaml:6", "cannot change roleRef"),),
    ),
    Fault(
        "job-template",
        "job",
        "migrate:1.0.0",
        "migrate:1.1.0",
        (("apply-immutable", "apps/shop/job.yaml:7", "field is immutable"),),
    ),
    Fault(
        "claim-size",
        "claim",
        "accessModes: [ReadWriteOnce]",
        "accessModes: [ReadWriteMany]",
        (("apply-immutable", "apps/shop/claim.yaml:6", "volumeAttributesClassName for bound claims"),),
    ),
    Fault(
        "immutable-config",
        "config",
        "level: info",
        "level: debug",
        (("apply-immutable", "apps/shop/config.yaml:7", "field is immutable when `immutable` is set"),),
    ),
    Fault(
        "service-name",
        "stateful-set",
        "serviceName: db",
        "serviceName: database",
        (("apply-immutable", "apps/shop/stateful-set.yaml:6", "are forbidden"),),
    ),
    Fault(
        "transition-rule",
        "backup",
        "bucket: here",
        "bucket: there",
        (("apply-invalid", "apps/shop/backup.yaml:7", "a backup stays in its bucket"),),
    ),
    Fault(
        "policy",
        "deployment",
        "replicas: 2",
        "replicas: 5",
        (("apply-denied", "apps/shop/deployment.yaml:1", "no more than three replicas"),),
    ),
    Fault(
        "unknown-field",
        "service",
        "port: 80",
        "prot: 80",
        (("apply-invalid", "apps/shop/service.yaml:11", "the kind has no such field"),),
    ),
    Fault(
        "node-port",
        "service",
        "port: 80",
        "port: 80\n      nodePort: 80",
        (("apply-invalid", "apps/shop/service.yaml:12", "may not be used when `type` is 'ClusterIP'"),),
    ),
)


def fleet_files(changed: Fault | None = None) -> Files:
    objects = dict(OBJECTS)
    if changed is not None:
        assert changed.before in objects[changed.file]
        objects[changed.file] = objects[changed.file].replace(changed.before, changed.after)
    names = "".join(f"  - {name}.yaml\n" for name in ["namespace", *objects])
    return {
        **bootstrap("production"),
        "clusters/production/shop.yaml": kustomization("shop", "./apps/shop"),
        "apps/shop/kustomization.yaml": f"resources:\n{names}",
        "apps/shop/namespace.yaml": namespace("shop"),
        **{f"apps/shop/{name}.yaml": text for name, text in objects.items()},
    }


@pytest.fixture
def say(programs: Programs, tmp_path: Path) -> Callable[[Files, Files | None], list[tuple[str, str, str]]]:
    """Return a function that tells all that an API server says of a fleet, where it holds another one already."""

    def said(files: Files, base: Files | None) -> list[tuple[str, str, str]]:
        head = FleetIndex(load(write_files(tmp_path / "head", files)))
        held = FleetIndex(load(write_files(tmp_path / "base", base))) if base else None
        results = run(head, RULES, Selection(checks=("apply",)), ApplyJudge(provider("hermetic"), held))
        return [(f.rule, str(f.location), f.message) for f in results.findings]

    return said


def test_a_clean_fleet_gives_no_finding(say: Callable[[Files, Files | None], list[tuple[str, str, str]]]) -> None:
    assert say(fleet_files(), fleet_files()) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_single_fault_is_told_at_its_place(
    fault: Fault, say: Callable[[Files, Files | None], list[tuple[str, str, str]]]
) -> None:
    said = say(fleet_files(fault), fleet_files())

    assert [(rule, place) for rule, place, _message in said] == [(rule, place) for rule, place, _end in fault.said]
    for (_rule, _place, message), (_wanted, _at, part) in zip(said, fault.said, strict=True):
        assert part in message


def test_a_kind_that_nothing_defines_is_said_to_be_untried(
    say: Callable[[Files, Files | None], list[tuple[str, str, str]]],
) -> None:
    files = fleet_files()
    del files["apps/shop/definition.yaml"]
    files["apps/shop/kustomization.yaml"] = files["apps/shop/kustomization.yaml"].replace("  - definition.yaml\n", "")

    assert say(files, None) == [
        (
            "apply-unavailable",
            "None",
            "1 objects of kinds that nothing defines were not tried: 1 Backup (example.com/v1)",
        )
    ]


def test_items_ask_the_server_that_the_option_names(
    programs: Programs, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = next(fault for fault in FAULTS if fault.name == "policy")
    write_files(pytester.path, fleet_files(fault))
    subprocess.run(["git", "init", "-q"], cwd=pytester.path, check=True)
    monkeypatch.setenv("COLUMNS", "160")

    result = pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-apply=hermetic", "--gitops-check=apply")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "apps/shop/deployment.yaml:1: Deployment web: ValidatingAdmissionPolicy*: no more than three replicas",
            "  in Deployment/shop/web",
            "  remedy: Change the object as the policy asks, or the policy.",
            "  rule: apply-denied",
        ],
        consecutive=True,
    )


def test_another_provider_is_refused_with_those_there_are(pytester: pytest.Pytester) -> None:
    write_files(pytester.path, fleet_files())

    result = pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-apply=docker")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --gitops-apply: 'docker' is not one of hermetic*"])
