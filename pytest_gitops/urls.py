"""Tells whether two repository URLs mean the same repository."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

DEFAULT_PORTS = {"https": 443, "http": 80, "ssh": 22, "git": 9418}
SCP_LIKE = re.compile(r"^(?:[^@/\s]+@)?(?P<host>\[[^\]]+\]|[^:/\s]+):(?!//)(?P<path>.+)$")


def normalise(url: str) -> str:
    """Return ``host/path`` of a repository URL: the same text for each form of the same repository.

    Scheme, user, default port, case of the host, ``.git`` and trailing slashes don't tell repositories apart;
    scp-like addresses (``git@host:path``) are read as Git reads them. An OCI artifact never equals a Git
    repository, so it keeps its scheme: ``oci://host/path``.
    """
    text = url.strip()
    if "://" not in text:
        scp = SCP_LIKE.match(text)
        if scp is None or re.match(r"^[A-Za-z]:[\\/]", text):
            return _path(text) or text
        return _join(scp["host"].lower(), scp["path"])
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return text
    host = (parts.hostname or "").lower()
    if port is not None and port != DEFAULT_PORTS.get(parts.scheme.lower()):
        host = f"{host}:{port}"
    joined = _join(host, parts.path)
    return f"oci://{joined}" if parts.scheme.lower() == "oci" else joined


def last_component(url: str) -> str:
    """Return the repository's own name: the last part of the URL's path."""
    return normalise(url).rpartition("/")[2]


def _join(host: str, path: str) -> str:
    # Azure DevOps and GitHub treat paths without regard to case, others don't; a false difference only costs a
    # skip that says why, a false match would build the wrong tree. GitHub and GitLab are worth the exception.
    cleaned = _path(unquote(path))
    if host in {"github.com", "gitlab.com", "bitbucket.org", "codeberg.org"}:
        cleaned = cleaned.lower()
    return f"{host}/{cleaned}"


def _path(path: str) -> str:
    trimmed = re.sub(r"/+", "/", path).strip("/")
    return trimmed.removesuffix(".git").rstrip("/")
