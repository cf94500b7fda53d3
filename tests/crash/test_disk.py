"""The simulator's disk: what a crash may leave, and what it may not."""

from __future__ import annotations

import random

from tests.crash.disk import SECTOR, Disk, policies

OLD, NEW = b"o" * SECTOR, b"n" * SECTOR


def disk_of(content: bytes) -> Disk:
    return Disk.holding({"a": content})


def left(disk: Disk, rounds: int = 200) -> set[bytes | None]:
    """Every content of the file that some crash leaves; None: the file is gone."""
    rng = random.Random(1)
    return {
        disk.survivors(survives, rng if junk else None).get("a")
        for _ in range(rounds)
        for _, survives, junk in policies(disk, rng)
    }


def test_each_sector_of_a_write_is_old_or_new_as_a_whole() -> None:
    disk = disk_of(OLD * 3)
    disk.now["a"].write(0, 0, NEW * 3)
    assert left(disk) == {a + b + c for a in (OLD, NEW) for b in (OLD, NEW) for c in (OLD, NEW)}


def test_writes_reach_the_disk_in_any_order() -> None:
    disk = disk_of(OLD * 2)
    disk.now["a"].write(0, 0, NEW)
    disk.now["a"].write(1, SECTOR, NEW)
    assert left(disk) == {OLD + OLD, NEW + OLD, OLD + NEW, NEW + NEW}


def test_two_writes_to_one_sector_do_not_undo_each_other() -> None:
    disk = disk_of(OLD)
    disk.now["a"].write(0, 0, b"1")
    disk.now["a"].write(1, 1, b"2")
    assert left(disk) == {OLD, b"1" + OLD[1:], b"12" + OLD[2:]}


def test_what_was_synced_stays() -> None:
    disk = disk_of(OLD)
    disk.now["a"].write(0, 0, NEW)
    disk.now["a"].sync()
    assert left(disk) == {NEW}


def test_a_file_grows_and_shrinks_with_its_last_sync_at_the_latest() -> None:
    disk = disk_of(OLD)
    disk.now["a"].write(0, SECTOR, NEW)
    found = left(disk)
    assert {OLD, OLD + NEW, OLD + bytes(SECTOR)} < found
    assert any(content not in (OLD, OLD + NEW, OLD + bytes(SECTOR)) for content in found)  # junk
    disk = disk_of(OLD * 2)
    disk.now["a"].truncate(0, SECTOR)
    assert {OLD, OLD * 2} <= left(disk)
    disk.now["a"].sync()
    assert left(disk) == {OLD}


def test_a_name_is_there_for_certain_only_once_its_directory_is_synced() -> None:
    disk = Disk()
    disk.link(0, "a")
    disk.now["a"].write(1, 0, NEW)
    disk.now["a"].sync()
    assert left(disk) == {None, NEW}
    disk.sync()
    assert left(disk) == {NEW}
    disk.unlink(2, "a")
    assert left(disk) == {None, NEW}
    disk.sync()
    assert left(disk) == {None}


def test_what_a_failed_sync_lost_is_not_brought_back_by_the_next_one() -> None:
    found = set()
    for seed in range(20):
        disk = disk_of(OLD * 2)
        disk.now["a"].write(0, 0, NEW * 2)
        disk.now["a"].lose(seed)
        disk.now["a"].write(1, SECTOR, NEW)
        disk.now["a"].sync()
        found |= left(disk, 1)
    assert found == {OLD + NEW, NEW + NEW}
