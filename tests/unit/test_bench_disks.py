"""Durable writes are measured on a disk or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.disks import directory
from lineage.log.filesystems import FileSystem


def test_a_directory_in_memory_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("benchmarks.disks.file_system", lambda path: FileSystem("tmpfs"))
    monkeypatch.setenv("LINEAGE_BENCH_DIR", str(tmp_path))
    with pytest.raises(RuntimeError, match="is on tmpfs"), directory():
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_directory_on_a_disk_is_empty_and_goes_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("benchmarks.disks.file_system", lambda path: FileSystem("ext4"))
    monkeypatch.setenv("LINEAGE_BENCH_DIR", str(tmp_path))
    with directory() as path:
        assert path.parent == tmp_path
        assert list(path.iterdir()) == []
    assert not path.exists()
