"""A review as one HTML page that needs nothing else: data, script and style are in it, and it may load nothing.

Only the script and the style of this package run, by their hashes; the data is text to the browser, and the script
sets it as text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pytest_gitops.model import Finding, JsonObject
from pytest_gitops.review.model import ClusterReview, FileChange, Review, Revision
from pytest_gitops.review.reports.grouping import (
    SharedChange,
    SharedImage,
    SharedPart,
    every_part,
    shared_changes,
    shared_findings,
    shared_images,
)
from pytest_gitops.review.reports.summary import by_danger, summary, worst
from pytest_gitops.review.reports.visible import visible
from pytest_gitops.review.reports.wording import STATUSES, happening, owner, part_news

SCRIPTS = ("dom.js", "diff.js", "graph.js", "list.js", "filter.js", "side.js", "cards.js", "keys.js", "main.js")
_ASSETS = Path(__file__).with_name("assets")
_LINES = 3000
_ICON = """
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#3b5bdb"/>
<g fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"><path d="M11 12v8"/>
<path d="M21 12c0 6-10 3-10 8"/></g>
<g fill="#fff"><circle cx="11" cy="9" r="3"/><circle cx="21" cy="9" r="3"/><circle cx="11" cy="23" r="3"/></g></svg>
"""


def to_html(review: Review) -> str:
    """Return the review as one HTML page."""
    style, script = _asset("page.css"), "\n".join(_asset(name) for name in SCRIPTS)
    policy = [
        "default-src 'none'",
        f"script-src '{_hash(script)}'",
        f"style-src '{_hash(style)}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    ]
    filled = {
        "policy": "; ".join(policy),
        "icon": f"data:image/svg+xml;base64,{_base64(_ICON.strip().encode())}",
        "title": html.escape(visible(f"GitOps review: {review.base.ref} → {review.head.ref}")),
        "style": style,
        "script": script,
        "data": embedded(view(review)),
    }
    # All at once: nothing that is filled in is looked at for places to fill in.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: filled[found[1]], _asset("page.html"))


def view(review: Review) -> JsonObject:
    """Return what the page shows, as JSON: what clusters share once, clusters by their index."""
    clusters = by_danger(review)
    indices = {cluster.name: number for number, cluster in enumerate(clusters)}
    shown: JsonObject = {
        "base": _revision(review.base),
        "head": _revision(review.head),
        "clusters": [_cluster(cluster) for cluster in clusters],
        "parts": [_part(shared, indices) for shared in every_part(review)],
        "changes": [_change(shared, indices) for shared in shared_changes(review)],
        "findings": [
            _finding(shared.finding)
            | {"resource": shared.finding.resource, "clusters": _among(indices, shared.clusters)}
            for shared in shared_findings(review)
        ],
        "images": [_image(shared, indices) for shared in shared_images(review)],
        "files": [_file(file, indices) for file in review.files],
        "notes": list(review.notes),
    }
    seen: JsonObject = _visible(shown)
    return seen


def _part(shared: SharedPart, indices: Mapping[str, int]) -> JsonObject:
    part = shared.part
    return {
        "id": str(part.id),
        "kind": part.id.kind,
        "label": "/".join(filter(None, (part.id.namespace, part.id.name))),
        "name": part.name,
        "dependsOn": list(part.depends_on),
        "parent": part.parent,
        "news": part_news(part),
        "suspended": part.suspended,
        "outcome": part.outcome_after,
        "action": part.action.value if part.action else None,
        "clusters": _among(indices, shared.clusters),
    }


def _change(shared: SharedChange, indices: Mapping[str, int]) -> JsonObject:
    change = shared.change
    return {
        "kind": change.id.kind,
        "namespace": change.id.namespace,
        "name": change.id.name,
        "apiVersion": change.api_version,
        "action": change.action.value,
        "happening": happening(change),
        "owner": owner(change),
        "owners": [name for name in (change.owner_before, change.owner_after) if name],
        "places": [str(place) for place in shared.locations],
        "danger": shared.danger.value if shared.danger else "none",
        "findings": [_finding(finding) for finding in shared.findings],
        "clusters": _among(indices, shared.clusters),
        **_shown_diff(change.diff),
    }


def _finding(finding: Finding) -> JsonObject:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "remedy": finding.remedy,
        "place": str(finding.location) if finding.location else None,
    }


def _image(shared: SharedImage, indices: Mapping[str, int]) -> JsonObject:
    image = shared.image
    return {
        "name": image.name,
        "before": image.before,
        "after": image.after,
        "workloads": list(image.workloads),
        "clusters": _among(indices, shared.clusters),
    }


def _file(file: FileChange, indices: Mapping[str, int]) -> JsonObject:
    return {
        "file": file.file,
        "status": STATUSES.get(file.status[:1], file.status),
        "touches": [[indices[name], list(parts)] for name, parts in file.touches if name in indices],
    }


def _among(indices: Mapping[str, int], names: Iterable[str]) -> list[int]:
    return [indices[name] for name in names if name in indices]


def embedded(data: Any) -> str:
    """Return data as JSON that can stand in a script element: ASCII, without what HTML takes for markup."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _shown_diff(diff: str) -> JsonObject:
    """Return a diff and how many of its lines are left out: definitions have thousands, and the page has to load."""
    lines = diff.removesuffix("\n").split("\n")
    return {"diff": "\n".join(lines[:_LINES]), "left": max(0, len(lines) - _LINES)}


def _cluster(cluster: ClusterReview) -> JsonObject:
    severity = worst(cluster.findings)
    return {
        "name": cluster.name,
        "action": cluster.action.value if cluster.action else None,
        "danger": severity.value if severity else "none",
        **summary(cluster).numbers(),
    }


def _revision(revision: Revision) -> JsonObject:
    return {"ref": revision.ref, "commit": revision.commit, "dirty": revision.dirty}


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {key: _visible(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_visible(item) for item in value]
    return value


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{_base64(hashlib.sha256(text.encode()).digest())}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
