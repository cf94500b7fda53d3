"""Nothing but the bytes: each piece written to the end of a file and synced. No less is durable."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["File"]


class File:
    """A file that grows."""

    def __init__(self, path: Path) -> None:
        flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_EXCL
        self._descriptor = os.open(path, flags, 0o600)

    def append(self, pieces: Iterable[bytes]) -> None:
        """Make each piece durable before the next is written."""
        for piece in pieces:
            assert os.write(self._descriptor, piece) == len(piece)
            os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)
