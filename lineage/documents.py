"""A stored snapshot's XML, put together from its head and its bodies."""

from __future__ import annotations

import hashlib
from typing import Protocol

import msgspec

from lineage import canon
from lineage.canon import secrets
from lineage.definitions import is_bare
from lineage.errors import Damaged, NotFound
from lineage.events import Defined, Redefined
from lineage.model import Secure
from lineage.tree import TreeNode

__all__ = [
    "BodySource",
    "digest",
    "document",
    "domain",
    "equals",
    "equals_but_for_secrets",
    "given",
    "present",
]

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
    definition, position = node.definition, node.position
    bodies = _bodies(log, definition, position)
    xml = _given(definition, position, bodies)
    head = definition.head
    domain, inactive, cookie = bodies
    if node.rewritten:
        head = _ENCODER.encode(node.head)
        if node.domain != definition.domain:
            domain = _body(log, position, node.domain)
    elif active is None:
        return xml
    return _join(position, head, domain, inactive, cookie, active)


def domain(log: BodySource, node: TreeNode) -> bytes | None:
    """Give the ``<domain>`` that a snapshot has now, its own or inherited.

    Raises:
        Damaged: it is missing, or not what was recorded.
    """
    return _body(log, node.position, node.domain)


def given(log: BodySource, definition: Defined | Redefined, position: int) -> bytes:
    """Give the document that an event was made of: canonical, without ``<active>``.

    Args:
        position: of the event.

    Raises:
        Damaged: what is stored is not what was recorded.
    """
    return _given(definition, position, _bodies(log, definition, position))


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
    if parts.domain is None:
        inherits = node.domain is not None
    else:
        inherits = node.has_domain and is_bare(parts.domain)
    if not inherits:
        return False
    domain = _body(log, node.position, node.domain)
    xml = _join(node.position, parts.head, domain, parts.inactive_domain, parts.cookie)
    return hashlib.sha256(xml).digest() == held


def equals_but_for_secrets(
    log: BodySource, node: TreeNode, parts: canon.Parts, secure: Secure
) -> bool:
    """Whether a document is the snapshot's present one as dumped without its secrets.

    Args:
        secure: whether the document was dumped with secrets: then it has none to lack.

    Raises:
        Damaged: as `document`.
    """
    if secure is Secure.YES:
        return False
    held = document(log, node)
    return secrets.may_hold(held) and secrets.without(held) == parts.xml


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
        node.bare,
    )


_Bodies = tuple[bytes | None, bytes | None, bytes | None]


def _bodies(log: BodySource, definition: Defined | Redefined, position: int) -> _Bodies:
    return (
        _body(log, position, definition.domain),
        _body(log, position, definition.inactive_domain),
        _body(log, position, definition.cookie),
    )


def _given(definition: Defined | Redefined, position: int, bodies: _Bodies) -> bytes:
    xml = _join(position, definition.head, *bodies)
    if hashlib.sha256(xml).digest() != definition.digest:
        raise Damaged(f"the document of event {position} has another digest than recorded")
    return xml


def _body(log: BodySource, position: int, digest: bytes | None) -> bytes | None:
    if digest is None:
        return None
    try:
        return log.body(digest)
    except NotFound:
        raise Damaged(f"a body of event {position} is missing: {digest.hex()}") from None


def _join(
    position: int,
    head: bytes,
    domain: bytes | None,
    inactive: bytes | None,
    cookie: bytes | None,
    active: bool | None = None,
) -> bytes:
    try:
        return canon.join(head, domain, inactive, cookie, None if active is None else int(active))
    except ValueError:
        raise Damaged(f"the head of event {position} cannot be printed") from None
