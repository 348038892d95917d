"""syrupy's storage for snapshots of objects: one YAML file each, for a fleet's parts and for the user's own tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from syrupy.data import Snapshot, SnapshotCollection, SnapshotCollections
from syrupy.extensions.base import AbstractSyrupyExtension
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation
from syrupy.terminal import context_style, received_style, snapshot_style

from pytest_gitops.model import JsonObject, Rendered, Resource
from pytest_gitops.redaction import PLAIN, Redactor, Secrecy
from pytest_gitops.snapshots.difference import difference
from pytest_gitops.snapshots.manifest import Normaliser
from pytest_gitops.snapshots.options import SnapshotOptions

_STYLES = {"-": snapshot_style, "+": received_style}


class ManifestExtension(SingleFileSnapshotExtension):
    """Snapshots of objects, normalised and without secrets: a Resource, a Rendered, an object, or a list of them.

    ``normaliser`` and ``secrecy`` are the session's where there is a repository.
    """

    file_extension = "yaml"
    _write_mode = WriteMode.TEXT
    normaliser: ClassVar[Normaliser] = Normaliser(SnapshotOptions(), Redactor())
    secrecy: ClassVar[Secrecy] = PLAIN

    def serialize(self, data: Any, **_selection: Any) -> str:
        """Return the text of a snapshot. Raises TypeError for what is no object."""
        return self.normaliser.text(objects_in(data), self.secrecy)

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: Any = 0) -> str:
        """Return syrupy's name, but with ``~`` for the slashes of parameters, which syrupy leaves out."""
        name: str = AbstractSyrupyExtension.get_snapshot_name(test_location=test_location, index=index)
        return cls._sanitize_filename(name.replace("/", "~"))[: cls._max_stem_length()]

    @classmethod
    def matches_test_location(cls, *, test_location: PyTestLocation, snapshot_location: str) -> bool:
        """Return whether the file is one of the test's, whatever characters its parameters hold."""
        own = Path(cls.get_location(test_location=test_location, index=0))
        other = Path(snapshot_location)
        return other.parent == own.parent and (other.stem == own.stem or other.stem.startswith(_more(own.stem)))

    def diff_lines(self, serialized_data: Any, snapshot_data: Any) -> Iterable[str]:  # type: ignore[override]
        """Yield what differs, each run of lines below the object that it belongs to."""
        for kind, line in difference(str(snapshot_data), str(serialized_data)):
            if kind == "@":
                yield line
            else:
                yield _STYLES.get(kind, context_style)(f"{kind} {line}")


class PartExtension(ManifestExtension):
    """Snapshots of a fleet's parts, below the repository's own folder for them; the data is the text."""

    def serialize(self, data: Any, **_selection: Any) -> str:
        """Return the text as it is."""
        return str(data)

    @classmethod
    def get_location(cls, *, test_location: PyTestLocation, index: Any) -> str:
        """Return the part's file."""
        return str(_file(test_location))

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: Any = 0) -> str:
        """Return the item's name as syrupy makes it: by what is above the item."""
        return test_location.snapshot_name

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        """Return the folder of the part's file."""
        file = _file(test_location)
        return super().dirname(test_location=test_location) if file is None else str(file.parent)

    @classmethod
    def discovery_dirname(cls, *, test_location: PyTestLocation) -> str:
        """Return the folder of all snapshots, so that it is looked through once."""
        subject = getattr(test_location.item, "gitops", None)
        return super().discovery_dirname(test_location=test_location) if subject is None else str(subject.folder)

    @classmethod
    def matches_test_location(cls, *, test_location: PyTestLocation, snapshot_location: str) -> bool:
        """Return whether the file is that of the item's part."""
        return str(_file(test_location)) == snapshot_location

    def discover_snapshots(
        self, *, test_location: PyTestLocation, ignore_extensions: list[str] | None = None
    ) -> SnapshotCollections:
        """Return what may be unused: the files that no part of the fleet has, where all that have one are run.

        So a part that is skipped, fails or isn't selected keeps its snapshot, whatever syrupy makes of the item.
        """
        found = SnapshotCollections()
        strays = getattr(test_location.item, "strays", None)
        for path, name in strays() if strays is not None else ():
            collection = SnapshotCollection(location=str(path))
            collection.add(Snapshot(name=name))
            found.add(collection)
        return found

    def delete_snapshots(self, *, snapshot_location: str, snapshot_names: set[str]) -> None:
        """Delete a file, and the folders that it leaves empty."""
        path = Path(snapshot_location)
        path.unlink(missing_ok=True)
        for folder in path.parents:
            try:
                folder.rmdir()
            except OSError:
                break


def objects_in(data: Any) -> list[JsonObject]:
    """Return the objects in what a test compares. Raises TypeError where there is something else in it."""
    match data:
        case Resource():
            return [data.object]
        case dict():
            return [data]
        case Rendered() | list() | tuple():
            return [obj for item in data for obj in objects_in(item)]
    raise TypeError(
        f"gitops_snapshot compares a Resource, a Rendered, an object as a dict or a list of these, "
        f"not {type(data).__name__}"
    )


def _more(stem: str) -> tuple[str, str]:
    """Return how the names of a test's further snapshots begin: its second assertion, and named ones."""
    return f"{stem}.", f"{stem}["


def _file(test_location: PyTestLocation) -> Path | None:
    file: Path | None = getattr(test_location.item, "snapshot_file", None)
    return file
