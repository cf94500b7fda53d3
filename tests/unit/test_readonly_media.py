"""Reading where one cannot write: media, mounts, directories. Never data that is not all there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage import Store
from lineage.log import filesystems
from tests.crash.full_disk import can_mount
from tests.crash.killing import ROOT
from tests.unit.mounts import mounted, mounts
from tests.unit.store_samples import snapshot

NO_WRITER = "no writer has it open, and the directory, in which SQLite would make one, cannot"


@pytest.fixture
def room() -> Iterator[Path]:
    """An empty directory that other users can reach."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def answers(case: str, room: Path, *prefix: str) -> dict[str, str]:
    output = subprocess.run(
        [*prefix, sys.executable, "-m", "tests.unit.readonly_media", case, room],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    return dict(line.split(": ", 1) for line in output.splitlines())


def mounting(case: str, room: Path) -> dict[str, str] | None:
    """What is answered where this machine lets us mount, else None."""
    command = can_mount(room)
    return answers(case, room, *command) if command else None


def test_a_store_on_a_readonly_medium_is_read_without_a_file_beside_it(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = mounting("medium", room)
    if found is not None:
        assert found["clean"] == "2 events, a,b"
        assert found["watched"] == "2"
        assert "no permission to write" in found["to write"]
    # The same with a file system that only is said to be read-only, as on machines without mount.
    path = room / "s.lineage"
    with Store(path) as store:
        store.record(snapshot("a"))
    listing = room / "mounts"
    line = mounted(room, "/", "iso9660").replace(" server:/x rw", " /dev/sr0 ro")
    listing.write_bytes(mounts(line))
    monkeypatch.setattr(filesystems, "MOUNTS", listing)
    with Store(path, readonly=True) as store:
        assert list(store.tree("vm")) == ["a"]
        assert {p.name for p in room.iterdir()} == {"s.lineage", "mounts"}


def test_a_readonly_mount_of_a_disk_that_others_write_to_is_not_taken_for_unchanging(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = mounting("mount", room)
    if found is not None:
        assert NO_WRITER in found["without a writer"]
        assert found["beside a writer"] == "2 events, a,b"
        assert found["reader follows"] == "a b c"
        assert "no permission to write" in found["to write"]
    # The same with a mount that only is said to be read-only.
    listing = room / "mounts"
    listing.write_bytes(mounts(mounted(room, "/", "ext4").replace(" rw - ", " ro - ")))
    monkeypatch.setattr(filesystems, "MOUNTS", listing)
    with Store(room / "s.lineage") as writer, Store(room / "s.lineage", readonly=True) as reader:
        writer.record(snapshot("a"))
        assert list(reader.tree("vm")) == ["a"]


def test_commits_pending_on_a_readonly_medium_are_read_or_missed_aloud(room: Path) -> None:
    found = mounting("medium", room)
    if found is None:  # a directory that may not be written to is the same to SQLite
        found = answers("directory", room)
        found["pending"] = found["pending"].replace("3 events, a,b,c", "2 events, a,b")
    assert found["pending"] == "2 events, a,b"
    assert "its -wal file holds commits" in found["pending, without -shm"]


def test_in_a_directory_that_cannot_be_written_a_reader_reads_beside_a_writer(room: Path) -> None:
    found = answers("directory", room)
    assert found["beside a writer"] == "1 events, a"
    assert NO_WRITER in found["without a writer"]
    assert found["pending"] == "3 events, a,b,c"
    assert "its -wal file holds commits" in found["pending, without -shm"]
    refused = {text for name, text in found.items() if name.endswith("to write")}
    assert refused == {"no permission to write"}
