"""A copy of a live store, through SQLite's backup API.

A copied file is no backup: the last commits may stand in the ``-wal`` file alone, and what is
copied while that is carried over into the file is from before in part, and from after in part.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import apsw

from lineage.errors import Damaged, LineageError
from lineage.log.appearing import appearing
from lineage.log.base import EventLog
from lineage.log.meanings import translate, translated
from lineage.log.opening import open_store, verify_copy

__all__ = ["Progress", "SupportsBackup", "back_up", "backup", "copy"]

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""

_STEP: Final = 1 << 20  # bytes between two calls of `progress`, or two chances to interrupt
# What SQLite would take for the copy's own if it were there when the copy is opened.
_BESIDE: Final = ("-wal", "-shm", "-journal")


@runtime_checkable
class SupportsBackup(Protocol):
    """An event log that can copy itself into a file."""

    def backup(self, path: str | os.PathLike[str], *, progress: Progress | None = None) -> None:
        """Copy the log as it is now to a new file; see `lineage.Store.backup`."""
        ...


def back_up(log: EventLog, path: str | os.PathLike[str], progress: Progress | None = None) -> None:
    """Copy an event log to a new file, if it is one that can.

    Raises:
        LineageError: it is not; and see `copy`.
    """
    if not isinstance(log, SupportsBackup):
        raise LineageError(f"a {type(log).__name__} cannot be copied to a file")
    log.backup(path, progress=progress)


def backup(
    path: Path, target: Path, progress: Progress | None = None, *, vfs: str | None = None
) -> None:
    """Copy the store at a path, through a connection of its own; see `copy`.

    Args:
        vfs: name of the SQLite VFS that reads the store.
    """
    with translated(path):
        connection = open_store(path, readonly=True, create=False, vfs=vfs)
    with closing(connection):
        copy(connection, path, target, progress)


def copy(
    source: apsw.Connection, path: Path, target: Path, progress: Progress | None = None
) -> None:
    """Copy the store that a connection has open, as of now, to a new file, mode 0600.

    One transaction reads all of it. Beside a write-ahead log, writers go on meanwhile; only
    the ``-wal`` file does not start anew before the copy is done.

    Args:
        source: used by this call alone while it lasts; not in a transaction.
        path: of the source.
        target: is there in full afterwards, or not at all.

    Raises:
        LineageError: there is something of that name, or no such directory; reading or
            writing failed.
        Busy, Damaged: the source is locked; SQLite finds its structure damaged.
    """
    with appearing(target, _BESIDE) as partial:
        with translated(target):
            connection = apsw.Connection(os.fspath(partial), apsw.SQLITE_OPEN_READWRITE)
        with closing(connection):
            # Nobody else sees the file while it is incomplete: what a crash leaves is useless.
            for name in ("journal_mode", "synchronous"):
                connection.pragma(name, "off")
            _copy_pages(source, path, connection, target, progress)
        try:
            with translated(partial):
                verify_copy(partial)
        except Damaged as error:
            raise Damaged(f"{path}: damaged in its copy, which was given up ({error})") from None


def _copy_pages(
    source: apsw.Connection,
    path: Path,
    copied: apsw.Connection,
    target: Path,
    progress: Progress | None,
) -> None:
    # Without a transaction, each commit of another process would have the copy begin again.
    with translated(path):
        source.execute("BEGIN")
    try:
        with translated(path):
            size = int(str(source.pragma("page_size")))  # reads: the transaction starts here
            pages = int(str(source.pragma("page_count")))
        with copied.backup("main", source, "main") as running:
            while not running.done:
                try:
                    running.step(max(1, _STEP // size))
                except apsw.Error as error:
                    raise translate(error, target if _of_target(error) else path) from error
                if progress is not None:
                    progress((pages - running.remaining) * size, pages * size)
    finally:
        source.execute("ROLLBACK")


def _of_target(error: apsw.Error) -> bool:
    """Whether it was not reading that failed."""
    if isinstance(error, apsw.IOError):
        return getattr(error, "extendedresult", 0) != apsw.SQLITE_IOERR_READ
    return isinstance(error, (apsw.FullError, apsw.ReadOnlyError, apsw.CantOpenError))
