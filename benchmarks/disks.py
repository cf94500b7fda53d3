"""Where benchmarks put files whose writing they measure."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lineage.log.filesystems import file_system

__all__ = ["directory"]

_IN_MEMORY: Final = ("tmpfs", "ramfs", "rootfs")


@contextmanager
def directory() -> Iterator[Path]:
    """Give an empty directory in ``build/bench``, or in the one that LINEAGE_BENCH_DIR names.

    Raises:
        RuntimeError: it is in memory, where there is no disk to wait for.
    """
    parent = Path(os.environ.get("LINEAGE_BENCH_DIR") or "build/bench").absolute()
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        kind = file_system(Path(folder)).name
        if kind in _IN_MEMORY:
            raise RuntimeError(f"{parent} is on {kind}: let LINEAGE_BENCH_DIR name one on a disk")
        yield Path(folder)
