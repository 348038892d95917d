"""Small GitOps repositories as text, for tests that need one on disk: a dict of paths and contents each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

Files = dict[str, str]

URL = "https://github.com/example-org/fleet-infra"


def write_files(root: Path, files: Mapping[str, str]) -> Path:
    """Write the files below a directory, and return it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def two_clusters() -> Files:
    """Return a healthy fleet: production and staging with two Kustomizations each, and the overlay apps/canary."""
    files: Files = {
        "apps/base/config.yaml": config_map("web", greeting="hello"),
        "apps/base/kustomization.yaml": overlay("config.yaml"),
        "apps/canary/kustomization.yaml": overlay("../base", suffix="-canary"),
    }
    for cluster in ("production", "staging"):
        files |= bootstrap(cluster)
        files[f"clusters/{cluster}/apps.yaml"] = kustomization("apps", f"./apps/{cluster}")
        files[f"apps/{cluster}/kustomization.yaml"] = overlay("../base", suffix=f"-{cluster}")
    return files


def bootstrap(cluster: str, version: str = "v2.9.5") -> Files:
    """Return what ``flux bootstrap`` writes for a cluster, less the controllers."""
    folder = f"clusters/{cluster}/flux-system"
    return {
        f"{folder}/gotk-components.yaml": f"---\n# Flux Version: {version}\n{namespace('flux-system')}"
        f"  labels:\n    app.kubernetes.io/part-of: flux\n    app.kubernetes.io/version: {version}\n",
        f"{folder}/gotk-sync.yaml": source("flux-system", URL)
        + "---\n"
        + kustomization("flux-system", f"./clusters/{cluster}"),
        f"{folder}/kustomization.yaml": overlay("gotk-components.yaml", "gotk-sync.yaml"),
    }


def source(name: str, url: str) -> str:
    """Return a GitRepository."""
    return dedent(f"""\
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata:
          name: {name}
          namespace: flux-system
        spec:
          interval: 1m0s
          ref:
            branch: main
          url: {url}
        """)


def kustomization(name: str, path: str, source: str = "flux-system", extra: str = "") -> str:
    """Return a Flux Kustomization; ``extra`` are further lines of its spec."""
    text = dedent(f"""\
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata:
          name: {name}
          namespace: flux-system
        spec:
          interval: 10m0s
          path: {path}
          prune: true
          sourceRef:
            kind: GitRepository
            name: {source}
        """)
    return text + "".join(f"  {line}\n" for line in extra.splitlines())


def helm_repository(name: str, namespace: str = "flux-system", interval: str = "1h") -> str:
    """Return a HelmRepository."""
    return dedent(f"""\
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: HelmRepository
        metadata:
          name: {name}
          namespace: {namespace}
        spec:
          interval: {interval}
          url: https://charts.example.com
        """)


def overlay(*resources: str, suffix: str = "") -> str:
    """Return a kustomization file."""
    text = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"
    text += "".join(f"  - {resource}\n" for resource in resources)
    return text + (f"nameSuffix: {suffix}\n" if suffix else "")


def config_map(name: str, **data: str) -> str:
    """Return a ConfigMap in the namespace of the same name."""
    lines = "".join(f"  {key}: {value}\n" for key, value in data.items())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {name}\ndata:\n{lines}"


def namespace(name: str) -> str:
    """Return a Namespace."""
    return f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n"
