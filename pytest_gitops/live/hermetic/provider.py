"""The provider ``hermetic``: clusters of plain processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import yaml

from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.hermetic.addresses import service_ranges
from pytest_gitops.live.hermetic.cluster import ControlPlane
from pytest_gitops.live.hermetic.flux import start_controllers
from pytest_gitops.live.hermetic.ports import LOOPBACK
from pytest_gitops.live.hermetic.programs import Programs, find_programs
from pytest_gitops.live.hermetic.simulation import SIMULATED
from pytest_gitops.live.installation import installation, left_alone, node
from pytest_gitops.live.provider import Wish
from pytest_gitops.live.stand_ins import with_older_versions, with_operator
from pytest_gitops.model import JsonObject


class HermeticProvider:
    """Starts clusters of plain processes: works as an ordinary user, without Docker and without a network."""

    reaches_others = True

    def start(self, wish: Wish) -> HermeticCluster:
        """Start a control plane."""
        programs = find_programs()
        written = wish.cluster.resources if wish.cluster else ()
        services = service_ranges(resource for _part, resource in written)
        try:
            cluster = HermeticCluster(programs, ControlPlane(programs, wish.name, services), wish)
        except OSError as error:
            raise LiveError(f"the cluster's files can't be written: {error.strerror or error}") from None
        if wish.workloads or wish.flux:
            _closed_on_error(cluster, cluster.start_workloads)
        return cluster


def _closed_on_error(cluster: HermeticCluster, step: Callable[[], None]) -> None:
    """Do a step, and end the cluster where it fails."""
    try:
        step()
    except OSError as error:
        cluster.close()
        raise LiveError(f"the cluster's files can't be written: {error.strerror or error}") from None
    except BaseException:
        cluster.close()
        raise


class HermeticCluster:
    """A control plane of plain processes, with simulated nodes and pods."""

    owned = True
    is_only_asked = False
    context = None
    host = LOOPBACK
    progress_seconds = 3

    def __init__(self, programs: Programs, control_plane: ControlPlane, wish: Wish) -> None:
        self._programs = programs
        self._wish = wish
        self._control_plane = control_plane
        self.kubeconfig: Path = control_plane.access.kubeconfig
        self.simulated: tuple[str, ...] = ()
        versions = ", ".join(f"{name} {version}" for name, version in programs.versions)
        self.description = f"hermetic cluster ({versions})" if versions else "hermetic cluster"

    def start_workloads(self) -> None:
        """Start what makes workloads come up."""
        self.simulated = SIMULATED
        self._control_plane.start_workloads()

    def definitions(self) -> list[JsonObject]:
        """Return the CustomResourceDefinitions of the controllers' own modules, and what objects here need beyond.

        A repository may be written for an older Flux, or for one that an operator runs; this Flux stands for it, and
        the definitions that such a repository holds don't take the place of these.
        """
        files = sorted(self._programs.definitions.glob("*.yaml"))
        own = [yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER) for file in files]  # noqa: S506
        written = self._wish.cluster.resources if self._wish.flux and self._wish.cluster else ()
        found = with_older_versions(with_operator(own), [resource for _part, resource in written])
        return list(map(left_alone, found)) if self._wish.flux else found

    def installation(self) -> list[JsonObject]:
        """Return the namespace, the controllers' accounts and rights, and the simulated node."""
        return [*installation(), node()]

    def start_flux(self) -> None:
        """Start Flux's controllers."""
        start_controllers(self._control_plane, self._programs.controllers)

    def break_images(self, images: Iterable[str]) -> None:
        """Have kwok never let a pod with one of these images get ready."""
        self._control_plane.simulate(images)

    def diagnose(self) -> str:
        """Return the last lines of every program's log, by program."""
        return self._control_plane.diagnose()

    def lost(self) -> str:
        """Return the last lines of the logs of those programs that have ended."""
        return self._control_plane.diagnose()

    def close(self) -> None:
        """End all processes and remove all files."""
        self._control_plane.close()


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
