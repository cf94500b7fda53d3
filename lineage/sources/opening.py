"""From a path or a stream to a source: what it is decides, never its name."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from lineage.sources.archive import ArchiveSource
from lineage.sources.base import MAX_BYTES, Document, Source, SourceError
from lineage.sources.compression import compression_of
from lineage.sources.directory import DirectorySource
from lineage.sources.files import TRIES, changed, pause, too_large, unreadable
from lineage.sources.paths import label
from lineage.sources.raw import BinaryFile, RawStream
from lineage.sources.ustar import BLOCK, looks_like_tar
from lineage.sources.zipped import ZipSource, looks_like_zip

__all__ = ["FileSource", "open_source", "open_stream"]

# Text that begins with "<", in UTF-8 or UTF-16, after a byte order mark and blanks.
_XML: Final = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\0\t\n\r ]*<")


class FileSource:
    """One XML file, loose whatever its path."""

    def __init__(
        self, opened: Callable[[], RawStream], path: bytes, total: int | None, *, again: bool
    ) -> None:
        """Set up a source.

        Args:
            opened: gives the file's bytes, from their start, each time it is iterated.
            path: what the file is called.
            total: its size in bytes, None if unknown.
            again: `opened` may be called more than once.
        """
        self._opened = opened
        self._label = label(path)
        self._tries = TRIES if again else 1
        self.name = label(path[path.rfind(b"/") + 1 :])
        self.total = total

    def __iter__(self) -> Iterator[Document]:
        """Yield the document; see `Source`."""
        document = self._read()
        for _ in range(self._tries - 1):
            if document.error is None or document.error.code != changed().code:
                break
            pause()
            document = self._read()
        yield document

    def _read(self) -> Document:
        raw = self._opened()
        error: SourceError | None = None
        parts = bytearray()
        try:
            while not error and (data := raw.read(1 << 20)):
                parts += data
                error = too_large() if len(parts) > MAX_BYTES else None
            if raw.changed():
                error = changed()
        except SourceError as reason:
            error = reason
        finally:
            raw.close()
        return Document(self._label, b"" if error else bytes(parts), None, error, raw.count)


def open_source(path: str | os.PathLike[str]) -> Source:
    """Open what documents are to be imported from.

    A directory; a tar archive, plain or in gz, xz or zst, or a zip archive, known by its first
    bytes; or a single XML file, whatever its name. A pipe may stand for any of these files and
    can be iterated once; everything else is opened again by each iteration.

    Raises:
        SourceError: ``not-found``, ``unreadable``, ``not-a-file`` (a device or a socket), or
            ``unknown-format``.
    """
    if not os.fspath(path):  # Path would take it for the working directory
        raise SourceError("not-found", "no such file")
    path = Path(path)
    try:
        if path.is_dir():
            os.close(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            return DirectorySource(path)
        raw = _open(path)
    except OSError as error:
        raise unreadable(error) from None
    except ValueError:  # a NUL
        raise SourceError("not-found", "no such file") from None
    once = raw.size is None

    def opened() -> RawStream:
        return raw if once else _reopen(path)

    source = _of_stream(raw, opened, os.fsencode(path), once=once)
    if not once:
        raw.close()
    return source


def open_stream(file: BinaryFile, name: str) -> Source:
    """Open a stream that is read once, such as standard input: XML, or an archive.

    Args:
        file: its bytes; closed with the source's iteration, or if this fails.
        name: what to call it.

    Raises:
        SourceError: ``unreadable`` or ``unknown-format``.
    """
    raw = RawStream(file)
    return _of_stream(raw, lambda: raw, os.fsencode(name), once=True)


def _of_stream(
    raw: RawStream, opened: Callable[[], RawStream], path: bytes, *, once: bool
) -> Source:
    """Give the source that the first bytes call for; close the stream if there is none."""
    try:
        kind = _kind(raw.peek(BLOCK), named_xml=path.endswith(b".xml"))
    except BaseException:
        raw.close()
        raise
    if kind is FileSource:
        return FileSource(opened, path, raw.size, again=not once)
    name = label(path[path.rfind(b"/") + 1 :])
    return (ZipSource if kind is ZipSource else ArchiveSource)(opened, name, raw.size)


def _kind(head: bytes, *, named_xml: bool) -> type[FileSource | ArchiveSource | ZipSource]:
    """Say what a file is that begins like this."""
    if looks_like_zip(head):
        return ZipSource
    if compression_of(head) is not None:
        return ArchiveSource
    # A block of zeros is an empty archive, or what a crash left of a document.
    if looks_like_tar(head) and (any(head) or not named_xml):
        return ArchiveSource
    if named_xml or _XML.match(head):
        return FileSource
    raise SourceError("unknown-format", "neither a tar or zip archive nor an XML file")


def _reopen(path: Path) -> RawStream:
    try:
        return _open(path)
    except OSError as error:
        raise unreadable(error) from None


def _open(path: Path) -> RawStream:
    """Open a regular file or a pipe, without waiting for a pipe's writer to come."""
    info = path.stat()
    if not (stat.S_ISREG(info.st_mode) or stat.S_ISFIFO(info.st_mode)):
        raise SourceError("not-a-file", "neither a file, a directory nor a pipe")
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(fd, True)
    return RawStream(os.fdopen(fd, "rb", buffering=0))
