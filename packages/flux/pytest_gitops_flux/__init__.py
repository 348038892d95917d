"""Flux's controllers for pytest-gitops' hermetic clusters, unmodified, with their CustomResourceDefinitions."""

from pathlib import Path

PROGRAMS = Path(__file__).parent / "bin"
DEFINITIONS = Path(__file__).parent / "definitions"
VERSIONS = {
    "helm-controller": "1.6.4",
    "kustomize-controller": "1.9.5",
    "notification-controller": "1.9.3",
    "source-controller": "1.9.5",
}
FLUX = "2.9.5"
