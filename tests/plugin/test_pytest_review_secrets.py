"""What a review tells of secrets: that they change, and digests that only a key can be guessed by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fleet_files import bootstrap, kustomization, overlay, write_files
from git_repositories import commit
from running import Run
from secrets_files import IDENTITY, encrypt

from pytest_gitops.model import JsonObject
from pytest_gitops.redaction import Redactor, Secrecy

REPORTS = ("review.json", "comment.md", "page.html")
OPTIONS = [f"--gitops-report={name}" for name in REPORTS]
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: default}\nstringData: {a: %s}\n"
DECRYPTION = "decryption: {provider: sops, secretRef: {name: sops-age}}"


@pytest.fixture
def rotated(pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose one encrypted value changes, with the file of its key beside it; returns that file."""
    for name in ("SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE", "GITOPS_SNAPSHOT_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    root = pytester.path
    files = bootstrap("production") | {"apps/kustomization.yaml": overlay("secret.yaml")}
    files["clusters/production/apps.yaml"] = kustomization("apps", "./apps", extra=DECRYPTION)
    for value in ("planted-old", "planted-new"):
        write_files(root, files | {"apps/secret.yaml": SECRET % value})
        encrypt(root, "apps/secret.yaml", "--encrypted-regex", "^stringData$")
        commit(root)
    key = tmp_path / "age.txt"
    key.write_text(f"{IDENTITY}\n", encoding="utf-8")
    return key


def secret(value: str) -> JsonObject:
    return {"kind": "Secret", "metadata": {"name": "a", "namespace": "default"}, "stringData": {"a": value}}


def test_digests_are_made_with_the_keys_of_the_run(rotated: Path, pytester: pytest.Pytester, run_checks: Run) -> None:
    result = run_checks("--gitops-base=main~1", "--gitops-check=review", f"--gitops-age-key={rotated}", "-vv", *OPTIONS)
    assert result.ret == 0
    (cluster,) = json.loads((pytester.path / "review.json").read_text(encoding="utf-8"))["clusters"]
    (change,) = cluster["objects"]
    redactor = Redactor.from_environment({}, files=[rotated])
    digests = [
        redactor.redact(secret(value), Secrecy(decrypted=True))["stringData"]
        for value in ("planted-old", "planted-new")
    ]
    assert [change[side]["stringData"] for side in ("before", "after")] == digests
    assert digests[0] != digests[1]
    output = [*result.outlines, *((pytester.path / name).read_text(encoding="utf-8") for name in REPORTS)]
    assert [text for text in output if "planted" in text] == []


# What is refused, followed and run has a value of a Secret in it.
REACHED = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: default}
spec: {storageClassName: "${A}", accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: more, namespace: default}
spec: {interval: 1m, url: "https://user:${A}@example.com/more", ref: {branch: main}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "${A}.example.com/web:1"}]}
"""


@pytest.mark.parametrize("encrypted", [True, False])
def test_no_message_tells_what_substitution_took_out_of_a_secret(
    rotated: Path, pytester: pytest.Pytester, run_checks: Run, *, encrypted: bool
) -> None:
    root = pytester.path
    files = {"clusters/production/apps.yaml": kustomization("apps", "./apps", extra=DECRYPTION)}
    more = "postBuild: {substituteFrom: [{kind: Secret, name: a}]}\ndependsOn: [{name: apps}]"
    files["clusters/production/more.yaml"] = kustomization("more", "./more", extra=more)
    files |= {"more/kustomization.yaml": overlay("reached.yaml"), "more/reached.yaml": REACHED}
    for value in ("planted-old", "planted-new"):
        text = (SECRET % value).replace(": default", ": flux-system").replace("{a: p", "{A: p")
        write_files(root, files | {"apps/secret.yaml": text})
        if encrypted:
            encrypt(root, "apps/secret.yaml", "--encrypted-regex", "^stringData$")
        commit(root)
    result = run_checks("--gitops-base=main~1", "--gitops-check=review", f"--gitops-age-key={rotated}", "-vv", *OPTIONS)
    output = [*result.outlines, *((root / name).read_text(encoding="utf-8") for name in REPORTS)]
    assert [text for text in output if "planted" in text] == []
    (cluster,) = json.loads((root / "review.json").read_text(encoding="utf-8"))["clusters"]
    assert {finding["rule"] for finding in cluster["findings"]} == {"review-immutable-field", "review-source-changed"}
    assert [image["before"] for image in cluster["images"]] == [None, "1"]
