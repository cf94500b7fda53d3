"""A tar archive as a source: what it yields, and how it ends when it is damaged."""

from __future__ import annotations

import io
import os
import random
import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from lineage.sources import MAX_BYTES, Document, SourceError, open_source
from lineage.sources.archive import ArchiveSource
from lineage.sources.raw import RawStream

Change = Callable[[tarfile.TarInfo], object]


def tar(*members: tuple[str, bytes, Change | None], layout: int = tarfile.GNU_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(
        fileobj=file, mode="w", format=layout, encoding="utf-8", errors="surrogateescape"
    ) as archive:
        for name, data, change in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            if change is not None:
                change(member)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def typed(kind: bytes) -> Change:
    return lambda member: setattr(member, "type", kind)


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


def two() -> bytes:
    return tar(("a.xml", b"a" * 700, None), ("b.xml", b"b" * 100, None))


def cut_after(tmp_path: Path, data: bytes, length: int) -> tuple[list[Document], str | None]:
    found: list[Document] = []
    path = tmp_path / "cut"
    path.write_bytes(data[:length])
    source = iter(open_source(path))
    try:
        while True:
            found.append(next(source))
    except StopIteration:
        return found, None
    except SourceError as error:
        return found, error.code


def test_members_are_read_like_files_of_a_directory(tmp_path: Path) -> None:
    found, error = read(
        tmp_path,
        tar(
            ("./snapshot/vm%2F1/s1.xml", b"one", None),
            ("lib/snapshot//vm2/s2.xml", b"", None),
            ("qemu/vm.xml", b"three", None),
            ("snapshot/vm/s.xml.new", b"no", None),
            ("snapshot/vm/.s.xml", b"no", None),
            ("disk.img", b"no" * 4000, None),
        ),
    )
    assert error is None
    assert [(d.label, d.data, d.domain_hint) for d in found] == [
        ("./snapshot/vm%2F1/s1.xml", b"one", "vm/1"),
        ("lib/snapshot//vm2/s2.xml", b"", "vm2"),
        ("qemu/vm.xml", b"three", None),
    ]


def test_names_are_labels_and_nothing_is_written(tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    names = ["../evil.xml", f"{tmp_path}/abs.xml", "bad\udcff.xml", "esc\x1b[31m.xml"]
    found, error = read(below, tar(*((name, b"<x/>", None) for name in names)))
    assert error is None
    assert [d.label for d in found] == [*names[:2], r"bad\xff.xml", r"esc\x1b[31m.xml"]
    assert all(d.data == b"<x/>" and not d.error for d in found)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["archive", "below"]


def test_a_domain_hint_is_text_whatever_the_name_was(tmp_path: Path) -> None:
    names = ["snapshot/\udcff/s.xml", "snapshot/../s.xml", "snapshot/%00/s.xml"]
    names.append(f"snapshot/{'x' * 300}/s.xml")
    found, _ = read(tmp_path, tar(*((name, b"", None) for name in names)))
    assert [d.domain_hint for d in found] == [r"\xff", None, r"\x00", None]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (tarfile.SYMTYPE, "symlink"),
        (tarfile.LNKTYPE, "hard-link"),
        (tarfile.CHRTYPE, "not-a-file"),
        (tarfile.BLKTYPE, "not-a-file"),
        (tarfile.FIFOTYPE, "not-a-file"),
        (b"Z", "not-a-file"),
    ],
)
def test_what_is_no_regular_file_is_reported(tmp_path: Path, kind: bytes, code: str) -> None:
    data = tar(
        ("snapshot/vm/l.xml", b"", typed(kind)),
        ("unrelated", b"", typed(kind)),
        ("next.xml", b"next", None),
    )
    found, error = read(tmp_path, data)
    reported, following = found
    assert reported.error is not None
    assert (reported.error.code, reported.data, reported.domain_hint) == (code, b"", "vm")
    assert (following.data, error) == (b"next", None)


def test_a_link_in_place_of_a_domains_directory_is_reported(tmp_path: Path) -> None:
    found, _ = read(tmp_path, tar(("snapshot/vm", b"", typed(tarfile.SYMTYPE))))
    assert [(d.label, d.error and d.error.code) for d in found] == [("snapshot/vm", "symlink")]


def test_directories_are_passed_over(tmp_path: Path) -> None:
    data = tar(
        ("dir.xml", b"", typed(tarfile.DIRTYPE)),
        ("old.xml/", b"", typed(tarfile.AREGTYPE)),
        ("a.xml", b"a", typed(tarfile.AREGTYPE)),
        ("b.xml", b"b", typed(tarfile.CONTTYPE)),
    )
    assert [d.data for d in read(tmp_path, data)[0]] == [b"a", b"b"]


def test_the_same_name_twice_is_two_documents(tmp_path: Path) -> None:
    found, _ = read(tmp_path, tar(("a.xml", b"1", None), ("a.xml", b"2", None)))
    assert [d.data for d in found] == [b"1", b"2"]


