"""What the engine refuses of a change is what a real API server refuses: on the objects of the engine's own tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.api import Api, ApiError, Kind
from pytest_gitops.live.provider import Wish
from pytest_gitops.live.providers import provider
from pytest_gitops.live.waiting import until
from pytest_gitops.model import JsonObject, ResourceId
from pytest_gitops.rendering.protocol import RenderError
from pytest_gitops.rendering.validator import Knowledge, Validator

TESTDATA = Path(__file__).resolve().parents[2] / "engine" / "internal" / "validate" / "testdata"
DEFINITION = TESTDATA / "schemas" / "lasting.yaml"
CHANGES = {
    f"{file.stem}-{number}": pair
    for file in sorted((TESTDATA / "changes").glob("*.yaml"))
    for number, pair in enumerate(yaml.safe_load_all(file.read_text(encoding="utf-8")))
}
MANAGER = "kustomize-controller"


class Server:
    """A real API server, and what it says of changes."""

    def __init__(self, kubeconfig: Path) -> None:
        self._api = Api(kubeconfig)
        self._kinds = self._api.kinds()
        self._apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apps"}})
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "apps"}}
        self._apply(account)
        self._apply(yaml.safe_load(DEFINITION.read_text(encoding="utf-8")))
        while ("example.com/v1", "Lasting") not in self._kinds:
            self._kinds = self._api.kinds()

    def refuses(self, before: JsonObject, after: JsonObject) -> bool | None:
        """Return whether a server-side apply is refused that turns one object into another.

        None where one of the two can't be made as it is: what is refused of the new object alone doesn't count.
        """
        if self._kind(before) is None or self._kind(after) is None or not self._works(after, dry_run=True):
            return None
        if not self._works(before):
            return None
        if before["kind"] == "PersistentVolumeClaim":
            self._bind(before)
        if before["kind"] == "CustomResourceDefinition":
            self._await_established(before)
        try:
            return not self._works(after, dry_run=True)
        finally:
            id = ResourceId.of(before)
            kind = self._known(before)
            self._api.merge(kind, id.namespace, id.name, {"metadata": {"finalizers": None}})
            self._api.delete(kind, id.namespace, id.name)
            while self._api.get(kind, id.namespace, id.name):
                pass

    def _bind(self, claim: JsonObject) -> None:
        id = ResourceId.of(claim)
        size = claim["spec"]["resources"]["requests"]["storage"]
        status = {"status": {"phase": "Bound", "capacity": {"storage": size}}}
        self._api.merge(self._known(claim), id.namespace, id.name, status, status=True)

    def _await_established(self, definition: JsonObject) -> None:
        """Wait until a definition's scope and names can't be changed any more, if it comes so far."""

        def established() -> bool:
            found = self._api.get(self._known(definition), "", definition["metadata"]["name"]) or {}
            conditions = (found.get("status") or {}).get("conditions") or ()
            return any((c["type"], c["status"]) == ("Established", "True") for c in conditions)

        until(established, 10)

    def _works(self, obj: JsonObject, *, dry_run: bool = False) -> bool:
        try:
            self._apply(obj, dry_run=dry_run)
        except ApiError:
            return False
        return True

    def _apply(self, obj: JsonObject, *, dry_run: bool = False) -> None:
        self._api.apply(self._known(obj), obj, manager=MANAGER, force=True, dry_run=dry_run)

    def _known(self, obj: JsonObject) -> Kind:
        kind = self._kind(obj)
        assert kind is not None
        return kind

    def _kind(self, obj: JsonObject) -> Kind | None:
        return self._kinds.get((obj["apiVersion"], obj["kind"]))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Start an API server."""
    try:
        running = provider("hermetic").start(Wish("updates"))
    except LiveError as error:
        pytest.skip(f"no API server can be started: {error}")
    with closing(running):
        yield Server(running.kubeconfig)


@pytest.fixture(scope="module")
def refused() -> dict[str, list[JsonObject]]:
    """Return what the engine says of every change."""
    with closing(Validator()) as validator:
        definition = json.dumps(yaml.safe_load(DEFINITION.read_text(encoding="utf-8")))
        opened = validator.open(Knowledge(kubernetes="1.36", flux="v2.9.5", definitions=(definition,)))
        assert not isinstance(opened, RenderError), opened
        validator.submit_updates(opened[0], [(json.dumps(old), json.dumps(new)) for old, new in CHANGES.values()])
        (verdict,) = validator.verdicts()
        return {name: list(findings) for name, findings in zip(CHANGES, verdict.findings, strict=True)}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_refused_where_an_api_server_refuses_it(
    name: str, server: Server, refused: dict[str, list[JsonObject]]
) -> None:
    expected = server.refuses(*CHANGES[name])
    if expected is None:
        pytest.skip("one of the two objects can't be made as it is")
    if "gitops-placeholder-" in json.dumps(CHANGES[name]):
        pytest.skip("it depends on a value that Git can't tell")
    said = refused[name]
    if any(finding["severity"] == "warning" for finding in said):
        pytest.skip("it depends on what a cluster chose, and this one chose nothing")
    assert bool(said) is expected, said
