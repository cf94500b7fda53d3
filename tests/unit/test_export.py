"""Export: libvirt's layout, byte for byte what was imported from it."""

from __future__ import annotations

import os
import stat
import tarfile
from pathlib import Path

import pytest

from lineage.errors import Ambiguous, Damaged, LineageError, NotFound
from lineage.export import export
from lineage.log import MemoryLog
from lineage.store import Store
from tests.unit.store_samples import NOON, A, B, body, snapshot, tar

COMMENT = (
    b"<!--\n"
    b"WARNING: THIS IS AN AUTO-GENERATED FILE. CHANGES TO IT ARE LIKELY TO BE\n"
    b"OVERWRITTEN AND LOST. Changes to this xml configuration should be made using:\n"
    b"  virsh snapshot-edit\n"
    b"or other application using the libvirt API.\n"
    b"-->\n"
    b"\n"
)
HOSTILE = [
    "a/b",
    "..",
    ".dot",
    " sp ace ",
    "new\nline",
    "100%20",
    "名前😀",
    "$(id)",
    "-o",
    "x" * 300,
]


def on_disk(*names: str, uuid: str = A, domain: str = "vm", current: str = "") -> dict[str, bytes]:
    """Files as libvirt writes them, each snapshot the child of the one before."""
    xml, parents = body(uuid, domain), (None, *names)
    return {
        name: COMMENT
        + snapshot(name, parents[n], NOON + n, domain=xml, active=int(name == current))
        for n, name in enumerate(names)
    }


@pytest.fixture
def files() -> dict[str, bytes]:
    """Two domains in libvirt's layout."""
    one = on_disk("a", "b", "c d", current="b")
    two = on_disk("a", uuid=B, domain="größer & mehr")
    return {
        **{f"snapshot/vm/{name}.xml": data for name, data in one.items()},
        **{f"snapshot/größer & mehr/{name}.xml": data for name, data in two.items()},
    }


@pytest.fixture
def store(files: dict[str, bytes], tmp_path: Path) -> Store:
    """A store into which an archive of these files was imported."""
    path = tmp_path / "in.tar"
    path.write_bytes(tar(files))
    made = Store.over(MemoryLog())
    made.ingest(path)
    return made


