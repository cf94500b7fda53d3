"""Every exception that lineage raises on purpose, and its one warning.

The bottom of the import table: this module imports nothing of lineage.
"""

from __future__ import annotations

__all__ = [
    "AlignmentError",
    "Ambiguous",
    "Busy",
    "Conflict",
    "Damaged",
    "DocumentError",
    "FileSystemWarning",
    "Forked",
    "HypervisorError",
    "LineageError",
    "MissingSecrets",
    "NotAStore",
    "NotFound",
    "SnapshotError",
    "TooNew",
    "XMLError",
]


class LineageError(Exception):
    """Base of every error that lineage raises on purpose."""


class DocumentError(LineageError, ValueError):
    """A document was refused.

    Attributes:
        code: stable short name of the reason, such as ``tag-mismatch``.
        offset: byte of the document's UTF-8 form at which it went wrong.
    """

    def __init__(self, code: str, offset: int, message: str) -> None:
        super().__init__(code, offset, message)
        self.code = code
        self.offset = offset
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} ({self.code}, byte {self.offset})"


class XMLError(DocumentError):
    """The bytes are not XML that lineage reads: encoding, syntax, namespaces, limits."""


class SnapshotError(DocumentError):
    """Well-formed XML, but not a snapshot or domain that libvirt would accept."""


class AlignmentError(SnapshotError):
    """The disks of a snapshot are not those of its domain as libvirt would have them.

    Attributes:
        disk: the target of the one that it is about, as the document names it if the domain has
            no such disk; None if it is about none alone.
    """

    def __init__(self, code: str, message: str, disk: str | None = None) -> None:
        super().__init__(code, 0, message)
        self.disk = disk

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"


class NotFound(LineageError, LookupError):
    """No such domain, snapshot, position or body."""


class Ambiguous(LineageError, LookupError):
    """A name means several domains.

    Attributes:
        choices: what it could mean (UUIDs), sorted.
    """

    def __init__(self, message: str, choices: tuple[str, ...] = ()) -> None:
        super().__init__(message, choices)
        self.message = message
        self.choices = choices

    def __str__(self) -> str:
        return f"{self.message}: {', '.join(self.choices)}" if self.choices else self.message


class Conflict(LineageError):
    """An append was refused and nothing was written.

    Attributes:
        actual: the domain's version when the append was tried.
    """

    def __init__(self, message: str, actual: int = 0) -> None:
        super().__init__(message, actual)
        self.message = message
        self.actual = actual

    def __str__(self) -> str:
        return self.message


class Busy(LineageError):
    """Another process held the store's write lock for longer than the timeout."""


class Damaged(LineageError):
    """Stored bytes are not what was written."""


class NotAStore(LineageError):
    """The file is not a lineage store."""


class TooNew(NotAStore):
    """The store was written by a newer lineage with a format this one cannot read."""


class Forked(LineageError):
    """A store opened before os.fork() was used in the child; open it again there."""


class HypervisorError(LineageError):
    """libvirt could not be asked, or refused.

    Attributes:
        code: ``no-libvirt``: its Python bindings are not installed; ``connection``: it cannot
            connect; ``busy``: somebody else is making and deleting snapshots all the time;
            ``libvirt``: it refused, and the message is its own.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class MissingSecrets(LineageError):
    """Documents that libvirt dumped without their passwords would be redefined without them.

    Attributes:
        snapshots: whose documents they are.
    """

    def __init__(self, snapshots: tuple[str, ...]) -> None:
        super().__init__(snapshots)
        self.snapshots = snapshots

    def __str__(self) -> str:
        first, more = self.snapshots[0], len(self.snapshots) - 1
        others = f" (and of {more} more)" if more else ""
        return f"the document of {first!r}{others} was dumped without its passwords"


class FileSystemWarning(UserWarning):
    """A store is on a file system that may not do what SQLite needs."""
