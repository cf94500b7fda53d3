"""A body at rest: how one row of the table `bodies` holds the bytes of a body.

Each row carries the number of its encoding, so that another one can be added without
touching the rows that are there.
"""

from __future__ import annotations

import hashlib
import threading
from typing import Final

import zstandard

from lineage.errors import Damaged

__all__ = ["MAX_BODY", "RAW", "ZSTD", "pack", "unpack"]

RAW: Final = 0  # the bytes themselves
ZSTD: Final = 1  # one Zstandard frame that tells its content's length
# Bytes. A document is at most 64 MiB; escaping can make its canonical form six times that.
MAX_BODY: Final = 512 * 1024 * 1024
_LEVEL: Final = 3


class _Contexts(threading.local):
    """Zstandard contexts are costly to make and not to be shared between threads."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True)
        self.decompressor = zstandard.ZstdDecompressor()


_contexts: Final = _Contexts()


def pack(body: bytes) -> tuple[int, int, bytes]:
    """Return (encoding, length of the body in bytes, data) as stored.

    Raises:
        ValueError: the body is longer than `MAX_BODY`.
    """
    if len(body) > MAX_BODY:
        raise ValueError(f"a body has at most {MAX_BODY} bytes")
    data = _contexts.compressor.compress(body)
    if len(data) < len(body):
        return ZSTD, len(body), data
    return RAW, len(body), body


def unpack(digest: bytes, encoding: int, length: int, data: bytes) -> bytes:
    """Return the body that `pack` was given.

    Never takes more memory than `length` says, nor more than `MAX_BODY`, whatever the data.

    Raises:
        Damaged: the data is not what was stored, or of an encoding this release cannot read.
    """
    if not 0 <= length <= MAX_BODY:
        raise Damaged(f"body {digest.hex()} has an impossible length")
    if encoding == RAW:
        body = data
    elif encoding == ZSTD:
        body = _decompress(digest, length, data)
    else:
        raise Damaged(f"body {digest.hex()} has the unknown encoding {encoding}")
    if hashlib.sha256(body).digest() != digest:
        raise Damaged(f"body {digest.hex()} has another digest")
    return body


def _decompress(digest: bytes, length: int, data: bytes) -> bytes:
    try:
        # The decompressor trusts the frame's own length, so that is looked at first.
        if zstandard.frame_content_size(data) == length:
            return _contexts.decompressor.decompress(
                data, max_output_size=length, allow_extra_data=False
            )
    except zstandard.ZstdError:
        pass
    raise Damaged(f"body {digest.hex()} cannot be decompressed")
