"""How a store file is told from other files, made, and opened.

Errors of the driver pass through here as they are; `lineage.log.sqlite` translates them.
"""

from __future__ import annotations

import os
import random
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

import apsw

from lineage.errors import Damaged, LineageError, NotAStore, TooNew
from lineage.log import schema
from lineage.log.filesystems import admit, file_system

__all__ = ["BUSY_TIMEOUT_MS", "FILE_MODE", "open_for_check", "open_store", "verify_copy"]

BUSY_TIMEOUT_MS = 5000
FILE_MODE: Final = 0o600  # domain XML holds passwords
_MAGIC: Final = b"SQLite format 3\0"
_JOURNAL_MAGIC: Final = bytes.fromhex("d9d505f920a163d7")
_HEADER_SIZE: Final = 100
_INTERRUPTIBLE: Final = 10_000  # steps of SQLite's machine between two looks at signals
_WAL_PAGES: Final = 8000  # 32 MiB before the log is carried over into the file
_WAL_KEPT: Final = 64 * 1024 * 1024  # bytes of a -wal file that stay for reuse

_T = TypeVar("_T")


def open_store(
    path: Path,
    *,
    readonly: bool,
    create: bool,
    allow_network: bool = False,
    vfs: str | None = None,
) -> apsw.Connection:
    """Open a store file, making it first if `create` and there is none (or an empty file).

    A file that is not a store is left as it is, without a file beside it.

    Args:
        allow_network: also on a network file system, for this connection alone (readers: for
            readers alone), without shared memory.
        vfs: name of the SQLite VFS that does input and output; None: the system's.

    Raises:
        NotAStore: no such file, or not a store.
        TooNew: a store of a newer format.
        Damaged: a store without its tables or triggers, or with others.
        LineageError: no such directory, no permission to write, a file system without WAL.
        OSError, apsw.Error: anything else.
    """
    alone = admit(path, allow_network=allow_network)
    create = create and not readonly
    if create:
        _place(path)
    _require_file(path)

    def attempt() -> apsw.Connection:
        return _open(path, readonly, create, alone, vfs)

    # Who keeps the file for himself keeps also the locks that he came by on the way to one that
    # he did not get. So he starts anew, or two of them would wait for each other.
    return _patiently(attempt) if alone else attempt()


def _open(
    path: Path, readonly: bool, create: bool, alone: bool, vfs: str | None
) -> apsw.Connection:
    connection = _connect(path, readonly, vfs)
    try:
        if alone:
            connection.pragma("locking_mode", "exclusive")  # before SQLite asks for a lock
        if not readonly and _half_made(path, connection):
            connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            connection.pragma("user_version")  # SQLite goes back to the empty file
        header = connection.read("main", 0, 0, _HEADER_SIZE)
        empty = not _recognise(path, header)
        if empty and not create:
            raise NotAStore(f"{path}: the file is empty")
        _require_access(path, connection, header[1], readonly=readonly, alone=alone)
        _configure(connection, alone)
        if alone and not readonly:
            _leave_wal(path, connection)
        # Nothing is there yet in an empty file, and after a crash while it was being made.
        if create and not connection.pragma("user_version"):
            _initialise(path, connection)
        if alone and not readonly:
            _take(connection)
        elif not readonly:
            _enter_wal(path, connection)
        _bring_up(path, connection, readonly)
        _verify(path, connection)
    except BaseException as error:
        connection.close()
        if readonly and _lacks_shared_memory(error):
            raise _no_room(path) from error
        raise
    return connection


def open_for_check(path: Path, *, alone: bool = False, vfs: str | None = None) -> apsw.Connection:
    """Open a store file to be looked over, whatever may be wrong with its schema.

    Args:
        alone: without shared memory, as on a network file system.

    Raises:
        OSError, apsw.Error: it cannot be opened.
    """
    connection = _connect(path, True, vfs)
    try:
        if alone:
            connection.pragma("locking_mode", "exclusive")
        _configure(connection, alone)
    except BaseException:
        connection.close()
        raise
    return connection


