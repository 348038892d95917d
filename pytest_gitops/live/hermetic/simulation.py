"""What kwok simulates, and the images that a test calls broken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

STAGES = Path(__file__).with_name("stages.yaml")
# A pattern that no text matches, in the syntax of Go.
NOTHING = r"[^\s\S]"
# Said in the header of a run and in the docs: nobody should take these for the real thing.
SIMULATED = ("nodes", "pods", "load balancers", "persistent volume claims")


def write_stages(path: Path, broken: Iterable[str] = ()) -> None:
    """Write kwok's configuration, in which pods with one of the ``broken`` images never get ready.

    An image is given as a pod names it; one without tag or digest stands for all of its tags.
    """
    stages = list(yaml.safe_load_all(STAGES.read_text(encoding="utf-8")))
    pattern = "|".join(map(_pattern, sorted(broken))) or NOTHING
    is_broken = f"any((.spec.containers + (.spec.initContainers // []))[].image; test({json.dumps(pattern)}))"
    for stage in stages:
        name = stage["metadata"]["name"]
        if name in ("pod-ready", "pod-image-broken"):
            wanted = "true" if name == "pod-image-broken" else "false"
            _expressions(stage).append({"key": is_broken, "operator": "In", "values": [wanted]})
    path.write_text(yaml.safe_dump_all(stages), encoding="utf-8")


def _pattern(image: str) -> str:
    tagged = "@" in image or ":" in image.rpartition("/")[2]
    return f"^{re.escape(image)}$" if tagged else f"^{re.escape(image)}([:@]|$)"


def _expressions(stage: dict[str, Any]) -> list[dict[str, Any]]:
    expressions: list[dict[str, Any]] = stage["spec"]["selector"]["matchExpressions"]
    return expressions
