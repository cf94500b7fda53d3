"""The commands that read: tree, list, show, log, export."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli_samples import DB, NOON, WEB, Run, run_lineage, snapshot, write_archive


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


def listed(run: Run, *args: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(run("list", "--json", *args).stdout)
    return records


@pytest.mark.parametrize(
    "args", [["tree"], ["list"], ["show", "web", "s"], ["log"], ["record", "undefine", "web"]]
)
def test_without_a_store_a_command_says_so_and_creates_nothing(
    run: Run, tmp_path: Path, args: list[str]
) -> None:
    result = run(*args, status=5)
    assert result.stderr.startswith("lineage: there is no store at ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("args", [["tree"], ["list"], ["show", "web", "base"], ["log"], ["export"]])
def test_a_file_that_is_no_store_or_a_damaged_one_is_status_5(
    filled: Run, tmp_path: Path, args: list[str]
) -> None:
    if args == ["export"]:
        args = ["export", "--to", str(tmp_path / "out")]
    store = tmp_path / "store.db"
    with store.open("r+b") as file:
        file.seek(100)
        file.write(bytes(range(256)) * 15)
    filled(*args, status=5)
    store.write_bytes(b"something else")
    filled(*args, status=5)
    assert not (tmp_path / "out").exists()


def test_tree_shows_every_domain_its_current_snapshot_and_missing_parents(filled: Run) -> None:
    assert filled("tree").stdout == (
        f"db  {DB}\n"
        "? (missing parent lost)\n"
        "o only  2012-10-23T13:46:45Z  shutoff  internal\n"
        "\n"
        f"web  {WEB}\n"
        "o base  2012-10-23T13:46:40Z  shutoff  internal\n"
        "o mid  2012-10-23T13:47:40Z  shutoff  internal\n"
        "* top  2012-10-23T13:48:40Z  shutoff  internal  (current)\n"
    )


def test_tree_takes_names_and_uuids(filled: Run) -> None:
    by_name = filled("tree", "web").stdout
    assert filled("tree", WEB.upper()).stdout == by_name
    assert filled("tree", "web", "db").stdout.startswith(by_name)


def test_an_unknown_domain_or_snapshot_is_status_1_and_no_half_answer(filled: Run) -> None:
    result = filled("tree", "web", "nosuch", status=1)
    assert (result.stdout, "nosuch" in result.stderr) == ("", True)
    assert filled("show", "web", "nosuch", status=1).stdout == ""


def test_at_shows_the_tree_as_it_was(filled: Run) -> None:
    before = filled("tree", "web").stdout
    position = json.loads(filled("log", "--json").stdout.splitlines()[-1])["position"]
    recorded = json.loads(filled("log", "--json").stdout.splitlines()[-1])["recorded"]
    filled("record", "delete", "web", "mid")
    assert "mid" not in filled("tree", "web").stdout
    assert filled("tree", "web", "--at", str(position)).stdout == before
    assert filled("tree", "web", "--at", recorded).stdout == before
    assert filled("tree", "--at", "0").stdout == ""
    filled("tree", "web", "--at", "0", status=1)
    filled("tree", "web", "--at", "1000000", status=1)


def test_list_is_ordered_by_creation_time_and_names_what_is_current_or_missing(filled: Run) -> None:
    lines = filled("list").stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["Domain", "Snapshot", "Created", "State", "Location", "Parent"],
        ["db", "only", "2012-10-23T13:46:45Z", "shutoff", "internal", "lost", "(missing)"],
        ["web", "base", "2012-10-23T13:46:40Z", "shutoff", "internal", "-"],
        ["web", "mid", "2012-10-23T13:47:40Z", "shutoff", "internal", "base"],
        ["*", "web", "top", "2012-10-23T13:48:40Z", "shutoff", "internal", "mid"],
    ]


def test_list_as_json_has_the_fields_that_its_help_names(filled: Run) -> None:
    records = listed(filled, "web")
    assert [record["name"] for record in records] == ["base", "mid", "top"]
    assert {key: records[1][key] for key in records[1] if key != "recorded_at"} == {
        "domain": WEB,
        "domain_name": "web",
        "name": "mid",
        "parent": "base",
        "parent_missing": False,
        "current": False,
        "creation_time": NOON + 60,
        "created": "2012-10-23T13:47:40Z",
        "state": "shutoff",
        "location": "internal",
        "description": "before the upgrade",
        "position": records[1]["position"],
        "version": records[1]["version"],
        "annotations": {},
    }
    text = filled("list", "--help").stdout
    assert all(field in text for field in records[1])


def test_list_of_domains(filled: Run) -> None:
    records = listed(filled, "--domains")
    assert [(r["domain_name"], r["snapshots"], r["current"]) for r in records] == [
        ("db", 1, None),
        ("web", 3, "top"),
    ]
    assert filled("list", "--domains", "db").stdout.splitlines()[1].split() == ["db", DB, "1", "-"]


def test_an_empty_list_is_an_empty_array(filled: Run) -> None:
    filled("record", "undefine", "web")
    filled("record", "undefine", "db")
    assert listed(filled) == []
    assert listed(filled, "--domains") == []


def test_show_prints_exactly_the_document_without_active(filled: Run, archive: Path) -> None:
    stored = (archive / "web" / "top.xml").read_bytes()
    assert filled("show", "web", "top").stdout_bytes == stored.replace(
        b"  <active>1</active>\n", b""
    )


def test_show_at_a_position_before_a_redefinition_prints_the_old_document(
    filled: Run, archive: Path
) -> None:
    old = filled("show", "web", "base").stdout_bytes
    position = json.loads(filled("log", "--json").stdout.splitlines()[-1])["position"]
    (archive / "web" / "base.xml").write_text(snapshot("base", description="new"), "utf-8")
    filled("import", archive)
    assert b"new" in filled("show", "web", "base").stdout_bytes
    assert filled("show", "web", "base", "--at", str(position)).stdout_bytes == old


def test_log_prints_events_in_order_and_pages(filled: Run) -> None:
    filled("record", "rename", "web", "mid", "middle")
    filled("record", "delete", "web", "base", "--children")
    lines = filled("log").stdout.splitlines()
    assert [int(line.split()[0]) for line in lines] == list(range(1, len(lines) + 1))
    assert lines[-2].endswith("renamed mid to middle")
    assert lines[-1].endswith("deleted base (children)")
    assert filled("log", "--after", "2", "--limit", "1").stdout.splitlines() == [lines[2]]
    assert [line for line in lines if "  db  " in line] == filled("log", "db").stdout.splitlines()
    filled("log", "nosuch", status=1)


def test_log_as_json_is_an_object_a_line_with_its_events_fields(filled: Run, archive: Path) -> None:
    filled("record", "rename", "web", "mid", "middle")
    filled("record", "current", "web", "--none")
    filled("record", "delete", "web", "top")
    filled("record", "undefine", "web")
    events = [json.loads(line) for line in filled("log", WEB, "--json").stdout.splitlines()]
    assert [event["version"] for event in events] == list(range(1, len(events) + 1))
    (base,) = [event for event in events if event.get("name") == "base"]
    stored = (archive / "web" / "base.xml").read_bytes().replace(b"  <active>0</active>\n", b"")
    assert base["digest"] == hashlib.sha256(stored).hexdigest()
    assert (base["event"], base["domain"], base["domain_name"]) == ("defined", WEB, "web")
    envelope = {"position", "domain", "domain_name", "version", "recorded_at", "recorded", "source"}
    envelope.add("commit")
    assert [{k: v for k, v in event.items() if k not in envelope} for event in events[-4:]] == [
        {"event": "renamed", "old": "mid", "new": "middle"},
        {"event": "current-changed", "name": None},
        {"event": "deleted", "name": "top", "scope": "single"},
        {"event": "undefined"},
    ]


def test_export_gives_back_byte_for_byte_what_was_imported(
    filled: Run, archive: Path, tmp_path: Path
) -> None:
    filled("export", "--to", tmp_path / "out")
    out = tmp_path / "out"
    for path in archive.rglob("*.xml"):
        (copy,) = out.rglob(str(path.relative_to(archive)))
        text = copy.read_bytes()
        assert text.startswith(b"<!--\nWARNING: ")
        assert text.partition(b"-->\n\n")[2] == path.read_bytes()
    assert len(list(out.rglob("*.xml"))) == 4


def test_export_of_one_domain_to_a_tar_can_be_imported(filled: Run, tmp_path: Path) -> None:
    filled("export", "web", "--to", tmp_path / "web.tar")
    report = json.loads(filled("import", "--json", tmp_path / "web.tar").stdout)
    assert (report["documents"], report["equal"]) == (3, 3)


def test_export_of_an_unknown_domain_creates_nothing(filled: Run, tmp_path: Path) -> None:
    filled("export", "nosuch", "--to", tmp_path / "out", status=1)
    assert not (tmp_path / "out").exists()
