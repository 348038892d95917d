"""What a workload may do beyond its own pod, and what it denies itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_gitops.checks.pods import all_containers, pod_spec
from pytest_gitops.checks.policy.pss_sysctls import SAFE
from pytest_gitops.checks.rule import FieldPath
from pytest_gitops.model import Resource
from pytest_gitops.objects import listed, mapping, scalar

# Kubernetes' baseline Pod Security Standard lets containers add this one.
_HARMLESS = ("NET_BIND_SERVICE",)
Powers = dict[str, FieldPath]


def powers(resource: Resource) -> Powers:
    """Return what a workload is allowed that opens the node to it, each with the field that allows it."""
    return dict(_powers(resource))


def restrictions(resource: Resource) -> Powers:
    """Return what a workload denies itself, each with the field that does."""
    return dict(_restrictions(resource))


def _powers(resource: Resource) -> Iterator[tuple[str, FieldPath]]:
    path, spec = pod_spec(resource)
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field) is True:
            yield field, (*path, field)
    for index, volume in enumerate(listed(spec, "volumes")):
        if host_path := scalar(mapping(volume, "hostPath"), "path"):
            yield f"hostPath {host_path}", (*path, "volumes", index, "hostPath")
    for index, sysctl in enumerate(listed(mapping(spec, "securityContext"), "sysctls")):
        if (name := scalar(sysctl, "name")) and name not in SAFE:
            yield f"sysctl {name}", (*path, "securityContext", "sysctls", index)
    for where, name, context in _contexts(resource):
        yield from _of_context(where, name, context)
    for where, container in all_containers(resource):
        for index, port in enumerate(listed(container, "ports")):
            if number := mapping({"port": port}, "port").get("hostPort"):
                yield f"hostPort {number}", (*where, "ports", index, "hostPort")


def _of_context(where: FieldPath, name: str, context: dict[str, Any]) -> Iterator[tuple[str, FieldPath]]:
    if context.get("privileged") is True:
        yield f"privileged{name}", (*where, "privileged")
    if mapping(context, "windowsOptions").get("hostProcess") is True:
        yield f"hostProcess{name}", (*where, "windowsOptions", "hostProcess")
    if context.get("procMount") == "Unmasked":
        yield f"procMount Unmasked{name}", (*where, "procMount")
    if context.get("runAsUser") == 0:
        yield f"runAsUser 0{name}", (*where, "runAsUser")
    for index, capability in enumerate(listed(mapping(context, "capabilities"), "add")):
        if str(capability).removeprefix("CAP_") not in _HARMLESS:
            yield f"capability {capability}{name}", (*where, "capabilities", "add", index)
    for profile in ("seccompProfile", "appArmorProfile"):
        if mapping(context, profile).get("type") == "Unconfined":
            yield f"{profile} Unconfined{name}", (*where, profile, "type")


def _restrictions(resource: Resource) -> Iterator[tuple[str, FieldPath]]:
    path, spec = pod_spec(resource)
    if spec.get("hostUsers") is False:
        yield "hostUsers: false", (*path, "hostUsers")
    for where, name, context in _contexts(resource):
        for field, value in (
            ("runAsNonRoot", True),
            ("readOnlyRootFilesystem", True),
            ("allowPrivilegeEscalation", False),
        ):
            if context.get(field) is value:
                yield f"{field}: {str(value).lower()}{name}", (*where, field)
        if mapping(context, "seccompProfile").get("type") in ("RuntimeDefault", "Localhost"):
            yield f"seccompProfile{name}", (*where, "seccompProfile")
        if "ALL" in map(str, listed(mapping(context, "capabilities"), "drop")):
            yield f"capabilities.drop ALL{name}", (*where, "capabilities", "drop")


def _contexts(resource: Resource) -> Iterator[tuple[FieldPath, str, dict[str, Any]]]:
    path, spec = pod_spec(resource)
    yield (*path, "securityContext"), "", mapping(spec, "securityContext")
    for where, container in all_containers(resource):
        context = mapping(container, "securityContext")
        yield (*where, "securityContext"), f" in {scalar(container, 'name')}", context
