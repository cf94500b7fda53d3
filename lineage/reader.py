"""A store that is only read, and yet leaves behind what it folded, as ``git status`` does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing, suppress

from lineage.errors import LineageError
from lineage.log.base import CacheRow
from lineage.log.sqlite import SQLiteLog
from lineage.store import Store

__all__ = ["open_reader"]


class _Reader(SQLiteLog):
    """Reads; once closed it keeps what was derived, where the file may be written."""

    def __init__(self, path: str | os.PathLike[str], allow_network: bool) -> None:
        super().__init__(path, readonly=True, allow_network=allow_network)
        self._file = path
        self._allow_network = allow_network
        self._derived: dict[str, CacheRow] = {}

    def put_cached(self, rows: Mapping[str, CacheRow]) -> None:
        """Keep them until the end: a reader never holds a lock that a writer waits for."""
        self._derived.update(rows)

    def close(self) -> None:
        """Release the file, and write what is to be kept if that can be done at once."""
        super().close()
        rows, self._derived = self._derived, {}
        if rows and os.access(self._file, os.W_OK):
            with suppress(LineageError):
                log = SQLiteLog(self._file, create=False, allow_network=self._allow_network)
                with closing(log):
                    log.put_cached(rows)


def open_reader(path: str | os.PathLike[str], *, allow_network: bool = False) -> Store:
    """Open an existing store for reading; trees that it had to fold may be kept in it.

    Args:
        allow_network: see `Store`.

    Raises:
        NotAStore, TooNew: see `Store`.
    """
    return Store.over(_Reader(path, allow_network))
