"""No secret is in anything that a run with snapshots writes or says, and a changed one shows all the same."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fleet_files import Files, kustomization, overlay, two_clusters, write_files

PLAIN = "correct-horse-battery"
ENCODED = "staple-of-the-day"
BINARY = bytes(range(200, 256))
VARIABLE = "postgres-pass-9f3"
SHORT = "k7"
ANNOTATED = "annotated-password-1"
SECRETS = (PLAIN, ENCODED, VARIABLE, ANNOTATED)
SECRET = f"""\
apiVersion: v1
kind: Secret
metadata:
  name: credentials
  namespace: web
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{{"stringData":{{"old":"{ANNOTATED}"}}}}'
    note: the password is {PLAIN}
stringData:
  password: {PLAIN}
  sealed: ENC[AES256_GCM,data:abc,type:str]
data:
  token: {base64.b64encode(ENCODED.encode()).decode()}
  key: {base64.b64encode(BINARY).decode()}
"""
VARIABLES = f"""\
apiVersion: v1
kind: Secret
metadata:
  name: cluster-secrets
  namespace: flux-system
stringData:
  DB_PASSWORD: {VARIABLE}
  PIN: {SHORT}
"""
USER = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: database
  namespace: web
data:
  url: postgres://app:${DB_PASSWORD}@db
  pin: ${PIN}
  mask: k7k7
"""
GENERATED = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- secret.yaml
- user.yaml
secretGenerator:
- name: generated
  namespace: web
  literals:
  - password=correct-horse-battery
"""
FROM = "postBuild:\n  substituteFrom:\n    - kind: Secret\n      name: cluster-secrets"
# What a child is given by its parent's own substitution came out of the Secret as well.
CHILD = kustomization("child", "./apps/child", extra="postBuild:\n  substitute:\n    PASS: ${DB_PASSWORD}")
CHILDS = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: childs\n  namespace: web\ndata:\n  pass: ${PASS}\n"
REDACTED = """\
# What this renders to, without secrets and noise. Made by pytest-gitops: --snapshot-update writes it anew.
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: database
  namespace: web
data:
  mask: k7k7
  pin: <redacted #0>
  url: postgres://app:<redacted #1>@db
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: child
  namespace: flux-system
spec:
  interval: 10m0s
  path: ./apps/child
  postBuild:
    substitute:
      PASS: <redacted #2>
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
---
apiVersion: v1
kind: Secret
metadata:
  name: credentials
  namespace: web
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: <redacted #3>
    note: the password is <redacted #4>
data:
  key: <redacted #5>
  token: <redacted #6>
stringData:
  password: <redacted #4>
  sealed: ENC[AES256_GCM,data:abc,type:str]
---
apiVersion: v1
kind: Secret
metadata:
  name: generated-<hash>
  namespace: web
data:
  password: <redacted #7>
type: Opaque
---
apiVersion: v1
kind: Secret
metadata:
  name: more-<hash>
  namespace: web
data:
  a: <redacted #8>
type: Opaque
"""
TEST = """\
def test_all(rendered, gitops_snapshot):
    assert rendered == gitops_snapshot

def test_alone(fleet, gitops_snapshot):
    secret = fleet["production"]["apps"].rendered["Secret/web/credentials"]
    assert secret == gitops_snapshot
    assert [secret.object, secret] == gitops_snapshot
"""


def planted() -> Files:
    """Return a fleet with secrets of every kind."""
    files = two_clusters()
    for cluster in ("production", "staging"):
        files[f"clusters/{cluster}/apps.yaml"] = kustomization("apps", "./apps/secret", extra=FROM)
        files[f"clusters/{cluster}/secrets.yaml"] = VARIABLES
        del files[f"apps/{cluster}/kustomization.yaml"]
    return files | {
        "apps/secret/kustomization.yaml": GENERATED + "- name: more\n  namespace: web\n  literals: [a=b]\n",
        "apps/secret/secret.yaml": SECRET,
        "apps/secret/user.yaml": USER + "---\n" + CHILD,
        "apps/child/kustomization.yaml": overlay("childs.yaml"),
        "apps/child/childs.yaml": CHILDS,
        "tests/test_own.py": TEST,
    }


@pytest.fixture(params=[(), ("-n2",)], ids=["alone", "xdist"])
def workers(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The arguments to run alone, and with workers."""
    arguments: tuple[str, ...] = request.param
    return arguments


