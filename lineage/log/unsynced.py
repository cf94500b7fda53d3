"""What is done at once about a commit whose sync failed.

After a failed sync the system may show what the disk does not have, for as long as it runs, and
take it for written. A commit whose sync failed was refused; but its pages stand complete in the
-wal file. Found there by whoever opens the store next, they would be taken for a commit, others
would be written behind them, and all of those be lost with the power.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final, cast

import apsw

__all__ = ["forget_unsynced"]

# https://sqlite.org/walformat.html
_WAL_HEADER: Final = 32
_FRAME_HEADER: Final = 24


def forget_unsynced(connection: apsw.Connection, vfs: str | None) -> None:
    """Make the frame behind the last commit's unreadable, so that recovery ends before it.

    As well as the disk lets: it has failed already, and the caller learns that anyway.
    """
    with suppress(apsw.Error):
        version = connection.pragma("data_version")
        page_size = connection.pragma("page_size")
        # It does nothing, and tells how many frames hold commits.
        row = connection.execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
        frames = cast(tuple[int, int, int], row)[1]
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another writer's commit stands there by now, and has been synced.
            if frames >= 0 and connection.pragma("data_version") == version:
                end = _WAL_HEADER + frames * (_FRAME_HEADER + cast(int, page_size))
                _blank(connection.filename_wal, vfs, end)
        finally:
            connection.execute("ROLLBACK")


def _blank(path: str, vfs: str | None, offset: int) -> None:
    flags = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_READWRITE
    wal = apsw.VFSFile(vfs or "", path, [flags, 0])
    try:
        if wal.xFileSize() > offset:
            wal.xWrite(bytes(_FRAME_HEADER), offset)
    finally:
        wal.xClose()
