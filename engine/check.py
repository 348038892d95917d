"""Checks the engine: formatting, vet, all tests, and the short ones again with the race detector.

The race detector needs a C compiler; where there is none, that part is left out and said to be.

Usage: python engine/check.py [packages]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ENGINE = Path(__file__).resolve().parent
TIMEOUT = "-timeout=20m"


def main() -> None:
    """Run all checks; the first that fails ends the program with its exit code."""
    packages = sys.argv[1:] or ["./..."]
    unformatted = subprocess.run(["gofmt", "-l", "."], cwd=ENGINE, check=True, stdout=subprocess.PIPE, text=True)
    if unformatted.stdout:
        sys.exit(f"gofmt would change:\n{unformatted.stdout}")
    _go("vet", *packages)
    _go("test", TIMEOUT, *packages)
    compiler = os.environ.get("CC", "gcc").split()[0]
    if shutil.which(compiler) is None:
        print(f"no {compiler} on PATH: the race detector was left out", file=sys.stderr)
        return
    os.environ["CGO_ENABLED"] = "1"
    # Not the program: its tests bound memory and time, both of which the detector multiplies.
    _go("test", TIMEOUT, "-race", "-short", *(sys.argv[1:] or ["./internal/..."]))


def _go(*arguments: str) -> None:
    status = subprocess.run(["go", *arguments], cwd=ENGINE, check=False).returncode
    if status:
        sys.exit(status)


if __name__ == "__main__":
    main()
