"""What users tell of their repository: ``.pytest-gitops.yaml``, or ``[tool.pytest-gitops]`` of pyproject.toml."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from pytest_gitops.checks.configuring import selection
from pytest_gitops.checks.selection import Selection
from pytest_gitops.exceptions import ConfigurationError
from pytest_gitops.locating import LOADER, Locator, Step
from pytest_gitops.model import JsonObject, Location
from pytest_gitops.nesting import DEEPEST, is_too_deep
from pytest_gitops.paths import ancestors, clean
from pytest_gitops.rendering import Index
from pytest_gitops.snapshots.options import IDS, SnapshotOptions, snapshot_options, unknown_rules
from pytest_gitops.sources import exists

FILE = ".pytest-gitops.yaml"
PYPROJECT = "pyproject.toml"
TABLE = ("tool", "pytest-gitops")
# Sets of inputs, by the namespace/name of the ResourceSetInputProvider that exports them.
Inputs = Mapping[str, Sequence[JsonObject]]
_SNAPSHOTS = "__snapshots__"


@dataclass(frozen=True, slots=True)
class ClusterConfiguration:
    """What the user says of one cluster; None where nothing is said."""

    entry: str | None = None
    flux_version: str | None = None
    strict_substitution: bool | None = None
    kubernetes_version: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    inputs: Inputs = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that a configuration file says; ``file`` is its name, None where there is none.

    ``sources`` are absolute directories by ``Kind/namespace/name`` or URL, ``ignore`` globs of directories,
    ``schemas`` absolute directories of schemas, ``checks`` the choice of rules, ``snapshots`` how they are made.
    ``conditions`` are what custom resources get in live clusters: by ``Kind.group``, each type's status.
    """

    clusters: Mapping[str, ClusterConfiguration] = field(default_factory=dict)
    sources: Mapping[str, Path] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    schemas: tuple[Path, ...] = ()
    checks: Selection = field(default_factory=Selection)
    snapshots: SnapshotOptions = field(default_factory=SnapshotOptions)
    sops_age: Path | None = None
    inputs: Inputs = field(default_factory=dict)
    conditions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    file: str | None = None

    def ignored(self, index: Index) -> tuple[str, ...]:
        """Return the directories of a repository that ``ignore`` means."""
        files = [item.location.file for item in index.objects] + [overlay.file for overlay in index.overlays]
        if not self.ignore and not any(_SNAPSHOTS in file for file in files):
            return ()
        directories = {parent for file in files for parent in ancestors(file) if parent}
        # What the user's own tests keep there has been rendered already.
        patterns = [*(clean(pattern) for pattern in self.ignore), _SNAPSHOTS, f"*/{_SNAPSHOTS}"]
        return tuple(sorted(d for d in directories if any(fnmatchcase(d, pattern) for pattern in patterns)))


def read_configuration(root: Path, *, outside: Path | None = None) -> Configuration:
    """Return a repository's configuration, empty where it has none.

    ``outside`` is the directory whose place ``root`` takes for now: what lies beside the repository lies beside that.

    Raises ConfigurationError, with file, line and the nearest valid spelling, where it can't be understood, or
    both files configure pytest-gitops.
    """
    own = _read_yaml(root) if (root / FILE).exists() else None
    table = _read_pyproject(root) if (root / PYPROJECT).exists() else None
    if own is not None and table is not None:
        raise ConfigurationError(
            f"{FILE} and [{'.'.join(TABLE)}] of {PYPROJECT} both configure pytest-gitops; keep one of them"
        )
    roots = (root,) if outside is None else (root, outside)
    if own is not None:
        return _checked(own, _YamlLines(root), roots)
    return Configuration() if table is None else _checked(table, _TomlLines(root), roots)


def _read_yaml(root: Path) -> Any:
    try:
        text = (root / FILE).read_text(encoding="utf-8-sig")
        if is_too_deep(text):
            raise ConfigurationError(f"{FILE}: nests deeper than {DEEPEST} levels; a configuration needs a few")
        return yaml.load(text, Loader=LOADER) or {}  # noqa: S506 (a safe loader)
    except OSError as error:
        raise ConfigurationError(f"{FILE}: can't be read ({error.strerror}); check its permissions") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{FILE}: is not UTF-8; save it as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"{FILE}:{line}: is not YAML: {error.problem}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError(f"{FILE}: is not YAML: {error}") from None


def _read_pyproject(root: Path) -> Any:
    try:
        with (root / PYPROJECT).open("rb") as file:
            document: Any = tomllib.load(file)
    except (OSError, ValueError):
        # The file is other tools' as well; they tell better what is wrong with it.
        return None
    for key in TABLE:
        document = document.get(key) if isinstance(document, dict) else None
    return document


class _YamlLines:
    """Finds the lines of the configuration's own file."""

    file = FILE

    def __init__(self, root: Path) -> None:
        self._locator = Locator(root)

    def line(self, path: Sequence[Step]) -> int | None:
        """Return the line of a field, or of the nearest part of it that is there."""
        return self._locator.field(FILE, 1, path)


class _TomlLines:
    """Finds lines of pyproject.toml by the names of keys: tomllib tells no positions."""

    file = PYPROJECT

    def __init__(self, root: Path) -> None:
        self._lines = Locator(root).lines(PYPROJECT)

    def line(self, path: Sequence[Step]) -> int | None:
        """Return the line of the innermost key of a field, at or after that of the one around it."""
        found = self._after("pytest-gitops", 0)
        for step in path:
            found = self._after(str(step), found or 0) or found
        return found

    def _after(self, key: str, start: int) -> int | None:
        for number, text in enumerate(self._lines, start=1):
            if number >= start and key in text.partition("#")[0]:
                return number
        return None


