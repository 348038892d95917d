"""What SOPS encrypted is decrypted for the checks, and nothing of it is written anywhere."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fleet_files import bootstrap, kustomization, overlay, write_files
from running import Run
from secrets_files import IDENTITY, OTHER_IDENTITY, OTHER_RECIPIENT, TOOL, encrypt

# Each is planted once, and found nowhere.
PLANTED = [
    f"planted-{name}"
    for name in ("string", "domain", "replicas", "dotenv", "json", "ini", "binary", "yaml", "patch", "custom", "data")
]
REPORTS = ("gl-code-quality.json", "report.sarif", "report.json", "junit.xml", "graph.svg", "graph.md")
DECRYPTION = "decryption: {provider: sops, secretRef: {name: sops-age}}"
VARIABLES = "postBuild: {substituteFrom: [{kind: Secret, name: cluster-secrets}]}"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Make sure that no key of the developer's own is found."""
    for name in ("SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.fixture
def encrypted(pytester: pytest.Pytester) -> Path:
    """A cluster with something encrypted in each format and place, much of it in objects that checks fail."""
    root = pytester.path
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: %s}\n"
    files = bootstrap("production")
    files["clusters/production/vars.yaml"] = kustomization("vars", "./vars", extra=DECRYPTION)
    files["clusters/production/apps.yaml"] = kustomization("apps", "./apps", extra=f"{DECRYPTION}\n{VARIABLES}")
    files["clusters/production/web.yaml"] = kustomization("web", "./web", extra=VARIABLES)
    files["vars/secret.yaml"] = (
        secret % ("cluster-secrets", "flux-system")
        + "stringData: {DOMAIN: planted-domain.example, REPLICAS: planted-replicas}\n"
    )
    files["web/deployment.yaml"] = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web-${REPLICAS}, namespace: shop}\n"
        'spec:\n  replicas: ${REPLICAS}\n  hostname: "${DOMAIN}"\n  selector: {matchLabels: {app: "${DOMAIN}"}}\n'
        '  template: {metadata: {labels: {app: "${DOMAIN}"}}, spec: {containers: [{name: web, image: "${DOMAIN}"}]}}\n'
    )
    files["apps/kustomization.yaml"] = (
        "resources: [secret.yaml, custom.yaml, config.yaml]\nnamespace: shop\npatches: [{path: patch.yaml}]\n"
        "secretGenerator: [{name: made, envs: [a.env], files: [a.json, a.ini, token, a.yaml]}]\n"
    )
    files["apps/secret.yaml"] = (
        secret % ("tls", "shop")
        + "type: kubernetes.io/tls\nstringData: {string: planted-string}\nunknown: {field: planted-string}\n"
        + f"data: {{data: {base64.b64encode(b'planted-data').decode()}}}\n"
    )
    files["apps/custom.yaml"] = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: custom, namespace: shop}\n"
        "spec: {type: planted-custom, ports: [{port: planted-custom}]}\n"
    )
    files["apps/config.yaml"] = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config, namespace: shop}\ndata: {a: b}\n"
    )
    files["apps/patch.yaml"] = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config, namespace: shop}\ndata: {a: planted-patch, n: 5}\n"
        "planted: planted-patch\n"
    )
    files |= {
        "apps/a.env": "A=planted-dotenv\n",
        "apps/a.json": '{"a": "planted-json"}',
        "apps/token": "planted-binary",
    }
    files |= {"apps/a.ini": "[a]\na = planted-ini\n", "apps/a.yaml": "a: planted-yaml\n"}
    write_files(root, files)
    encrypt(root, "vars/secret.yaml", "--encrypted-regex", "^stringData$")
    encrypt(root, "apps/secret.yaml", "--encrypted-regex", "^(stringData|data|unknown)$")
    encrypt(root, "apps/custom.yaml", "--encrypted-regex", "^(type|port)$")
    encrypt(root, "apps/patch.yaml", "--encrypted-regex", "^(a|n|planted)$")
    for name in ("a.env", "a.json", "a.ini", "token", "a.yaml"):
        encrypt(root, f"apps/{name}")
    return root


def written(*roots: Path) -> Iterator[tuple[Path, bytes]]:
    for root in roots:
        for path in root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path, path.read_bytes()


