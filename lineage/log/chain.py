"""The hash chain of a stream: each event's hash covers the one before, so that none can change.

FORMAT.md ("The chain") says what goes into it: nothing that one store alone gives an event, and of
the payload its digest, so that a copy of the stream elsewhere has the same chain, with the payload
or without.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Final

__all__ = ["GENESIS", "link"]

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
    key, origin = stream.encode(), source.encode()
    numbers = _NUMBERS.pack(version, recorded_at, tag, schema, len(key), len(origin))
    digest = _sha256(payload).digest()
    return _sha256(b"".join((before, digest, numbers, key, origin))).digest()
