"""Know what a GitOps repository will do to every cluster it feeds, before the merge."""

__version__ = "0.1.0"