def forms(secret: str) -> Iterator[bytes]:
    """Yield a secret, and what it is in Base64 whatever is before it."""
    yield secret.encode()
    for before in range(3):
        encoded = base64.b64encode(b" " * before + secret.encode())
        yield encoded[4 if before else 0 : len(encoded) - 4]


# A conftest.py keeps what the workers are given, before it is removed.
KEEP = """
    import shutil
    import pytest_gitops.sharing as sharing
    kept = sharing.shutil.rmtree
    def rmtree(path, **options):
        shutil.copytree(path, "kept", dirs_exist_ok=True)
        kept(path, **options)
    sharing.shutil = type("Shutil", (), {"rmtree": staticmethod(rmtree)})
"""


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "xdist"])
def test_nothing_decrypted_is_written(
    encrypted: Path,
    pytester: pytest.Pytester,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    workers: tuple[str, ...],
) -> None:
    cache, temporary = tmp_path / "cache", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("GITOPS_CACHE_DIR", str(cache))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("SOPS_AGE_KEY", IDENTITY)
    pytester.makeconftest(KEEP)
    files = [option for name in REPORTS[:3] for option in ("--gitops-report", name)]
    files += [option for name in REPORTS[4:] for option in ("--gitops-graph", name)]
    options = ("--gitops-tree", "--gitops-snapshot", "--snapshot-update", "-vv", "-rA", f"--junitxml={REPORTS[3]}")
    result = pytester.runpytest_subprocess("--gitops-repo=.", *workers, *files, *options)
    assert result.parseoutcomes()["failed"] > 1
    assert all((encrypted / name).exists() for name in REPORTS)
    assert list((encrypted / "kept").iterdir()) if workers else True
    output = (*result.outlines, *result.errlines)
    everything = [*written(encrypted, cache, temporary), (Path("terminal"), os.linesep.join(output).encode())]
    assert len(everything) > 30
    told = [
        f"{secret} in {path}"
        for secret in PLANTED
        for path, content in everything
        if any(form in content for form in forms(secret))
    ]
    assert told == []
    # It was decrypted all the same: what fails is what the values make of the objects.
    assert any("<redacted>" in line for line in output)


def test_values_reach_the_checks(encrypted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_gitops import load  # noqa: PLC0415 (an inner run in this process may have imported it anew)

    monkeypatch.setenv("SOPS_AGE_KEY", IDENTITY)
    cluster = load(encrypted).clusters[0]
    text = "\n".join(resource.text for _part, resource in cluster.resources).encode()
    assert [secret for secret in PLANTED if not any(form in text for form in forms(secret))] == []


SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: default}\nstringData: {a: planted}\n"


def small(root: Path, *, decrypts: bool = True) -> Path:
    files = bootstrap("production") | {"apps/kustomization.yaml": overlay("secret.yaml"), "apps/secret.yaml": SECRET}
    files["clusters/production/apps.yaml"] = kustomization("apps", "./apps", extra=DECRYPTION if decrypts else "")
    write_files(root, files)
    encrypt(root, "apps/secret.yaml", "--encrypted-regex", "^stringData$")
    return root / "apps/secret.yaml"


def test_without_a_key_placeholders_pass(pytester: pytest.Pytester, run_checks: Run) -> None:
    small(pytester.path)
    result = run_checks("--gitops-rule=sops-*")
    assert "failed" not in result.parseoutcomes()


def test_another_key_is_told(pytester: pytest.Pytester, run_checks: Run) -> None:
    small(pytester.path)
    (pytester.path / "other.key").write_text(f"# another cluster's\n{OTHER_IDENTITY}\n")
    result = run_checks("--gitops-rule=sops-*", "--gitops-age-key=other.key")
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(["*apps/secret.yaml*is encrypted for age1*, which none of the keys given decrypts*"])


