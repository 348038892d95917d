"""A program of its own: makes a kind cluster, and deletes it when its standard input closes.

The kernel closes it when the process that started this one dies, however it dies. It takes a JSON object as its
argument: ``create`` and ``delete``, two commands; ``log``, the file for what they print; ``record``, the file that is
removed once the cluster is gone; and ``lock``, the descriptor that holds that file's lock. It prints the exit status
of ``create`` once that has ended.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

GRACE = 10
SECONDS = 120
TRIES = 3


def main(orders: dict[str, Any]) -> int:
    """Make the cluster, wait for the end of standard input, and delete it; return 0 once it is gone."""
    with open(orders["log"], "w", encoding="utf-8") as output:
        making = subprocess.Popen(
            orders["create"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[orders["lock"]],
        )
    threading.Thread(target=_tell, args=[making], daemon=True).start()
    sys.stdin.read()
    _end(making)
    gone = any(_is_deleted(orders["delete"]) for _try in range(TRIES))
    if gone:
        Path(orders["record"]).unlink(missing_ok=True)
    return 0 if gone else 1


def _tell(making: subprocess.Popen[bytes]) -> None:
    status = making.wait()
    # Whoever would read it may be gone.
    with suppress(OSError):
        print(status, flush=True)  # noqa: T201


def _end(making: subprocess.Popen[bytes]) -> None:
    making.terminate()
    try:
        making.wait(timeout=GRACE)
    except subprocess.TimeoutExpired:
        making.kill()
        making.wait()


def _is_deleted(command: list[str]) -> bool:
    # kind wants to change a kubeconfig; the cluster's own may be gone by now.
    with suppress(OSError, subprocess.TimeoutExpired), tempfile.TemporaryDirectory() as directory:
        told = [*command, "--kubeconfig", f"{directory}/kubeconfig"]
        done = subprocess.run(told, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=SECONDS)
        return done.returncode == 0
    return False


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
