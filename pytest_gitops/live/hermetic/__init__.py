"""Clusters of plain processes: a real control plane and Flux's controllers on loopback, simulated nodes and pods."""
