"""What Flux and the cluster say of a part that isn't Ready, for its finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_gitops.live.scenario import LiveCluster
from pytest_gitops.model import JsonObject

EVENTS = 5
WARNINGS = 3
LONGEST_LINE = 300


def explained(live: LiveCluster, name: str, objects: Sequence[tuple[str, str]]) -> str:
    """Return lines of the conditions and last events of a part, and of warnings about objects that it names.

    ``objects`` are these objects' namespaces and names; what they own is among them.
    """
    conditions = [f"{kind}={each['status']} {each.get('reason')}" for kind, each in live.conditions(name).items()]
    lines = [f"conditions: {', '.join(conditions) or 'none'}"]
    lines += [f"event: {_line(event)}" for event in live.events(name)[-EVENTS:]]
    for namespace, object_name in dict.fromkeys(objects):
        warnings = dict(_warnings(live.all_events(namespace), object_name))
        lines += [f"warning: {about}: {_line(text)}" for about, text in list(warnings.items())[-WARNINGS:]]
    return "".join(f"\n  {line}" for line in lines)


def _warnings(events: Sequence[JsonObject], name: str) -> Iterator[tuple[str, str]]:
    """Yield an object and what is said of it, and of those with names that a controller makes from its."""
    for event in events:
        about = event["involvedObject"]
        own = str(about.get("name"))
        if event.get("type") == "Warning" and (own == name or own.startswith(f"{name}-")):
            yield f"{about.get('kind')}/{own}", f"{event.get('reason')}: {event.get('message')}"


def _line(text: str) -> str:
    """Return a text as one line of bounded length."""
    joined = " ".join(text.split())
    return joined if len(joined) <= LONGEST_LINE else f"{joined[:LONGEST_LINE]}…"
