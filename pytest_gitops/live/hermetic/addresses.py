"""The addresses that a hermetic cluster gives its Services: those that the repository's own ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from pytest_gitops.model import Resource
from pytest_gitops.objects import listed, scalar

# By family, as kube-apiserver takes them at most: the default, and the length of a range around an address.
DEFAULTS = {4: "10.0.0.0/16", 6: "fd00:10::/108"}
LENGTHS = {4: 16, 6: 108}


def service_ranges(resources: Iterable[Resource] = ()) -> str:
    """Return a range of each family, around the first address that a Service names.

    Git doesn't tell a cluster's ranges, nor whether it has both families: all that it asks for is taken.
    """
    found = dict(DEFAULTS)
    for address in reversed(list(_named(resources))):
        found[address.version] = str(ip_network((address, LENGTHS[address.version]), strict=False))
    return ",".join(found.values())


def _named(resources: Iterable[Resource]) -> Iterator[IPv4Address | IPv6Address]:
    for resource in resources:
        if resource.kind == "Service" and resource.api_version == "v1":
            spec = resource.spec
            for text in dict.fromkeys([scalar(spec, "clusterIP"), *map(str, listed(spec, "clusterIPs"))]):
                try:
                    yield ip_address(text)
                except ValueError:
                    continue  # empty, None, or for the API server to refuse