def _place(path: Path) -> None:
    """Put an empty file there unless something is there already."""
    try:
        # Not open(): closing a descriptor would drop the locks that other handles of this
        # process may hold on the file by then. mknod follows no link and replaces nothing.
        os.mknod(path, FILE_MODE | stat.S_IFREG)
    except FileExistsError:
        return
    except FileNotFoundError:
        raise LineageError(f"{path.parent}: no such directory") from None
    path.chmod(FILE_MODE)  # a umask may have taken away even the owner's permissions


def _require_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise NotAStore(f"{path}: no such store") from None
    if not stat.S_ISREG(mode):
        raise NotAStore(f"{path}: not a regular file")


def _require_access(
    path: Path, connection: apsw.Connection, header: bytes, *, readonly: bool, alone: bool
) -> None:
    if not readonly and connection.readonly("main"):
        raise LineageError(f"{path}: no permission to write")
    if readonly and alone and 2 in header[18:20]:
        raise LineageError(
            f"{path}: still has the journal of a local file system, which is of no use on a "
            "network: open it once for writing"
        )


def _lacks_shared_memory(error: BaseException) -> bool:
    if isinstance(error, apsw.ReadOnlyError):
        reason: object = getattr(error, "extendedresult", None)
        return reason == apsw.SQLITE_READONLY_DIRECTORY
    return isinstance(error, apsw.CantOpenError)


def _no_room(path: Path) -> LineageError:
    """Why a reader cannot open a file which is there and which it may read."""
    if _pending(path):
        reason = "its -wal file holds commits that cannot be read without the -shm file"
    else:
        reason = "no writer has it open"
    return LineageError(
        f"{path}: {reason}, and the directory, in which SQLite would make one, cannot be written"
    )


