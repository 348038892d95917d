"""Graphs: what each cluster's Kustomizations and HelmReleases depend on, as a file or in the terminal."""

from pytest_gitops.graphs.formats import FORMATS, Drawing, UnknownSuffixError, drawing
from pytest_gitops.graphs.graph import ClusterGraph, Edge, Node, graphs_of
from pytest_gitops.graphs.tree import tree

__all__ = [
    "FORMATS",
    "ClusterGraph",
    "Drawing",
    "Edge",
    "Node",
    "UnknownSuffixError",
    "drawing",
    "graphs_of",
    "tree",
]
