"""What makes a cluster to try a repository on; every provider implements this and nothing else is asked of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pytest_gitops.model import Cluster, JsonObject


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a cluster.

    ``workloads`` asks for what makes Deployments and the like come up, ``flux`` for Flux's controllers too; without
    either, an API server is enough. ``cluster`` is the one of the fleet that it is to stand for; with ``remote`` it
    is another one that this one's parts apply to by a kubeConfig, named by the reference.
    """

    name: str = "gitops"
    workloads: bool = False
    flux: bool = False
    cluster: Cluster | None = None
    remote: str = ""


class Running(Protocol):
    """A cluster that answers."""

    @property
    def owned(self) -> bool:
        """Whether it was made for this run and goes with it."""

    @property
    def is_only_asked(self) -> bool:
        """Whether nothing may be put there: all that may be sent are reads and dry runs."""

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig to reach it with."""

    @property
    def context(self) -> str | None:
        """The kubeconfig's context, None for its current one."""

    @property
    def simulated(self) -> tuple[str, ...]:
        """What isn't real in it."""

    @property
    def description(self) -> str:
        """What it is, for the run's header."""

    @property
    def host(self) -> str:
        """This machine's address as the cluster's controllers reach it."""

    @property
    def progress_seconds(self) -> int | None:
        """After how long a Deployment whose pods don't come up has failed, None where that is its own to say."""

    def definitions(self) -> list[JsonObject]:
        """Return Flux's CustomResourceDefinitions, empty where the cluster has them already."""

    def installation(self) -> list[JsonObject]:
        """Return what is to be there before Flux starts: its namespace, accounts and rights, in this order."""

    def start_flux(self) -> None:
        """Start Flux's controllers, once their definitions and the installation are there."""

    def break_images(self, images: Iterable[str]) -> None:
        """Have these images, and only these, be ones that can't be pulled from now on."""

    def diagnose(self) -> str:
        """Return what became of the cluster's own programs that have ended, for an error message; may be empty."""

    def lost(self) -> str:
        """Return which of the cluster's own programs have ended by themselves, and how; empty where all run."""

    def close(self) -> None:
        """End the cluster where it is owned; may be called twice."""


class Provider(Protocol):
    """Starts clusters. Raises LiveError where none can be had: the message says what is missing and what to do."""

    @property
    def reaches_others(self) -> bool:
        """Whether controllers in one of its clusters reach the others by their kubeconfigs."""

    def start(self, wish: Wish) -> Running:
        """Start a cluster, and return it once its API server is ready; raises NotNamedError where none is to be."""
