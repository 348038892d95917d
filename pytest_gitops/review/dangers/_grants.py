"""What RBAC rules allow, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pytest_gitops.objects import listed

# More combinations than this are compared by whole rules: nobody reads them one by one.
_MOST = 5000
_READ = ("get", "list", "watch", "*")
_WRITE = ("create", "update", "patch", "*")
# Resources that give away more than themselves, and the verbs that do.
_DANGEROUS = {
    "secrets": _READ,
    "pods/exec": ("create", "get", "*"),
    "pods/attach": ("create", "get", "*"),
    "nodes/proxy": ("get", "create", "*"),
    "serviceaccounts/token": ("create", "*"),
    "certificatesigningrequests/approval": _WRITE,
    "clusterroles": ("escalate", "bind", "*"),
    "roles": ("escalate", "bind", "*"),
    "mutatingwebhookconfigurations": _WRITE,
    "validatingwebhookconfigurations": _WRITE,
}
_ALWAYS = ("escalate", "bind", "impersonate")


class Grant(NamedTuple):
    """One verb on one resource of one group (or one path), for one object or for all."""

    group: str
    resource: str
    verb: str
    name: str = ""

    def __str__(self) -> str:
        where = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {where}{f' {self.name}' if self.name else ''}"

    def covers(self, other: Grant) -> bool:
        """Return whether it allows what the other does."""
        pairs = ((self.group, other.group), (self.resource, other.resource), (self.verb, other.verb))
        if any(mine not in ("*", theirs) for mine, theirs in pairs):
            return False
        return self.name in ("", other.name)

    @property
    def is_dangerous(self) -> bool:
        """Whether it allows everything of a kind, or leads to further rights."""
        if "*" in (self.verb, self.resource) or self.verb in _ALWAYS:
            return True
        return not self.name and self.verb in _DANGEROUS.get(self.resource, ())


def grants(rules: object) -> list[Grant]:
    """Return what the rules of a Role or ClusterRole allow."""
    return list(dict.fromkeys(grant for rule in _rules(rules) for grant in _of(rule)))[:_MOST]


def new_grants(before: object, after: object) -> list[Grant]:
    """Return what the later rules allow and the former didn't."""
    had = grants(before)
    exact = set(had)
    wide = [grant for grant in had if "*" in (grant.group, grant.resource, grant.verb) or not grant.name]
    return [grant for grant in grants(after) if grant not in exact and not any(wider.covers(grant) for wider in wide)]


def _rules(rules: object) -> Iterator[dict[str, object]]:
    return (rule for rule in rules if isinstance(rule, dict)) if isinstance(rules, list) else iter(())


def _of(rule: dict[str, object]) -> Iterator[Grant]:
    verbs = [str(verb) for verb in listed(rule, "verbs")]
    for path in listed(rule, "nonResourceURLs"):
        yield from (Grant("", str(path), verb) for verb in verbs)
    names = [str(name) for name in listed(rule, "resourceNames")] or [""]
    for group in map(str, listed(rule, "apiGroups")):
        for resource in map(str, listed(rule, "resources")):
            yield from (Grant(group, resource, verb, name) for verb in verbs for name in names)
