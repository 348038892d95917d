"""A review as JSON, in the shape that ``review.schema.json`` describes, and back."""

from __future__ import annotations

import json
from typing import Any

from pytest_gitops.model import Finding, JsonObject, Location, ResourceId, Severity
from pytest_gitops.review.model import (
    Action,
    ClusterReview,
    Fate,
    FieldChange,
    FileChange,
    ImageChange,
    ObjectChange,
    PartChange,
    Review,
    Revision,
)
from pytest_gitops.review.reports.summary import summary

VERSION = 1


class ReviewFormatError(ValueError):
    """A text is no review, or one of another version. Whoever reads a review from a file should care."""


def to_json(review: Review) -> str:
    """Return the review as JSON text: the same text for the same review."""
    return json.dumps(document(review), indent=2, ensure_ascii=False) + "\n"


def document(review: Review) -> JsonObject:
    """Return the review as plain dicts, lists and scalars."""
    return {
        "version": VERSION,
        "base": _revision(review.base),
        "head": _revision(review.head),
        "clusters": [_cluster(cluster) for cluster in review.clusters],
        "files": [_file(file) for file in review.files],
        "notes": list(review.notes),
    }


def _revision(revision: Revision) -> JsonObject:
    return {"ref": revision.ref, "commit": revision.commit, "dirty": revision.dirty}


def _cluster(cluster: ClusterReview) -> JsonObject:
    return {
        "name": cluster.name,
        "action": cluster.action.value if cluster.action else None,
        "summary": summary(cluster).numbers(),
        "parts": [_part(part) for part in cluster.parts],
        "objects": [_object(change) for change in cluster.objects],
        "images": [_image(image) for image in cluster.images],
        "findings": [_finding(finding) for finding in cluster.findings],
    }


def _part(part: PartChange) -> JsonObject:
    return {
        "id": _id(part.id),
        "name": part.name,
        "action": part.action.value if part.action else None,
        "location": _location(part.location),
        "dependsOn": list(part.depends_on),
        "parent": part.parent,
        "suspended": part.suspended,
        "outcomeBefore": part.outcome_before,
        "outcomeAfter": part.outcome_after,
        "reason": part.reason,
        "chartBefore": part.chart_before,
        "chartAfter": part.chart_after,
        "renamedFrom": part.renamed_from,
        "known": part.known,
    }


def _object(change: ObjectChange) -> JsonObject:
    return {
        "id": _id(change.id),
        "apiVersion": change.api_version,
        "action": change.action.value,
        "fate": change.fate.value,
        "ownerBefore": change.owner_before,
        "ownerAfter": change.owner_after,
        "location": _location(change.location),
        "fields": [{"path": list(f.path), "before": f.before, "after": f.after} for f in change.fields],
        "diff": change.diff,
        "before": change.before,
        "after": change.after,
    }


def _image(image: ImageChange) -> JsonObject:
    return {"name": image.name, "before": image.before, "after": image.after, "workloads": list(image.workloads)}


def _finding(finding: Finding) -> JsonObject:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "location": _location(finding.location),
        "resource": finding.resource,
        "clusters": list(finding.clusters),
        "remedy": finding.remedy,
        "chain": [_location(location) for location in finding.chain],
    }


def _file(file: FileChange) -> JsonObject:
    touches = [{"cluster": cluster, "parts": list(parts)} for cluster, parts in file.touches]
    return {"file": file.file, "status": file.status, "touches": touches}


def _id(id: ResourceId) -> JsonObject:
    return {"group": id.group, "kind": id.kind, "namespace": id.namespace, "name": id.name}


def _location(location: Location | None) -> JsonObject | None:
    return {"file": location.file, "line": location.line} if location else None


def from_json(text: str) -> Review:
    """Return the review that ``to_json`` wrote; raises ReviewFormatError for anything else."""
    try:
        given = json.loads(text)
        if given["version"] != VERSION:
            raise ReviewFormatError(f"the review has version {given['version']}, this reads version {VERSION}")
        return Review(
            base=Revision(**given["base"]),
            head=Revision(**given["head"]),
            clusters=tuple(_read_cluster(cluster) for cluster in given["clusters"]),
            files=tuple(_read_file(file) for file in given["files"]),
            notes=tuple(given["notes"]),
        )
    except ReviewFormatError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReviewFormatError(f"this is no review of version {VERSION}: {error!r}") from None


def _read_cluster(given: JsonObject) -> ClusterReview:
    return ClusterReview(
        name=given["name"],
        action=_read_action(given["action"]),
        parts=tuple(_read_part(part) for part in given["parts"]),
        objects=tuple(_read_object(change) for change in given["objects"]),
        images=tuple(ImageChange(**{**image, "workloads": tuple(image["workloads"])}) for image in given["images"]),
        findings=tuple(_read_finding(finding) for finding in given["findings"]),
    )


def _read_part(given: JsonObject) -> PartChange:
    return PartChange(
        id=ResourceId(**given["id"]),
        name=given["name"],
        action=_read_action(given["action"]),
        location=_read_location(given["location"]),
        depends_on=tuple(given["dependsOn"]),
        parent=given["parent"],
        suspended=given["suspended"],
        outcome_before=given["outcomeBefore"],
        outcome_after=given["outcomeAfter"],
        reason=given["reason"],
        chart_before=given["chartBefore"],
        chart_after=given["chartAfter"],
        renamed_from=given["renamedFrom"],
        known=given["known"],
    )


def _read_object(given: JsonObject) -> ObjectChange:
    fields = (FieldChange(tuple(field["path"]), field["before"], field["after"]) for field in given["fields"])
    return ObjectChange(
        id=ResourceId(**given["id"]),
        api_version=given["apiVersion"],
        action=Action(given["action"]),
        fate=Fate(given["fate"]),
        owner_before=given["ownerBefore"],
        owner_after=given["ownerAfter"],
        before=given["before"],
        after=given["after"],
        fields=tuple(fields),
        diff=given["diff"],
        location=_read_location(given["location"]),
    )


def _read_finding(given: JsonObject) -> Finding:
    return Finding(
        rule=given["rule"],
        severity=Severity(given["severity"]),
        message=given["message"],
        location=_read_location(given["location"]),
        resource=given["resource"],
        clusters=tuple(given["clusters"]),
        remedy=given["remedy"],
        chain=tuple(Location(**place) for place in given["chain"]),
    )


def _read_file(given: JsonObject) -> FileChange:
    touches = tuple((touch["cluster"], tuple(touch["parts"])) for touch in given["touches"])
    return FileChange(given["file"], given["status"], touches)


def _read_action(value: Any) -> Action | None:
    return None if value is None else Action(value)


def _read_location(given: JsonObject | None) -> Location | None:
    return None if given is None else Location(**given)
