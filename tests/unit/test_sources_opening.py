"""What a path is taken for, and what is no source at all."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import threading
import zipfile
from pathlib import Path

import pytest

from lineage.sources import MAX_BYTES, SourceError, open_source, open_stream
from lineage.sources.raw import RawStream


def tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("a.xml")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"<x/>"))
    return file.getvalue()


def refusal(path: Path | str) -> str:
    with pytest.raises(SourceError) as refused:
        list(open_source(path))
    assert refused.value.code in str(refused.value)
    return refused.value.code


@pytest.mark.parametrize("name", ["s.xml", "s", "s.tar.gz", "s.xml.bak"])
def test_a_single_xml_file_is_loose_whatever_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / "snapshot" / "vm" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\n<x/>")
    source = open_source(path)
    (found,) = source
    assert (found.data, found.domain_hint, found.error) == (b"\n<x/>", None, None)
    assert (found.label, found.done, source.total, source.name) == (str(path), 5, 5, name)


def test_a_file_called_xml_is_a_document_whatever_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "broken.xml").write_bytes(b"\0\1\2")
    assert [d.data for d in open_source(tmp_path / "broken.xml")] == [b"\0\1\2"]


def test_an_archive_is_known_by_its_bytes_not_its_name(tmp_path: Path) -> None:
    (tmp_path / "archive.xml").write_bytes(tar())
    assert [d.label for d in open_source(tmp_path / "archive.xml")] == ["a.xml"]


def test_a_source_of_files_can_be_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tar())
    source = open_source(str(tmp_path / "a.tar"))
    assert list(source) == list(source)
    assert source.name == "a.tar"


def test_zeros_are_an_empty_archive_or_a_document_by_the_name(tmp_path: Path) -> None:
    for name, expected in (("zeros.tar", []), ("zeros.xml", [bytes(1024)])):
        (tmp_path / name).write_bytes(bytes(1024))
        assert [d.data for d in open_source(tmp_path / name)] == expected


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"BZh91AY&SY", b"SQLite format 3\0" + bytes(600), b"x" * 4096]
)
def test_a_file_that_is_nothing_of_this_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    assert refusal(tmp_path / "file") == "unknown-format"


def test_what_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "missing") == "not-found"
    assert refusal("nul\0") == refusal("") == "not-found"
    assert refusal("/dev/zero") == "not-a-file"
    (tmp_path / "loop").symlink_to("loop")
    assert refusal(tmp_path / "loop") == "symlink"


def test_a_single_file_over_the_limit_is_one_failed_document(tmp_path: Path) -> None:
    path = tmp_path / "huge.xml"
    path.touch()
    os.truncate(path, MAX_BYTES + 1)
    (found,) = open_source(path)
    assert found.error is not None
    assert (found.error.code, found.data) == ("too-large", b"")


@pytest.mark.parametrize("data", [tar(), b"<x/>"])
def test_a_pipe_is_read_once(tmp_path: Path, data: bytes) -> None:
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as file:
            file.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        source = open_source(f"/dev/fd/{reading}")
        assert [d.data for d in source] == [b"<x/>"]
        assert source.total is None
    finally:
        writer.join()
        os.close(reading)


def test_a_pipe_is_not_read_twice(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, tar())
    os.close(writing)
    source = open_source(f"/dev/fd/{reading}")
    os.close(reading)
    assert len(list(source)) == 1
    with pytest.raises(SourceError, match="only once"):
        list(source)


def test_a_fifo_without_a_writer_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert refusal(tmp_path / "fifo") == "unknown-format"


def test_a_file_written_to_while_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(b"<before/>")
    read, left = RawStream.read, [2]

    def slow(raw: RawStream, size: int) -> bytes:
        data = read(raw, size)
        left[0] -= 1
        if left[0] >= 0:
            path.write_bytes(b"<after/>" + b" " * left[0])
        return data

    source = open_source(path)
    monkeypatch.setattr(RawStream, "read", slow)
    (found,) = source
    assert (found.error, found.data) == (None, b"<after/>")


def test_a_file_written_to_each_time_it_is_read_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(b"<x/>")
    read = RawStream.read

    def slow(raw: RawStream, size: int) -> bytes:
        if not raw.count:
            with path.open("ab") as file:
                file.write(b" ")
        return read(raw, size)

    source = open_source(path)
    monkeypatch.setattr(RawStream, "read", slow)
    found = next(iter(source))
    assert found.error is not None
    assert (found.error.code, found.data) == ("changed-while-read", b"")


@pytest.mark.parametrize("end", [b"<x/>", b""])
def test_an_archive_written_to_while_read_is_reported(tmp_path: Path, end: bytes) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(tar())
    found = iter(open_source(path))
    assert next(found).data == b"<x/>"
    with path.open("r+b") as file:
        file.truncate(len(tar()) - 1) if not end else file.write(end)
    with pytest.raises(SourceError) as caught:
        list(found)
    assert caught.value.code == "changed-while-read"


@pytest.mark.parametrize("kind", ["xml", "tar", "gz", "zip"])
def test_a_stream_is_known_by_its_bytes(tmp_path: Path, kind: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("s.xml", b"<x/>")
    data = {"xml": b"<x/>", "tar": tar(), "gz": gzip.compress(tar()), "zip": packed.getvalue()}
    source = open_stream(io.BytesIO(data[kind]), "stdin")
    assert (source.name, source.total) == ("stdin", None)
    assert [d.data for d in source] == [b"<x/>"]


def test_a_stream_of_nothing_known_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"text"):
        stream = io.BytesIO(data)
        with pytest.raises(SourceError) as caught:
            open_stream(stream, "stdin")
        assert caught.value.code == "unknown-format"
        assert stream.closed


def test_a_redirected_file_is_read_once_wherever_it_is_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("s.xml", b"<x/>")
    source = open_stream(path.open("rb", buffering=0), "stdin")
    assert [d.data for d in source] == [b"<x/>"]
    with pytest.raises(SourceError, match="only once"):
        list(source)
