"""Clusters of containers: a real one by the program kind, with real nodes and pods."""
