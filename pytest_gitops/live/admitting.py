"""Tells when admission policies take effect, which is some time after they are made."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from pytest_gitops.live.api import Api, ApiError
from pytest_gitops.live.waiting import until
from pytest_gitops.model import JsonObject

NAME = "pytest-gitops-probe"
SECONDS = 15.0


class Probe:
    """Waits for an API server's policies by ones of its own, which deny nothing but ConfigMaps of their names.

    ``apply`` applies an object.
    """

    def __init__(self, api: Api, apply: Callable[[JsonObject], None]) -> None:
        self._api = api
        self._apply = apply
        self._numbers = count()

    def await_policies(self) -> None:
        """Wait until a policy made now takes effect: those that were changed before it then do too."""
        name = f"{NAME}-{next(self._numbers)}"
        for obj in _policy(name):
            self._apply(obj)
        kind = self._api.kinds()["v1", "ConfigMap"]
        probe = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}

        def is_denied() -> bool:
            try:
                self._api.apply(kind, probe, manager=NAME, dry_run=True)
            except ApiError:
                return True
            return False

        until(is_denied, SECONDS)


def _policy(name: str) -> list[JsonObject]:
    api_version = "admissionregistration.k8s.io/v1"
    rules = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}
    return [
        {
            "apiVersion": api_version,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "matchConstraints": {"resourceRules": [rules]},
                "matchConditions": [{"name": "probe", "expression": f"object.metadata.name == '{name}'"}],
                "validations": [{"expression": "false"}],
            },
        },
        {
            "apiVersion": api_version,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {"policyName": name, "validationActions": ["Deny"]},
        },
    ]
