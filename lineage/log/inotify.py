"""What the system reports of files (inotify), where it reports all."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from lineage.log.filesystems import Kind, file_system

__all__ = [
    "IN_CREATE",
    "IN_DELETE",
    "IN_MODIFY",
    "IN_MOVED_FROM",
    "IN_MOVED_TO",
    "IN_ONLYDIR",
    "IN_Q_OVERFLOW",
    "Inotify",
]

# inotify(7)
IN_MODIFY: Final = 0x2
IN_MOVED_FROM: Final = 0x40
IN_MOVED_TO: Final = 0x80
IN_CREATE: Final = 0x100
IN_DELETE: Final = 0x200
IN_Q_OVERFLOW: Final = 0x4000
IN_ONLYDIR: Final = 0x1000000
_NONBLOCK_CLOEXEC: Final = os.O_NONBLOCK | os.O_CLOEXEC
_EVENT: Final = struct.Struct("iIII")  # watch, what, cookie, length of the name
_READ_AT_ONCE: Final = 1 << 16


class Inotify:
    """An inotify instance.

    Attributes:
        descriptor: readable when there are reports.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def on(cls, path: Path) -> Inotify | None:
        """Begin, for files beside that one; None where not all writes are reported."""
        if file_system(path).kind is not Kind.LOCAL:
            return None
        descriptor = _libc().inotify_init1(_NONBLOCK_CLOEXEC)
        return cls(descriptor) if descriptor >= 0 else None

    def watch(self, path: bytes, what: int) -> int | None:
        """Have a file or directory reported; its number in reports, None if that fails (errno)."""
        number = _libc().inotify_add_watch(self.descriptor, path, ctypes.c_uint32(what))
        return number if number >= 0 else None

    def take(self) -> Iterator[tuple[int, int, bytes]]:
        """Take the reports that there are: number of what is watched, what happened, name in it."""
        try:
            data = os.read(self.descriptor, _READ_AT_ONCE)
        except BlockingIOError:
            return
        offset = 0
        while offset < len(data):
            watched, what, _, length = _EVENT.unpack_from(data, offset)
            offset += _EVENT.size
            yield watched, what, data[offset : offset + length].rstrip(b"\0")
            offset += length

    def close(self) -> None:
        """End it."""
        os.close(self.descriptor)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
