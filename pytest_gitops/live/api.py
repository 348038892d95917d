"""Talks to an API server about objects of any kind, by way of the ``kubernetes`` client's connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_gitops.exceptions import LiveError
from pytest_gitops.model import JsonObject, ResourceId, group_of

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

# Both kinds of discovery in two requests (Kubernetes 1.30 and newer).
_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_SERVER_ERROR = 300
SECONDS = 30.0


class ApiError(Exception):
    """What the API server refuses: its Status object, and that object's message as text."""

    def __init__(self, code: int, status: JsonObject) -> None:
        super().__init__(str(status.get("message") or f"HTTP status {code}"))
        self.code = code
        self.status = status

    @property
    def reason(self) -> str:
        """The Status' ``reason``, such as ``NotFound``, ``Conflict`` or ``Invalid``."""
        return str(self.status.get("reason") or "")

    @property
    def causes(self) -> list[JsonObject]:
        """The Status' causes: each with ``reason``, ``message`` and, where one field is at fault, ``field``."""
        return list((self.status.get("details") or {}).get("causes") or ())


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind as the API server serves it: the name in paths, and whether its objects belong into a namespace."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: frozenset[str] = frozenset()


class Api:
    """Requests to one API server; may be used from several threads. One that ``only_asks`` sends reads and dry runs.

    Methods raise ApiError for what the server refuses and LiveError where it can't be reached.
    """

    def __init__(self, kubeconfig: Path | None, context: str | None = None, *, only_asks: bool = False) -> None:
        # Imported here: it takes a second, and most runs ask no API server.
        try:
            from kubernetes import config  # noqa: PLC0415
        except ImportError:
            raise LiveError("the package kubernetes is not installed: pip install 'pytest-gitops[live]'") from None

        try:
            self.client: ApiClient = config.new_client_from_config(  # type: ignore[no-untyped-call]
                str(kubeconfig) if kubeconfig else None, context=context, persist_config=False
            )
        except config.ConfigException as error:
            raise LiveError(f"the kubeconfig can't be used: {error}") from None
        self.client.configuration.retries = False
        self._only_asks = only_asks

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content: str = "application/json",
        accept: str = "application/json",
        query: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> JsonObject:
        """Send one request and return the answer."""
        import urllib3  # noqa: PLC0415

        if self._only_asks and method != "GET" and (query or {}).get("dryRun") != "All":
            raise LiveError(f"{method} {path} would change {self.client.configuration.host}, which is only asked")
        headers = {"Accept": accept, **({"Content-Type": content} if body is not None else {})}
        text = None if body is None else json.dumps(body)
        serialized = self.client.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params=headers,
            auth_settings=["BearerToken"],
        )
        try:
            reply = self.client.rest_client.pool_manager.request(
                method, serialized[1], body=text, headers=serialized[2], timeout=urllib3.Timeout(seconds)
            )
        except urllib3.exceptions.HTTPError as error:
            raise LiveError(f"the API server {self.client.configuration.host} can't be reached: {error}") from None
        answer = _decoded(reply.data)
        if reply.status >= _SERVER_ERROR:
            raise ApiError(reply.status, answer)
        return answer

    @cached_property
    def version(self) -> str:
        """The API server's version, such as ``v1.36.3``."""
        return str(self.request("GET", "/version").get("gitVersion"))

    def kinds(self) -> dict[tuple[str, str], Kind]:
        """Return what the server serves, by ``apiVersion`` and kind, as it is now."""
        found = {}
        for root in ("/api", "/apis"):
            for group in self.request("GET", root, accept=_DISCOVERY).get("items") or ():
                name = (group.get("metadata") or {}).get("name") or ""
                for version in group.get("versions") or ():
                    for kind in _served(name, version):
                        found[kind.api_version, kind.kind] = kind
        return found

    def get(self, kind: Kind, namespace: str, name: str) -> JsonObject | None:
        """Return an object, None where there is none."""
        try:
            return self.request("GET", path_of(kind, namespace, name))
        except ApiError as error:
            if error.reason == "NotFound":
                return None
            raise

    def list(self, kind: Kind, namespace: str = "", *, labels: str = "") -> list[JsonObject]:
        """Return all objects of a kind, of one namespace or of all, that a label selector selects."""
        query = {"labelSelector": labels} if labels else {}
        items = self.request("GET", path_of(kind, namespace), query=query).get("items") or []
        return [{"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in items]

    def apply(
        self, kind: Kind, obj: JsonObject, *, manager: str, force: bool = False, dry_run: bool = False
    ) -> JsonObject:
        """Apply an object on the server's side, as kustomize-controller does; return what the server makes of it."""
        id = ResourceId.of(obj)
        query = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        path = path_of(kind, id.namespace, id.name)
        return self.request("PATCH", path, obj, content="application/apply-patch+yaml", query=query)

    def merge(self, kind: Kind, namespace: str, name: str, patch: JsonObject, *, status: bool = False) -> JsonObject:
        """Merge a patch into an object or its status."""
        path = path_of(kind, namespace, name) + ("/status" if status else "")
        return self.request("PATCH", path, patch, content="application/merge-patch+json")

    def patch_lists(self, kind: Kind, namespace: str, name: str, patch: JsonObject) -> JsonObject:
        """Patch a built-in object strategically: entries of lists are merged by name."""
        return self.request(
            "PATCH", path_of(kind, namespace, name), patch, content="application/strategic-merge-patch+json"
        )

    def delete(self, kind: Kind, namespace: str, name: str, *, dry_run: bool = False) -> bool:
        """Delete an object and what it owns; return whether it was there."""
        query = {"dryRun": "All"} if dry_run else {}
        try:
            self.request("DELETE", path_of(kind, namespace, name), {"propagationPolicy": "Background"}, query=query)
        except ApiError as error:
            if error.reason == "NotFound":
                return False
            raise
        return True


def path_of(kind: Kind, namespace: str = "", name: str = "") -> str:
    """Return the path of a kind's objects, or of one of them."""
    root = "apis" if group_of(kind.api_version) else "api"
    parts = [root, kind.api_version]
    if namespace and kind.namespaced:
        parts += ["namespaces", quote(namespace, safe="")]
    parts.append(kind.plural)
    if name:
        parts.append(quote(name, safe=""))
    return "/" + "/".join(parts)


def _served(group: str, version: JsonObject) -> list[Kind]:
    api_version = f"{group}/{version['version']}" if group else str(version["version"])
    return [
        Kind(
            api_version,
            str((resource.get("responseKind") or {}).get("kind")),
            str(resource["resource"]),
            resource.get("scope") == "Namespaced",
            frozenset(resource.get("verbs") or ()),
        )
        for resource in version.get("resources") or ()
    ]


def _decoded(data: bytes) -> JsonObject:
    try:
        answer: Any = json.loads(data)
    except ValueError:
        return {"message": data[:500].decode("utf-8", "replace").strip()}
    return answer if isinstance(answer, dict) else {"message": str(answer)}
