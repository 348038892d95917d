"""Snapshots are YAML that every reader takes for the value that was written."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_gitops import load
from pytest_gitops.snapshots.yaml_text import to_yaml

# Texts that some reader of YAML 1.1 or 1.2 takes for something else, or can't read plain.
TRICKY = (
    *("", " ", "y", "Y", "n", "yes", "No", "on", "OFF", "true", "False", "null", "~", "Null", "=", "<<", "-", "?", ":"),
    *("1", "-1", "+1", "0", "007", "0o7", "0x1F", "0b1", "1_000", "1.5", ".5", "1.", "1e3", "2e-07", "-.inf", ".NaN"),
    *("12:30", "12:30:45", "1:2", "2020-01-01", "2020-01-01T00:00:00Z", "---", "...", "--- a", "- a", "? a", "a: b"),
    *("a #b", "#a", "a:", ":a", "a: ", " a", "a ", "'a'", '"a"', "a'b", 'a"b', "{a}", "[a]", "a, b", "&a", "*a", "!a"),
    *(
        "%a",
        "@a",
        "`a`",
        "|",
        ">",
        "a\tb",
        "\ta",
        "a\n",
        "a\n\n",
        "\na",
        "\n",
        "\n\n",
        "a\nb",
        " a\nb",
        "a \nb",
        "a\n ",
    ),
    *("a\n\nb\n", "a\r\nb", "\u2028", "a\x85b", "\x07", "\x7f", "\ufeff", "é", "日本", "😀", "\u200b", "a\\b", "C:\\a"),
    *("-v", "--flag", "--", "<any>", "a@b", "http://a:80/?b=c#d", "*/5 * * * *", "{{ .Values.a }}", "$(A)", "${A}"),
)
VALUES = (0, -5, 1.5, 2e-07, 1e16, 1e300, 0.1, 12345678901234567890, True, False, None, [], {}, [[]], [{}], {"a": {}})


def nested() -> dict[str, Any]:
    """Return an object with all of it, in mappings, in sequences and as keys."""
    return {
        "mapping": {f"k{index}": text for index, text in enumerate(TRICKY)},
        "sequence": list(TRICKY),
        "values": list(VALUES),
        "keys": {text: text for text in TRICKY},
        "deep": [[{"a": list(TRICKY)}], {"b": [{"c": text} for text in TRICKY]}],
        "k" * 2000: "a long key",
    }


def arbitrary(source: random.Random, depth: int = 0) -> Any:
    """Return a value made at random of tricky parts."""
    choice = source.random()
    if depth > 3 or choice < 0.5:
        return "".join(source.choice(TRICKY) for _ in range(source.randint(0, 5)))
    if choice < 0.65:
        return source.choice(VALUES)
    size = range(source.randint(0, 4))
    if choice < 0.8:
        return [arbitrary(source, depth + 1) for _ in size]
    return {source.choice(TRICKY) + source.choice(TRICKY): arbitrary(source, depth + 1) for _ in size}


def cases() -> Iterator[Any]:
    yield nested()
    source = random.Random(20_26)  # noqa: S311 (no secret is made)
    yield from (arbitrary(source) for _ in range(3000))


@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml.CSafeLoader])
def test_pyyaml_reads_what_was_written(loader: Any) -> None:
    for value in [nested(), *list(cases())[:1000]] if loader is yaml.SafeLoader else cases():
        read = yaml.load(to_yaml(value), Loader=loader)  # noqa: S506 (both loaders are safe)
        assert json.dumps(read, sort_keys=True) == json.dumps(value, sort_keys=True)


def test_kubernetes_reads_what_was_written(tmp_path: Path) -> None:
    # kustomize reads 1.1 and 1.2 alike; characters it refuses in any form are left out.
    texts = [
        text for text in TRICKY if text.isprintable() or text in ("a\n", "a\n\n", "a\nb", " a\nb", "a \nb", "a\tb")
    ]
    data = {f"k{index}": text for index, text in enumerate(texts)}
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}
    (tmp_path / "a.yaml").write_text(to_yaml(obj), encoding="utf-8")
    (tmp_path / "kustomization.yaml").write_text("resources: [a.yaml]\n", encoding="utf-8")
    (found,) = load(tmp_path, engine="bundled").overlays
    assert found.rendered is not None
    assert [resource.object["data"] for resource in found.rendered] == [data]


def test_it_is_written_for_people() -> None:
    value = {
        "spec": {"b": [{"image": "a", "name": "c"}, ["x", "y"], [], {}], "a": "two\nlines\n", "empty": {}},
        "kind": "A",
        "metadata": {"labels": {"z": "1", "a/b": "on"}, "namespace": "n", "name": "m"},
        "apiVersion": "v1",
        "text": "no break\nat the end",
        "more": "two breaks\n\n",
        "led": "  by blanks\nand more\n",
        "bell": "a\x07b\nc",
    }
    assert to_yaml(value) == WRITTEN


WRITTEN = """\
apiVersion: v1
kind: A
metadata:
  name: m
  namespace: 'n'
  labels:
    a/b: 'on'
    z: '1'
bell: "a\\x07b\\nc"
led: |2
    by blanks
  and more
more: |+
  two breaks

spec:
  a: |
    two
    lines
  b:
  - name: c
    image: a
  - - x
    - 'y'
  - []
  - {}
  empty: {}
text: |-
  no break
  at the end
"""
