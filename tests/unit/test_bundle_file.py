"""The file of a bundle: private, complete, and nobody else's."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

import lineage
from lineage import bundle, bundlefile
from lineage.log import MemoryLog
from tests.unit.bundle_samples import fill


@pytest.fixture
def store() -> Iterator[lineage.Store]:
    with lineage.Store.over(MemoryLog()) as opened:
        fill(opened)
        yield opened


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_bundle_is_private_under_any_umask(
    store: lineage.Store, tmp_path: Path, umask: int
) -> None:
    before = os.umask(umask)
    try:
        bundle.create(store, tmp_path / "file")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["file", "link"])
def test_nothing_that_is_there_is_replaced(store: lineage.Store, tmp_path: Path, kind: str) -> None:
    there = tmp_path / "file"
    if kind == "file":
        there.write_text("mine")
    else:
        there.symlink_to(tmp_path / "nowhere")
    with pytest.raises(lineage.LineageError, match="is there already"):
        bundle.create(store, there)
    assert {path.name for path in tmp_path.iterdir()} == {"file"}


def test_a_bundle_appears_in_full_or_not_at_all(store: lineage.Store, tmp_path: Path) -> None:
    def stop(_done: int, _total: int) -> None:
        assert not (tmp_path / "file").exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bundle.create(store, tmp_path / "file", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_full_disk_leaves_no_file(
    store: lineage.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(bundlefile.BundleWriter, "_put", full)
    with pytest.raises(lineage.LineageError, match=r"file: it cannot be written .No space"):
        bundle.create(store, tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == []


@pytest.mark.parametrize("kind", ["fifo", "directory", "missing"])
def test_what_is_no_file_is_refused_at_once(
    store: lineage.Store, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "file"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    with pytest.raises(
        lineage.LineageError, match=r"not a regular file|No such file|Is a directory"
    ):
        bundle.verify(path)
    with pytest.raises(lineage.LineageError):
        bundle.apply(store, path)


def test_what_is_damaged_in_the_store_is_not_carried(tmp_path: Path) -> None:
    with lineage.Store.over(MemoryLog()) as store:
        fill(store)
        bodies = store.log._bodies  # type: ignore[attr-defined]
        for change in (lambda d: bodies.pop(d), lambda d: bodies.update({d: b"<domain/>"})):
            kept = dict(bodies)
            change(next(iter(bodies)))
            with pytest.raises(lineage.Damaged):
                bundle.create(store, tmp_path / "file")
            bodies.update(kept)
    assert list(tmp_path.iterdir()) == []
