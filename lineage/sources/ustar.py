"""Members of a tar stream: ustar, pax, GNU and old headers, parsed without tarfile's costs.

The standard library's reader builds a large object a member and needs ten times as long.
What is no plain file is named and passed on without content, never interpreted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from lineage.sources._blocks import Window, looks_like_tar
from lineage.sources.base import MAX_BYTES, SourceError

__all__ = ["BLOCK", "Member", "looks_like_tar", "read_members"]

BLOCK: Final = 512
"""Bytes of a header; contents are padded to a multiple."""

_MOST_EXTENSION: Final = 1 << 20  # a pax header or a long name; extended attributes fit
_LONGEST_PATH: Final = 64 << 10  # a global header may give it to every member
_RECORD: Final = re.compile(rb"([0-9]{1,7}) ([^=]*)=")
_SPARSE_KEY: Final = b"GNU.sparse."
_KEYS: Final = (b"path", b"size", _SPARSE_KEY + b"name")
_REGULAR: Final = (b"0", b"\0", b"7")
_EXTENSIONS: Final = (b"x", b"X", b"g", b"L", b"K")
_WITHOUT_CONTENT: Final = (b"1", b"2", b"3", b"4", b"5", b"6")  # whatever their size says
_DIRECTORIES: Final = (b"5", b"D")
_PAX_SPARSE: Final = b"sparse"  # no type of the format: it has no extension blocks
_CODES: Final = {b"1": "hard-link", b"2": "symlink", b"S": "sparse", _PAX_SPARSE: "sparse"}


class Member(msgspec.Struct, frozen=True, gc=False):
    """One member that is not a directory.

    Attributes:
        path: its name as stored: bytes of no known encoding, maybe absolute or with ``..``.
        code: empty for a regular file with its content, else why there is no content:
            ``hard-link``, ``symlink``, ``sparse``, ``not-a-file`` or ``too-large``.
    """

    path: bytes
    code: str
    data: bytes


def read_members(window: Window, suffix: bytes) -> Iterator[Member]:
    """Yield the members of a tar stream up to its end marker.

    Regular files whose path does not end in `suffix` are skipped.

    Raises:
        SourceError: ``archive-truncated``, ``archive-damaged`` (a header's checksum is wrong,
            or the header makes no sense), or what the stream raises.
    """
    names = _Extensions(window)
    while True:
        if not names.pending:
            while (plain := window.plain(suffix)) is not None:  # as good as all of them
                yield Member(plain[0], "", plain[1])
        header = window.header()
        if header is None:
            return
        path, size, kind, extended = header
        if kind in _EXTENSIONS:
            names.read(kind, size)
            continue
        if names.pending:
            path, size, kind = names.apply(path, size, kind)
        if kind in _REGULAR and not (kind == b"\0" and path.endswith(b"/")):
            if not path.endswith(suffix):
                window.skip(size + (-size & 511))
            elif size > MAX_BYTES:
                window.skip(size + (-size & 511))
                yield Member(path, "too-large", b"")
            else:
                yield Member(path, "", window.take(size, -size & 511))
        elif (code := _pass_over(window, kind, size, extended)) is not None:
            yield Member(path, code, b"")


def _pass_over(window: Window, kind: bytes, size: int, extended: bool) -> str | None:
    """Skip what is not a regular file, and say what it was; None for a directory."""
    while kind == b"S" and extended:
        extended = window.take(BLOCK)[504] != 0
    if kind not in _WITHOUT_CONTENT and kind != b"\0":
        window.skip(size + (-size & 511))
    if kind in _DIRECTORIES or kind == b"\0":
        return None
    return _CODES.get(kind, "not-a-file")


class _Extensions:
    """What pax and GNU headers say about the member after them, or about all to come."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._next: dict[bytes, bytes] = {}
        self._global: dict[bytes, bytes] = {}
        self.pending = False

    def read(self, kind: bytes, size: int) -> None:
        """Read the content of an extension header of that type."""
        if size > _MOST_EXTENSION:
            raise SourceError("archive-damaged", "an extension header is too large")
        content = self._window.take(size, -size & 511)
        if kind == b"L":
            self._next.setdefault(b"path", content.partition(b"\0")[0])
        elif kind == b"g":
            self._global.update(_records(content))
        elif kind != b"K":
            # The header that came first wins, as for the standard library.
            self._next = {**_records(content), **self._next}
        self.pending = True

    def apply(self, path: bytes, size: int, kind: bytes) -> tuple[bytes, int, bytes]:
        """Give path, size and type of the member that they are about."""
        said = {**self._global, **self._next}
        self._next = {}
        self.pending = bool(self._global)
        path = said.get(_SPARSE_KEY + b"name", said.get(b"path", path))
        if (length := said.get(b"size")) is not None:
            if not length.isdigit() or len(length) > 20:
                raise SourceError("archive-damaged", "a pax header makes no sense")
            size = int(length)
        if len(path) > _LONGEST_PATH:
            raise SourceError("archive-damaged", "a member's name is too long")
        if kind in _REGULAR and _SPARSE_KEY in said:
            kind = _PAX_SPARSE
        return path, size, kind


def _records(content: bytes) -> dict[bytes, bytes]:
    """Give the ``LENGTH KEY=VALUE`` records of a pax header that matter here."""
    records: dict[bytes, bytes] = {}
    start = 0
    while start < len(content) and content[start]:
        match = _RECORD.match(content, start)
        stop = start + int(match[1]) if match else 0
        if not match or not match.end() < stop <= len(content) or content[stop - 1] != 0x0A:
            raise SourceError("archive-damaged", "a pax header makes no sense")
        key = match[2]
        if key in _KEYS:
            records[key] = content[match.end() : stop - 1]
        if key.startswith(_SPARSE_KEY):
            records[_SPARSE_KEY] = b""
        start = stop
    return records
