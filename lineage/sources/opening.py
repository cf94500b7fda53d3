"""From a path to a source: what it is decides, never its name."""

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
from lineage.sources.files import too_large, unreadable
from lineage.sources.paths import label
from lineage.sources.raw import RawStream
from lineage.sources.ustar import BLOCK, looks_like_tar

__all__ = ["FileSource", "open_source"]

# Text that begins with "<", in UTF-8 or UTF-16, after a byte order mark and blanks.
_XML: Final = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\0\t\n\r ]*<")


class FileSource:
    """One XML file, loose whatever its path."""

    def __init__(self, opened: Callable[[], RawStream], path: Path, total: int | None) -> None:
        """Args: opened: gives the file's bytes, from their start, each time it is iterated."""
        self._opened = opened
        self._label = label(os.fsencode(path))
        self.name = label(os.fsencode(path.name))
        self.total = total

    def __iter__(self) -> Iterator[Document]:
        """Yield the document; see `Source`."""
        raw = self._opened()
        error: SourceError | None = None
        parts = bytearray()
        try:
            while not error and (data := raw.read(1 << 20)):
                parts += data
                error = too_large() if len(parts) > MAX_BYTES else None
        except SourceError as reason:
            error = reason
        finally:
            raw.close()
        yield Document(self._label, b"" if error else bytes(parts), None, error, raw.count)


def open_source(path: str | os.PathLike[str]) -> Source:
    """Open what documents are to be imported from.

    A directory; a tar archive, plain or in gz, xz or zst, known by its first bytes; or a
    single XML file, whatever its name. A pipe may stand for either file and can be iterated
    once; everything else is opened again by each iteration.

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
    try:
        archive = _is_archive(raw.peek(BLOCK), named_xml=path.suffix == ".xml")
    except BaseException:
        raw.close()
        raise
    if raw.size is not None:
        raw.close()

    def opened() -> RawStream:
        return raw if raw.size is None else _reopen(path)

    if archive:
        return ArchiveSource(opened, label(os.fsencode(path.name)), raw.size)
    return FileSource(opened, path, raw.size)


def _is_archive(head: bytes, *, named_xml: bool) -> bool:
    """Whether a file that begins like this is an archive; if not, it is an XML file."""
    if compression_of(head) is not None:
        return True
    # A block of zeros is an empty archive, or what a crash left of a document.
    if looks_like_tar(head) and (any(head) or not named_xml):
        return True
    if named_xml or _XML.match(head):
        return False
    raise SourceError("unknown-format", "neither a tar archive nor an XML file")


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
