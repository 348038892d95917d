"""Go modules as a source of data: fetched through the Go command, read from its module cache."""

from __future__ import annotations

import gzip
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any


def directory(module: str, version: str) -> Path:
    """Return the module cache's directory of a module version, downloading it where needed."""
    with tempfile.TemporaryDirectory() as empty:
        command = ["go", "mod", "download", "-json", f"{module}@{version}"]
        done = subprocess.run(command, cwd=empty, capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout or "{}")
    if done.returncode or "Error" in answer:
        raise SystemExit(f"{module}@{version}: {answer.get('Error') or done.stderr}")
    return Path(answer["Dir"])


def write(path: Path, value: Any) -> None:
    """Write a value as gzipped JSON, the same bytes for the same value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    print(f"{path}: {len(text):,} bytes, {path.stat().st_size:,} compressed")  # noqa: T201
