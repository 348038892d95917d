"""What the user asked for: command-line options and ini values, read once into one frozen value."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_gitops.live_options import LiveOptions, add_live_options, read_live
from pytest_gitops.network import Network
from pytest_gitops.network_options import add_network_options, read_network
from pytest_gitops.option_paths import beside_ini, called_from, joined

if TYPE_CHECKING:
    from pytest_gitops.graphs import Drawing
    from pytest_gitops.reports import Destination

_REPO_HELP = """
Collect one test per fact about the GitOps repository at DIR: every Flux Kustomization of every cluster, and every
overlay that no cluster reaches. `--gitops-repo .` is the usual form; the ini value gitops_repo says it once for all
runs.
"""
_CLUSTER_HELP = """
Only the clusters whose name matches GLOB (repeatable). Overlays belong to no cluster and are left out then.
"""
_ENGINE_HELP = """
What renders: `auto` (default; the bundled engine, or the tools on PATH where it is missing), `bundled` or `external`
(flux, kustomize or kubectl from PATH).
"""
_SOURCE_HELP = """
The local directory that stands for a source outside of this repository (repeatable). KEY is the source's URL, or its
`Kind/namespace/name`. Also the ini value gitops_sources, one KEY=DIR a line.
"""


_KUBERNETES_HELP = """
Validate every cluster for this Kubernetes version, such as 1.36, whatever the configuration says (repeatable: "would
1.37 break us?").
"""
_CHECK_HELP = """
Only this check (repeatable): `build`, `schema`, `references`, `policy`, `graph`, `snapshot`, `review`,
`apply` or `reconcile`.
"""
_BASE_HELP = """
Review what changes in every cluster since REF, a branch, tag or commit: compared are its merge base with HEAD, as
forges do, and the working tree with what is not committed yet. Adds an item `review` for each part that changes. Also
the ini value gitops_base; an empty REF turns that off.
"""
_CHANGED_HELP = """
Only the items that the change since --gitops-base touches (without it: since origin's default branch): those whose
files, variables, sources, parents or verdicts are not what they were.
"""
_SNAPSHOT_HELP = """
Compare what everything renders to with snapshots, files for review in the repository; needs syrupy, whose options
apply: `--snapshot-update` writes them. Also the ini value gitops_snapshot.
"""
_RULE_HELP = """
Only the rules whose id matches GLOB (repeatable), whatever set they are in.
"""

_REPORT_HELP = """
Write a report to FILE (repeatable): SARIF (`*.sarif`), GitLab's code quality (`*code-quality*.json`) or JSON (other
`*.json`); with --gitops-base, the review as one HTML page (`*.html`), as Markdown for a comment (`*.md`) or as JSON
(`*review*.json`). A name that tells no format takes one in front: `sarif:FILE`, `gitlab:FILE`, `json:FILE`,
`html:FILE`, `markdown:FILE`, `review:FILE`.
"""
_GRAPH_HELP = """
Write what declares and what depends on what, in every cluster, to FILE (repeatable): Mermaid (`*.mmd`, or `*.md` for
forges to draw), Graphviz' DOT (`*.dot`, `*.gv`) or SVG (`*.svg`).
"""
_TREE_HELP = """
Show each cluster as `flux tree kustomization --compact` does, with what depends on what, is suspended or skipped; with
`-v` every object.
"""

_UNREVIEWED = "give --gitops-base=REF, and leave out or extend --gitops-check"
_AGE_KEY_HELP = """
Decrypt what SOPS encrypted with the age keys in FILE (repeatable), and with those that SOPS finds by itself:
SOPS_AGE_KEY, SOPS_AGE_KEY_FILE and sops/age/keys.txt in the user's configuration directory.
"""
_SOPS_HELP = """
Let the program `sops` of PATH decrypt what no age key decrypts (PGP, cloud services, Vault): it runs in your
environment, and may use the network.
"""
_NO_DECRYPTION_HELP = """
Decrypt nothing, whatever keys are here: placeholders stand for what is encrypted.
"""

CHECKS = ("build", "schema", "references", "policy", "graph")
SNAPSHOT = "snapshot"
REVIEW = "review"
APPLY = "apply"
RECONCILE = "reconcile"
DEFAULT_BASE = "origin/HEAD"


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of one run; ``repo`` and the directories of ``sources`` are absolute and exist.

    ``base`` is the ref that the working tree is compared with, None where it isn't; ``changed`` leaves only what that
    touches. ``live`` is about the clusters that live checks ask.
    """

    repo: Path
    clusters: tuple[str, ...] = ()
    engine: str = "auto"
    cache: bool = True
    sources: tuple[tuple[str, Path], ...] = ()
    network: Network = field(default_factory=Network)
    hosts_of_base: bool = False
    age_keys: tuple[Path, ...] = ()
    decrypt: bool = True
    sops: str | None = None
    checks: tuple[str, ...] = CHECKS
    rules: tuple[str, ...] = ()
    kubernetes: tuple[str, ...] = ()
    reports: tuple[Destination, ...] = ()
    graphs: tuple[Drawing, ...] = ()
    tree: bool = False
    snapshot: bool = False
    base: str | None = None
    changed: bool = False
    live: LiveOptions = field(default_factory=LiveOptions)

    @property
    def reviews(self) -> bool:
        """Whether a change is reviewed."""
        return REVIEW in self.checks


SETTINGS = pytest.StashKey[Settings]()


def add_options(parser: pytest.Parser) -> None:
    """Declare the options and ini values."""
    group = parser.getgroup("gitops", "GitOps repositories (pytest-gitops)")
    group.addoption("--gitops-repo", metavar="DIR", default=None, help=_text(_REPO_HELP))
    group.addoption("--gitops-cluster", metavar="GLOB", action="append", default=[], help=_text(_CLUSTER_HELP))
    group.addoption("--gitops-engine", metavar="NAME", default="auto", help=_text(_ENGINE_HELP))
    group.addoption("--gitops-no-cache", action="store_true", help="Render everything anew, and keep nothing.")
    group.addoption("--gitops-source", metavar="KEY=DIR", action="append", default=[], help=_text(_SOURCE_HELP))
    group.addoption(
        "--gitops-kubernetes-version", metavar="VERSION", action="append", default=[], help=_text(_KUBERNETES_HELP)
    )
    group.addoption("--gitops-check", metavar="CHECK", action="append", default=[], help=_text(_CHECK_HELP))
    group.addoption("--gitops-base", metavar="REF", default=None, help=_text(_BASE_HELP))
    group.addoption("--gitops-changed", action="store_true", help=_text(_CHANGED_HELP))
    group.addoption("--gitops-snapshot", action="store_true", help=_text(_SNAPSHOT_HELP))
    group.addoption("--gitops-rule", metavar="GLOB", action="append", default=[], help=_text(_RULE_HELP))
    group.addoption("--gitops-report", metavar="FILE", action="append", default=[], help=_text(_REPORT_HELP))
    group.addoption("--gitops-graph", metavar="FILE", action="append", default=[], help=_text(_GRAPH_HELP))
    add_live_options(parser, group)
    group.addoption("--gitops-tree", action="store_true", help=_text(_TREE_HELP))
    add_network_options(group)
    group.addoption("--gitops-age-key", metavar="FILE", action="append", default=[], help=_text(_AGE_KEY_HELP))
    group.addoption("--gitops-sops", action="store_true", help=_text(_SOPS_HELP))
    group.addoption("--gitops-no-decryption", action="store_true", help=_text(_NO_DECRYPTION_HELP))
    parser.addini("gitops_repo", "The GitOps repository to test, relative to the ini file; see --gitops-repo.")
    parser.addini("gitops_sources", "Local directories for sources, relative to the ini file.", "linelist", [])
    parser.addini("gitops_base", "Review what changes since this ref in every run; see --gitops-base.")
    parser.addini("gitops_snapshot", "Compare with snapshots in every run; see --gitops-snapshot.", "bool", False)


def read_settings(config: pytest.Config) -> Settings | None:
    """Return the run's settings, None where no repository was asked for.

    Raises pytest.UsageError where a directory doesn't exist or an option can't be understood.
    """
    repo = _repository(config)
    if repo is None:
        return None
    return Settings(
        repo=repo,
        clusters=tuple(config.getoption("gitops_cluster")),
        engine=config.getoption("gitops_engine"),
        cache=not config.getoption("gitops_no_cache"),
        sources=tuple(_sources(config)),
        network=read_network(config),
        hosts_of_base=config.getoption("gitops_hosts_of_base"),
        age_keys=tuple(_age_keys(config)),
        decrypt=not config.getoption("gitops_no_decryption"),
        sops=_sops(config),
        checks=_checks(config),
        rules=tuple(config.getoption("gitops_rule")),
        kubernetes=_versions(config),
        reports=tuple(_reports(config)),
        graphs=tuple(_graphs(config)),
        tree=config.getoption("gitops_tree"),
        snapshot=_snapshot(config),
        base=_base(config) or (DEFAULT_BASE if config.getoption("gitops_changed") else None),
        changed=config.getoption("gitops_changed"),
        live=read_live(config),
    )


def _checks(config: pytest.Config) -> tuple[str, ...]:
    chosen = config.getoption("gitops_check")
    valid = (*CHECKS, SNAPSHOT, REVIEW, APPLY, RECONCILE)
    for name in chosen:
        if name not in valid:
            raise pytest.UsageError(f"--gitops-check: {name!r} is not one of {', '.join(valid)}")
    base = _base(config)
    if REVIEW in chosen and not base:
        raise pytest.UsageError("--gitops-check: review needs something to compare with; give --gitops-base=REF")
    known = (*CHECKS, REVIEW) if base else CHECKS
    live = {APPLY: "gitops_apply", RECONCILE: "gitops_reconcile"}
    asked = [name for name, key in live.items() if config.getoption(key) is not None or name in chosen]
    return (*(name for name in known if not chosen or name in chosen), *asked)


def _base(config: pytest.Config) -> str:
    """Return the ref to compare with, empty where there is none to."""
    option = config.getoption("gitops_base")
    return str(config.getini("gitops_base") if option is None else option).strip()


def _snapshot(config: pytest.Config) -> bool:
    """Return whether snapshots are compared: ``--gitops-check`` narrows what the ini file asks for."""
    chosen = config.getoption("gitops_check")
    wanted = SNAPSHOT in chosen if chosen else config.getini("gitops_snapshot")
    if not (wanted or config.getoption("gitops_snapshot")):
        return False
    if not config.pluginmanager.hasplugin("python"):
        # Nothing would call the functions that compare, and each would pass.
        raise pytest.UsageError("--gitops-snapshot needs pytest's own plugin python: leave out -p no:python")
    if not config.pluginmanager.hasplugin("syrupy"):
        raise pytest.UsageError(
            '--gitops-snapshot needs syrupy: pip install "pytest-gitops[snapshot]", and leave out -p no:syrupy'
        )
    return True


def _versions(config: pytest.Config) -> tuple[str, ...]:
    versions = tuple(dict.fromkeys(config.getoption("gitops_kubernetes_version")))
    for version in versions:
        if not re.fullmatch(r"v?1\.\d+(\.\S+)?", version):
            raise pytest.UsageError(f"--gitops-kubernetes-version: {version!r} is no version; write it as 1.36")
    return versions


def _reports(config: pytest.Config) -> Iterator[Destination]:
    texts = config.getoption("gitops_report")
    if not texts:
        return
    # Imported here: most runs write no report, and runs without a repository pass by here too.
    from pytest_gitops.reports import UnknownFormatError, destination  # noqa: PLC0415

    for text in texts:
        try:
            found = destination(text, called_from(config))
        except UnknownFormatError as error:
            raise pytest.UsageError(f"--gitops-report: {error}") from None
        if found.of_review and REVIEW not in _checks(config):
            raise pytest.UsageError(f"--gitops-report: {text} is a report of a review; {_UNREVIEWED}")
        yield found


def _graphs(config: pytest.Config) -> Iterator[Drawing]:
    texts = config.getoption("gitops_graph")
    if not texts:
        return
    from pytest_gitops.graphs import UnknownSuffixError, drawing  # noqa: PLC0415 (as for reports)

    try:
        for text in texts:
            yield drawing(text, called_from(config))
    except UnknownSuffixError as error:
        raise pytest.UsageError(f"--gitops-graph: {error}") from None


def _repository(config: pytest.Config) -> Path | None:
    option = config.getoption("gitops_repo")
    value, base = (
        (config.getini("gitops_repo"), beside_ini(config)) if option is None else (option, called_from(config))
    )
    if not value:
        return None
    return _directory(base, value, "--gitops-repo" if option is not None else "gitops_repo")


def _sources(config: pytest.Config) -> list[tuple[str, Path]]:
    """Return the ini's sources and then the command line's, so that the latter win where a caller builds a dict."""
    given = [(text, beside_ini(config), "gitops_sources") for text in config.getini("gitops_sources")]
    given += [(text, called_from(config), "--gitops-source") for text in config.getoption("gitops_source")]
    return [_source(text, base, name) for text, base, name in given]


def _source(text: str, base: Path, name: str) -> tuple[str, Path]:
    key, _equals, directory = text.rpartition("=")
    if not key.strip() or not directory.strip():
        raise pytest.UsageError(
            f"{name}: {text!r} is not KEY=DIR; write for example GitRepository/flux-system/apps=../apps"
        )
    if "*" in directory:
        # What comes before the * has to be there; each source that the key matches has its own directory.
        fixed = joined(base, directory.strip().partition("*")[0].rpartition("/")[0] or ".")
        return key.strip(), _directory(base, str(fixed), f"{name} {key.strip()}") / _rest(directory.strip())
    return key.strip(), _directory(base, directory.strip(), f"{name} {key.strip()}")


def _rest(directory: str) -> str:
    """Return the part of a directory from the first name with a ``*`` on."""
    head = directory.partition("*")[0].rpartition("/")[0]
    return directory[len(head) :].lstrip("/")


def _sops(config: pytest.Config) -> str | None:
    if not config.getoption("gitops_sops"):
        return None
    program = shutil.which("sops")
    if program is None:
        raise pytest.UsageError("--gitops-sops: there is no program sops on PATH")
    return os.path.abspath(program)


def _age_keys(config: pytest.Config) -> Iterator[Path]:
    for text in config.getoption("gitops_age_key"):
        path = joined(called_from(config), text)
        if not path.is_file():
            raise pytest.UsageError(f"--gitops-age-key: there is no file {text} (looked for {path})")
        yield path


def _directory(base: Path, value: str, name: str) -> Path:
    path = joined(base, value)
    try:
        if path.is_dir():
            return path
        problem = "is not a directory" if path.exists() else "does not exist"
    except (OSError, ValueError) as error:
        problem = f"can't be read ({error})"
    raise pytest.UsageError(f"{name}: {value} {problem} (looked for {path})")


def _text(paragraph: str) -> str:
    """Return a help text as one line: argparse wraps it, and reads ``%`` as a format."""
    return " ".join(paragraph.split()).replace("%", "%%")
