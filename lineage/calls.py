"""What a store can be told: each call as what was asked, and how it is decided.

Deciding is apart from writing, since it may have to be done again: another writer was faster.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from lineage import canon, documents
from lineage.definitions import Bodies, Definer, redefined
from lineage.definitions import secure as secured
from lineage.documents import BodySource
from lineage.errors import Conflict, NotFound
from lineage.events import Annotated, CurrentChanged, Deleted, EventData, Renamed, Undefined
from lineage.model import Head, Secure
from lineage.rules.redefine import check_redefinition
from lineage.tree import Tree, TreeNode

__all__ = [
    "Call",
    "annotate",
    "delete",
    "fingerprint",
    "record",
    "rename",
    "set_current",
    "undefine",
]

MOST_KEYS: Final = 1024  # annotations of one snapshot, or of the domain itself
LONGEST_KEY: Final = 255  # characters
LONGEST_TEXT: Final = 65_536  # characters

_HEAD: Final = msgspec.msgpack.Decoder(Head)
_ENCODER: Final = msgspec.msgpack.Encoder()
_SCOPES: Final = ("single", "children", "children-only")
_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
_NOT_IN_KEY: Final = re.compile(r"[\t\n\r=]")

Decision = Callable[[Tree, BodySource], list[EventData]]


class Call(msgspec.Struct, frozen=True, gc=False):
    """One call of a writer, on whatever domain.

    Attributes:
        asked: the method's name and its arguments.
        decide: the events, given the tree before them and where its bodies are.
        bodies: what the events may name, by digest.
    """

    asked: tuple[Any, ...]
    decide: Decision
    bodies: Bodies = {}


def fingerprint(domain: str | None, asked: Sequence[Any]) -> bytes:
    """Tell a call from any other (FORMAT.md, "Calls under a key").

    Args:
        domain: as the caller named it.
        asked: `Call.asked`, or those of a whole batch.
    """
    return hashlib.sha256(_ENCODER.encode((domain, asked))).digest()


def record(
    xml: bytes | str,
    current: bool | None,
    secure: bool | None,
    strict: bool,
    definer: Definer | None = None,
) -> tuple[Call, canon.Parts]:
    """Give the call that records a document, and the document taken apart.

    Raises:
        XMLError, SnapshotError: the document is refused.
    """
    parts = canon.split(xml)
    flag = secured(parts.active) if secure is None else Secure.YES if secure else Secure.NO
    bodies: Bodies = {}
    digest = hashlib.sha256(parts.xml).digest()
    given = (definer or Definer()).define("", parts, digest, bodies, flag)
    to_current = bool(parts.active) if current is None else current

    def same(source: BodySource, node: TreeNode) -> bool:
        return documents.equals(source, node, parts, digest) or (
            documents.equals_but_for_secrets(source, node, parts, flag)
        )

    def held(source: BodySource, node: TreeNode) -> bytes | None:
        return documents.domain(source, node) if node.has_domain else None

    def decide(tree: Tree, source: BodySource) -> list[EventData]:
        if strict:
            domain = None if given.bare else parts.domain
            check_redefinition(
                tree, _HEAD.decode(parts.head), domain, parts.uuid, lambda node: held(source, node)
            )
        events: list[EventData] = []
        if given.name not in tree:
            events.append(given)
        elif not same(source, tree[given.name]):
            events.append(redefined(given))
        if to_current and tree.current != given.name:
            events.append(CurrentChanged(given.name))
        return events

    asked = ("record", digest, parts.active, current, secure, strict)
    return Call(asked, decide, bodies), parts


def delete(name: str, scope: str) -> Call:
    """Give the call that deletes a snapshot.

    Raises:
        ValueError: no such scope.
    """
    if scope not in _SCOPES:
        raise ValueError(f"scope is one of {', '.join(_SCOPES)}")

    def decide(tree: Tree, _: BodySource) -> list[EventData]:
        node = tree[name]
        if scope == "children-only" and not tree.children(name):
            return []
        return [Deleted(node.name, scope)]

    return Call(("delete", name, scope), decide)


def set_current(name: str | None) -> Call:
    """Give the call that makes a snapshot current, or none."""

    def decide(tree: Tree, _: BodySource) -> list[EventData]:
        if name is not None:
            tree[name]
        if name is None and tree.awaited is not None:
            return [CurrentChanged(None)]  # else it would be current when it comes
        return [] if tree.current == name else [CurrentChanged(name)]

    return Call(("set_current", name), decide)


def rename(old: str, new: str) -> Call:
    """Give the call that renames a snapshot.

    Raises:
        ValueError: no document can hold the new name.
    """
    if not new or _NOT_XML.search(new):
        raise ValueError("a snapshot's name is not empty and has no control characters")

    def decide(tree: Tree, _: BodySource) -> list[EventData]:
        tree[old]
        if new in tree:
            raise Conflict(f"there is a snapshot {new!r} already", tree.version)
        return [Renamed(old, new)]

    return Call(("rename", old, new), decide)


def undefine() -> Call:
    """Give the call that undefines the domain."""

    def decide(tree: Tree, _: BodySource) -> list[EventData]:
        _defined(tree)
        return [Undefined()]

    return Call(("undefine",), decide)


def annotate(changes: Mapping[str, str | None], snapshot: str | None) -> Call:
    """Give the call that annotates a snapshot, or the domain itself.

    Raises:
        ValueError: a key or a text that is not one.
    """
    wanted = dict(sorted(changes.items()))
    for key, text in wanted.items():
        _check_annotation(key, text)

    def decide(tree: Tree, _: BodySource) -> list[EventData]:
        _defined(tree)
        held = tree.annotations if snapshot is None else tree[snapshot].annotations
        new = {key: text for key, text in wanted.items() if held.get(key) != text}
        kept = sum(new.get(key, "") is not None for key in held.keys() | new.keys())
        if new and kept > max(MOST_KEYS, len(held)):
            raise ValueError(f"there is room for {MOST_KEYS} annotations")
        return [Annotated(snapshot, new)] if new else []

    return Call(("annotate", snapshot, list(wanted.items())), decide)


def _defined(tree: Tree) -> None:
    if tree.undefined:
        raise NotFound(f"domain {tree.stream} is undefined already")
    if not tree.version:
        raise NotFound(f"no domain {tree.stream!r}")


def _check_annotation(key: str, text: str | None) -> None:
    if not key or len(key) > LONGEST_KEY or _NOT_XML.search(key) or _NOT_IN_KEY.search(key):
        raise ValueError(
            f"a key has 1 to {LONGEST_KEY} characters, no control characters and no equals sign"
        )
    if text is not None and (len(text) > LONGEST_TEXT or _NOT_XML.search(text)):
        raise ValueError(
            f"an annotation has at most {LONGEST_TEXT} characters, none of which XML cannot hold"
        )
