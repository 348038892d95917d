"""Flux's controllers as programs of a hermetic cluster."""

from __future__ import annotations

from pathlib import Path

from pytest_gitops.live.hermetic.cluster import ControlPlane
from pytest_gitops.live.hermetic.ports import LOOPBACK, free_ports
from pytest_gitops.live.hermetic.programs import CONTROLLERS

NAMESPACE = "flux-system"


def start_controllers(cluster: ControlPlane, directory: Path) -> None:
    """Start Flux's controllers from ``directory``, unmodified, with short waits.

    Source: the flags of Flux 2.9's own manifests, less what asks for more than one replica or listens to others.
    """
    ports = dict(zip(CONTROLLERS, free_ports(len(CONTROLLERS)), strict=True))
    storage, events, receiver = free_ports(3)
    for name in CONTROLLERS:
        flags = [*_common(ports[name]), *_own(cluster, name, storage, events, receiver)]
        if name != "notification-controller":
            flags.append(f"--events-addr=http://{LOOPBACK}:{events}/")
        cluster.start(
            name,
            [str(directory / name), *flags],
            KUBECONFIG=str(cluster.access.kubeconfig),
            RUNTIME_NAMESPACE=NAMESPACE,
            TUF_ROOT=str(cluster.directory / "tuf"),
        )


def _common(port: int) -> list[str]:
    return [
        "--watch-all-namespaces=true",
        "--log-level=info",
        "--log-encoding=json",
        "--enable-leader-election=false",
        "--metrics-addr=0",
        f"--health-addr={LOOPBACK}:{port}",
        "--concurrent=10",
        "--min-retry-delay=50ms",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    ]


def _own(cluster: ControlPlane, name: str, storage: int, events: int, receiver: int) -> list[str]:
    """Return the flags that only one controller has."""
    if name == "source-controller":
        path = cluster.directory / "artifacts"
        path.mkdir()
        return [
            f"--storage-path={path}",
            f"--storage-addr={LOOPBACK}:{storage}",
            f"--storage-adv-addr={LOOPBACK}:{storage}",
        ]
    if name == "notification-controller":
        return [f"--events-addr={LOOPBACK}:{events}", f"--receiverAddr={LOOPBACK}:{receiver}"]
    return ["--requeue-dependency=250ms", "--http-retry=3"]
