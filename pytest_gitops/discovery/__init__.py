"""Finds the clusters that a repository feeds, without configuration and before anything is rendered."""

from pytest_gitops.discovery.declaration import Declaration, declarations
from pytest_gitops.discovery.declared import declared_entries, doubtful_entries
from pytest_gitops.discovery.entry import Entry, Root
from pytest_gitops.discovery.implied import apart, broken_entries, directory_entry, implied_entries, is_part
from pytest_gitops.discovery.instance import FluxInstance, instances
from pytest_gitops.discovery.naming import name_entries
from pytest_gitops.discovery.reach import Reach

__all__ = [
    "Declaration",
    "Entry",
    "FluxInstance",
    "Reach",
    "Root",
    "apart",
    "broken_entries",
    "declarations",
    "declared_entries",
    "directory_entry",
    "doubtful_entries",
    "implied_entries",
    "instances",
    "is_part",
    "name_entries",
]