@cache
def _schema() -> dict[str, Any]:
    text = resources.files("pytest_gitops").joinpath("configuration.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _checked(document: Any, lines: _YamlLines | _TomlLines, roots: Sequence[Path]) -> Configuration:
    problems = list(_problems(document, lines))
    if problems:
        raise ConfigurationError("\n".join(problems))
    clusters = {name: _cluster(value or {}) for name, value in (document.get("clusters") or {}).items()}
    return Configuration(
        clusters=clusters,
        sources=dict(_sources(document.get("sources") or {}, lines, roots)),
        ignore=tuple(document.get("ignore") or ()),
        schemas=tuple(_schemas(document.get("schemas") or (), lines, roots)),
        checks=selection(document.get("checks") or {}, lambda path: _location(lines, ["checks", *path])),
        snapshots=_snapshots(document.get("snapshots") or {}, lines),
        sops_age=_sops_age((document.get("decryption") or {}).get("sops-age"), lines, roots),
        inputs=dict(document.get("inputs") or {}),
        conditions=dict(_conditions((document.get("live") or {}).get("conditions") or {})),
        file=lines.file,
    )


def _problems(document: Any, lines: _YamlLines | _TomlLines) -> Iterator[str]:
    # Imported here: it takes a tenth of a second, and most repositories have no configuration.
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    errors = Draft202012Validator(_schema()).iter_errors(document)
    for error in sorted(errors, key=lambda error: [str(step) for step in error.absolute_path]):
        path = [step for step in error.absolute_path if isinstance(step, str | int)]
        if error.validator == "additionalProperties":
            valid = sorted(error.schema.get("properties", {}))
            for key in sorted(set(error.instance) - set(valid), key=str):
                near = get_close_matches(str(key), valid, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]!r}?" if near else f"valid are {', '.join(valid)}"
                yield f"{_place(lines, [*path, key])}: unknown key {key!r}; {hint}"
        else:
            name = ".".join(str(step) for step in path) or "the configuration"
            yield f"{_place(lines, path)}: {name}: {_plainly(error)}"


def _plainly(error: Any) -> str:
    kinds = {"object": "a mapping", "array": "a list", "string": "a text (quote it)", "boolean": "true or false"}
    if error.validator == "type":
        return f"{error.instance!r} is not {kinds.get(error.validator_value, error.validator_value)}"
    description = (error.schema or {}).get("description")
    return f"{error.message}{f' ({description})' if description else ''}"


def _place(lines: _YamlLines | _TomlLines, path: Sequence[Step]) -> str:
    line = lines.line(path)
    return lines.file if line is None else f"{lines.file}:{line}"


def _location(lines: _YamlLines | _TomlLines, path: Sequence[Step]) -> Location:
    return Location(lines.file, lines.line(path))


def _cluster(value: Mapping[str, Any]) -> ClusterConfiguration:
    return ClusterConfiguration(
        entry=clean(value["entry"]) if "entry" in value else None,
        flux_version=value.get("flux-version"),
        strict_substitution=value.get("strict-substitution"),
        kubernetes_version=value.get("kubernetes-version"),
        values=dict(value.get("values") or {}),
        inputs=dict(value.get("inputs") or {}),
    )


def _conditions(given: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, str]]]:
    for kind, conditions in given.items():
        yield kind, {name: str(status) for name, status in conditions.items()}


def _snapshots(given: Mapping[str, Any], lines: _YamlLines | _TomlLines) -> SnapshotOptions:
    for id in unknown_rules(given):
        near = get_close_matches(id, IDS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(IDS)}"
        place = _place(lines, ["snapshots", "rules", id])
        raise ConfigurationError(f"{place}: snapshots.rules: there is no rule {id!r} to switch; {hint}")
    folder = given.get("folder", "")
    if folder.startswith("/") or {".", ".."} & {*folder.split("/")}:
        place = _place(lines, ["snapshots", "folder"])
        raise ConfigurationError(
            f"{place}: snapshots.folder: {folder} is not below the repository's root; name one that is"
        )
    return snapshot_options(given)


def _sops_age(given: str | None, lines: _YamlLines | _TomlLines, roots: Sequence[Path]) -> Path | None:
    """Return the file of age keys; a repository has only files of its own directory read."""
    if given is None:
        return None
    for root in roots:
        file = (root / given).resolve()
        if not file.is_relative_to(root.resolve()):
            place = _place(lines, ["decryption", "sops-age"])
            raise ConfigurationError(
                f"{place}: decryption.sops-age: {given} lies outside of the repository; give a key that does with "
                "--gitops-age-key or SOPS_AGE_KEY_FILE"
            )
    return next((file for root in roots if (file := root / given).exists()), roots[0] / given)


def _schemas(given: Sequence[str], lines: _YamlLines | _TomlLines, roots: Sequence[Path]) -> Iterator[Path]:
    for index, text in enumerate(given):
        directory = next(filter(exists, ((root / Path(text).expanduser()).resolve() for root in roots)), None)
        if directory is None:
            place = _place(lines, ["schemas", index])
            raise ConfigurationError(
                f"{place}: schemas: {text} is not a directory; give one relative to the repository's root"
            )
        yield directory


def _sources(
    given: Mapping[str, str], lines: _YamlLines | _TomlLines, roots: Sequence[Path]
) -> Iterator[tuple[str, Path]]:
    for key, text in given.items():
        directory = next(filter(exists, ((root / Path(text).expanduser()).resolve() for root in roots)), None)
        if directory is None:
            place = _place(lines, ["sources", key])
            raise ConfigurationError(
                f"{place}: sources.{key}: {text} is not a directory; give one relative to the repository's root"
            )
        yield key, directory
