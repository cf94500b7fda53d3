"""A zip archive as a source: what it yields, and what it costs to be hostile."""

from __future__ import annotations

import io
import os
import random
import struct
import threading
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lineage.sources import MAX_BYTES, Document, SourceError, open_source

Change = Callable[[zipfile.ZipInfo], object]


def zipped(
    *members: tuple[str, bytes, Change | None], packing: int = zipfile.ZIP_DEFLATED
) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, data, change in members:
            member = zipfile.ZipInfo(name)
            member.compress_type = packing
            member.external_attr = 0o100644 << 16
            if change is not None:
                change(member)
            archive.writestr(member, data)
    return file.getvalue()


def mode(bits: int) -> Change:
    return lambda member: setattr(member, "external_attr", bits << 16)


def read(tmp_path: Path, data: bytes) -> tuple[list[Document], str | None]:
    """Give what was yielded, and the code of the error it ended with."""
    path = tmp_path / "archive"
    path.write_bytes(data)
    found: list[Document] = []
    try:
        found.extend(open_source(path))
    except SourceError as error:
        return found, error.code
    return found, None


def codes(found: list[Document]) -> dict[str, str | None]:
    return {d.label: d.error.code if d.error else None for d in found}


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read_like_files_of_a_directory(tmp_path: Path, packing: int) -> None:
    members = {
        "snapshot/vm/b.xml": b"<b/>",
        "snapshot/vm/": b"",
        "snapshot/vm/.hidden.xml": b"<h/>",
        "snapshot/vm/note.txt": b"text",
        "deep/er/snapshot/other/a.xml": b"<a/>" * 100_000,
        "loose.xml": b"",
    }
    data = zipped(*((name, content, None) for name, content in members.items()), packing=packing)
    found, error = read(tmp_path, data)
    assert error is None
    assert [(d.label, d.domain_hint, d.data) for d in found] == [
        ("snapshot/vm/b.xml", "vm", b"<b/>"),
        ("deep/er/snapshot/other/a.xml", "other", b"<a/>" * 100_000),
        ("loose.xml", None, b""),
    ]
    done = [d.done for d in found]
    assert done == sorted(done)
    assert done[-1] <= len(data)


def test_names_are_labels_and_nothing_is_written(tmp_path: Path) -> None:
    place = tmp_path / "in" / "side"
    place.mkdir(parents=True)
    names = ["../evil.xml", "/abs.xml", "esc\x1b[31m.xml", "ok é.xml", "a\\..\\b.xml"]
    found, error = read(place, zipped(*((name, b"<x/>", None) for name in names)))
    assert error is None
    assert [d.label for d in found] == [
        "../evil.xml",
        "/abs.xml",
        r"esc\x1b[31m.xml",
        "ok é.xml",
        r"a\..\b.xml",
    ]
    assert [p.name for p in tmp_path.rglob("*")] == ["in", "side", "archive"]


def test_a_name_of_no_known_encoding_is_a_label_all_the_same(tmp_path: Path) -> None:
    data = zipped(("12.xml", b"<x/>", None)).replace(b"12.xml", b"\xff\0.xml")
    found, error = read(tmp_path, data)
    assert (codes(found), error) == ({r"\xff\x00.xml": None}, None)


