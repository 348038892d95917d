"""From a renderer's error to the finding that a user reads, or to a skip where the cluster might well succeed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches

from pytest_gitops.locating import Locator, Step, steps
from pytest_gitops.model import Failed, Finding, Location, Severity, Skipped
from pytest_gitops.objects import listed, scalar
from pytest_gitops.paths import ancestors, directory_of, is_directory, join
from pytest_gitops.recursion.chart_remedies import chart_remedy
from pytest_gitops.recursion.inherited import inherited
from pytest_gitops.recursion.node import Node
from pytest_gitops.recursion.places import Translate
from pytest_gitops.recursion.registry import Provided
from pytest_gitops.rendering import RenderError
from pytest_gitops.variables import post_build

# Codes of the engine protocol, where a rule has another name than the code.
RULES = {
    "path": "path-not-found",
    "substitution": "substitution",
    "busy": "engine",
    "panic": "engine",
    "crash": "engine",
    "protocol": "engine",
    "cancelled": "engine",
    "deadline": "limit",
}
# How Helm names a field of a Chart.yaml.
CHART_FIELD = re.compile(r"chart\.metadata\.(\w+)")
# How the engine says that a HelmRelease has a value that it can't have, which the API server refuses.
UNREADABLE = re.compile(r"^[\w.\[\]]+ is a \w+, where a \S+ is expected|^the HelmRelease can't be read: ")
STARTED = re.compile(r"started at (?:[^\s:]*/)?([^\s:/]+):(\d+)")
UNAVAILABLE_SOURCE = "source-unavailable"
# Those that a HelmRelease has of its own.
CHART_RULES = {"chart": "chart", "values": "values", "helm": "template", "path": "chart"}
SUBSTITUTE = "spec.postBuild.substitute"


class Place:
    """A place in the repository's files and the way there, outermost first, each step once."""

    def __init__(self, location: Location, chain: Iterable[Location]) -> None:
        self.location = location
        self.chain = tuple(dict.fromkeys(place for place in chain if place != location))


