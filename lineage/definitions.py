"""From a document to the event that defines its snapshot, and the bodies that go with it."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import Final

from lineage import canon
from lineage.events import Defined, EventData, Redefined, encode
from lineage.log.base import NewEvent
from lineage.model import Secure

__all__ = ["Bodies", "Definer", "Definition", "is_bare", "new_event", "redefined", "secure"]

Definition = Defined | Redefined
Bodies = dict[bytes, bytes]
"""Bodies by their SHA-256 digest."""

_DEFINITIONS: Final = (Defined, Redefined)
_TYPED: Final = b"<domain type='"
_LARGE: Final = 16384  # bytes
_MANY: Final = 256
_ALIKE: Final = 8
_sha256: Final = hashlib.sha256
_UNKNOWN: Final = Secure.UNKNOWN
_YES: Final = Secure.YES


class Definer:
    """Makes definitions; a body that it has seen lately is not hashed again.

    Snapshots of a domain often have the same one, and a comparison costs a small part of a
    digest: it ends at the first difference.
    """

    __slots__ = ("_lately",)

    def __init__(self) -> None:
        # by stream and length
        self._lately: dict[tuple[str, int], deque[tuple[bytes, bytes]]] = {}

    def define(
        self,
        stream: str,
        parts: canon.Parts,
        digest: bytes,
        bodies: Bodies,
        secure: Secure,
    ) -> Defined:
        """Give the event of a document, and put its bodies in `bodies`.

        Args:
            stream: key of its domain's events.
            digest: SHA-256 of `parts.xml`.
            secure: whether the document was dumped with passwords.
        """
        domain, inactive, cookie = parts.domain, parts.inactive_domain, parts.cookie
        return Defined(
            parts.name or "",  # the canonicalizer requires it when redefining
            parts.head,
            digest,
            None if domain is None else self._put(stream, bodies, domain),
            None if inactive is None else self._put(stream, bodies, inactive),
            None if cookie is None else self._put(stream, bodies, cookie),
            parts.domain_name,
            secure,
            canon.CANON_VERSION,
            domain is not None and is_bare(domain),
        )

    def _put(self, stream: str, bodies: Bodies, body: bytes) -> bytes:
        key = stream, len(body)
        known = self._lately.get(key)
        if known is not None:
            for same, digest in known:
                if same == body:
                    bodies[digest] = same
                    return digest
        digest = _sha256(body).digest()
        bodies[digest] = body
        if known is not None:
            known.append((body, digest))
        elif len(body) <= _LARGE:
            if len(self._lately) >= _MANY:
                self._lately.clear()
            self._lately[key] = deque([(body, digest)], _ALIKE)
        return digest


def is_bare(domain: bytes) -> bool:
    """Whether a canonical ``<domain>`` has no type, or an empty one: libvirt takes it for none."""
    if domain.startswith(_TYPED) and domain[len(_TYPED)] != ord("'"):
        return False  # nearly always: no other known attribute comes before
    tag = domain[: domain.index(b">")]
    return b" type='" not in tag or b" type=''" in tag


def secure(active: int | None) -> Secure:
    """Say whether a document was dumped with passwords, of which no one else says.

    Args:
        active: the value of its ``<active>``. libvirt writes that only into its own files, and
            those with passwords.
    """
    return _UNKNOWN if active is None else _YES


def redefined(given: Definition) -> Redefined:
    """Give the same document as the event that redefines a snapshot."""
    return Redefined(
        given.name,
        given.head,
        given.digest,
        given.domain,
        given.inactive_domain,
        given.cookie,
        given.domain_name,
        given.secure,
        given.canon,
        given.bare,
    )


def new_event(data: EventData, source: str) -> NewEvent:
    """Give an event as the log takes it."""
    tag, schema, payload = encode(data)
    if not isinstance(data, (Defined, Redefined)):
        return NewEvent(tag, schema, payload, source)
    return NewEvent(tag, schema, payload, source, data.bodies, (data.digest,))
