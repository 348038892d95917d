"""The hosts that the base of a change names already: what a stranger's change may be limited to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from pytest_gitops.objects import mapping, scalar
from pytest_gitops.rendering import Index, TreeError, create_renderer
from pytest_gitops.repository import find_repository
from pytest_gitops.review.revisions import find_range
from pytest_gitops.urls import normalise

_SOURCES = ("GitRepository", "OCIRepository", "HelmRepository", "Bucket")
_DEPENDENCY = re.compile(r"^\s*(?:-\s+)?repository:\s*[\"']?([^\s\"'#]+)", re.MULTILINE)
_HOST = re.compile(r"[a-z0-9_.-]+|\[[0-9a-f:.]+\]")


def hosts_of_base(repo: Path, ref: str) -> frozenset[str]:
    """Return the hosts of all sources, remote bases and chart dependencies at the merge base with ``ref``.

    Git's own remotes count too. What only shows once something is rendered, such as a URL with variables, doesn't.
    Raises RepositoryError where there is no such base.
    """
    repository = find_repository(repo)
    change = find_range(repository.root, ref)
    with TemporaryDirectory(prefix="gitops-base-") as directory, closing(create_renderer()) as renderer:
        base = change.write_base(repository, Path(directory))
        try:
            urls = set(_urls(renderer.scan(renderer.open(base.root)), base.root))
        except TreeError:
            urls = set()
    hosts = (_host(url) for url in urls | repository.urls)
    return frozenset(host for host in hosts if host)


def _urls(index: Index, root: Path) -> Iterator[str]:
    for item in index.objects:
        if item.object.get("kind") in _SOURCES:
            spec = mapping(item.object, "spec")
            yield scalar(spec, "url") or scalar(spec, "endpoint")
    for overlay in index.overlays:
        yield from overlay.remote
    for chart in index.charts:
        for name in ("Chart.yaml", "requirements.yaml"):
            yield from _dependencies(root / chart / name)


def _dependencies(file: Path) -> Iterator[str]:
    try:
        text = "" if file.is_symlink() else file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    yield from _DEPENDENCY.findall(text)


def _host(url: str) -> str:
    """Return the host of a URL in any form that Git, Helm and kustomize have; "" where it names none."""
    rest = normalise(url.removeprefix("git::")).removeprefix("oci://")
    host = re.sub(r":\d+$", "", rest.partition("/")[0].lower())
    return host if "." in host and _HOST.fullmatch(host) else ""
