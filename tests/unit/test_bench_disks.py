"""Durable writes are measured on a disk or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.disks import directory, file_system


def test_the_file_system_of_a_directory_is_that_of_the_mount_it_is_below() -> None:
    assert file_system(Path("/proc/self")) == "proc"
    assert file_system(Path("/")) != "proc"


def test_a_directory_in_memory_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("benchmarks.disks.file_system", lambda path: "tmpfs")
    monkeypatch.setenv("LINEAGE_BENCH_DIR", str(tmp_path))
    with pytest.raises(RuntimeError, match="is on tmpfs"), directory():
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_directory_on_a_disk_is_empty_and_goes_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("benchmarks.disks.file_system", lambda path: "ext4")
    monkeypatch.setenv("LINEAGE_BENCH_DIR", str(tmp_path))
    with directory() as path:
        assert path.parent == tmp_path
        assert list(path.iterdir()) == []
    assert not path.exists()
