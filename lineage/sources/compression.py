"""Compressed bytes as a stream: gz and xz from the standard library, zst from zstandard.

Every stream fills a caller's buffer and never holds more than its window, so that what a
few bytes expand to is seen, and stopped, before it is in memory.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable
from typing import IO, Final, Protocol, cast

import zstandard

from lineage.sources.base import SourceError
from lineage.sources.raw import RawStream

__all__ = ["ALLOWANCE", "RATIO", "Stream", "compression_of", "decompressed"]

RATIO: Final = 200
"""Bytes that may come out of each byte in, beyond the allowance."""

ALLOWANCE: Final = 64 << 20
"""Bytes that may come out of however few."""

_WINDOW: Final = 128 << 20  # what zstd -19 --long uses; xz -9 needs half
_XZ_OVERHEAD: Final = 8 << 20  # a decoder's memory besides its window
_CHUNK: Final = 16 << 10

_MAGIC: Final = (
    (b"\x1f\x8b", "gz"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    *((bytes((0x50 + n,)) + b"\x2a\x4d\x18", "zst") for n in range(16)),  # skippable frames
)


class Stream(Protocol):
    """Bytes to be read once, front to back."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a part of the buffer; 0 at the end only."""
        ...


class _Decoder(Protocol):
    """The standard library's bounded decoders."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def compression_of(head: bytes) -> str | None:
    """Give ``gz``, ``xz`` or ``zst`` by the first bytes, None for anything else."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def decompressed(raw: RawStream, compression: str) -> Stream:
    """Decompress `raw`.

    Reading raises SourceError ``archive-truncated`` (gz, xz), ``archive-damaged`` (also for a
    window of more than 128 MiB) or ``decompression-bomb`` (more than 200 bytes out of each
    byte in, 64 MiB apart). A zst stream cut short just ends: only the archive in it can tell.
    """
    if compression == "zst":
        reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(
            cast(IO[bytes], raw),  # it asks for read() alone
            read_size=_CHUNK * 4,
            read_across_frames=True,
            closefd=False,
        )
        return _Guarded(raw, reader.readinto1)
    new = _Gunzip if compression == "gz" else _unxz
    return _Guarded(raw, _Frames(raw, new).readinto)


def _unxz() -> _Decoder:
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_WINDOW + _XZ_OVERHEAD)


class _Gunzip:
    """zlib's decompressor, keeping input it has not used yet as lzma's does."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(zlib.MAX_WBITS | 16)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


class _Frames:
    """gz members or xz streams one after the other, zero padding between and after them."""

    def __init__(self, raw: RawStream, new: Callable[[], _Decoder]) -> None:
        self._raw = raw
        self._new = new
        self._decoder = new()
        self._next = b""  # input read with the last frame's end, belongs to this frame

    def readinto(self, buffer: memoryview) -> int:
        while True:
            if self._decoder.eof and not self._next_frame():
                return 0
            data = b""
            if self._decoder.needs_input:
                data, self._next = self._next or self._raw.read(_CHUNK), b""
            output = self._decoder.decompress(data, len(buffer))
            if output:
                buffer[: len(output)] = output
                return len(output)
            if not data and not self._decoder.eof and self._decoder.needs_input:
                raise SourceError("archive-truncated", "the compressed data ends early")

    def _next_frame(self) -> bool:
        data = self._decoder.unused_data.lstrip(b"\0")
        while not data:
            data = self._raw.read(_CHUNK)
            if not data:
                return False
            data = data.lstrip(b"\0")
        self._decoder = self._new()
        self._next = data
        return True


class _Guarded:
    """Counts what comes out, and gives the libraries' errors our name."""

    def __init__(self, raw: RawStream, readinto: Callable[[memoryview], int]) -> None:
        self._raw = raw
        self._readinto = readinto
        self._output = 0

    def readinto(self, buffer: memoryview, /) -> int:
        try:
            count = self._readinto(buffer)
        except (zlib.error, lzma.LZMAError, zstandard.ZstdError):
            raise SourceError(
                "archive-damaged",
                f"the compressed data is damaged, or needs a window of over {_WINDOW >> 20} MiB",
            ) from None
        self._output += count
        if self._output > RATIO * self._raw.count + ALLOWANCE:
            raise SourceError(
                "decompression-bomb",
                f"it expands to more than {RATIO} times its size",
            )
        return count
