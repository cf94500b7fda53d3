"""The canonical form of ``<domainsnapshot>`` and ``<domain>`` documents.

Every function here refuses a bad document with `lineage.errors.XMLError` (not XML that
lineage reads) or `lineage.errors.SnapshotError` (not what libvirt's parser accepts).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from lineage.canon import _core
from lineage.canon._core import Parts
from lineage.errors import DocumentError
from lineage.model import Domain, Snapshot

__all__ = [
    "CANON_VERSION",
    "Parts",
    "canonicalize",
    "canonicalize_many",
    "format",
    "join",
    "parse",
    "split",
]

CANON_VERSION: Final[int] = _core.VERSION  # rises if canonical bytes ever change

_SNAPSHOT: Final = msgspec.msgpack.Decoder(Snapshot)
_ENCODER: Final = msgspec.msgpack.Encoder()


def canonicalize(xml: bytes | str, *, mode: str = "redefine") -> bytes:
    """Return the document as libvirt would print it.

    Args:
        xml: a ``<domainsnapshot>`` or ``<domain>`` document in UTF-8.
        mode: libvirt's parse mode of a snapshot: ``redefine`` (name, state and creationTime
            are required), ``create`` (a request: nothing is required or invented) or
            ``internal`` (a file of libvirt's snapshot directory, with ``<active>``).

    Raises:
        XMLError, SnapshotError: the document is refused.
    """
    return _core.canonicalize(xml, mode=mode)


def canonicalize_many(
    documents: Iterable[bytes | str], *, mode: str = "redefine"
) -> list[bytes | DocumentError]:
    """Return for each document its canonical form, or the error that refused it.

    The GIL is released for many documents at a time.
    """
    return _core.canonicalize_many(documents, mode=mode)


def parse(xml: bytes | str, *, mode: str = "redefine") -> Snapshot | Domain:
    """Return the document as a record.

    Raises:
        XMLError, SnapshotError: the document is refused.
    """
    result = _core.read(xml, mode=mode)
    if result[0] == "snapshot":
        return _SNAPSHOT.decode(result[1])
    return Domain(*result[1:])


def format(record: Snapshot | Domain) -> bytes:
    """Return the canonical document of a record: the inverse of `parse`.

    Bodies, ``extra`` and the inside of a disk's source are canonical bytes and are taken as
    they are.

    Raises:
        XMLError: a text of the record holds a character that XML forbids.
    """
    if isinstance(record, Domain):
        return record.xml
    return _core.join(_ENCODER.encode(record))


def split(xml: bytes | str, *, mode: str = "redefine") -> Parts:
    """Return a snapshot document in the pieces that a store keeps, in one pass.

    Raises:
        XMLError, SnapshotError: the document is refused, or is a ``<domain>``.
    """
    return _core.split(xml, mode=mode)


def join(
    head: bytes,
    domain: bytes | None = None,
    inactive_domain: bytes | None = None,
    cookie: bytes | None = None,
    active: int | None = None,
) -> bytes:
    """Return the canonical document of a packed `lineage.model.Head` and its bodies.

    Args:
        active: print ``<active>`` with this number, as in libvirt's snapshot directory.

    Raises:
        ValueError: `head` is not the MessagePack of a head.
    """
    return _core.join(head, domain, inactive_domain, cookie, active)
