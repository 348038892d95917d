"""Servers on loopback to fetch from: Git's own HTTP backend, files, and what a registry answers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from fleet_files import write_files

_AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")


@dataclass(slots=True)
class Served:
    """A server's URL, and the paths that were asked of it."""

    url: str
    asked: list[str] = field(default_factory=list)


def commit(root: Path, files: Mapping[str, str], *, tag: str | None = None) -> str:
    """Commit files to a Git repository, which is made where it is missing, and return the commit."""
    write_files(root, files)
    git = ("git", "-C", str(root), *_AUTHOR)
    commands = [("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "change")]
    for command in commands + ([("tag", tag)] if tag else []):
        subprocess.run([*git, *command], check=True)
    return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def git_server(root: Path) -> Iterator[Served]:
    """Serve the Git repositories below a directory, as ``git http-backend`` does."""
    with _serving(partial(_GitHandler, root)) as served:
        yield served


@contextmanager
def file_server(root: Path) -> Iterator[Served]:
    """Serve the files below a directory."""
    with _serving(partial(_FileHandler, directory=str(root))) as served:
        yield served


@contextmanager
def chart_registry(name: str, tag: str, archive: bytes) -> Iterator[Served]:
    """Serve a packed chart as ``helm push`` stores it: an OCI artifact of one layer, by its tag and its digest."""
    media = "application/vnd.cncf.helm"
    config = b"{}"
    described = [
        {"mediaType": f"{media}.{kind}", "digest": _digest(data), "size": len(data)}
        for kind, data in (("config.v1+json", config), ("chart.content.v1.tar+gzip", archive))
    ]
    manifest_media = "application/vnd.oci.image.manifest.v1+json"
    manifest = json.dumps(
        {"schemaVersion": 2, "mediaType": manifest_media, "config": described[0], "layers": described[1:]}
    ).encode()
    answers = {
        "/v2/": ("application/json", b"{}"),
        f"/v2/{name}/tags/list": ("application/json", json.dumps({"name": name, "tags": [tag]}).encode()),
        **{f"/v2/{name}/blobs/{_digest(data)}": ("application/octet-stream", data) for data in (config, archive)},
        **{f"/v2/{name}/manifests/{ref}": (manifest_media, manifest) for ref in (tag, _digest(manifest))},
    }
    with _serving(partial(_RegistryHandler, answers)) as served:
        yield served


def _digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Note what was asked."""
        self.server.asked.append(self.path)  # type: ignore[attr-defined]


class _FileHandler(_Quiet, SimpleHTTPRequestHandler):
    pass


class _GitHandler(_Quiet):
    def __init__(self, root: Path, *args: Any) -> None:
        self._root = root
        super().__init__(*args)

    def do_GET(self) -> None:
        """Have Git answer."""
        path, _mark, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        environment = {
            "CONTENT_LENGTH": str(length),
            "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(self._root),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
            "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
        }
        said = subprocess.run(
            ["git", "http-backend"], input=self.rfile.read(length), env=environment, capture_output=True, check=False
        ).stdout
        head, _blank, body = said.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 (the base class asks for it)


class _RegistryHandler(_Quiet):
    def __init__(self, answers: Mapping[str, tuple[str, bytes]], *args: Any) -> None:
        self._answers = answers
        super().__init__(*args)

    def do_GET(self) -> None:
        """Answer with what is stored at the path."""
        media, body = self._answers.get(self.path.partition("?")[0], ("", b""))
        self.send_response(200 if media else 404)
        self.send_header("Content-Type", media or "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Content-Digest", _digest(body))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 (the base class asks for it)


@contextmanager
def _serving(handler: Any) -> Iterator[Served]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        served = Served(f"http://127.0.0.1:{server.server_port}")
        server.asked = served.asked  # type: ignore[attr-defined]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
