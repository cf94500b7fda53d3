"""The only place where errors of the driver and the system become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from lineage.errors import Busy, Damaged, LineageError

__all__ = ["translate", "translated"]

# The first that fits.
_MEANINGS: Final[tuple[tuple[type[Exception], type[LineageError], str], ...]] = (
    (apsw.BusyError, Busy, "another process holds the lock"),
    (apsw.LockedError, Busy, "another connection holds the lock"),
    (apsw.CorruptError, Damaged, "the file is damaged"),
    (apsw.NotADBError, Damaged, "the file is damaged"),
    (apsw.FullError, LineageError, "no space left"),
    (apsw.CantOpenError, LineageError, "cannot be opened"),
    (apsw.ReadOnlyError, LineageError, "the file or its directory cannot be written"),
    (apsw.IOError, LineageError, "input or output failed"),
    (apsw.Error, LineageError, "SQLite failed"),
    (OSError, LineageError, "cannot be opened"),
    (UnicodeDecodeError, Damaged, "the file is damaged"),
)
# What SQLite says of a header with a number that no SQLite writes; it takes it for an error in SQL.
_UNKNOWN_FORMAT: Final = "unsupported file format"


def translate(error: Exception, path: Path) -> LineageError:
    """The error of ours that an error of the driver or the system stands for."""
    kind, meaning = next((k, text) for cause, k, text in _MEANINGS if isinstance(error, cause))
    if isinstance(error, apsw.SQLError) and str(error) == _UNKNOWN_FORMAT:
        kind, meaning = Damaged, "the file is damaged"
    detail = error.strerror if isinstance(error, OSError) else error
    return kind(f"{path}: {meaning} ({detail})")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Let errors of the driver and the system be errors of ours, and all name this file."""
    try:
        yield
    except (apsw.Error, OSError, UnicodeDecodeError) as error:
        raise translate(error, path) from error
    except Damaged as error:
        raise Damaged(f"{path}: {error}") from error
