"""How a cluster's API server is reached."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True)
class Access:
    """An API server's URL, the file with its certificate's authority, and a token; ``kubeconfig`` says all three."""

    server: str
    authority: Path
    token: str
    kubeconfig: Path

    def __repr__(self) -> str:
        return f"Access({self.server})"


def write_kubeconfig(path: Path, *, server: str, authority: Path, token: str, name: str) -> Access:
    """Write a kubeconfig that only its owner can read, and return what it says."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority": str(authority)}}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        yaml.safe_dump(document, file)
    return Access(server, authority, token, path)
