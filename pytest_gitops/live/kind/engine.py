"""The programs that a kind cluster needs: kind itself, and the container engine that runs its nodes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_gitops.exceptions import LiveError

SECONDS = 60.0
ENGINES = ("docker", "podman")
# kind's own variables: which engine it uses, and in which network its nodes are.
CHOICE = "KIND_EXPERIMENTAL_PROVIDER"
NETWORKS = {"docker": "KIND_EXPERIMENTAL_DOCKER_NETWORK", "podman": "KIND_EXPERIMENTAL_PODMAN_NETWORK"}
# Which of an engine's daemons is spoken to.
DAEMONS = ("DOCKER_HOST", "DOCKER_CONTEXT", "CONTAINER_HOST")
_LAST_LINES = 12


@dataclass(frozen=True, slots=True)
class Engine:
    """A container engine that answers, and the kind that is to use it; both are absolute paths."""

    name: str
    program: str
    kind: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment for kind: the user's own, and this engine."""
        return {**os.environ, CHOICE: self.name}

    @property
    def daemon(self) -> dict[str, str]:
        """Which of the engine's daemons this is, by the variables that say so."""
        return {name: os.environ[name] for name in DAEMONS if name in os.environ}

    def run_kind(self, *arguments: str, seconds: float = SECONDS) -> str:
        """Run kind and return what it prints; raises LiveError with its words where it fails."""
        return run([self.kind, *arguments], seconds=seconds, environment=self.environment)

    def require_images(self, names: Iterable[str]) -> None:
        """Raise LiveError where the engine lacks one of these images."""
        for name in names:
            try:
                run([self.program, "image", "inspect", name])
            except LiveError:
                raise LiveError(
                    f"{self.name} has no image {name} to load into the cluster: give {self.name} pull {name} first"
                ) from None

    def gateway(self) -> str:
        """Return this machine's IPv4 address in the network of kind's nodes, which exists once a cluster does."""
        network = os.environ.get(NETWORKS[self.name]) or "kind"
        addresses = gateways(run([self.program, "network", "inspect", network]))
        if not addresses:
            raise LiveError(
                f"{self.name}'s network {network} has no IPv4 gateway, by which a cluster reaches this machine"
            )
        return addresses[0]


def find_engine() -> Engine:
    """Return kind with the container engine that it would use itself.

    Raises LiveError, saying what to do, where kind is missing, or no engine is there, or it doesn't answer.
    """
    kind = shutil.which("kind")
    if kind is None:
        raise LiveError(
            "there is no program kind on PATH: install it (https://kind.sigs.k8s.io), or choose another provider"
        )
    name, program = _engine()
    try:
        run([program, "version"])
    except LiveError as error:
        raise LiveError(f"{name} doesn't answer, start it or choose another provider: {error}") from None
    return Engine(name, program, kind)


def _engine() -> tuple[str, str]:
    chosen = os.environ.get(CHOICE)
    if chosen and chosen not in ENGINES:
        raise LiveError(f"{CHOICE}={chosen}: only {' and '.join(ENGINES)} are supported")
    for name in (chosen,) if chosen else ENGINES:
        program = shutil.which(name)
        if program is not None:
            return name, program
    missing = chosen or " nor ".join(ENGINES)
    raise LiveError(f"kind needs a container engine, and there is no {missing} on PATH: install one")


def gateways(text: str) -> list[str]:
    """Return the IPv4 gateways in what ``network inspect`` prints, of docker or of podman."""
    found = []
    for network in json.loads(text):
        ranges = network.get("subnets") or (network.get("IPAM") or {}).get("Config") or ()
        found += [each.get("gateway") or each.get("Gateway") or "" for each in ranges]
    return [address for address in found if "." in address]


def run(command: Sequence[str], *, seconds: float = SECONDS, environment: Mapping[str, str] | None = None) -> str:
    """Run a program and return what it prints; raises LiveError with the end of what it says where it fails."""
    name = " ".join([os.path.basename(command[0]), *command[1:3]])
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=seconds,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise LiveError(f"{name}: no end after {seconds:.0f} s") from None
    except OSError as error:
        raise LiveError(f"{name}: {error.strerror}") from None
    if done.returncode:
        raise LiveError(f"{name}: {last_words(done.stderr or done.stdout)}")
    return done.stdout


def last_words(text: str) -> str:
    """Return what a program says of its failure: from the line with ``ERROR`` on, else the last lines."""
    lines = text.strip().splitlines()
    errors = [number for number, line in enumerate(lines) if line.startswith("ERROR: ")]
    told = lines[errors[0] :] if errors else lines
    return "\n".join(told[:_LAST_LINES] if errors else told[-_LAST_LINES:]).removeprefix("ERROR: ")
