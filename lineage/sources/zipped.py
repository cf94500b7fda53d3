"""A zip archive as a source: its members are read into memory one by one, never extracted."""

from __future__ import annotations

import io
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import IO, Final, cast

from lineage.sources.base import MAX_BYTES, Document, SourceError
from lineage.sources.compression import ALLOWANCE, RATIO
from lineage.sources.files import changed, too_large, unreadable
from lineage.sources.paths import domain_hint, hides_documents, is_document, label
from lineage.sources.raw import RawStream

__all__ = ["ZipSource", "looks_like_zip"]

_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_DIRECTORY: Final = 16 << 20  # bytes of the list of members, which is held in memory
_UNIX: Final = 3  # made on a system whose file types are in the attributes
_ENCRYPTED: Final = 0x1
_UTF_8: Final = 0x800
# Of the others no decoder of the standard library can be held to little memory.
_COMPRESSIONS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile raises of an archive, or a member, that is not what it should be.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    RuntimeError,
)


class ZipSource:
    """Every document in a zip archive, in the order of its list of members.

    What `lineage.sources.archive.ArchiveSource` says of members and their names is true here
    too. A pipe is copied to an unnamed file first, since the list stands at the archive's end.
    A member that cannot be read costs itself alone.
    """

    def __init__(self, opened: Callable[[], RawStream], name: str, total: int | None) -> None:
        """Args: see `lineage.sources.archive.ArchiveSource`."""
        self._opened = opened
        self.name = name
        self.total = total

    def __iter__(self) -> Iterator[Document]:
        """Yield the documents; see `Source`.

        Raises:
            SourceError: ``archive-truncated`` (it has no list of members), ``archive-damaged``,
                ``archive-too-large`` (the list), ``decompression-bomb``, ``unreadable``,
                ``changed-while-read``.
        """
        raw = self._opened()
        with ExitStack() as stack:
            stack.callback(raw.close)
            try:
                file = stack.enter_context(_seekable(raw))
                yield from _documents(stack.enter_context(_archive(file)), _size(file))
                if raw.changed():
                    raise changed()
            except SourceError as error:
                raise (changed() if raw.changed() else error) from None


def looks_like_zip(start: bytes) -> bool:
    """Whether a stream that begins with these bytes is a zip archive, maybe an empty one."""
    return start.startswith(_MAGIC)


class _File(io.BufferedReader):
    """A file of which nothing is read that is larger than a list of members may be."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _DIRECTORY:
            most = f"its list of members is larger than {_DIRECTORY >> 20} MiB"
            raise SourceError("archive-too-large", most)
        return super().read(size)


def _seekable(raw: RawStream) -> _File:
    if raw.size is not None:
        return _File(io.FileIO(raw.fileno(), closefd=False))
    try:
        copy = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (the reader closes it)
        try:
            shutil.copyfileobj(cast(IO[bytes], raw), copy)  # it asks for read() alone
        except BaseException:
            copy.close()
            raise
    except OSError as error:
        raise unreadable(error) from None
    return _File(cast(io.RawIOBase, copy))


def _size(file: _File) -> int:
    return file.seek(0, io.SEEK_END)


def _archive(file: _File) -> zipfile.ZipFile:
    try:
        if not zipfile.is_zipfile(file):
            raise SourceError("archive-truncated", "the archive ends early")
        return zipfile.ZipFile(file)
    except _DAMAGE:
        raise SourceError("archive-damaged", "its list of members makes no sense") from None
    except OSError as error:
        raise unreadable(error) from None


def _documents(archive: zipfile.ZipFile, size: int) -> Iterator[Document]:
    output, done = 0, 0
    for info in archive.infolist():
        path, error = _path(info), _refusal(info)
        if path.endswith(b"/"):
            continue
        if not is_document(path) and not (error and hides_documents(path)):
            continue
        data = b""
        if error is None:
            output += info.file_size
            if output > RATIO * size + ALLOWANCE:
                message = f"it expands to more than {RATIO} times its size"
                raise SourceError("decompression-bomb", message)
            try:
                data = _content(archive, info)
            except SourceError as reason:
                error = reason
        done = min(max(done, info.header_offset + info.compress_size), size)
        hint = domain_hint(path[: path.rfind(b"/") + 1])
        yield Document(label(path), data, hint, error, done)


def _path(info: zipfile.ZipInfo) -> bytes:
    """Give a member's name as stored: zipfile made text of it."""
    return info.orig_filename.encode("utf-8" if info.flag_bits & _UTF_8 else "cp437")


def _refusal(info: zipfile.ZipInfo) -> SourceError | None:
    """Say why a member is not read; None if it is."""
    kind = stat.S_IFMT(info.external_attr >> 16) if info.create_system == _UNIX else 0
    if kind == stat.S_IFLNK:
        return SourceError("symlink", "a symbolic link, not followed")
    if kind not in (0, stat.S_IFREG):
        return SourceError("not-a-file", "not a regular file")
    if info.flag_bits & _ENCRYPTED:
        return SourceError("encrypted", "it is encrypted")
    if info.compress_type not in _COMPRESSIONS:
        return SourceError("unknown-compression", "compressed in a way that is not read")
    return too_large() if info.file_size > MAX_BYTES else None


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Read a member whole; zipfile gives no more than the size that its list tells."""
    try:
        with archive.open(info) as member:
            data = member.read(info.file_size + 1)
    except _DAMAGE:
        data = None
    except OSError as error:
        raise unreadable(error) from None
    if data is None or len(data) != info.file_size:
        raise SourceError("member-damaged", "this member of the archive is damaged")
    return data