def test_the_same_name_twice_is_two_documents(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zipped(("a.xml", b"<one/>", None), ("a.xml", b"<two/>", None))
    found, _ = read(tmp_path, data)
    assert [d.data for d in found] == [b"<one/>", b"<two/>"]


@pytest.mark.parametrize(
    ("bits", "code"), [(0o120777, "symlink"), (0o010644, "not-a-file"), (0o060644, "not-a-file")]
)
def test_what_is_no_regular_file_is_reported(tmp_path: Path, bits: int, code: str) -> None:
    data = zipped(("a.xml", b"/etc/shadow", mode(bits)), ("b.xml", b"<b/>", None))
    found, error = read(tmp_path, data)
    assert (codes(found), error) == ({"a.xml": code, "b.xml": None}, None)
    assert found[0].data == b""


def test_a_link_in_place_of_a_domains_directory_is_reported(tmp_path: Path) -> None:
    found, _ = read(tmp_path, zipped(("snapshot/vm", b"elsewhere", mode(0o120777))))
    assert codes(found) == {"snapshot/vm": "symlink"}


def test_an_encrypted_member_costs_itself_alone(tmp_path: Path) -> None:
    data = bytearray(zipped(("a.xml", b"<a/>", None), ("b.xml", b"<b/>", None)))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    found, error = read(tmp_path, bytes(data))
    assert (codes(found), error) == ({"a.xml": "encrypted", "b.xml": None}, None)


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_packed_in_another_way_is_reported(tmp_path: Path, packing: int) -> None:
    found, error = read(tmp_path, zipped(("a.xml", b"<a/>" * 99, None), packing=packing))
    assert (codes(found), error) == ({"a.xml": "unknown-compression"}, None)


def test_a_member_over_the_limit_costs_that_member_only(tmp_path: Path) -> None:
    zeros = bytes(MAX_BYTES + 1)
    found, error = read(tmp_path, zipped(("a.xml", zeros, None), ("b.xml", b"<b/>", None)))
    assert (codes(found), error) == ({"a.xml": "too-large", "b.xml": None}, None)


def test_a_member_larger_than_it_says_is_damaged_and_costs_no_memory(tmp_path: Path) -> None:
    data = bytearray(zipped(("a.xml", bytes(48 << 20), None), ("b.xml", b"<b/>", None)))
    listed = data.index(b"PK\x01\x02") + 24
    data[listed : listed + 4] = struct.pack("<I", 1000)
    tracemalloc.start()
    try:
        found, error = read(tmp_path, bytes(data))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (codes(found), error) == ({"a.xml": "member-damaged", "b.xml": None}, None)
    assert peak < 4 << 20


def overlapping(count: int) -> bytes:
    """An archive whose list names one member of 48 MiB of zeros again and again."""
    data = zipped(("a.xml", bytes(48 << 20), None))
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry = data[start:end]
    tail = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(entry) * count, start, 0)
    return data[:start] + entry * count + tail


def test_a_zip_bomb_is_stopped(tmp_path: Path) -> None:
    data = overlapping(100)
    assert len(data) < 64 << 10
    found, error = read(tmp_path, data)
    assert error == "decompression-bomb"
    assert len(found) <= 2


def test_a_list_of_members_that_fills_the_memory_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "archive").open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(64 << 20)
        file.seek(0, os.SEEK_END)
        size = (64 << 20) - 4
        file.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 9, 9, size, 4, 0))
    tracemalloc.start()
    try:
        with pytest.raises(SourceError) as caught:
            list(open_source(tmp_path / "archive"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.code == "archive-too-large"
    assert peak < 4 << 20


def test_a_cut_archive_is_said_to_be_cut(tmp_path: Path) -> None:
    data = zipped(("a.xml", b"<a/>", None))
    assert read(tmp_path, data[:-5]) == ([], "archive-truncated")


def test_a_damaged_member_costs_itself_alone(tmp_path: Path) -> None:
    data = bytearray(zipped(("a.xml", b"<a/>" * 9, None), ("b.xml", b"<b/>", None)))
    data[data.index(b"a.xml") + 8] ^= 0xFF
    found, error = read(tmp_path, bytes(data))
    assert (codes(found), error) == ({"a.xml": "member-damaged", "b.xml": None}, None)


def test_no_damage_ends_in_anything_but_documents_or_a_source_error(tmp_path: Path) -> None:
    whole = zipped(*((f"snapshot/vm/{n}.xml", b"<x/>" * n, None) for n in range(5)))
    dice = random.Random(7)
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 4)):
            data[dice.randrange(4, len(data))] = dice.randrange(256)
        found, _ = read(tmp_path, bytes(data))
        assert len(found) <= 5


def test_an_empty_archive_has_no_documents(tmp_path: Path) -> None:
    assert read(tmp_path, zipped()) == ([], None)


def test_a_zip_that_comes_through_a_pipe_is_read_all_the_same(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    data = zipped(*((f"{n}.xml", random.Random(n).randbytes(5000), None) for n in range(100)))

    def write() -> None:
        with os.fdopen(writing, "wb") as file:
            file.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = list(open_source(f"/dev/fd/{reading}"))
    finally:
        writer.join()
        os.close(reading)
    assert [d.label for d in found] == [f"{n}.xml" for n in range(100)]
    assert all(d.error is None for d in found)


def test_an_archive_written_to_while_read_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    path.write_bytes(zipped(("a.xml", b"<a/>", None), ("b.xml", b"<b/>", None)))
    found = iter(open_source(path))
    assert next(found).data == b"<a/>"
    with path.open("ab") as file:
        file.write(b"!")
    with pytest.raises(SourceError) as caught:
        list(found)
    assert caught.value.code == "changed-while-read"


def test_nothing_stays_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    (tmp_path / "a.zip").write_bytes(zipped(("a.xml", b"<a/>", None), ("b.xml", b"<b/>", None)))
    abandoned = iter(open_source(tmp_path / "a.zip"))
    next(abandoned)
    del abandoned
    read(tmp_path, b"PK\x03\x04" + bytes(600))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
