"""A tar archive as a source, plain or compressed, streamed and never extracted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from lineage.sources._blocks import Window
from lineage.sources.base import Document, SourceError
from lineage.sources.compression import compression_of, decompressed
from lineage.sources.files import changed, too_large
from lineage.sources.paths import SUFFIX, domain_hint, hides_documents, is_document, label
from lineage.sources.raw import RawStream
from lineage.sources.ustar import BLOCK, looks_like_tar, read_members

__all__ = ["ArchiveSource"]

_MESSAGES: Final = {
    "symlink": "a symbolic link, not followed",
    "hard-link": "a hard link to another member",
    "sparse": "a sparse file",
    "not-a-file": "not a regular file",
}


class ArchiveSource:
    """Every document in a tar archive, in the archive's order.

    Read once, front to back, so that a pipe will do. Members are passed over as files of a
    directory are (`lineage.sources.directory.DirectorySource`); links, devices and the like
    that end in ``.xml`` are reported. A member's name is a label and nothing more: absolute
    ones, ``..`` and names that are not UTF-8 are imported like any other.
    """

    def __init__(self, opened: Callable[[], RawStream], name: str, total: int | None) -> None:
        """Set up a source.

        Args:
            opened: gives the archive's bytes, from their start, each time it is iterated.
            name: short provenance, printable.
            total: size of the archive in bytes, None if unknown.
        """
        self._opened = opened
        self.name = name
        self.total = total

    def __iter__(self) -> Iterator[Document]:
        """Yield the documents; see `Source`.

        Raises:
            SourceError: ``archive-truncated``, ``archive-damaged``, ``decompression-bomb``,
                ``unreadable``, ``changed-while-read`` (then too if that is all that is wrong);
                ``unknown-format`` if there is no archive in the compression.
        """
        raw = self._opened()
        try:
            yield from self._read(raw)
            if raw.changed():
                raise changed()
        except SourceError as error:
            raise (changed() if raw.changed() else error) from None
        finally:
            raw.close()

    def _read(self, raw: RawStream) -> Iterator[Document]:
        compression = compression_of(raw.peek(BLOCK))
        if compression is None:
            _expect_tar(raw.peek(BLOCK))
            yield from _documents(raw, Window(raw))
            return
        window = Window(decompressed(raw, compression))
        _expect_tar(window.peek(BLOCK))
        yield from _documents(raw, window)
        window.exhaust()


def _expect_tar(block: bytes) -> None:
    if len(block) < BLOCK:
        raise SourceError("archive-truncated", "the archive ends early")
    if not looks_like_tar(block):
        raise SourceError("unknown-format", "not a tar archive")


def _documents(raw: RawStream, window: Window) -> Iterator[Document]:
    last: bytes | None = None
    hint: str | None = None
    for member in read_members(window, SUFFIX):
        path, code = member.path, member.code
        if not is_document(path) and not (code and hides_documents(path)):
            continue
        directory = path[: path.rfind(b"/") + 1]
        if directory != last:
            last, hint = directory, domain_hint(directory)
        error = _error(code) if code else None
        yield Document(label(path), member.data, hint, error, raw.count)


def _error(code: str) -> SourceError:
    return too_large() if code == "too-large" else SourceError(code, _MESSAGES[code])
