"""Keeps decrypted values out of whatever is written for a person: messages, trees, graphs and notes."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property

from pytest_gitops.model import Finding, Fleet, LiveRun

HIDDEN = "<redacted>"
# A shorter value may be any word; one up to twice as long is only hidden where it is a word of its own.
_SHORTEST = 4
_COMMON = frozenset({"true", "false", "null", "none", "http", "https", "info", "debug", "default"})


class Hiding:
    """Replaces secret values in texts, as they are and as JSON and Base64 have them.

    Of a value of several lines, its lines and what follows a colon or an equals sign in them are secret too.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = frozenset(secrets)

    @classmethod
    def of(cls, fleet: Fleet) -> Hiding:
        """Return what hides all that was decrypted for a fleet."""
        parts = (part for cluster in fleet.clusters for part in cluster.parts)
        return cls(secret for part in parts if part.rendered for secret in part.rendered.secrets)

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        return self._pattern.sub(HIDDEN, text) if self._secrets else text

    def finding(self, finding: Finding) -> Finding:
        """Return the finding without secrets."""
        if not self._secrets:
            return finding
        resource, remedy = finding.resource, finding.remedy
        return replace(
            finding,
            message=self(finding.message),
            resource=self(resource) if resource else resource,
            remedy=self(remedy) if remedy else remedy,
        )

    def run(self, run: LiveRun) -> LiveRun:
        """Return what happened in a live cluster without secrets."""
        if not self._secrets:
            return run
        return replace(run, timeline=tuple(replace(m, message=self(m.message)) for m in run.timeline))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        texts = {text for secret in self._secrets for text in _forms(secret)}
        wanted = sorted(
            (t for t in texts if len(t) >= _SHORTEST and t.lower() not in _COMMON), key=lambda t: (-len(t), t)
        )
        return re.compile("|".join(map(_find, wanted)) or r"(?!)")


def _find(text: str) -> str:
    return re.escape(text) if len(text) >= 2 * _SHORTEST else rf"(?<!\w){re.escape(text)}(?!\w)"


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield secret.strip()
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield base64.b64encode(secret.encode()).decode()
    lines = secret.splitlines()
    for line in lines if len(lines) > 1 else ():
        yield line.strip()
        for separator in (": ", "="):
            yield line.partition(separator)[2].strip().strip("'\"")