@pytest.fixture
def root(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with secrets, as the current directory, and nobody's keys."""
    for name in ("GITOPS_SNAPSHOT_KEY", "SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    return write_files(pytester.path, planted())


def written(root: Path) -> dict[str, bytes]:
    """Return all files that hold snapshots, by name."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for folder in ("gitops-snapshots", "tests/__snapshots__")
        for path in (root / folder).rglob("*")
        if path.is_file()
    }


def forms(secret: bytes) -> Iterator[bytes]:
    """Yield a secret as it is, and each way that base64 may hold it inside of a longer text."""
    yield secret
    for shift in range(3):
        yield base64.b64encode(b"\0" * shift + secret)[4 if shift else 0 : -4]


def test_no_secret_is_written_or_said(root: Path, pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    arguments = ("--gitops-repo=.", "--gitops-snapshot", "-W", "default::pytest_gitops.GitopsWarning", *workers)
    first = pytester.runpytest_inprocess(*arguments)
    update = pytester.runpytest_inprocess(*arguments, "--snapshot-update", "-vv")
    files = written(root)
    assert len(files) > 12
    edit = {"apps/secret/user.yaml": (root / "apps/secret/user.yaml").read_text().replace("@db", "@database")}
    write_files(root, edit)
    differs = pytester.runpytest_inprocess(*arguments, "-vv", "--snapshot-details")
    assert differs.ret == pytest.ExitCode.TESTS_FAILED
    said = {
        f"{name} {stream}": "\n".join(lines).encode()
        for name, result in (("first", first), ("update", update), ("differs", differs))
        for stream, lines in (("out", result.outlines), ("err", result.errlines))
    }
    found = [
        (name, secret)
        for name, content in (files | said).items()
        for secret in (*(text.encode() for text in SECRETS), BINARY)
        if any(form in content for form in forms(secret))
    ]
    assert found == []


def numbered(text: str) -> str:
    """Return a text with a number for each distinct digest."""
    seen: dict[str, str] = {}
    return re.sub(r"<redacted [0-9a-f]{8}>", lambda found: seen.setdefault(found[0], f"<redacted #{len(seen)}>"), text)


def test_what_is_written_instead(root: Path, pytester: pytest.Pytester) -> None:
    pytester.runpytest_inprocess("--gitops-repo=.", "--gitops-check=snapshot", "--snapshot-update", "clusters")
    folder = root / "gitops-snapshots/clusters/production/flux-system"
    assert numbered((folder / "apps.yaml").read_text()) == REDACTED
    assert numbered((folder / "child.yaml").read_text()).rpartition("data:\n")[2] == "  pass: <redacted #0>\n"


def test_the_key_decides_about_the_digests(
    root: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("--gitops-repo=.", "--gitops-check=snapshot", "clusters")
    pytester.runpytest_inprocess(*arguments, "--snapshot-update")
    before = written(root)
    monkeypatch.setenv("GITOPS_SNAPSHOT_KEY", "a key")
    assert pytester.runpytest_inprocess(*arguments).ret == pytest.ExitCode.TESTS_FAILED
    pytester.runpytest_inprocess(*arguments, "--snapshot-update")
    after = written(root)
    assert after != before
    assert {name: numbered(text.decode()) for name, text in after.items()} == {
        name: numbered(text.decode()) for name, text in before.items()
    }
    assert pytester.runpytest_inprocess(*arguments).ret == pytest.ExitCode.OK


def test_a_changed_secret_shows(root: Path, pytester: pytest.Pytester) -> None:
    arguments = ("--gitops-repo=.", "--gitops-check=snapshot", "clusters/production")
    pytester.runpytest_inprocess(*arguments, "--snapshot-update")
    write_files(root, {"apps/secret/secret.yaml": SECRET.replace(f"password: {PLAIN}", "password: another-one")})
    result = pytester.runpytest_inprocess(*arguments, "--snapshot-no-colors")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    changed = [line.strip() for line in result.outlines if line.startswith(("  -", "  +"))]
    assert len([line for line in changed if "password: <redacted" in line]) == 2
