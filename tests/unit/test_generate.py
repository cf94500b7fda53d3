"""The generated inputs: what the benchmarks and many tests stand on."""

from __future__ import annotations

import hashlib
import io
import random
import re
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

import pytest
import zstandard
from lxml import etree

import lineage
from benchmarks.generate import (
    COMMENT,
    archive,
    documents,
    main,
    scramble,
    write_directory,
    write_tar,
)

ROOT = Path(__file__).resolve().parents[2]
# Of the first 300 documents of seed 1. They must come out the same on every Python.
DIGEST = "abfd33c567f14ecf98140b6236f5cf6439e6c7bc0c96dadb33b07e031120c7ff"

Said = tuple[str, tuple[tuple[str, str], ...], str, tuple["Said", ...]]


@pytest.fixture(scope="module")
def some() -> list[bytes]:
    return list(documents(600))


@pytest.fixture(scope="module")
def files() -> list[tuple[str, bytes]]:
    return list(archive(6, 40, seed=5))


def said(document: bytes) -> Said:
    """What a document says, whatever the order of differently named siblings."""
    parser = etree.XMLParser(remove_comments=True, remove_pis=True, resolve_entities=False)

    def element(node: etree._Element) -> Said:
        kids = [element(kid) for kid in node]
        kids.sort(key=lambda kid: kid[0])  # stable: siblings of one name keep their order
        text = "" if kids else node.text or ""
        attrs = {str(name): str(value) for name, value in node.attrib.items()}
        return (str(node.tag), tuple(sorted(attrs.items())), text, tuple(kids))

    return element(etree.fromstring(document, parser))


def test_documents_are_all_different(some: list[bytes]) -> None:
    assert len(set(some)) == len(some) == 600


def test_documents_take_four_to_five_kilobytes_on_average() -> None:
    sizes = [len(document) for document in documents(2000, seed=2)]
    assert 4000 <= sum(sizes) / len(sizes) <= 5000


def test_the_same_seed_gives_the_same_documents_on_every_python(some: list[bytes]) -> None:
    assert hashlib.sha256(b"".join(some[:300])).hexdigest() == DIGEST
    assert list(documents(50, seed=2)) != some[:50]


def test_fewer_documents_are_the_first_of_more(some: list[bytes]) -> None:
    assert list(documents(7)) == some[:7]


def test_documents_for_the_test_driver_are_the_same_but_for_type_and_cookie(
    some: list[bytes],
) -> None:
    ours = list(documents(600, driver="test"))
    assert {*re.findall(rb"<(?:d|inactiveD)omain type='(\w+)'", b"".join(ours))} == {b"test"}
    for document, other in zip(some, ours, strict=True):
        plain = re.sub(rb"(?s)  <cookie>.*?</cookie>\n", b"", document)
        assert re.sub(rb"omain type='(qemu|kvm)'", b"omain type='test'", plain) == other


def test_documents_are_fixed_points(some: list[bytes]) -> None:
    assert [lineage.canonicalize(document) for document in some] == some


def test_scrambled_documents_are_restored(some: list[bytes]) -> None:
    rng = random.Random(7)
    assert [lineage.canonicalize(scramble(document, rng)) for document in some] == some


def test_a_scrambled_document_says_the_same_in_other_bytes(some: list[bytes]) -> None:
    rng = random.Random(8)
    for document in some[:200]:
        other = scramble(document, rng)
        assert other != document
        assert said(other) == said(document)


def test_scrambling_tries_everything(some: list[bytes]) -> None:
    rng = random.Random(9)
    text = b"".join(scramble(document, rng) for document in some)
    for mark in (b"<![CDATA[", b"<!--", b"<?note", b"&#x", b'="', b"='", b"\xef\xbb\xbf", b"\r\n"):
        assert mark in text
    assert b"<?xml" in text
    assert b"></feature" in text
    assert b'xmlns:nova="' in text


