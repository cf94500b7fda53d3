"""A directory as a source: what is read, in which order, and what is refused."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from lineage.sources import MAX_BYTES, Document, SourceError, open_source
from lineage.sources.files import read_regular


def documents(path: Path) -> list[Document]:
    return list(open_source(path))


def put(path: Path, data: bytes = b"<x/>") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def codes(path: Path) -> dict[str, str | None]:
    return {d.label: d.error.code if d.error else None for d in documents(path)}


def test_every_xml_file_is_read_in_sorted_order_with_its_bytes(tmp_path: Path) -> None:
    for name in ["b/2.xml", "b/1.xml", "a.xml", "c.xml", "b/deep/er/3.xml"]:
        put(tmp_path / name, name.encode())
    found = documents(tmp_path)
    assert [d.label for d in found] == ["a.xml", "b/1.xml", "b/2.xml", "b/deep/er/3.xml", "c.xml"]
    assert [d.data for d in found] == [d.label.encode() for d in found]
    assert [d.done for d in found] == [5, 12, 19, 34, 39]


@pytest.mark.parametrize("root", [".", "lib", "lib/snapshot", "lib/snapshot/vm1"])
def test_libvirts_layout_names_the_domain_at_any_depth(tmp_path: Path, root: str) -> None:
    put(tmp_path / "lib/snapshot/vm1/s1.xml")
    assert [d.domain_hint for d in documents(tmp_path / root)] == ["vm1"]


def test_the_domains_directory_is_decoded_as_export_encodes_it(tmp_path: Path) -> None:
    put(tmp_path / "snapshot" / "%2Ea%2Fb" / "s.xml")
    put(tmp_path / "snapshot" / "50%20off" / "s.xml")
    assert [d.domain_hint for d in documents(tmp_path)] == [".a/b", "50%20off"]


def test_files_elsewhere_are_loose(tmp_path: Path) -> None:
    for name in ["qemu/vm.xml", "snapshot/s.xml", "snapshot/vm/deeper/s.xml", "vm/s.xml"]:
        put(tmp_path / name)
    assert [d.domain_hint for d in documents(tmp_path)] == [None] * 4


def test_other_files_hidden_ones_and_unfinished_ones_are_passed_over(tmp_path: Path) -> None:
    for name in ["s.xml", "s.xml.new", ".s.xml", ".xml", "notes.txt", "xml", "S.XML"]:
        put(tmp_path / "snapshot" / "vm" / name)
    assert [d.label for d in documents(tmp_path)] == ["snapshot/vm/s.xml"]


def test_hidden_directories_are_walked_as_a_sessions_are_below_one(tmp_path: Path) -> None:
    put(tmp_path / ".config/libvirt/qemu/snapshot/vm/s.xml")
    assert [d.domain_hint for d in documents(tmp_path)] == ["vm"]


def test_links_are_reported_and_never_followed(tmp_path: Path) -> None:
    outside = put(tmp_path / "outside" / "secret.xml", b"secret")
    root = tmp_path / "root"
    put(root / "snapshot" / "vm" / "s.xml")
    (root / "link.xml").symlink_to(outside)
    (root / "dangling.xml").symlink_to("nowhere")
    (root / "snapshot" / "other").symlink_to(outside.parent)
    (root / "elsewhere").symlink_to(outside.parent)
    assert codes(root) == {
        "link.xml": "symlink",
        "dangling.xml": "symlink",
        "snapshot/other": "symlink",
        "snapshot/vm/s.xml": None,
    }
    assert all(d.data != b"secret" for d in documents(root))


def test_a_link_may_name_the_directory_itself(tmp_path: Path) -> None:
    put(tmp_path / "snapshot" / "vm" / "s.xml")
    (tmp_path / "latest").symlink_to("snapshot")
    assert [d.domain_hint for d in documents(tmp_path / "latest")] == ["vm"]


def test_fifos_sockets_and_devices_are_reported_and_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.xml")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.xml"))
        assert codes(tmp_path) == {"fifo.xml": "not-a-file", "socket.xml": "not-a-file"}


@pytest.mark.parametrize(
    ("kind", "code"), [("fifo", "not-a-file"), ("link", "symlink"), ("zero", "not-a-file")]
)
def test_what_took_a_files_place_after_listing_is_refused(
    tmp_path: Path, kind: str, code: str
) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(put(tmp_path / "x"))
    directory = os.open("/dev" if kind == "zero" else tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(SourceError) as refused:
            read_regular(kind, directory)
    finally:
        os.close(directory)
    assert refused.value.code == code


def test_a_file_that_vanishes_costs_that_file_only(tmp_path: Path) -> None:
    for name in ["a.xml", "b.xml", "c.xml"]:
        put(tmp_path / name)
    found = iter(open_source(tmp_path))
    assert next(found).error is None
    (tmp_path / "b.xml").unlink()
    gone, kept = found
    assert gone.error is not None
    assert (gone.label, gone.error.code, gone.data) == ("b.xml", "not-found", b"")
    assert kept.error is None


def written_while_read(victim: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Have a byte appended to the file behind each of the first reads."""
    read = os.read
    left = [times]

    def slow(fd: int, size: int) -> bytes:
        data = read(fd, size)
        left[0] -= 1
        if left[0] >= 0:
            with victim.open("ab") as file:
                file.write(b"!")
        return data

    monkeypatch.setattr(os, "read", slow)