@pytest.mark.parametrize(("where", "told"), [("apps", 1), ("other", 0)])
def test_what_is_encrypted_for_another_key(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, run_checks: Run, where: str, told: int
) -> None:
    """Of one Kustomization all is for the same keys; another one's may be for a cluster's whose key isn't here."""
    small(pytester.path)
    monkeypatch.setenv("SOPS_AGE_KEY", IDENTITY)
    files = {
        f"{where}/more.yaml": SECRET.replace("name: a", "name: more"),
        "clusters/production/other.yaml": kustomization("other", "./other", extra=DECRYPTION),
        "other/.gitkeep": "",
        "apps/kustomization.yaml": overlay("secret.yaml", *(["more.yaml"] if where == "apps" else [])),
    }
    write_files(pytester.path, files)
    encrypt(pytester.path, f"{where}/more.yaml", "--encrypted-regex", "^stringData$", recipient=OTHER_RECIPIENT)
    result = run_checks("--gitops-rule=sops-*")
    assert result.parseoutcomes().get("failed", 0) == told


@pytest.mark.parametrize("how", ["environment", "file", "option", "configuration", "default"])
def test_where_keys_come_from(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    secret = small(pytester.path)
    secret.write_text(secret.read_text().replace("name: a", "name: b", 1))
    options = ["--gitops-repo=.", "--gitops-rule=sops-*", "-p", "no:randomly"]
    if how == "environment":
        monkeypatch.setenv("SOPS_AGE_KEY", IDENTITY)
        expected = 1
    else:
        file = {"configuration": pytester.path / "age.key", "default": tmp_path / "sops/age/keys.txt"}.get(
            how, tmp_path / "keys"
        )
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# created: today\n{IDENTITY}\n")
        expected = 1
    if how == "file":
        monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(tmp_path / "keys"))
    if how == "option":
        options.append(f"--gitops-age-key={tmp_path / 'keys'}")
    if how == "configuration":
        (pytester.path / ".pytest-gitops.yaml").write_text("decryption: {sops-age: age.key}\n")
    result = pytester.runpytest_subprocess(*options)
    # Only who has the key can tell that the file was changed.
    assert result.parseoutcomes()["failed"] == expected
    result.stdout.fnmatch_lines(["*apps/secret.yaml was changed without SOPS: its message authentication code*"])
    off = pytester.runpytest_subprocess(*options, "--gitops-no-decryption")
    assert "failed" not in off.parseoutcomes()


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ("decryption: {sops-age: ../elsewhere}\n", "*sops-age: ../elsewhere lies outside of the repository*"),
        ("decryption: {sops-age: link}\n", "*sops-age: link lies outside of the repository*"),
        ("decryption: {sops-age: pipe}\n", "*pipe is no file of age keys*"),
        ("decryption: {sops-age: cut}\n", "*cut: holds an age key that was cut or changed*"),
    ],
)
def test_a_key_that_is_none(pytester: pytest.Pytester, tmp_path: Path, configuration: str, message: str) -> None:
    small(pytester.path)
    (pytester.path / "link").symlink_to(tmp_path)
    os.mkfifo(pytester.path / "pipe")
    (pytester.path / "cut").write_text(IDENTITY[:-1])
    (pytester.path / ".pytest-gitops.yaml").write_text(configuration)
    result = pytester.runpytest_subprocess("--gitops-repo=.")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])
    assert IDENTITY[:-2] not in result.stderr.str()


def test_the_program_decrypts_where_it_may(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small(pytester.path)
    # It stands for another kind of key: only the program knows this one.
    program = tmp_path / "bin" / "sops"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nSOPS_AGE_KEY={IDENTITY} exec {TOOL} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    pytester.makepyfile(
        "def test_value(fleet):\n    print(fleet.clusters[0]['apps'].rendered['Secret/a']['stringData'])\n"
    )
    for extra, value in ((("--gitops-sops",), "planted"), ((), "gitops-placeholder-a")):
        result = pytester.runpytest_subprocess("--gitops-repo=.", "-s", "-k", "test_value", *extra)
        result.stdout.fnmatch_lines([f"*{{'a': '{value}'}}*"])


def test_a_kustomization_without_decryption(pytester: pytest.Pytester, run_checks: Run) -> None:
    small(pytester.path, decrypts=False)
    result = run_checks("--gitops-rule=decryption-missing")
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(["*Secret/default/a is encrypted by SOPS, and Kustomization flux-system/apps*"])


def test_a_file_that_lost_its_end(pytester: pytest.Pytester, run_checks: Run) -> None:
    secret = small(pytester.path)
    secret.write_text(secret.read_text().partition("sops:")[0])
    result = run_checks("--gitops-rule=sops-*")
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(["*apps/secret.yaml:7*holds encrypted values without the metadata to decrypt them*"])
