"""A file that is there in full, and on disk, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lineage.errors import LineageError
from lineage.log.meanings import translated
from lineage.log.opening import FILE_MODE

__all__ = ["appearing"]


@contextmanager
def appearing(target: Path, beside: Sequence[str] = ()) -> Iterator[Path]:
    """Give a new file to write, mode 0600. In the end it is on disk and has its name, or is gone.

    Args:
        beside: endings. A file with the target's name and one of them must not be there either.

    Raises:
        LineageError: there is something of that name, or no such directory, or the file cannot
            be made, synced or named. What the block raises passes through.
    """
    names = [target, *(target.with_name(target.name + ending) for ending in beside)]
    _require_free(names)
    with translated(target):
        try:
            fd, name = tempfile.mkstemp(prefix=".lineage-", suffix=".part", dir=target.parent)
        except FileNotFoundError:
            raise LineageError(f"{target.parent}: no such directory") from None
    partial = Path(name)
    try:
        # mkstemp obeys the umask, which may take away even the owner's permissions.
        os.fchmod(fd, FILE_MODE)
        os.close(fd)
        yield partial
        with translated(target):
            _sync(partial, os.O_RDWR)
            _require_free(names)
            _put(partial, target)
    finally:
        partial.unlink(missing_ok=True)
    with translated(target):
        _sync(target.parent, os.O_RDONLY | os.O_DIRECTORY)


def _require_free(names: Sequence[Path]) -> None:
    for name in names:
        if os.path.lexists(name):
            raise LineageError(f"{name} is there already")


def _put(partial: Path, target: Path) -> None:
    """Give the file its name. Unlike renaming, a link replaces nothing."""
    try:
        target.hardlink_to(partial)
    except FileExistsError:
        raise LineageError(f"{target} is there already") from None
    except OSError:  # a file system without links
        partial.rename(target)


def _sync(path: Path, flags: int) -> None:
    fd = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