def test_a_file_written_to_while_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_while_read(put(tmp_path / "a.xml", b"<before/>"), monkeypatch, 2)
    (found,) = documents(tmp_path)
    assert (found.error, found.data) == (None, b"<before/>!!")


def test_a_file_written_to_each_time_it_is_read_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_while_read(put(tmp_path / "a.xml", b"<before/>"), monkeypatch, 100)
    assert codes(tmp_path) == {"a.xml": "changed-while-read"}


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    for name, size in (("most.xml", 3), ("over.xml", MAX_BYTES + 1)):
        os.truncate(put(tmp_path / name), size)
    assert codes(tmp_path) == {"most.xml": None, "over.xml": "too-large"}


def test_any_depth_is_read_with_few_directories_open(tmp_path: Path) -> None:
    levels = [tmp_path.joinpath(*["d"] * depth) for depth in range(201)]
    levels[-1].mkdir(parents=True)
    for level in levels:
        put(level / "a.xml")
        put(level / "z.xml")
    before = len(list(Path("/proc/self/fd").iterdir()))
    labels, most = [], 0
    for document in open_source(tmp_path):
        assert document.error is None
        labels.append(document.label)
        most = max(most, len(list(Path("/proc/self/fd").iterdir())) - before)
    ways = ["d/" * depth for depth in range(201)]
    assert labels == [f"{way}a.xml" for way in ways] + [f"{way}z.xml" for way in ways[::-1]]
    assert 30 < most < 40


def test_a_directory_moved_away_on_the_way_down_is_noticed_on_the_way_up(tmp_path: Path) -> None:
    root = tmp_path / "root"
    put(root.joinpath(*["d"] * 60, "s.xml"))
    put(root / "z.xml")
    (tmp_path / "elsewhere").mkdir()
    put(tmp_path / "elsewhere" / "secret.xml")
    found = iter(open_source(root))
    assert next(found).label.endswith("d/s.xml")
    root.joinpath(*["d"] * 20).rename(tmp_path / "elsewhere" / "d")
    with pytest.raises(SourceError, match="moved") as caught:
        next(found)
    assert caught.value.code == "changed-while-read"


def test_what_is_too_deep_for_any_path_is_said(tmp_path: Path) -> None:
    name = "d" * 250
    fds = [os.open(tmp_path, os.O_RDONLY)]
    for _ in range(18):
        os.mkdir(name, dir_fd=fds[-1])
        fds.append(os.open(name, os.O_RDONLY, dir_fd=fds[-1]))
    for fd in fds:
        os.close(fd)
    put(tmp_path / "e.xml")
    assert list(codes(tmp_path).values()) == ["too-deep", None]


def test_labels_are_printable_whatever_the_names_are(tmp_path: Path) -> None:
    for name in [
        b"bad\xff.xml",
        b"esc\x1b[31m.xml",
        "bidi\u202e.xml".encode(),
        "ok é.xml".encode(),
    ]:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"")
    labels = [d.label for d in documents(tmp_path)]
    assert sorted(labels) == [r"bad\xff.xml", r"bidi\u202e.xml", r"esc\x1b[31m.xml", "ok é.xml"]


def test_nothing_stays_open(tmp_path: Path) -> None:
    for name in ["a/b/1.xml", "a/b/2.xml", "a/c/3.xml"]:
        put(tmp_path / name)
    before = len(list(Path("/proc/self/fd").iterdir()))
    abandoned = iter(open_source(tmp_path))
    next(abandoned)
    del abandoned
    documents(tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
