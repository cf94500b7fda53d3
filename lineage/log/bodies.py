"""Bodies at rest: a few are kept whole, the others as what they have other than one of those.

The bodies of one stream resemble each other, line by line. A body that resembles none of the
stream's *key bodies* enough becomes one itself: a pack of its own, compressed with a dictionary.
Every other one is a delta against a key body, never against another delta, so that reading it
takes one base. Deltas of one append against one key body are packed, and compressed, together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from lineage.errors import Damaged
from lineage.log import frames
from lineage.log._delta import Base, apply

__all__ = ["MAX_BODY", "BodyPack", "Key", "member", "nearest", "packs", "verified", "whole"]

# Bytes. A document is at most 64 MiB; escaping can make its canonical form six times that.
MAX_BODY: Final = 512 * 1024 * 1024
KEYS: Final = 4  # key bodies of a stream that a new body is held against, the latest first
_NEAR: Final = 96  # bytes of a delta: as good as it gets
_SHARE: Final = 5  # a delta has at most this part of its body's bytes...
_MOST_DELTA: Final = 4096  # ... and these
_LARGEST_BASE: Final = 1 << 20  # indexed lines take memory
_PACK_MEMBERS: Final = 64
_PACK_BYTES: Final = 16 * 1024  # to be expanded for each body read
_MAX_PACK: Final = _PACK_MEMBERS * (_MOST_DELTA + 2)  # what a reader accepts

_EMPTY: Final = b""


class Key:
    """A key body that others may be told by.

    Attributes:
        number: of its pack; 0 while it is not stored.
    """

    __slots__ = ("_base", "data", "number")

    def __init__(self, data: bytes, number: int = 0) -> None:
        self.data = data
        self.number = number
        self._base: Base | None = None

    def delta(self, body: bytes, most: int) -> bytes | None:
        """Give the delta that leads to the body, None if it is longer than `most` bytes."""
        if self._base is None:
            self._base = Base(self.data)
        return self._base.encode(body, most)


class BodyPack(msgspec.Struct, frozen=True, gc=False):
    """Bodies as stored together.

    Attributes:
        stream: key of the stream whose key body it is or is told by; None: of no stream.
        base: the key body that they are told by; None: the pack holds a key body itself.
        key: that key body.
        digests: of the bodies, in order.
        encoding, data: see `lineage.log.frames`.
    """

    stream: str | None
    base: Key | None
    key: Key | None
    digests: Sequence[bytes]
    encoding: int
    data: bytes


def packs(
    stream: str | None, bodies: Iterable[tuple[bytes, bytes]], keys: list[Key]
) -> Iterator[BodyPack]:
    """Yield packs that hold the bodies of a stream, given with their digests.

    Args:
        keys: the stream's key bodies, the latest last. New ones are added.

    Raises:
        ValueError: a body is longer than `MAX_BODY`.
    """
    told: dict[int, tuple[Key, list[tuple[bytes, bytes]]]] = {}
    for digest, body in bodies:
        if len(body) > MAX_BODY:
            raise ValueError(f"a body has at most {MAX_BODY} bytes")
        near = nearest(body, keys)
        if near is None:
            key, home = Key(body), None
            if len(body) <= _LARGEST_BASE:
                keys.append(key)
                home = stream
            yield BodyPack(home, None, key, (digest,), *frames.compress(body, frames.BODIES))
        else:
            key, delta = near
            told.setdefault(id(key), (key, []))[1].append((digest, delta))
    for key, deltas in told.values():
        yield from _packed(stream, key, deltas)


def nearest(body: bytes, keys: list[Key]) -> tuple[Key, bytes] | None:
    """The key body that tells the body in the fewest bytes, and the delta."""
    most = min(_MOST_DELTA, len(body) // _SHARE)
    best = None
    for key in keys[: -KEYS - 1 : -1]:
        delta = key.delta(body, most)
        if delta is not None:
            best = key, delta
            most = len(delta) - 1
            if most < _NEAR:
                break
    return best


def _packed(stream: str | None, key: Key, deltas: list[tuple[bytes, bytes]]) -> Iterator[BodyPack]:
    digests: list[bytes] = []
    content = bytearray()
    for digest, delta in deltas:
        if len(digests) == _PACK_MEMBERS or len(content) + len(delta) > _PACK_BYTES:
            if digests:
                yield _pack(stream, key, digests, content)
            digests, content = [], bytearray()
        digests.append(digest)
        content += len(delta).to_bytes(2, "little") + delta
    yield _pack(stream, key, digests, content)


def _pack(stream: str | None, key: Key, digests: list[bytes], content: bytearray) -> BodyPack:
    encoding, data = frames.compress(bytes(content), frames.DELTAS)
    return BodyPack(stream, key, None, tuple(digests), encoding, data)


def whole(encoding: int, data: bytes, name: str) -> bytes:
    """Give the key body that a pack holds.

    Args:
        name: of the body wanted, for the error.

    Raises:
        Damaged: it cannot be what was stored.
    """
    return frames.expand(encoding, data, MAX_BODY, name)


def member(encoding: int, data: bytes, index: int, base: bytes, name: str) -> bytes:
    """Give a body that a pack holds as a delta.

    Args:
        index: its place in the pack, 0 for the first.
        base: the key body that the pack's deltas are of.

    Raises:
        Damaged: the pack cannot be what was stored.
    """
    content = frames.expand(encoding, data, _MAX_PACK, name)
    if not 0 <= index < _PACK_MEMBERS:
        raise Damaged(f"{name} is in no pack")
    at = 0
    for _ in range(index):
        at += 2 + int.from_bytes(content[at : at + 2], "little")
    start = at + 2
    length = int.from_bytes(content[at:start], "little")
    if start + length > len(content):
        raise Damaged(f"{name} is not in its pack")
    try:
        return apply(base, content[start : start + length], MAX_BODY)
    except ValueError:
        raise Damaged(f"{name} is no delta of its base") from None


def verified(digest: bytes, body: bytes) -> bytes:
    """Give the body, if it has the digest.

    Raises:
        Damaged: it has another.
    """
    if hashlib.sha256(body).digest() != digest:
        raise Damaged(f"body {digest.hex()} has another digest")
    return body
