"""A stored snapshot's XML, put together from its head and its bodies."""

from __future__ import annotations

import hashlib
from typing import Protocol

import msgspec

from lineage import canon
from lineage.errors import Damaged, NotFound
from lineage.events import Redefined
from lineage.tree import TreeNode

__all__ = ["BodySource", "digest", "document", "equals", "present"]

_ENCODER = msgspec.msgpack.Encoder()


class BodySource(Protocol):
    """Where bodies are: an event log, or one with what is about to be appended to it."""

    def body(self, digest: bytes) -> bytes:
        """The body of that digest; raises NotFound if there is none."""


def document(log: BodySource, node: TreeNode, *, active: bool | None = None) -> bytes:
    """Give a snapshot's present document: canonical, with its present name and parent, and
    with the domain it inherits.

    Args:
        log: where its bodies are.
        node: a snapshot of a tree folded from that log.
        active: print ``<active>``, 1 or 0, as libvirt does in its own directory; None: leave
            it out.

    Raises:
        Damaged: what is stored is not what was recorded. The document as given is checked
            against its digest, also where the present one is another.
    """
    given = node.definition
    domain = _body(log, node, given.domain)
    inactive = _body(log, node, given.inactive_domain)
    cookie = _body(log, node, given.cookie)
    xml = _join(node, given.head, domain, inactive, cookie)
    if hashlib.sha256(xml).digest() != given.digest:
        raise Damaged(f"the document of event {node.position} has another digest than recorded")
    head = given.head
    if node.rewritten:
        head = _ENCODER.encode(node.head)
        if node.domain != given.domain:
            domain = _body(log, node, node.domain)
    elif active is None:
        return xml
    return _join(node, head, domain, inactive, cookie, active)


def digest(log: BodySource, node: TreeNode) -> bytes:
    """Give the SHA-256 of `document`, which is only put together if it has to be.

    Raises:
        Damaged: as `document`.
    """
    if not node.rewritten:
        return node.definition.digest
    return hashlib.sha256(document(log, node)).digest()


def equals(log: BodySource, node: TreeNode, parts: canon.Parts, given: bytes) -> bool:
    """Whether a document is the snapshot's present one, or would be with the domain it inherits.

    Args:
        given: SHA-256 of `parts.xml`.

    Raises:
        Damaged: as `document`.
    """
    held = digest(log, node)
    if held == given:
        return True
    if parts.domain is not None or node.domain is None:
        return False
    domain = _body(log, node, node.domain)
    xml = _join(node, parts.head, domain, parts.inactive_domain, parts.cookie)
    return hashlib.sha256(xml).digest() == held


def present(log: BodySource, node: TreeNode) -> Redefined:
    """Give the event that would give the snapshot its present document again.

    Raises:
        Damaged: as `document`.
    """
    given = node.definition
    return Redefined(
        node.name,
        _ENCODER.encode(node.head) if node.rewritten else given.head,
        digest(log, node),
        node.domain,
        node.inactive_domain,
        node.cookie,
        given.domain_name,
        given.secure,
        given.canon,
    )


def _body(log: BodySource, node: TreeNode, digest: bytes | None) -> bytes | None:
    if digest is None:
        return None
    try:
        return log.body(digest)
    except NotFound:
        raise Damaged(f"a body of event {node.position} is missing: {digest.hex()}") from None


def _join(
    node: TreeNode,
    head: bytes,
    domain: bytes | None,
    inactive: bytes | None,
    cookie: bytes | None,
    active: bool | None = None,
) -> bytes:
    try:
        return canon.join(head, domain, inactive, cookie, None if active is None else int(active))
    except ValueError:
        raise Damaged(f"the head of event {node.position} cannot be printed") from None
