"""Compressed archives: read alike whatever the compression, stopped when they explode."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from lineage.sources import SourceError, open_source

Compress = Callable[[bytes], bytes]
COMPRESSIONS: dict[str, Compress] = {
    "gz": lambda data: gzip.compress(data, 1),
    "xz": lambda data: lzma.compress(data, preset=0),
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}
every_compression = pytest.mark.parametrize("compress", COMPRESSIONS.values(), ids=COMPRESSIONS)


def tar(count: int = 60, size: int = 5000) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for number in range(count):
            member = tarfile.TarInfo(f"snapshot/vm/{number}.xml")
            member.size = size
            archive.addfile(member, io.BytesIO((b"%d " % number**5) * size))
    return file.getvalue()


def read(tmp_path: Path, data: bytes) -> tuple[list[bytes], str | None]:
    path = tmp_path / "archive"
    path.write_bytes(data)
    found: list[bytes] = []
    try:
        found.extend(d.data for d in open_source(path))
    except SourceError as error:
        return found, error.code
    return found, None


@every_compression
def test_a_compressed_archive_reads_as_the_plain_one(tmp_path: Path, compress: Compress) -> None:
    plain = read(tmp_path, tar())
    assert len(plain[0]) == 60
    assert read(tmp_path, compress(tar())) == plain


@every_compression
def test_an_archive_compressed_in_pieces_is_one(tmp_path: Path, compress: Compress) -> None:
    data = tar()
    pieces = b"".join(compress(data[start : start + 7777]) for start in range(0, len(data), 7777))
    assert read(tmp_path, compress(b"") + pieces + compress(b"")) == read(tmp_path, data)


@pytest.mark.parametrize("kind", ["gz", "xz"])
def test_zero_padding_after_the_data_is_fine(tmp_path: Path, kind: str) -> None:
    data = COMPRESSIONS[kind](tar())
    assert read(tmp_path, data + bytes(100_000)) == read(tmp_path, data)


def test_skippable_zstd_frames_are_skipped(tmp_path: Path) -> None:
    skippable = b"\x53\x2a\x4d\x18\x04\0\0\0skip"
    data = skippable + COMPRESSIONS["zst"](tar())
    assert read(tmp_path, data) == read(tmp_path, tar())


@every_compression
def test_progress_counts_compressed_bytes(tmp_path: Path, compress: Compress) -> None:
    path = tmp_path / "archive"
    path.write_bytes(compress(tar()))
    source = open_source(path)
    done = [d.done for d in source]
    assert source.total == path.stat().st_size
    assert 0 < done[0] <= done[-1] <= source.total


@every_compression
def test_a_cut_compressed_archive_yields_a_prefix_and_says_so(
    tmp_path: Path, compress: Compress
) -> None:
    data = compress(tar())
    whole, _ = read(tmp_path, data)
    for length in range(64, len(data) * 9 // 10, len(data) // 23):
        found, error = read(tmp_path, data[:length])
        assert error == "archive-truncated"
        assert found == whole[: len(found)]
        assert len(found) < len(whole)


@every_compression
def test_a_flipped_bit_does_not_go_unseen(tmp_path: Path, compress: Compress) -> None:
    data = compress(tar())
    whole, _ = read(tmp_path, data)
    for offset in range(len(data) // 3, len(data) * 2 // 3, len(data) // 17):
        damaged = bytearray(data)
        damaged[offset] ^= 0x10
        _, error = read(tmp_path, bytes(damaged))
        assert error in ("archive-damaged", "archive-truncated")
    assert len(whole) == 60


@every_compression
def test_garbage_after_the_data_is_damage_but_costs_no_document(
    tmp_path: Path, compress: Compress
) -> None:
    found, error = read(tmp_path, compress(tar()) + b"garbage" * 9)
    assert (len(found), error) == (60, "archive-damaged")


@every_compression
def test_what_is_compressed_must_be_an_archive(tmp_path: Path, compress: Compress) -> None:
    assert read(tmp_path, compress(b"<domainsnapshot/>" * 99)) == ([], "unknown-format")
    assert read(tmp_path, compress(compress(tar()) + bytes(600))) == ([], "unknown-format")


def bomb(kind: str) -> bytes:
    """A small document, then a member of 96 MiB of zeros."""
    header = tarfile.TarInfo("zeros")
    header.size = 96 << 20
    zeros = bytes(1 << 20)
    pieces = [tar(1)[:5632], header.tobuf(tarfile.GNU_FORMAT), *[zeros] * 96]
    if kind == "gz":
        gz = zlib.compressobj(6, zlib.DEFLATED, 31)
        return b"".join(map(gz.compress, pieces)) + gz.flush()
    if kind == "xz":
        xz = lzma.LZMACompressor(preset=0)
        return b"".join(map(xz.compress, pieces)) + xz.flush()
    zst = zstandard.ZstdCompressor().compressobj()
    return b"".join(map(zst.compress, pieces)) + zst.flush()


@pytest.mark.parametrize("kind", sorted(COMPRESSIONS))
def test_a_decompression_bomb_is_stopped_in_little_memory(tmp_path: Path, kind: str) -> None:
    data = bomb(kind)
    assert len(data) < 1 << 20
    tracemalloc.start()
    try:
        found, error = read(tmp_path, data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(found), error) == (1, "decompression-bomb")
    assert peak < 8 << 20


def test_a_zstd_window_of_a_gibibyte_is_refused(tmp_path: Path) -> None:
    frame = b"\x28\xb5\x2f\xfd\x00\xa0" + (600 << 3 | 1).to_bytes(3, "little") + bytes(600)
    assert read(tmp_path, frame) == ([], "archive-damaged")
    small = frame[:5] + b"\x50" + frame[6:]
    assert read(tmp_path, small) == ([], None)  # zeros: an archive of nothing


def test_an_xz_dictionary_of_a_gibibyte_is_refused(tmp_path: Path) -> None:
    data = bytearray(lzma.compress(tar(2), preset=0))
    end = 12 + (data[12] + 1) * 4  # of the block header
    at = data.index(b"\x21\x01", 12, end) + 2
    data[at] = 36  # 1 GiB
    data[end - 4 : end] = zlib.crc32(data[12 : end - 4]).to_bytes(4, "little")
    assert read(tmp_path, bytes(data)) == ([], "archive-damaged")