class Failures:
    """Turns errors of one cluster's builds into outcomes, with places in the repository's files."""

    def __init__(self, cluster: str, locator: Locator) -> None:
        self._cluster = cluster
        self._locator = locator

    def of_build(self, node: Node, error: RenderError, translate: Translate) -> Failed | Skipped:
        """Return the outcome of a build that failed; ``translate`` makes its paths relative to the repository."""
        if error.code == "remote":
            return Skipped(without_base(error))
        if error.code == "encrypted":
            # What the decrypted file holds, nobody here knows.
            return Skipped(error.message)
        return Failed((self._of_error(node, error, translate),))

    def at_field(self, node: Node, rule: str, field: str, message: str, remedy: str | None = None) -> Failed:
        """Return a failure at a field of the Flux object, in the file that declares it."""
        where = Place(self.field(node, field), node.chain)
        return Failed((self._finding(node, rule, message, where, remedy=remedy),))

    def at_source(
        self, node: Node, field: str, message: str, provided: Provided, *, remedy: str | None = None
    ) -> Failed:
        """Return the failure of a part whose source can't be had, at a field of the source."""
        location = provided.location
        if location is None:
            return self.at_field(node, UNAVAILABLE_SOURCE, "spec", message, remedy)
        line = self._locator.field(location.file, location.line, steps(field))
        where = Place(replace(location, line=line), (*node.chain, node.location))
        return Failed((self._finding(node, UNAVAILABLE_SOURCE, message, where, remedy=remedy),))

    def field(self, node: Node, field: str, text_line: int | None = None) -> Location:
        """Return where a field of a Flux object, or a line of its text, is declared, or as near as the files tell."""
        return self.line(node, steps(field), text_line)

    def of_chart(
        self,
        node: Node,
        error: RenderError,
        translate: Translate,
        places: Callable[[Sequence[Step]], Location | None] = lambda _path: None,
    ) -> Failed | Skipped:
        """Return the outcome of a HelmRelease that can't be rendered; ``places`` tells where a value is written."""
        if error.code == "unsupported":
            return Skipped(f"charts are not rendered: {error.message}")
        if UNREADABLE.search(error.message):
            return Skipped(f"the API server refuses it: {error.message}")
        rule = CHART_RULES.get(error.code) or RULES.get(error.code, error.code)
        if error.field and error.field.startswith("spec.valuesFrom"):
            rule = "values-from-missing" if error.message.endswith("not found") else "values"
        template = self._in_file(error, translate)
        place = places(_value_path(error))
        declared = self.field(node, _chart_field(node, error))
        # The value is what the user can change; the template leads there, and is all there is without one.
        location = place or template or declared
        within = tuple(place for step in error.chain if (place := _moved(step, translate)))
        chain = (*node.chain, *((node.location,) if location != declared else ()), *within, *filter(None, (template,)))
        where = Place(location, chain)
        message = error.message
        if error.template and error.template not in message:
            line = f":{error.template_line}" if error.template_line else ""
            message = f"{error.template}{line}: {message}"
        remedy = error.remedy or chart_remedy(error)
        return Failed((self._finding(node, rule, message, where, remedy=remedy, resource=None),))

    def _in_file(self, error: RenderError, translate: Translate) -> Location | None:
        """Return the place in a chart's file; what is no file is told at the HelmRelease."""
        location = _moved(error.location, translate)
        if location is None or not self._locator.lines(location.file):
            return None
        started = STARTED.search(error.message)
        if started and location.file.endswith(started[1]):
            return replace(location, line=int(started[2]))
        if location.line is None and location.file.endswith("Chart.yaml"):
            return replace(location, line=self._of_chart_file(location.file, error.message))
        return location

    def _of_chart_file(self, file: str, message: str) -> int | None:
        """Return the line of a Chart.yaml that a message is about: a field, or a dependency's repository or name."""
        if field := CHART_FIELD.search(message):
            return self._locator.exactly(file, (field[1],)) or 1
        for wanted in ("repository", "name"):
            for number, line in enumerate(self._locator.lines(file), start=1):
                key, _colon, value = line.strip().removeprefix("- ").partition(":")
                if key == wanted and f"'{value.strip()}'" in message:
                    return number
        return self._locator.exactly(file, ("dependencies",))

    def line(self, node: Node, path: Sequence[Step], text_line: int | None = None) -> Location:
        """Return where a field of a Flux object is declared, given by its steps from the object's root.

        What its own file doesn't have may come from a patch of the Kustomization that declares it.
        """
        declared = (*steps(node.spec_field), *path[1:])
        file, start = node.location.file, node.location.line
        if not self._locator.holds(file, start, declared):
            patched = inherited(node, path, text_line)
            if patched is not None:
                return self.field(patched.node, patched.field, patched.text_line)
        return replace(node.location, line=self._locator.field(file, start, declared, text_line))

    def at(self, file: str, path: Sequence[Step]) -> Location:
        """Return the place of a field of a file's first document, without a line where the file has no such field."""
        return Location(file, self._locator.exactly(file, path))

    def in_text(self, location: Location | None, path: Sequence[Step], line: int) -> Location | None:
        """Return the place of a line (from 1) of an object's text; only a literal block has lines of its own."""
        if location is None:
            return None
        return replace(location, line=self._locator.field(location.file, location.line, path, line))

    def lines(self, file: str) -> Sequence[str]:
        """Return the lines of a file."""
        return self._locator.lines(file)

    def _of_error(self, node: Node, error: RenderError, translate: Translate) -> Finding:
        rule = "variable-not-set" if error.variable else RULES.get(error.code, error.code)
        where = self._where(node, error, translate)
        remedy = error.remedy
        if remedy and error.variable:
            remedy = _also_from(node, remedy)
        if remedy is None and error.code == "path" and error.location is None:
            remedy = self._near(node)
        return self._finding(node, rule, error.message, where, remedy=remedy, resource=error.resource)

    def _where(self, node: Node, error: RenderError, translate: Translate) -> Place:
        """Return where an error is: in the file that the renderer names, else at the Kustomization's own field."""
        location = _moved(error.location, translate)
        if location is None:
            field = error.field or ("spec.path" if error.code == "path" else "spec")
            return Place(self.field(node, field, error.field_line), node.chain)
        if error.variable and location.line is None:
            location = replace(location, line=self._locator.variable(location.file, error.variable))
        steps_there = tuple(place for step in error.chain if (place := _moved(step, translate)))
        return Place(location, (*node.chain, node.location, *steps_there))

    def _near(self, node: Node) -> str | None:
        """Say which directories are called much like the one that isn't there."""
        directory = node.inputs.place.directory if node.inputs else None
        path = node.path
        if directory is None or not path:
            return None
        if is_directory(directory, path):
            return f"{path} is there, but not in the source's artifact: its ignore rules leave it out"
        missing = next((p for p in reversed([path, *ancestors(path)]) if p and not is_directory(directory, p)), path)
        parent = directory_of(missing)
        try:
            names = sorted(entry.name for entry in os.scandir(directory / parent) if entry.is_dir())
        except OSError:
            return None
        near = get_close_matches(missing.rpartition("/")[2], names, n=3, cutoff=0.6)
        return f"did you mean {' or '.join(join(parent, name) for name in near)}?" if near else None

    def _finding(
        self, node: Node, rule: str, message: str, where: Place, *, remedy: str | None, resource: str | None = None
    ) -> Finding:
        return Finding(
            rule=rule,
            severity=Severity.ERROR,
            message=message,
            location=where.location,
            resource=resource or node.title,
            clusters=(self._cluster,),
            remedy=remedy,
            chain=where.chain,
        )


