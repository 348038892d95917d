"""A cluster as a tree in the terminal, as ``flux tree kustomization`` (Flux 2.9) shows a running one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_gitops.graphs.marks import Subject, dependencies, printable, state
from pytest_gitops.model import Cluster, Kustomization, Part, Resource, ResourceId, Skipped

_FLUX = "toolkit.fluxcd.io"
_LAST, _MORE = ("└── ", "    "), ("├── ", "│   ")


def tree(cluster: Cluster, *, everything: bool = False) -> str:
    """Return the cluster's Kustomizations, each below the one that declares it, with the objects of Flux in it.

    What ``flux tree kustomization --compact`` shows, and where it ends that shows by marks: what an object depends
    on, that it is suspended, skipped or does not build. ``everything`` adds all other objects.
    """
    lines = [printable(cluster.name)]
    roots: Sequence[Subject] = [k for k in cluster.kustomizations if k.parent is None]
    children = {part.name: _children(part, cluster, everything) for part in cluster.parts}
    stack = [("", iter(list(_ends(roots))))]
    while stack:
        indent, rest = stack[-1]
        subject, is_last = next(rest, (None, False))
        if subject is None:
            stack.pop()
            continue
        branch, deeper = _LAST if is_last else _MORE
        lines.append(f"{indent}{branch}{_line(subject)}")
        # Taken out, so that what is declared again and again is shown in full once.
        below = children.pop(subject.name, []) if isinstance(subject, Part) else []
        stack.append((indent + deeper, iter(list(_ends(below)))))
    return "\n".join(lines)


def _children(parent: Part, cluster: Cluster, everything: bool) -> list[Subject]:
    """Return what a part applies, in the order in which it does, the parts among it as the cluster has them.

    A Kustomization that applies itself, as the one that ``flux bootstrap`` makes does, is not its own child.
    """
    known = {part.id: part for part in cluster.parts if part.parent == parent.name}
    found: dict[ResourceId, Subject] = {}
    for resource in parent.rendered or ():
        if resource.id != parent.id and (everything or resource.id.group.endswith(_FLUX)):
            found[resource.id] = known.get(resource.id, resource)
    for child in known.values():
        found.setdefault(child.id, child)
    return list(found.values())


def _ends(subjects: Sequence[Subject]) -> Iterator[tuple[Subject, bool]]:
    return ((subject, position == len(subjects)) for position, subject in enumerate(subjects, start=1))


def _line(subject: Subject) -> str:
    marks = "; ".join(_marks(subject))
    return printable(f"{subject.id}{f' ({marks})' if marks else ''}")


def _marks(subject: Subject) -> Iterator[str]:
    names = [name if space == subject.id.namespace else f"{space}/{name}" for space, name in dependencies(subject)]
    if names and subject.id.group.endswith(_FLUX):
        yield f"depends on {', '.join(names)}"
    found = state(subject) if subject.id.group.endswith(_FLUX) else ""
    if isinstance(subject, Resource):
        if found:
            yield found
        return
    if isinstance(subject, Kustomization) and subject.implicit:
        yield f"not declared here, applies {subject.path or '.'}"
    if subject.suspended:
        yield "suspended"
    if isinstance(subject.outcome, Skipped):
        yield f"skipped: {subject.outcome.reason}"
    elif found == "failed":
        yield "does not build"
