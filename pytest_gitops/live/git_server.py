"""Serves repositories over Git's smart HTTP protocol, read-only, on loopback."""

from __future__ import annotations

import gzip
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from pytest_gitops.exceptions import LiveError

LOOPBACK = "127.0.0.1"
SERVICE = "git-upload-pack"
LARGEST_REQUEST = 16 * 1024 * 1024
SECONDS = 60
_WHERE = "the container engine has to run on this machine itself, not in a virtual one"


class GitServer:
    """Serves each of ``repositories`` (a name, and a bare repository) at ``url/name`` until it is closed.

    ``host`` is the address to listen on: loopback, or that of a container network that only reaches this machine.
    """

    def __init__(self, repositories: dict[str, Path], host: str = LOOPBACK) -> None:
        handler = type("Handler", (_Handler,), {"repositories": repositories})
        try:
            self._server = ThreadingHTTPServer((host, 0), handler)
        except OSError as error:
            raise LiveError(f"the working tree can't be served on {host}: {error.strerror}; {_WHERE}") from None
        self._server.daemon_threads = True
        self.address = host
        self.url = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="gitops-git-server", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; may be called twice."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    repositories: dict[str, Path]

    def do_GET(self) -> None:
        """Tell the refs; only the smart protocol is spoken."""
        path, _question, query = self.path.partition("?")
        repository = self._repository(path.removesuffix("/info/refs"))
        if repository is None or not path.endswith("/info/refs") or f"service={SERVICE}" not in query.split("&"):
            self.send_error(404)
            return
        header = f"# service={SERVICE}\n".encode()
        refs = self._upload_pack(repository, b"", "--advertise-refs")
        self._answer("advertisement", b"%04x%s0000%s" % (len(header) + 4, header, refs))

    def do_POST(self) -> None:
        """Send the objects that are asked for."""
        repository = self._repository(self.path.removesuffix(f"/{SERVICE}"))
        length = int(self.headers.get("Content-Length") or 0)
        if repository is None or not self.path.endswith(f"/{SERVICE}") or length > LARGEST_REQUEST:
            self.send_error(404)
            return
        body = self._chunks() if self.headers.get("Transfer-Encoding") == "chunked" else self.rfile.read(length)
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self._answer("result", self._upload_pack(repository, body))

    def log_message(self, *arguments: Any) -> None:
        """Say nothing: the terminal is pytest's."""

    def _repository(self, path: str) -> Path | None:
        return self.repositories.get(path.strip("/"))

    def _chunks(self) -> bytes:
        body = b""
        while (size := int(self.rfile.readline().split(b";")[0] or b"0", 16)) and len(body) < LARGEST_REQUEST:
            body += self.rfile.read(size)
            self.rfile.readline()
        return body

    def _upload_pack(self, repository: Path, body: bytes, *flags: str) -> bytes:
        command = ["git", "upload-pack", "--stateless-rpc", *flags, str(repository)]
        return subprocess.run(command, input=body, capture_output=True, check=False, timeout=SECONDS).stdout

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"application/x-{SERVICE}-{kind}")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        self.wfile.write(body)
