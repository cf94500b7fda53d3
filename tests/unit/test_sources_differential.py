"""The fast tar reader agrees with the standard library's on what tarfile and we both read."""

from __future__ import annotations

import io
import random
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.sources._blocks import Window
from lineage.sources.archive import ArchiveSource
from lineage.sources.base import SourceError
from lineage.sources.raw import RawStream
from lineage.sources.ustar import read_members

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
TYPES = [
    tarfile.REGTYPE,
    tarfile.REGTYPE,
    tarfile.AREGTYPE,
    tarfile.CONTTYPE,
    tarfile.DIRTYPE,
    tarfile.SYMTYPE,
    tarfile.LNKTYPE,
    tarfile.FIFOTYPE,
]
COMPONENT = st.text("aZ é☃-._%", min_size=1, max_size=12) | st.sampled_from(["x" * 90, "é" * 70])
NAME = st.builds(
    lambda parts, end: "/".join(parts) + end,
    st.lists(COMPONENT, min_size=1, max_size=5),
    st.sampled_from([".xml", ".xml", ".xml.new", ""]),
)
MEMBER = st.tuples(
    NAME, st.sampled_from(TYPES), st.integers(0, 1600), st.integers(0, 2**33)
).filter(
    # tarfile takes an old-style file for a directory if 100 bytes of its name end in a slash.
    lambda member: member[1] != tarfile.AREGTYPE or member[0].encode()[99:100] != b"/"
)


def written(members: list[tuple[str, bytes, int, int]], layout: int, **options: object) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=layout, **options) as archive:  # type: ignore[call-overload]
        for name, kind, size, mtime in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            member.mtime = mtime
            member.linkname = "l" * (size % 150)
            member.size = size if member.isreg() else 0
            try:
                archive.addfile(member, io.BytesIO(ascii(name[0])[1].encode() * size))
            except ValueError:  # a name that plain ustar cannot hold
                assert layout == tarfile.USTAR_FORMAT
    return file.getvalue()


def by_tarfile(data: bytes) -> list[tuple[bytes, bytes]]:
    found = []
    with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape") as archive:
        for member in archive:
            if member.isreg() and not member.issparse() and member.name.endswith(".xml"):
                content = archive.extractfile(member)
                assert content is not None
                found.append((member.name.encode("utf-8", "surrogateescape"), content.read()))
    return found


class Dribble(io.BytesIO):
    """Gives as little at a time as a pipe may."""

    def __init__(self, data: bytes, chance: random.Random) -> None:
        super().__init__(data)
        self.chance = chance

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return super().readinto(buffer[: self.chance.randint(1, 70_000)])


def by_us(data: bytes, file: io.BytesIO | None = None) -> list[tuple[bytes, bytes]]:
    window = Window(RawStream(file or io.BytesIO(data)))
    members = read_members(window, b".xml")
    return [(member.path, member.data) for member in members if not member.code]


@settings(max_examples=60, deadline=None)
@given(st.lists(MEMBER, max_size=8), st.sampled_from(sorted(FORMATS)))
def test_generated_archives_are_read_alike(
    members: list[tuple[str, bytes, int, int]], layout: str
) -> None:
    data = written(members, FORMATS[layout])
    assert by_us(data) == by_tarfile(data)


@pytest.mark.parametrize("layout", sorted(FORMATS))
@pytest.mark.parametrize("length", [99, 100, 101, 154, 155, 156, 250, 255, 256, 257, 600])
def test_names_of_every_length_are_read_alike(layout: str, length: int) -> None:
    name = ("d" * 50 + "/") * 12
    members = [
        (name[: length - 5] + "n.xml", tarfile.REGTYPE, 3, 0),
        ("n" * (length - 4) + ".xml", tarfile.REGTYPE, 513, 0),
        ("after.xml", tarfile.REGTYPE, 512, 0),
    ]
    data = written(members, FORMATS[layout])
    assert by_us(data) == by_tarfile(data)
    assert by_us(data)[-1] == (b"after.xml", b"a" * 512)


@pytest.mark.parametrize("seed", range(12))
def test_members_across_the_windows_edges_are_read_alike(seed: int) -> None:
    chance = random.Random(seed)
    edge = 128 << 10
    members = [
        (
            f"{n}{'é' * chance.choice([0, 0, 60])}{chance.choice(['.xml', '.xml', '.txt'])}",
            tarfile.REGTYPE,
            chance.choice([0, 1, 511, 512, 513, 5000, 40_000, edge - 1536])
            + chance.choice([0, 0, 511, 512, 513, edge]),
            0,
        )
        for n in range(60)
    ]
    data = written(members, FORMATS[chance.choice(sorted(FORMATS))])
    assert by_us(data, Dribble(data, chance)) == by_tarfile(data)
    cut = chance.randrange(len(data) - 10_240)
    found: list[tuple[bytes, bytes]] = []
    rest = read_members(Window(RawStream(Dribble(data[:cut], chance))), b".xml")
    with pytest.raises(SourceError, match="archive-truncated"):
        found.extend((member.path, member.data) for member in rest)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        whole = [m for m in archive if m.name.endswith(".xml") and m.offset_data + m.size <= cut]
    assert found == by_tarfile(data)[: len(whole)]


def test_global_pax_headers_are_read_alike() -> None:
    data = written(
        [("a.xml", tarfile.REGTYPE, 5, 0), ("é" * 80 + ".xml", tarfile.REGTYPE, 5, 0)],
        tarfile.PAX_FORMAT,
        pax_headers={"comment": "a backup", "path": "everything.xml"},
    )
    assert by_us(data) == by_tarfile(data)
    assert by_us(data)[0][0] == b"everything.xml"


def test_a_pax_header_and_a_gnu_name_for_one_member_are_read_alike() -> None:
    one = written([("pax" * 50 + ".xml", tarfile.REGTYPE, 5, 0)], tarfile.PAX_FORMAT)
    other = written([("gnu" * 50 + ".xml", tarfile.REGTYPE, 5, 0)], tarfile.GNU_FORMAT)
    for data in (one[:1024] + other, other[:1024] + one):
        assert by_us(data) == by_tarfile(data)


def test_names_that_are_not_utf_8_are_read_alike() -> None:
    for layout in FORMATS.values():
        data = written(
            [("latin\udce9" * n + ".xml", tarfile.REGTYPE, 0, 0) for n in (1, 12, 40)],
            layout,
            errors="surrogateescape",
        )
        assert by_us(data) == by_tarfile(data)


def test_base_256_sizes_are_read_alike() -> None:
    data = bytearray(written([("a.xml", tarfile.REGTYPE, 700, 0)], tarfile.GNU_FORMAT))
    data[124:136] = b"\x80" + (700).to_bytes(11, "big")
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    assert by_us(bytes(data)) == by_tarfile(bytes(data)) == [(b"a.xml", b"a" * 700)]


def test_checksums_of_signed_bytes_are_read_alike() -> None:
    data = bytearray(written([("é.xml", tarfile.REGTYPE, 9, 0)], tarfile.GNU_FORMAT))
    data[148:156] = b" " * 8
    signed = sum(byte - 256 if byte > 127 else byte for byte in data[:512])
    data[148:156] = b"%06o\0 " % signed
    assert by_us(bytes(data)) == by_tarfile(bytes(data)) != []


def test_a_source_gives_these_members_as_documents() -> None:
    data = written([("a.xml", tarfile.REGTYPE, 700, 0)], tarfile.GNU_FORMAT)
    source = ArchiveSource(lambda: RawStream(io.BytesIO(data)), "memory", None)
    assert [(d.label, d.data) for d in source] == [("a.xml", b"a" * 700)]
