"""The bytes of a file or pipe as they lie there, counted."""

from __future__ import annotations

import os
import stat
from typing import Protocol

from lineage.sources.base import SourceError
from lineage.sources.files import is_same, unreadable

__all__ = ["BinaryFile", "RawStream"]


class BinaryFile(Protocol):
    """What is needed of a binary file object; it may be a pipe."""

    def read(self, size: int, /) -> bytes | None: ...
    def readinto(self, buffer: memoryview, /) -> int | None: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...


class RawStream:
    """A file read once, front to back.

    Attributes:
        count: bytes consumed so far.
        size: bytes in all of a regular file, else None.
    """

    def __init__(self, file: BinaryFile) -> None:
        """Take over `file`: closing the stream closes it."""
        self._file = file
        self._head = b""  # looked at, not consumed
        self._info = _info(file)
        self.count = 0
        self.size = None if self._info is None else self._info.st_size

    def peek(self, size: int) -> bytes:
        """Look at the next `size` bytes; fewer at the end of the file only."""
        while len(self._head) < size:
            data = self._read(size - len(self._head))
            if not data:
                break
            self._head += data
        return self._head[:size]

    def read(self, size: int) -> bytes:
        """Consume at most `size` bytes; none at the end only."""
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
        else:
            data = self._read(size)
        self.count += len(data)
        return data

    def readinto(self, buffer: memoryview, /) -> int:
        """Consume into a buffer, and say how much; 0 at the end only."""
        if self._head:
            data = self.read(len(buffer))
            buffer[: len(data)] = data
            return len(data)
        try:
            count = self._file.readinto(buffer) or 0
        except (OSError, ValueError) as error:
            raise _failure(error) from None
        self.count += count
        return count

    def skip(self, size: int) -> bool:
        """Consume `size` bytes unread, if the file can and has them; else do nothing."""
        if self._head or self.size is None or self.count + size > self.size:
            return False
        try:
            os.lseek(self._file.fileno(), size, os.SEEK_CUR)
        except OSError as error:
            raise unreadable(error) from None
        self.count += size
        return True

    def changed(self) -> bool:
        """Whether somebody wrote to the regular file since the stream took it over."""
        try:
            return self._info is not None and not is_same(self._info, os.fstat(self.fileno()))
        except SourceError:
            return False  # closed

    def fileno(self) -> int:
        """The file's descriptor.

        Raises:
            SourceError: it is closed, or no file of the system.
        """
        try:
            return self._file.fileno()
        except (OSError, ValueError) as error:
            raise _failure(error) from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self, size: int) -> bytes:
        try:
            return self._file.read(size) or b""
        except (OSError, ValueError) as error:
            raise _failure(error) from None


def _failure(error: OSError | ValueError) -> SourceError:
    if isinstance(error, OSError):
        return unreadable(error)
    return SourceError("unreadable", "it was closed: a pipe can be read only once")


def _info(file: BinaryFile) -> os.stat_result | None:
    """What the system says of a regular file; None of anything else."""
    try:
        info = os.fstat(file.fileno())
    except OSError:  # io.UnsupportedOperation is one: no file of the system behind it
        return None
    return info if stat.S_ISREG(info.st_mode) else None
