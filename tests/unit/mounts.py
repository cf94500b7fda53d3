"""File systems of other kinds, pretended: the real device number of a path in a list of mounts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lineage.log import filesystems

__all__ = ["mounted", "mounts", "pretend"]


def mounted(path: Path, point: str, name: str) -> str:
    """The line of proc(5)'s mountinfo by which what holds the path is a file system so called."""
    device = path.stat().st_dev
    return f"22 27 {os.major(device)}:{os.minor(device)} / {point} rw - {name} server:/x rw"


def mounts(*lines: str) -> bytes:
    """The list of these mounts."""
    return "".join(f"{line}\n" for line in lines).encode()


def pretend(monkeypatch: pytest.MonkeyPatch, path: Path, name: str) -> Path:
    """Have the directory of a path count as one of that file system; give the list of mounts.

    All but the name is real.
    """
    listing = path.parent.parent / f"mounts-{path.parent.name}"
    listing.write_bytes(mounts(mounted(path.parent, "/", name)))
    monkeypatch.setattr(filesystems, "MOUNTS", listing)
    return listing
