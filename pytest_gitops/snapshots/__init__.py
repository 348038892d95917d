"""Snapshots: files for review that say what each part of a fleet renders to, compared by syrupy."""