def _also_from(node: Node, remedy: str) -> str:
    """Name the ConfigMaps and Secrets that a Kustomization takes variables from, beside its own ``substitute``."""
    named = [
        f"{scalar(one, 'kind')}/{scalar(one, 'name')}" for one in listed(post_build(node.object), "substituteFrom")
    ]
    return remedy.replace(SUBSTITUTE, " or ".join([*named[:2], SUBSTITUTE]), 1)


def overlay_failure(error: RenderError, file: str) -> Failed | Skipped:
    """Return the outcome of an overlay's build that failed; what only exists beside Flux is a skip, not a failure."""
    if error.code == "remote":
        return Skipped(without_base(error))
    if error.code == "refused":
        return Skipped(f"Flux doesn't build it: {error.message}")
    where = Place(error.location or Location(file), (Location(file), *error.chain))
    rule = RULES.get(error.code, error.code)
    finding = Finding(
        rule, Severity.ERROR, error.message, where.location, error.resource, (), error.remedy, where.chain
    )
    return Failed((finding,))


def without_base(error: RenderError) -> str:
    """Say what a build needs, and why that can't be had here."""
    return f"it needs {error.url or 'a remote base'}, and can't fetch it: {error.message}"


def _value_path(error: RenderError) -> tuple[Step, ...]:
    """Return the value that an error is about; a field of the spec is none."""
    path = error.values_path or (error.field if error.code == "values" else "") or ""
    return () if path.startswith("spec.") else steps(path.removeprefix(".Values."))


def _chart_field(node: Node, error: RenderError) -> str:
    if error.field and error.field.startswith("spec."):
        return error.field
    if error.code in ("chart", "path"):
        return "spec.chartRef" if "chartRef" in node.spec else "spec.chart.spec.chart"
    return "spec.values" if error.code == "values" or (error.values_path and "values" in node.spec) else "spec"


def _moved(location: Location | None, translate: Translate) -> Location | None:
    return None if location is None else replace(location, file=translate(location.file))
