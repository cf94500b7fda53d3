"""A moving window over a stream: bytes are taken and skipped in pieces of any size."""

from __future__ import annotations

from typing import Final

from lineage.sources.base import SourceError
from lineage.sources.compression import Stream
from lineage.sources.raw import RawStream

__all__ = ["Window"]

_SIZE: Final = 128 << 10  # stays in the processor's cache; twenty documents
_WORTH_SEEKING: Final = 1 << 20


class Window:
    """Reads a stream through one buffer that is used again and again.

    Every method raises what the stream raises.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._view = memoryview(bytearray(_SIZE))
        self._start = 0
        self._end = 0

    def take(self, size: int, padding: int = 0) -> bytes:
        """Consume `size` bytes, and up to `padding` more unread.

        Raises:
            SourceError: ``archive-truncated``: fewer than `size` bytes are left.
        """
        start = self._start
        stop = start + size
        following = stop + padding
        if following > self._end:
            if size + padding > _SIZE:
                return self._take_large(size, padding)
            if self._fill(size + padding) < size:
                raise SourceError("archive-truncated", "the archive ends early")
            start, stop, following = 0, size, min(size + padding, self._end)
        self._start = following
        return bytes(self._view[start:stop])

    def peek(self, size: int) -> bytes:
        """Look at the next `size` bytes; fewer at the end of the stream only."""
        if self._end - self._start < size:
            self._fill(size)
        return bytes(self._view[self._start : min(self._start + size, self._end)])

    def skip(self, size: int) -> None:
        """Consume up to `size` bytes unread; seek over many where the stream is a file."""
        size -= self._drop(size)
        if size > _WORTH_SEEKING and isinstance(self._stream, RawStream):
            size -= size if self._stream.skip(size) else 0
        while size and self._fill(1):
            size -= self._drop(size)

    def exhaust(self) -> None:
        """Read the stream to its end, so that its checksums are verified."""
        while self._stream.readinto(self._view):
            pass

    def _take_large(self, size: int, padding: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            if self._start == self._end and not self._fill(1):
                raise SourceError("archive-truncated", "the archive ends early")
            stop = min(self._end, self._start + size - len(parts))
            parts += self._view[self._start : stop]
            self._start = stop
        self.skip(padding)
        return bytes(parts)

    def _drop(self, size: int) -> int:
        """Consume up to `size` of the bytes that are there, and say how many."""
        dropped = min(size, self._end - self._start)
        self._start += dropped
        return dropped

    def _fill(self, needed: int) -> int:
        """Move what is left to the front and read on until `needed` bytes are there.

        Returns:
            How many are there: fewer at the end of the stream only.
        """
        view = self._view
        left = self._end - self._start
        view[:left] = view[self._start : self._end]
        self._start, self._end = 0, left
        while self._end < needed:
            count = self._stream.readinto(view[self._end :])
            if not count:
                break
            self._end += count
        return self._end
