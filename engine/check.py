"""Checks the engine: formatting, vet, and the tests, with the race detector where there is a C compiler for it.

Usage: python engine/check.py [go test arguments]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ENGINE = Path(__file__).resolve().parent


def main() -> None:
    """Run all checks; the first that fails ends the program with its exit code."""
    unformatted = subprocess.run(["gofmt", "-l", "."], cwd=ENGINE, check=True, stdout=subprocess.PIPE, text=True)
    if unformatted.stdout:
        sys.exit(f"gofmt would change:\n{unformatted.stdout}")
    _go("vet", "./...")
    _go("test", *_race(), *(sys.argv[1:] or ["./..."]))


def _race() -> list[str]:
    compiler = os.environ.get("CC", "gcc").split()[0]
    if shutil.which(compiler) is not None:
        os.environ["CGO_ENABLED"] = "1"
        return ["-race"]
    print(f"no {compiler} on PATH: the tests run without the race detector", file=sys.stderr)
    return []


def _go(*arguments: str) -> None:
    status = subprocess.run(["go", *arguments], cwd=ENGINE, check=False).returncode
    if status:
        sys.exit(status)


if __name__ == "__main__":
    main()
