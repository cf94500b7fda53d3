"""Bodies at rest: several are packed one behind the other, and compressed together.

Bodies that come together resemble one another, so that a pack takes a tenth of the room and
of the time that its bodies would take one by one. Each pack carries the number of its
encoding, so that another one can be added without touching what is there.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import zstandard

from lineage.errors import Damaged

__all__ = ["MAX_BODY", "RAW", "ZSTD", "Pack", "cut", "pack", "packs", "unpack"]

RAW: Final = 0  # the bytes themselves
ZSTD: Final = 1  # one Zstandard frame that tells its content's length
# Bytes. A document is at most 64 MiB; escaping can make its canonical form six times that.
MAX_BODY: Final = 512 * 1024 * 1024
# Bytes beyond which no further body is added. Twice as many would save a quarter of the room,
# and double the time that it takes to read a body.
_PACK: Final = 128 * 1024
_LEVEL: Final = 1


class Pack(msgspec.Struct, frozen=True, gc=False):
    """Bodies as stored together.

    Attributes:
        encoding: RAW or ZSTD.
        length: of the bodies together, in bytes.
        data: the bodies one behind the other, encoded.
        bodies: each body's digest, and where in them it starts and how long it is, in bytes.
    """

    encoding: int
    length: int
    data: bytes
    bodies: list[tuple[bytes, int, int]]


class _Contexts(threading.local):
    """Zstandard contexts are costly to make and not to be shared between threads."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True)
        self.decompressor = zstandard.ZstdDecompressor()


_contexts: Final = _Contexts()


def packs(bodies: Iterable[tuple[bytes, bytes]]) -> Iterator[Pack]:
    """Yield packs that hold the bodies, given with their digests, in this order.

    Raises:
        ValueError: a body is longer than `MAX_BODY`.
    """
    members: list[tuple[bytes, int, int]] = []
    content: list[bytes] = []
    size = 0
    for digest, body in bodies:
        length = len(body)
        if length > MAX_BODY:
            raise ValueError(f"a body has at most {MAX_BODY} bytes")
        if content and size + length > _PACK:
            yield Pack(*pack(b"".join(content)), members)
            members, content, size = [], [], 0
        members.append((digest, size, length))
        content.append(body)
        size += length
    if content:
        yield Pack(*pack(b"".join(content)), members)


def pack(content: bytes) -> tuple[int, int, bytes]:
    """Return (encoding, length of the content in bytes, data) as stored."""
    data = _contexts.compressor.compress(content)
    if len(data) < len(content):
        return ZSTD, len(content), data
    return RAW, len(content), content


def unpack(digest: bytes, encoding: int, length: int, data: bytes) -> bytes:
    """Return the content that `pack` was given.

    Never takes more memory than `length` says, nor more than `MAX_BODY`, whatever the data.

    Args:
        digest: of the body in it that is wanted; names the damage.

    Raises:
        Damaged: the data cannot be what was stored, or is of an encoding that this release
            cannot read.
    """
    if not 0 <= length <= MAX_BODY:
        raise Damaged(f"body {digest.hex()} is in a pack of an impossible length")
    if encoding == RAW:
        return data
    if encoding == ZSTD:
        return _decompress(digest, length, data)
    raise Damaged(f"body {digest.hex()} is in a pack of the unknown encoding {encoding}")


def cut(digest: bytes, content: bytes, start: int, length: int) -> bytes:
    """Return a body out of a pack's content.

    Raises:
        Damaged: what is there is not the body of that digest.
    """
    body = content[start : start + length] if start >= 0 <= length else b""
    if len(body) != length or hashlib.sha256(body).digest() != digest:
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
