"""`lineage import`: what it adds, reports, refuses, and does not create."""

from __future__ import annotations

import io
import json
import stat
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.unit.cli_samples import NOON, Run, run_lineage, snapshot, write_archive


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "snapshot")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`lineage` with a store of this test's own."""
    monkeypatch.setenv("LINEAGE_STORE", str(tmp_path / "store.db"))
    return run_lineage


@pytest.fixture
def filled(run: Run, archive: Path) -> Run:
    run("import", archive)
    return run


def test_import_says_what_it_did_and_a_second_time_adds_nothing(run: Run, archive: Path) -> None:
    first = json.loads(run("import", "--json", archive).stdout)
    assert (first["documents"], first["added"], first["domains"]) == (4, 4, 2)
    assert (first["failed"], first["failures"]) == (0, [])
    again = json.loads(run("import", "--json", archive).stdout)
    assert (again["added"], again["events"], again["equal"]) == (0, 0, 4)
    assert "4 snapshots" in run("import", archive).stdout


def test_an_empty_file_is_no_store_until_something_is_imported_into_it(
    run: Run, archive: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store.db"
    store.touch()
    assert "empty" in run("list", status=5).stderr
    assert store.read_bytes() == b""
    run("import", archive)
    assert "web" in run("list").stdout


def test_several_paths_are_one_import(run: Run, archive: Path) -> None:
    report = json.loads(run("import", "--json", archive / "web", archive / "db").stdout)
    assert (report["documents"], report["domains"]) == (4, 2)


def test_a_broken_document_costs_itself_only_and_status_3(run: Run, archive: Path) -> None:
    (archive / "web" / "bad.xml").write_text("<domainsnapshot>\n<a></b>", encoding="utf-8")
    result = run("import", "--json", archive, status=3)
    report = json.loads(result.stdout)
    assert (report["added"], report["failed"]) == (4, 1)
    (failure,) = report["failures"]
    assert failure["file"].endswith("web/bad.xml")
    assert isinstance(failure["offset"], int)
    assert failure["code"]
    assert failure["message"]
    said = run("import", archive, status=3).stderr
    assert "bad.xml: " in said
    assert f"({failure['code']}, byte {failure['offset']})" in said


def test_nothing_is_created_for_a_directory_without_snapshots(run: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "notes.txt").write_text("nothing here", encoding="utf-8")
    result = run("import", empty, status=1)
    assert result.stderr.startswith("lineage: no snapshots in ")
    assert run("import", "--json", empty, status=1).stdout.startswith('{"documents": 0')
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_nothing_is_created_where_every_document_is_broken(run: Run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.xml"
    bad.write_text("<domainsnapshot>", encoding="utf-8")
    assert "bad.xml: " in run("import", bad, status=3).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bad.xml"]


def test_a_path_that_cannot_be_opened_costs_itself_only(
    run: Run, archive: Path, tmp_path: Path
) -> None:
    result = run("import", archive, tmp_path / "nosuch.tar", status=3)
    assert "nosuch.tar: No such file or directory (not-found)\n" in result.stderr
    assert "4 added" in result.stdout
    alone = tmp_path / "other.db"
    run("import", "--store", alone, tmp_path / "nosuch.tar", status=3)
    assert not alone.exists()


def test_import_into_a_file_that_is_not_a_store_is_status_5(run: Run, archive: Path) -> None:
    other = archive / "web" / "base.xml"
    before = other.read_bytes()
    assert "lineage: " in run("import", "--store", other, archive, status=5).stderr
    assert other.read_bytes() == before


def test_the_default_store_gets_a_directory_for_its_owner_alone(
    run: Run, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LINEAGE_STORE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    run("list", status=5)
    assert not (tmp_path / "data").exists()
    run("import", archive)
    directory = tmp_path / "data" / "lineage"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "lineage.db").stat().st_mode) == 0o600


def test_restore_defines_a_deleted_snapshot_again(filled: Run, archive: Path) -> None:
    filled("record", "delete", "web", "mid")
    # Its child, which then belonged to another parent, is known too.
    report = json.loads(filled("import", "--json", archive).stdout)
    codes = [note["code"] for note in report["notes"]]
    assert (report["known"], codes) == (2, ["known", "known", "missing-parent"])
    assert "mid" not in filled("tree", "web").stdout
    filled("import", "--restore", archive)
    assert "mid" in filled("tree", "web").stdout


def test_standard_input_is_a_document_or_an_archive(run: Run, archive: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as tar:
        tar.add(archive, "snapshot")
    assert json.loads(run("import", "--json", "-", given=packed.getvalue()).stdout)["added"] == 4
    document = (archive / "web" / "base.xml").read_bytes()
    assert json.loads(run("import", "--json", "-", given=document).stdout)["equal"] == 1
    failed = json.loads(run("import", "--json", "-", given=b"text", status=3).stdout)
    assert [(f["file"], f["code"]) for f in failed["failures"]] == [("-", "unknown-format")]


@pytest.mark.parametrize("through", ["pipe", "file"])
def test_a_zip_is_read_from_a_real_standard_input(
    tmp_path: Path, archive: Path, through: str
) -> None:
    packed = tmp_path / "a.zip"
    with zipfile.ZipFile(packed, "w") as into:
        for path in sorted(archive.rglob("*.xml")):
            into.write(path, path.relative_to(tmp_path))
    command = [sys.executable, "-m", "lineage", "import", "--json", "-"]
    command += ["--store", str(tmp_path / "store.db")]
    with packed.open("rb") as file:
        source = {"stdin": file} if through == "file" else {"input": file.read()}
        done = subprocess.run(command, capture_output=True, check=True, **source)
    assert json.loads(done.stdout)["added"] == 4


def test_standard_input_cannot_be_read_twice(run: Run, archive: Path) -> None:
    assert "only once" in run("import", "-", "-", status=2).stderr


SOUND = snapshot("s").encode()
BROKEN = {
    "cut.xml": SOUND[:200],
    "tags.xml": SOUND.replace(b"</state>", b"</stat>"),
    "doctype.xml": b"<!DOCTYPE domainsnapshot [<!ENTITY a 'a'>]>" + SOUND,
    "latin.xml": SOUND.replace(b"shutoff", b"shut\xf6ff"),
    "root.xml": SOUND.replace(b"domainsnapshot", b"domaincheckpoint"),
    "nameless.xml": SOUND.replace(b"  <name>s</name>\n", b"", 1),
    "time.xml": SOUND.replace(str(NOON).encode(), b"noon"),
}


@pytest.mark.parametrize("packing", ["directory", "tar"])
def test_of_1000_documents_7_broken_in_7_ways_cost_7(
    run: Run, tmp_path: Path, packing: str
) -> None:
    place = tmp_path / "in" / "snapshot" / "web"
    place.mkdir(parents=True)
    for n in range(993):
        text = snapshot(f"s{n:03}", f"s{n - 1:03}" if n else None, NOON + n)
        (place / f"{n:03}.xml").write_text(text, encoding="utf-8")
    for name, data in BROKEN.items():
        (place / name).write_bytes(data)
    source = tmp_path / "in"
    if packing == "tar":
        source = tmp_path / "a.tar"
        with tarfile.open(source, "w") as into:
            into.add(place, "snapshot/web")
    report = json.loads(run("import", "--json", source, status=3).stdout)
    assert (report["documents"], report["added"], report["failed"]) == (1000, 993, 7)
    failures = {failure["file"]: failure for failure in report["failures"]}
    assert failures.keys() == {f"snapshot/web/{name}" for name in BROKEN}
    codes = {file.rpartition("/")[2]: failure["code"] for file, failure in failures.items()}
    assert len(set(codes.values())) == 7, codes
    offsets = {file.rpartition("/")[2]: failure["offset"] for file, failure in failures.items()}
    assert all(isinstance(offset, int) for offset in offsets.values())
    assert offsets["cut.xml"] == 200
    assert offsets["doctype.xml"] == 0
    assert offsets["latin.xml"] == BROKEN["latin.xml"].index(b"\xf6")
    assert len(json.loads(run("list", "--json", "web").stdout)) == 993


def test_the_store_says_which_file_an_event_came_from(run: Run, archive: Path) -> None:
    run("import", archive)
    events = [json.loads(line) for line in run("log", "--json").stdout.splitlines()]
    assert "snapshot:db/only.xml" in {event["source"] for event in events}


def test_mirror_deletes_and_says_so(run: Run, archive: Path, tmp_path: Path) -> None:
    run("import", archive)
    (archive / "web" / "mid.xml").unlink()
    report = json.loads(run("import", "--mirror", "--json", archive).stdout)
    assert report["deleted"] == 1
    assert [note["code"] for note in report["notes"]] == ["missing-parent"] * 2
    empty = tmp_path / "empty"
    empty.mkdir()
    report = json.loads(run("import", "--mirror", "--json", empty, status=3).stdout)
    assert [failure["code"] for failure in report["failures"]] == ["empty-source"]


def test_a_path_that_cannot_be_opened_keeps_a_mirror_from_deleting(
    run: Run, archive: Path, tmp_path: Path
) -> None:
    run("import", archive)
    (archive / "web" / "mid.xml").unlink()
    paths = [archive, tmp_path / "not there"]
    report = json.loads(run("import", "--mirror", "--json", *paths, status=3).stdout)
    assert report["deleted"] == 0
    assert "mirror-incomplete" in [note["code"] for note in report["notes"]]
