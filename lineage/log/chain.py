"""The hash chain of a stream: each event's hash covers the one before, so that none can change.

FORMAT.md ("The chain") says what goes into it: nothing that one store alone gives an event, and of
the payload its digest, so that a copy of the stream elsewhere has the same chain, with the payload
or without.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from typing import Final

__all__ = ["GENESIS", "link", "links"]

GENESIS: Final = bytes(32)  # what stands for the hash before a stream's first event

_NUMBERS: Final = struct.Struct("<QqIIII")
_sha256: Final = hashlib.sha256


def link(
    before: bytes,
    stream: str,
    version: int,
    recorded_at: int,
    tag: int,
    schema: int,
    source: str,
    payload: bytes,
) -> bytes:
    """Give the hash of an event.

    Args:
        before: hash of the stream's event before, `GENESIS` for the first.
        stream: the stream's key.

    Raises:
        struct.error: a number does not fit.
        UnicodeEncodeError: a text is not valid Unicode.
    """
    return links(before, stream, version, recorded_at, [(tag, schema, source, payload)])[0]


def links(
    before: bytes,
    stream: str,
    version: int,
    recorded_at: int,
    events: Iterable[tuple[int, int, str, bytes]],
) -> list[bytes]:
    """Give the hashes of events that follow one another and were recorded together.

    Args:
        version: of the first.
        events: tag, schema, source and payload of each.

    Raises:
        struct.error, UnicodeEncodeError: see `link`.
    """
    pack, key = _NUMBERS.pack, stream.encode()
    size, text, origin = len(key), "", key + b""
    hashes: list[bytes] = []
    for tag, schema, source, payload in events:
        if source is not text:
            text, origin = source, key + source.encode()
        numbers = pack(version, recorded_at, tag, schema, size, len(origin) - size)
        digest = _sha256(payload).digest()
        before = _sha256(before + digest + numbers + origin).digest()
        hashes.append(before)
        version += 1
    return hashes
