"""The control plane of pytest-gitops' hermetic clusters: etcd, Kubernetes and kwok in one program."""

from pathlib import Path

PROGRAM = Path(__file__).parent / "bin" / "control-plane"
VERSIONS = {"kubernetes": "1.36.3", "etcd": "3.6.8", "kwok": "0.8.0"}
