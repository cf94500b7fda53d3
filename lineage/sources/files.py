"""Reading one regular file that somebody else may replace at any moment."""

from __future__ import annotations

import errno
import os
import stat
import time
from typing import Final

from lineage.sources.base import MAX_BYTES, SourceError

__all__ = [
    "DIRECTORY_FLAGS",
    "TRIES",
    "changed",
    "is_same",
    "pause",
    "read_regular",
    "too_large",
    "unreadable",
]

# O_NONBLOCK: opening a FIFO that took the file's place returns at once.
_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
DIRECTORY_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

TRIES: Final = 3
"""How often a file is read that changes meanwhile."""

_PAUSE: Final = 0.02  # seconds, for the writer to finish


def unreadable(error: OSError) -> SourceError:
    """Give the error of a file that the system would not open or read."""
    if error.errno == errno.ELOOP:
        return SourceError("symlink", "a symbolic link, not followed")
    code = "not-found" if error.errno == errno.ENOENT else "unreadable"
    return SourceError(code, error.strerror or "it cannot be read")


def too_large() -> SourceError:
    """Give the error of a document over the limit."""
    return SourceError("too-large", f"larger than {MAX_BYTES >> 20} MiB")


def changed() -> SourceError:
    """Give the error of a file that somebody wrote to while it was read."""
    return SourceError("changed-while-read", "it was written to while it was read")


def is_same(before: os.stat_result, after: os.stat_result) -> bool:
    """Whether nobody wrote to a file between two looks at it, as far as the system tells."""
    return (before.st_size, before.st_mtime_ns, before.st_ctime_ns) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_ctime_ns,
    )


def pause() -> None:
    """Give the writer of a file time to finish before it is read again."""
    time.sleep(_PAUSE)


def read_regular(name: str, dir_fd: int) -> bytes:
    """Read a whole regular file of an open directory, without following a link.

    Raises:
        SourceError: it is a link, not a regular file, too large, unreadable, or was written
            to each time that it was read.
    """
    for attempt in range(TRIES):
        if attempt:
            pause()
        data = _read_once(name, dir_fd)
        if data is not None:
            return data
    raise changed()


def _read_once(name: str, dir_fd: int) -> bytes | None:
    """Read the file; None if it changed meanwhile."""
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
    return data if is_same(before, after) else None


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