def found(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def packed(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]


def test_what_was_imported_is_exported_byte_for_byte(
    store: Store, files: dict[str, bytes], tmp_path: Path
) -> None:
    report = export(store, tmp_path / "out")
    assert (report.domains, report.snapshots, report.notes) == (2, 4, [])
    assert found(tmp_path / "out") == files
    export(store, tmp_path / "out.tar")
    assert packed(tmp_path / "out.tar") == files


def test_an_export_imports_again_without_an_event(store: Store, tmp_path: Path) -> None:
    export(store, tmp_path / "out")
    export(store, tmp_path / "out.tar")
    assert store.ingest(tmp_path / "out", tmp_path / "out.tar").events == 0
    other = Store.over(MemoryLog())
    other.ingest(tmp_path / "out.tar")
    assert other.tree("vm").current == "b"
    assert other.xml("vm", "c d") == store.xml("vm", "c d")


def test_active_follows_the_current_snapshot_and_parents_the_tree(
    store: Store, tmp_path: Path
) -> None:
    store.delete("vm", "b")
    export(store, tmp_path / "now", ["vm"])
    expected = on_disk("a", current="a") | {
        "c d": COMMENT + snapshot("c d", "a", NOON + 2, active=0)
    }
    assert found(tmp_path / "now") == {f"snapshot/vm/{n}.xml": d for n, d in expected.items()}


def test_an_earlier_moment_can_be_exported(
    store: Store, files: dict[str, bytes], tmp_path: Path
) -> None:
    then = store.head()
    store.delete("vm", "a", "children")
    store.undefine(B)
    store.record(snapshot("later"))
    export(store, tmp_path / "then", at=then)
    assert found(tmp_path / "then") == files


def test_each_domain_can_be_exported_as_of_a_moment_of_its_own(
    store: Store, files: dict[str, bytes], tmp_path: Path
) -> None:
    then = store.head()
    store.delete("vm", "a", "children")
    gone = set(files) - {path for path in files if path.startswith("snapshot/vm/")}
    export(store, tmp_path / "then", {"vm": then, B: None})
    assert found(tmp_path / "then") == files
    export(store, tmp_path / "now", {A: None, B: then}, at=99)
    assert set(found(tmp_path / "now")) == gone
    with pytest.raises(ValueError, match="two moments"):
        export(store, tmp_path / "none", {"vm": then, A: None})
    assert not (tmp_path / "none").exists()


def test_hostile_names_stay_inside_the_directory_and_come_back(tmp_path: Path) -> None:
    store = Store.over(MemoryLog())
    for name in HOSTILE:
        store.record(snapshot(name, domain=body(A, "../../etc")))
    report = export(store, tmp_path / "out")
    assert report.snapshots == len(HOSTILE)
    written = found(tmp_path / "out")
    assert len(written) == len(HOSTILE)
    assert {str(Path(name).parent) for name in written} == {"snapshot/%2E.%2F..%2Fetc"}
    assert all(len(os.fsencode(Path(name).name)) <= 247 for name in written)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    export(store, tmp_path / "out.tar")
    assert packed(tmp_path / "out.tar") == written
    other = Store.over(MemoryLog())
    assert other.ingest(tmp_path / "out.tar").added == len(HOSTILE)
    assert sorted(other.tree(A)) == sorted(HOSTILE)


def test_two_names_that_are_cut_alike_have_a_file_each(tmp_path: Path) -> None:
    store = Store.over(MemoryLog())
    store.record(snapshot("x" * 300))
    export(store, tmp_path / "one")
    (cut,) = (path.stem for path in (tmp_path / "one").rglob("*.xml"))
    store.record(snapshot(cut, created=NOON + 1))
    report = export(store, tmp_path / "two")
    assert len(found(tmp_path / "two")) == 2
    assert [(note.domain, note.code) for note in report.notes] == [(A, "same-file")]


def test_domains_of_one_name_have_a_directory_each(tmp_path: Path) -> None:
    store = Store.over(MemoryLog())
    for uuid in (B, A):
        store.record(snapshot(domain=body(uuid)))
    report = export(store, tmp_path / "out")
    assert set(found(tmp_path / "out")) == {"snapshot/vm/s1.xml", f"snapshot/vm~{B}/s1.xml"}
    assert [(note.domain, note.code) for note in report.notes] == [(B, "same-name")]
    assert f"vm~{B}" in report.notes[0].message


def test_a_domain_without_a_name_goes_by_its_uuid(tmp_path: Path) -> None:
    store = Store.over(MemoryLog())
    store.record(snapshot(domain=None), domain=A)
    store.record(snapshot(domain=None), domain="name:old")
    export(store, tmp_path / "out")
    assert set(found(tmp_path / "out")) == {f"snapshot/{A}/s1.xml", "snapshot/old/s1.xml"}


def test_files_and_directories_are_for_the_owner_only(store: Store, tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        export(store, tmp_path / "out")
        export(store, tmp_path / "out.tar")
    finally:
        os.umask(before)
    for path in (tmp_path / "out").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600)
    assert stat.S_IMODE((tmp_path / "out.tar").stat().st_mode) == 0o600
    with tarfile.open(tmp_path / "out.tar") as archive:
        assert {member.mode for member in archive} == {0o600}


def test_the_same_tree_gives_the_same_archive(store: Store, tmp_path: Path) -> None:
    export(store, tmp_path / "one.tar")
    export(store, tmp_path / "two.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as archive:
        times = {member.name: member.mtime for member in archive}
    assert times["snapshot/vm/c d.xml"] == NOON + 2


@pytest.mark.parametrize("created", [-(2**63), -1, 2**63 - 1])
def test_a_time_that_no_archive_can_hold_is_no_obstacle(created: int, tmp_path: Path) -> None:
    store = Store.over(MemoryLog())
    store.record(snapshot("a", created=created))
    export(store, tmp_path / "out.tar")
    export(store, tmp_path / "out")
    assert packed(tmp_path / "out.tar") == found(tmp_path / "out")
    with tarfile.open(tmp_path / "out.tar") as archive:
        assert 0 <= archive.getmembers()[0].mtime < 8**11


# What it refuses


def test_an_empty_directory_is_filled(store: Store, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    export(store, tmp_path / "out")
    assert len(found(tmp_path / "out")) == 4


@pytest.mark.parametrize("target", ["full", "file", "there.tar", "new.tar.gz", "new.tzst"])
def test_nothing_that_is_there_is_overwritten(store: Store, tmp_path: Path, target: str) -> None:
    (tmp_path / "full").mkdir()
    for name in ("full/mine", "file", "there.tar"):
        (tmp_path / name).write_text("mine")
    before = found(tmp_path)
    with pytest.raises(LineageError):
        export(store, tmp_path / target)
    assert found(tmp_path) == before


@pytest.mark.parametrize("target", ["out", "out.tar"])
def test_an_export_that_fails_leaves_nothing(
    store: Store, tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = found(tmp_path)
    good, calls = store.log.body, iter(range(99))

    def rotten(digest: bytes) -> bytes:
        body = good(digest)
        return body if next(calls) < 2 else body.replace(b"KiB", b"GiB")

    monkeypatch.setattr(store.log, "body", rotten)
    with pytest.raises(Damaged):
        export(store, tmp_path / target)
    assert found(tmp_path) == before
    assert not (tmp_path / target).exists()


@pytest.mark.parametrize("target", ["out", "out.tar"])
def test_nothing_to_export_creates_nothing(store: Store, tmp_path: Path, target: str) -> None:
    store.delete("vm", "a", "children")
    report = export(store, tmp_path / target, ["vm"])
    assert (report.snapshots, report.domains) == (0, 0)
    assert [(note.domain, note.code) for note in report.notes] == [(A, "no-snapshots")]
    assert not (tmp_path / target).exists()


def test_unknown_and_ambiguous_domains_are_refused_before_anything_is_written(
    store: Store, tmp_path: Path
) -> None:
    with pytest.raises(NotFound):
        export(store, tmp_path / "out", ["vm", "nobody"])
    with pytest.raises(NotFound):
        export(store, tmp_path / "out", at=99)
    store.record(snapshot(domain=body("1" * 32)))
    with pytest.raises(Ambiguous):
        export(store, tmp_path / "out", ["vm"])
    assert not (tmp_path / "out").exists()
