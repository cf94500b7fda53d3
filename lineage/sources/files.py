"""Reading one regular file that somebody else may replace at any moment."""

from __future__ import annotations

import errno
import os
import stat
from typing import Final

from lineage.sources.base import MAX_BYTES, SourceError

__all__ = ["DIRECTORY_FLAGS", "read_regular", "too_large", "unreadable"]

# O_NONBLOCK: opening a FIFO that took the file's place returns at once.
_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
DIRECTORY_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def unreadable(error: OSError) -> SourceError:
    """Give the error of a file that the system would not open or read."""
    if error.errno == errno.ELOOP:
        return SourceError("symlink", "a symbolic link, not followed")
    code = "not-found" if error.errno == errno.ENOENT else "unreadable"
    return SourceError(code, error.strerror or "it cannot be read")


def too_large() -> SourceError:
    """Give the error of a document over the limit."""
    return SourceError("too-large", f"larger than {MAX_BYTES >> 20} MiB")


def read_regular(name: str, dir_fd: int) -> bytes:
    """Read a whole regular file of an open directory, without following a link.

    Raises:
        SourceError: it is a link, not a regular file, too large, unreadable, or was written
            to meanwhile.
    """
    try:
        fd = os.open(name, _FLAGS, dir_fd=dir_fd)
        try:
            before = os.fstat(fd)
            if not stat.S_ISREG(before.st_mode):
                raise SourceError("not-a-file", "not a regular file")
            data = _read(fd, before.st_size)
            after = os.fstat(fd)
        finally:
            os.close(fd)
    except OSError as error:
        raise unreadable(error) from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise SourceError("changed", "it was written to while being read")
    return data


def _read(fd: int, size: int) -> bytes:
    if size > MAX_BYTES:
        raise too_large()
    data = os.read(fd, size + 1)
    if len(data) == size:
        return data
    # Longer or shorter than fstat said: a file that grows, or a short read.
    parts = bytearray(data)
    while data := os.read(fd, 1 << 20):
        parts += data
        if len(parts) > MAX_BYTES:
            raise too_large()
    return bytes(parts)