def _connect(path: Path, readonly: bool, vfs: str | None) -> apsw.Connection:
    if readonly and file_system(path).never_changes and not _pending(path):
        # SQLite cannot put its shared memory beside the file, and need not.
        address = f"file:{quote(os.fspath(path))}?immutable=1"
        return apsw.Connection(address, apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    flags = apsw.SQLITE_OPEN_READONLY if readonly else apsw.SQLITE_OPEN_READWRITE
    return apsw.Connection(os.fspath(path), flags, vfs)


def _pending(path: Path) -> bool:
    """Whether there may be commits in a -wal file."""
    real = path.resolve()
    wal = real.with_name(real.name + "-wal")
    return wal.exists() and wal.stat().st_size > 0


def _half_made(path: Path, connection: apsw.Connection) -> bool:
    """Whether the power failed in a file's first transaction, and left its first page unwritten.

    What was the file before is in the journal: nothing.
    """
    if connection.read("main", 0, 0, len(_MAGIC))[1] == _MAGIC:
        return False
    real = path.resolve()
    try:
        with real.with_name(real.name + "-journal").open("rb") as journal:
            head = journal.read(20)
    except OSError:
        return False
    # After the magic: records, a random number, and pages of the file before.
    return len(head) == 20 and head.startswith(_JOURNAL_MAGIC) and not any(head[16:])


def _recognise(path: Path, read: tuple[bool, bytes]) -> bool:
    """Tell from the file's first bytes whether it is a store; False for an empty file."""
    complete, header = read
    if not complete and not any(header) and not 0 < path.stat().st_size < _HEADER_SIZE:
        return False
    ours = schema.APPLICATION_ID.to_bytes(4, "big")
    if not header.startswith(_MAGIC) or header[68:72] != ours:
        raise NotAStore(f"{path}: not a lineage store")
    _check_format(path, int.from_bytes(header[60:64], "big", signed=True))
    return True


def _check_format(path: Path, number: int) -> None:
    if number > schema.FORMAT:
        raise TooNew(f"{path}: format {number} is newer than this release reads ({schema.FORMAT})")
    if number < 1:
        raise NotAStore(f"{path}: not a lineage store")


def _configure(connection: apsw.Connection, alone: bool) -> None:
    connection.set_busy_timeout(0 if alone else BUSY_TIMEOUT_MS)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    for name, value in (
        ("trusted_schema", "off"),
        ("cell_size_check", "on"),
        ("mmap_size", 0),
        ("foreign_keys", "on"),
        ("synchronous", "full"),
        ("cache_size", -16384),
        ("wal_autocheckpoint", _WAL_PAGES),
        ("journal_size_limit", _WAL_KEPT),
    ):
        connection.pragma(name, value)


def _initialise(path: Path, connection: apsw.Connection) -> None:
    """Make the tables in one transaction, unless another process has just done so."""
    connection.execute("BEGIN EXCLUSIVE")
    try:
        if not connection.execute("SELECT 1 FROM sqlite_schema").fetchall():
            path.chmod(FILE_MODE)
            schema.create_tables(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _enter_wal(path: Path, connection: apsw.Connection) -> None:
    """Turn on write-ahead logging. Here SQLite heeds its busy timeout only now and then."""
    if _patiently(lambda: connection.pragma("journal_mode", "wal")) != "wal":
        raise LineageError(f"{path}: this file system has no shared memory for a WAL")


def _leave_wal(path: Path, connection: apsw.Connection) -> None:
    """Turn on a journal that needs no shared memory.

    A commit ends with the journal's first sector overwritten and, as `synchronous` is not off, a
    sync of that. So it is durable without EXTRA, which is for journals that are deleted: no name
    in the directory changes but when the journal is made, and then SQLite syncs the directory
    before it touches the store. And it needs less of the disk than a journal that is cut off:
    the power may fail when part of what was cut off is gone and the first sector is still there.
    """
    if connection.pragma("journal_mode", "persist") != "persist":
        raise LineageError(f"{path}: cannot leave the write-ahead log")


def _take(connection: apsw.Connection) -> None:
    """Take the lock for as long as the connection lasts, and see that what is there stays there.

    If the sync at the end of a commit failed, the commit was refused, and the system shows it all
    the same; but on the disk there may still be a journal that undoes it. So that nobody reads
    what is then gone, the journal is used once before.
    """
    connection.execute("BEGIN EXCLUSIVE")
    connection.pragma("user_version", connection.pragma("user_version"))
    connection.execute("COMMIT")


def _patiently(ask: Callable[[], _T]) -> _T:
    """Ask again, for as long as a lock is waited for, while the answer is that one is held."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            return ask()
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
        time.sleep(random.uniform(0.005, 0.015))  # noqa: S311 (so that two do not keep step)


def _bring_up(path: Path, connection: apsw.Connection, readonly: bool) -> None:
    """Migrate a store of an older format."""
    number = int(str(connection.pragma("user_version")))
    if not 0 < number < schema.FORMAT:
        return
    if readonly:
        raise LineageError(
            f"{path}: format {number} is older than {schema.FORMAT}: open it once for writing"
        )
    schema.migrate(connection)


def _verify(path: Path, connection: apsw.Connection) -> None:
    """Look again through SQLite: the -wal file may know more than the header."""
    if connection.pragma("application_id") != schema.APPLICATION_ID:
        raise NotAStore(f"{path}: not a lineage store")
    _check_format(path, int(str(connection.pragma("user_version"))))
    if wrong := schema.wrong_objects(connection):
        raise Damaged(f"the store lacks {', '.join(wrong)}, or has another of that name")


def verify_copy(path: Path) -> None:
    """See that a file that nobody else has open is a store, whole and without a -wal file.

    What its rows say is not looked at.

    Raises:
        NotAStore, TooNew, Damaged: it is not.
    """
    address = f"file:{quote(os.fspath(path))}?immutable=1"  # no lock, and no file beside it
    connection = apsw.Connection(address, apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    try:
        connection.set_progress_handler(lambda: False, _INTERRUPTIBLE)
        if not _recognise(path, connection.read("main", 0, 0, _HEADER_SIZE)):
            raise NotAStore(f"{path}: the file is empty")
        _configure(connection, alone=False)
        _verify(path, connection)
        pages, size = connection.pragma("page_count"), connection.pragma("page_size")
        if int(str(pages)) * int(str(size)) != path.stat().st_size:
            raise Damaged("the file is cut short")
        found = connection.execute("PRAGMA quick_check(1)").fetchall()
        if found != [("ok",)]:
            raise Damaged(str(found[0][0]))
    finally:
        connection.close()
