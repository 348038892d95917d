"""A kind cluster from its creation to its end, which comes with this process, however it dies."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path

from pytest_gitops.exceptions import LiveError
from pytest_gitops.live.directory import ClusterDirectory
from pytest_gitops.live.kind import supervise
from pytest_gitops.live.kind.engine import Engine, last_words
from pytest_gitops.live.kind.records import Record, sweep

# Where the node image has to be pulled first, that counts too.
CREATE_SECONDS = 900.0
END_SECONDS = 150.0


class Lifetime:
    """A cluster that exists until it is closed; its directory has the kubeconfig.

    A process of its own makes and deletes it; should that one be killed as well, the next run's sweep deletes the
    cluster. With ``keep`` nobody deletes it. Raises LiveError where it can't be made.
    """

    def __init__(self, engine: Engine, image: str | None, configuration: str, *, keep: bool = False) -> None:
        self.engine = engine
        self.is_kept = keep
        self._home = ClusterDirectory()
        self.kubeconfig = self._home.path / "kubeconfig"
        self._log = self._home.path / "kind.log"
        sweep(engine.daemon, partial(_delete, engine))
        self._record = Record(engine.daemon)
        self.name = self._record.name
        self._process: subprocess.Popen[str] | None = None
        try:
            self._create(image, configuration)
        except BaseException:
            self.close()
            raise
        if keep:
            self._let_go()

    def close(self) -> None:
        """Delete the cluster, unless it is to be kept; may be called twice."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None and process.stdout is not None:
            with suppress(OSError):
                process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=END_SECONDS)
            process.stdout.close()
        self._record.close()
        self._home.remove()

    def _let_go(self) -> None:
        """Have nobody delete the cluster: neither the process that would at the end, nor the next run."""
        process, self._process = self._process, None
        self._record.path.unlink()
        if process is not None and process.stdin is not None and process.stdout is not None:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()

    def _create(self, image: str | None, configuration: str) -> None:
        file = self._home.path / "kind.yaml"
        file.write_text(configuration, encoding="utf-8")
        chosen = ["--kubeconfig", str(self.kubeconfig), *(("--image", image) if image else ())]
        orders = {
            "create": [self.engine.kind, "create", "cluster", "--name", self.name, "--config", str(file), *chosen],
            "delete": [self.engine.kind, "delete", "cluster", "--name", self.name],
            "log": str(self._log),
            "record": str(self._record.path),
            "lock": self._record.descriptor,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(Path(supervise.__file__)), json.dumps(orders)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self.engine.environment,
            pass_fds=[self._record.descriptor],
            # Ctrl-C in the terminal is this process's to decide on.
            start_new_session=True,
        )
        status = self._status()
        if status != "0":
            raise LiveError(self._failure(image, status))

    def _status(self) -> str:
        """Return the exit status of ``kind create cluster`` once it has ended, empty where it doesn't in time."""
        process = self._process
        if process is None or process.stdout is None:
            return ""
        ready, _, _ = select.select([process.stdout], [], [], CREATE_SECONDS)
        return process.stdout.readline().strip() if ready else ""

    def _failure(self, image: str | None, status: str) -> str:
        said = last_words(self._log.read_text(encoding="utf-8", errors="replace")) if self._log.exists() else ""
        if not status:
            return f"kind made no cluster within {CREATE_SECONDS:.0f} s:\n{said}"
        if "failed to pull image" in said:
            remedy = "name one that is here with --gitops-kind-image"
            return f"the node image {image or 'that kind uses by default'} can't be had; {remedy}:\n{said}"
        return f"kind could not make a cluster: {said}"


def _delete(engine: Engine, name: str) -> None:
    """Delete a cluster that a killed run has left; raises OSError where that fails."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            engine.run_kind("delete", "cluster", "--name", name, "--kubeconfig", f"{directory}/kubeconfig")
        except LiveError as error:
            raise OSError(str(error)) from None
