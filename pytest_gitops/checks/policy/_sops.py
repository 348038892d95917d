"""What SOPS encrypts in a YAML document, by the document's own metadata.

Source: the encryption rules of SOPS 3 (``Tree.Encrypt`` in its package ``sops``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pytest_gitops.checks.sources import child, scalar
from pytest_gitops.patterns import fits

_NULL = "tag:yaml.org,2002:null"
_DEFAULT_SUFFIX = "_unencrypted"
_BY_COMMENT = ("encrypted_comment_regex", "unencrypted_comment_regex")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar of a document and the keys that lead to it; list indices are no part of SOPS' paths."""

    path: tuple[str, ...]
    node: ScalarNode

    @property
    def encrypted(self) -> bool:
        """Whether it holds what SOPS makes of a value; SOPS leaves the empty string and null as they are."""
        text = str(self.node.value)
        return text == "" or self.node.tag == _NULL or (text.startswith("ENC[") and text.endswith("]"))


def metadata(document: Node) -> Node | None:
    """Return what SOPS says of a document it encrypted, None for another document."""
    node = child(document, "sops")
    return node if isinstance(node, MappingNode) and (scalar(node, "mac") or scalar(node, "lastmodified")) else None


def unencrypted(document: Node) -> Iterator[Leaf]:
    """Yield the values that SOPS would have encrypted, and that aren't."""
    known = metadata(document)
    wanted = _selector(known) if known is not None else None
    if wanted is None:
        return
    for leaf in leaves(document, ()):
        if leaf.path[:1] != ("sops",) and wanted(leaf.path) and not leaf.encrypted:
            yield leaf


def _selector(sops: Node) -> Callable[[tuple[str, ...]], bool] | None:
    """Return which paths are encrypted; None where comments decide, or a pattern isn't understood."""
    if any(scalar(sops, key) for key in _BY_COMMENT):
        return None
    for key, negated in (("encrypted_regex", False), ("unencrypted_regex", True)):
        if pattern := scalar(sops, key):
            return _by_pattern(pattern, negated=negated)
    if suffix := scalar(sops, "encrypted_suffix"):
        return lambda path: any(key.endswith(suffix) for key in path)
    plain = scalar(sops, "unencrypted_suffix") or _DEFAULT_SUFFIX
    return lambda path: not any(key.endswith(plain) for key in path)


def _by_pattern(pattern: str, *, negated: bool) -> Callable[[tuple[str, ...]], bool] | None:
    if fits(pattern, "", anywhere=True, otherwise=True) is not fits(pattern, "", anywhere=True, otherwise=False):
        return None
    # What can't be told of a key is taken for encrypted: nothing is said of it then.
    return lambda path: any(fits(pattern, key, anywhere=True, otherwise=not negated) for key in path) is not negated


def leaves(node: Node, path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Yield the scalars below a node, each with the keys that lead to it."""
    if isinstance(node, ScalarNode):
        yield Leaf(path, node)
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from leaves(item, path)
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            yield from leaves(value, (*path, str(key.value)))