def test_a_gnu_sparse_file_is_reported_and_skipped_with_its_map(tmp_path: Path) -> None:
    header = bytearray(tarfile.TarInfo("s.xml").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"00000001000\0"  # one block of content
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[482] = 1  # an extension block follows
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    more = bytearray(512)
    more[504] = 1
    data = bytes(header) + bytes(more) + bytes(512) + b"x" * 512 + two()
    found, error = read(tmp_path, data)
    assert [d.error and d.error.code for d in found] == ["sparse", None, None]
    assert error is None


def test_a_pax_sparse_file_is_reported_not_taken_for_its_map(tmp_path: Path) -> None:
    def sparse(member: tarfile.TarInfo) -> None:
        member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.name": "real.xml"}

    data = tar(
        ("GNUSparseFile.1/x", b"map", sparse), ("b.xml", b"b", None), layout=tarfile.PAX_FORMAT
    )
    found, _ = read(tmp_path, data)
    assert [(d.label, d.error and d.error.code) for d in found] == [
        ("real.xml", "sparse"),
        ("b.xml", None),
    ]


def test_a_member_over_the_limit_costs_that_member_only(tmp_path: Path) -> None:
    header = tarfile.TarInfo("huge.xml")
    header.size = MAX_BYTES + 1
    path = tmp_path / "sparse.tar"
    with path.open("wb") as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        file.seek(MAX_BYTES + 512, os.SEEK_CUR)
        file.write(two())
    found = list(open_source(path))
    assert [d.error and d.error.code for d in found] == ["too-large", None, None]
    assert [len(d.data) for d in found] == [0, 700, 100]


def test_members_larger_than_any_buffer_come_whole(tmp_path: Path) -> None:
    large = os.urandom(1 << 20) + b"!"
    found, error = read(tmp_path, tar(("a.xml", large, None), ("b.xml", b"b", None)))
    assert [d.data for d in found] == [large, b"b"]
    assert error is None


def test_an_archive_cut_anywhere_yields_what_came_before_and_says_so(tmp_path: Path) -> None:
    data = two()
    whole, _ = cut_after(tmp_path, data, len(data))
    for length in range(512, 512 * 5 + 512, 64):
        found, error = cut_after(tmp_path, data, length)
        complete = (length >= 512 + 700) + (length >= 512 * 4 + 100)
        assert [d.data for d in found] == [d.data for d in whole][:complete]
        assert error == ("archive-truncated" if length < 512 * 5 + 512 else None)


def test_a_wrong_byte_in_any_header_is_noticed(tmp_path: Path) -> None:
    data = two()
    for offset in range(512 * 3, 512 * 4):
        if 512 * 3 + 154 <= offset < 512 * 3 + 156:  # end of the checksum field: says nothing
            continue
        damaged = bytearray(data)
        damaged[offset] ^= 1
        found, error = cut_after(tmp_path, bytes(damaged), len(damaged))
        assert ([len(d.data) for d in found], error) == ([700], "archive-damaged")


@pytest.mark.parametrize(
    "records",
    [
        b"17 path=abcd.xml\nno record",
        b"12 path=a",
        b"0 path=a.xml\n",
        b"99 path=a.xml\n",
        b"x\n",
        b"3 \n",
        b"-9 path=a\n",
        b"7 size\n",
    ],
)
def test_a_senseless_pax_header_is_damage(tmp_path: Path, records: bytes) -> None:
    found, error = read(tmp_path, tar(("pax", records, typed(b"x")))[:1024] + two())
    assert (found, error) == ([], "archive-damaged")


def test_an_absurdly_long_name_is_damage(tmp_path: Path) -> None:
    for length, expected in ((65_000, None), (66_000, "archive-damaged")):
        name = "x" * length + ".xml"
        found, error = read(tmp_path, tar((name, b"<x/>", None)))
        assert (len(found), error) == (expected is None, expected)
        assert all(len(d.label) < 5_000 for d in found)


@pytest.mark.parametrize("size", [b"-0000000001\0", b"\xff" * 12, b"99999999999\0"])
def test_a_senseless_size_is_damage(tmp_path: Path, size: bytes) -> None:
    header = bytearray(tarfile.TarInfo("s.xml").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    assert read(tmp_path, bytes(header) + bytes(1024)) == ([], "archive-damaged")


def test_no_damage_ends_in_anything_but_documents_or_a_source_error() -> None:
    chance = random.Random(20)
    pax = tar(("é" * 120 + ".xml", b"p" * 600, None), layout=tarfile.PAX_FORMAT)[:-1024]
    endings: set[str] = set()
    for _ in range(1500):
        data = bytearray(pax + two())
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        for start in range(0, len(data), 512):
            if data[start + 257 : start + 262] == b"ustar":
                data[start + 156] = chance.choice(b"000000xgLKSDM12567\0")
                data[start + 148 : start + 156] = b" " * 8
                data[start + 148 : start + 156] = b"%06o\0 " % sum(data[start : start + 512])
        stream = io.BytesIO(data[: chance.choice([len(data), chance.randrange(512, len(data))])])
        try:
            for found in ArchiveSource(partial(RawStream, stream), "damaged", None):
                assert found.label.isprintable()
                assert (found.error is None) or not found.data
            endings.add("whole")
        except SourceError as error:
            endings.add(error.code)
    assert endings == {"whole", "archive-damaged", "archive-truncated"}


def test_an_empty_archive_has_no_documents(tmp_path: Path) -> None:
    assert read(tmp_path, tar()) == ([], None)


def test_progress_never_exceeds_the_archives_size(tmp_path: Path) -> None:
    data = tar(*((f"{n}.xml", b"x" * 5000, None) for n in range(200)))
    found, _ = read(tmp_path, data)
    done = [d.done for d in found]
    assert done == sorted(done)
    assert 0 < done[0] < done[-1] <= len(data)


def test_nothing_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(two())
    before = len(list(Path("/proc/self/fd").iterdir()))
    abandoned = iter(open_source(path))
    next(abandoned)
    del abandoned
    assert len(list(Path("/proc/self/fd").iterdir())) == before