def test_metadata_and_sequences_keep_their_order() -> None:
    kids = "".join(f"<{name}/>" for name in "abcdefgh")
    document = f"<root><metadata><x:y xmlns:x='u'>{kids}</x:y></metadata>"
    document += f"<interconnects>{kids}</interconnects></root>"
    for seed in range(20):
        other = scramble(document.encode(), random.Random(seed))
        names = re.findall(rb"<([a-h])\b", other.replace(b"</", b"<!"))
        assert b"".join(names) == b"abcdefgh" * 2


def test_an_archive_holds_every_domain_with_all_its_snapshots(
    files: list[tuple[str, bytes]],
) -> None:
    domains = Counter(path.split("/")[1] for path, _ in files)
    assert list(domains.values()) == [40] * 6
    assert len({path for path, _ in files}) == 240
    for path, content in files:
        layout, _, name = path.split("/", 2)
        assert layout == "snapshot"
        assert content.startswith(COMMENT + b"<domainsnapshot>\n")
        root = etree.fromstring(content)
        assert root.findtext("name") == name.removesuffix(".xml")


def test_one_snapshot_of_each_domain_is_active(files: list[tuple[str, bytes]]) -> None:
    active = Counter(path.split("/")[1] for path, data in files if b"<active>1</active>" in data)
    assert list(active.values()) == [1] * 6
    assert sum(b"<active>0</active>" in data for _, data in files) == 234


def test_trees_branch_and_every_parent_is_there(files: list[tuple[str, bytes]]) -> None:
    kids: Counter[tuple[str, str]] = Counter()
    for path, content in files:
        parent = etree.fromstring(content).findtext("parent/name")
        if parent is not None:
            kids[path.split("/")[1], parent] += 1
    assert sum(count > 1 for count in kids.values()) > 12
    names = {(path.split("/")[1], path.split("/", 2)[2].removesuffix(".xml")) for path, _ in files}
    assert set(kids) <= names


def test_domains_evolve_but_not_at_every_snapshot(files: list[tuple[str, bytes]]) -> None:
    bodies: dict[str, set[bytes]] = {}
    for path, content in files:
        body = content[content.index(b"  <domain ") : content.index(b"  </domain>")]
        bodies.setdefault(path.split("/")[1], set()).add(body)
    different = sum(map(len, bodies.values()))
    assert 240 * 0.3 < different < 240 * 0.8


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.xz", ".tar.zst"])
def test_a_tar_holds_what_was_written(
    suffix: str, tmp_path: Path, files: list[tuple[str, bytes]]
) -> None:
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    write_tar(first, files)
    write_tar(second, files)
    data = first.read_bytes()
    assert second.read_bytes() == data
    if suffix == ".tar.zst":
        with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)) as stream:
            data = stream.read()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = [(m.name, tar.extractfile(m)) for m in tar if m.isfile()]
        assert [(name, file.read() if file else b"") for name, file in members] == files


def test_a_directory_holds_what_was_written(tmp_path: Path, files: list[tuple[str, bytes]]) -> None:
    write_directory(tmp_path, files)
    found = {str(p.relative_to(tmp_path)): p.read_bytes() for p in tmp_path.rglob("*.xml")}
    assert found == dict(files)


def test_a_scrambled_archive_holds_the_same_snapshots() -> None:
    plain, scrambled = archive(2, 10), archive(2, 10, scrambled=True)
    assert {said(data) for _, data in scrambled} == {said(data) for _, data in plain}


def test_the_command_line_writes_a_directory_or_a_tar(tmp_path: Path) -> None:
    options = ["--domains", "2", "--snapshots", "3", "--seed", "4"]
    assert main([str(tmp_path / "out"), *options]) == 0
    assert len(list((tmp_path / "out").rglob("*.xml"))) == 6
    target = tmp_path / "out.tar.gz"
    command = [sys.executable, "-m", "benchmarks.generate", str(target), *options]
    subprocess.run(command, cwd=ROOT, check=True)
    with tarfile.open(target) as tar:
        assert sum(member.isfile() for member in tar) == 6
