"""Follows clusters from their entries through everything that their Kustomizations declare, as Flux does."""

from pytest_gitops.recursion.cluster import ClusterRun
from pytest_gitops.recursion.failures import Failures, overlay_failure
from pytest_gitops.recursion.places import Places
from pytest_gitops.recursion.reading import files_read, paths_of, unread, unread_files
from pytest_gitops.recursion.settings import ClusterSettings, Surroundings
from pytest_gitops.recursion.shared import Shared
from pytest_gitops.recursion.trees import Trees

__all__ = [
    "ClusterRun",
    "ClusterSettings",
    "Failures",
    "Places",
    "Shared",
    "Surroundings",
    "Trees",
    "files_read",
    "overlay_failure",
    "paths_of",
    "unread",
    "unread_files",
]
