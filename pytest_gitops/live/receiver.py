"""A receiver of notifications: what an Alert's Provider of the type ``generic`` calls."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pytest_gitops.model import JsonObject

LARGEST = 1024 * 1024


class Receiver:
    """Keeps what is sent to ``url`` until it is closed, as a context manager or by ``close``.

    ``host`` is the address to listen on, one that the cluster's controllers reach.
    """

    def __init__(self, host: str) -> None:
        self._events: list[JsonObject] = []
        self._changed = threading.Condition()
        handler = type("Handler", (_Handler,), {"take": staticmethod(self._take)})
        self._server = ThreadingHTTPServer((host, 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://{host}:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, name="gitops-receiver", daemon=True)
        self._thread.start()

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def events(self) -> tuple[JsonObject, ...]:
        """The events so far, oldest first, as Flux writes them: ``involvedObject``, ``severity``, ``reason``, …"""
        with self._changed:
            return tuple(self._events)

    def wait(self, wanted: Callable[[JsonObject], object], *, seconds: float = 60.0) -> JsonObject:
        """Return the first event that is wanted, also one from before; raises AssertionError where none comes."""

        def found() -> JsonObject | None:
            return next((event for event in self._events if wanted(event)), None)

        with self._changed:
            self._changed.wait_for(found, timeout=seconds)
            event = found()
            told = [f"{event.get('reason')}: {event.get('message')}" for event in self._events]
        if event is None:
            raise AssertionError(f"no such event within {seconds:.0f} s; there were: {'; '.join(told) or 'none'}")
        return event

    def close(self) -> None:
        """Stop listening; may be called twice."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def _take(self, event: JsonObject) -> None:
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()


class _Handler(BaseHTTPRequestHandler):
    take: Callable[[JsonObject], None]

    def do_POST(self) -> None:
        """Keep an event."""
        length = int(self.headers.get("Content-Length") or 0)
        try:
            event = json.loads(self.rfile.read(min(length, LARGEST)))
        except ValueError:
            self.send_error(400)
            return
        self.take(event)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing: the terminal is pytest's."""
