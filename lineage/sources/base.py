"""What a source of documents is: it yields XML bytes with their provenance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

import msgspec

from lineage.errors import LineageError

__all__ = ["MAX_BYTES", "Document", "Source", "SourceError"]

MAX_BYTES: Final = 64 << 20
"""Size of the largest document that is read, in bytes."""


class SourceError(LineageError):
    """A source, or one file of it, could not be read.

    Attributes:
        code: stable short name of the reason. Of a whole source: ``not-found``,
            ``unreadable``, ``unknown-format``, ``archive-truncated``, ``archive-damaged``,
            ``archive-too-large``, ``decompression-bomb``, ``changed-while-read``. Of one file:
            ``unreadable``, ``symlink``, ``hard-link``, ``sparse``, ``not-a-file``,
            ``too-large``, ``too-deep``, ``encrypted``, ``unknown-compression``,
            ``member-damaged``, ``changed-while-read``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"


class Document(msgspec.Struct, frozen=True, gc=False):
    """One candidate file.

    Attributes:
        label: where in the source it stood: a relative path or an archive member's name,
            printable whatever the bytes were. Never used as a path again.
        data: the file's bytes; empty if `error` is set.
        domain_hint: DOMAIN of libvirt's layout ``snapshot/DOMAIN/NAME.xml``, decoded as
            `lineage.filenames` encodes; None for a loose file.
        error: why the file could not be read, None if it could.
        done: bytes of the source consumed so far (an archive: as compressed), for progress.
    """

    label: str
    data: bytes
    domain_hint: str | None
    error: SourceError | None
    done: int


class Source(Protocol):
    """Something that documents are imported from.

    Attributes:
        name: short provenance, such as ``archive.tar.zst``; printable.
        total: bytes in all, on the scale of `Document.done`; None if unknown.
    """

    name: str
    total: int | None

    def __iter__(self) -> Iterator[Document]:
        """Yield every candidate, the unreadable ones with their error.

        Raises:
            SourceError: the source as a whole cannot be read (further); everything before
                the damage has been yielded.
        """
        ...
