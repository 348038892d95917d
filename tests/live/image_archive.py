"""Makes archives of container images from files, as ``docker save`` does: what a test's nodes can't pull is loaded."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Image:
    """An image of one layer: its name with the tag, its files by their path in it, and what a container of it runs."""

    name: str
    files: Mapping[str, Path]
    entrypoint: Sequence[str]
    environment: Sequence[str] = field(default=())


def write_archive(path: Path, images: Sequence[Image]) -> Path:
    """Write images into one archive; layers that images share are in it once."""
    manifest = []
    written: set[str] = set()
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for image in images:
            layer = _layer(image.files)
            digest = hashlib.sha256(layer).hexdigest()
            config = _config(image, digest)
            names = (f"{hashlib.sha256(config).hexdigest()}.json", f"{digest}/layer.tar")
            for name, data in zip(names, (config, layer), strict=True):
                if name not in written:
                    written.add(name)
                    _add(archive, name, data)
            manifest.append({"Config": names[0], "RepoTags": [image.name], "Layers": [names[1]]})
        _add(archive, "manifest.json", json.dumps(manifest).encode())
    return path


def _layer(files: Mapping[str, Path]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as layer:
        for name, file in sorted(files.items()):
            _add(layer, name.lstrip("/"), file.read_bytes(), 0o755)
    return data.getvalue()


def _config(image: Image, layer: str) -> bytes:
    made = "1970-01-01T00:00:00Z"
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": made,
        "config": {"Entrypoint": list(image.entrypoint), "Env": list(image.environment), "User": "65532:65532"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]},
        "history": [{"created": made, "created_by": "pytest"}],
    }
    return json.dumps(config, sort_keys=True).encode()


def _add(archive: tarfile.TarFile, name: str, data: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    archive.addfile(entry, io.BytesIO(data))
