"""`lineage record` changes what is there now, `lineage canon` nothing at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.unit.cli_samples import DB, WEB, Run, run_lineage, snapshot, write_archive


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


def test_record_changes_the_tree_and_tells_the_version(filled: Run) -> None:
    version = json.loads(filled("record", "delete", "web", "mid", "--json").stdout)["version"]
    assert "o base" in filled("tree", "web").stdout
    said = filled("record", "current", "web", "base", "--expect", str(version)).stdout
    assert said == f"web is at version {version + 1}\n"
    assert "* base" in filled("tree", "web").stdout
    filled("record", "rename", "web", "base", "-o", status=2)
    filled("record", "rename", "--", "web", "base", "-o")
    assert "* -o" in filled("tree", "web").stdout
    filled("record", "delete", "web", "--children-only", "--", "-o")
    assert "top" not in filled("tree", "web").stdout
    filled("record", "undefine", "web")
    assert "web" not in filled("tree").stdout


def test_record_tells_the_position_too(filled: Run) -> None:
    answer = json.loads(filled("record", "undefine", "web", "--json").stdout)
    last = json.loads(filled("log", "--json").stdout.splitlines()[-1])
    assert answer == {"domain": "web", "version": last["version"], "position": last["position"]}


def test_annotations_are_put_shown_and_taken_away(filled: Run) -> None:
    filled("record", "annotate", "web", "owner=ops team", "url=a=b")
    filled("record", "annotate", "web", "--snapshot", "mid", "job=7", "note=")
    filled("record", "annotate", "web", "--snapshot", "mid", "--remove", "note", "--remove", "no")
    filled("record", "annotate", "web", "owner=me", "--remove", "url")
    said = [line.split("  ")[-1] for line in filled("log", "web").stdout.splitlines()[-4:]]
    assert said == [
        'annotated: owner="ops team" url=a=b',
        'annotated mid: job=7 note=""',
        "annotated mid: -note",
        "annotated: owner=me -url",
    ]
    records = json.loads(filled("list", "web", "--json").stdout)
    assert {r["name"]: r["annotations"] for r in records} == {
        "base": {},
        "mid": {"job": "7"},
        "top": {},
    }
    (domain,) = json.loads(filled("list", "web", "--domains", "--json").stdout)
    assert domain["annotations"] == {"owner": "me"}
    event = json.loads(filled("log", "web", "--json").stdout.splitlines()[-1])
    assert event["event"] == "annotated"
    assert (event["name"], event["changes"]) == (None, {"owner": "me", "url": None})


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["novalue"],
        ["=x"],
        ["a=1", "a=2"],
        ["a=1", "--remove", "a"],
        ["--remove", ""],
        ["--remove", "a=b"],
        ["a=\x1b"],
        ["a=" + "x" * 65_537],
        ["a=\udcff"],
        ["--snapshot", "mid", "--remove", "\udcff"],
    ],
)
def test_annotations_that_are_none_are_wrong_usage(filled: Run, args: list[str]) -> None:
    before = filled("log").stdout
    filled("record", "annotate", "web", *args, status=2)
    assert filled("log").stdout == before


def test_what_is_refused_is_status_4_and_changes_nothing(filled: Run) -> None:
    before = filled("log").stdout
    filled("record", "delete", "web", "mid", "--expect", "1", status=4)
    filled("record", "rename", "web", "mid", "top", status=4)
    error = json.loads(
        filled("record", "delete", "web", "mid", "--expect", "1", "--json", status=4).stderr
    )["error"]
    assert error["code"] == "conflict"
    assert error["actual"] == len(filled("log", "web").stdout.splitlines())
    assert filled("log").stdout == before


def test_a_name_borne_by_two_domains_is_refused_with_their_uuids(
    filled: Run, tmp_path: Path
) -> None:
    twin = tmp_path / "twin.xml"
    twin.write_text(snapshot("s", uuid=DB.replace("1", "9"), domain="web"), encoding="utf-8")
    filled("import", twin)
    result = filled("tree", "web", status=4)
    assert WEB in result.stderr
    assert DB.replace("1", "9") in result.stderr


@pytest.mark.parametrize(
    "args", [["web"], ["web", "top", "--none"], ["web", "top", "--expect", "-1"]]
)
def test_record_current_takes_either_a_snapshot_or_none(filled: Run, args: list[str]) -> None:
    filled("record", "current", *args, status=2)


def test_a_name_that_no_document_can_hold_is_wrong_usage(filled: Run) -> None:
    filled("record", "rename", "web", "mid", "a\x1b", status=2)
    filled("record", "rename", "web", "mid", "", status=2)


def test_canon_brings_stdin_and_files_to_the_same_form(run: Run, tmp_path: Path) -> None:
    wanted = snapshot("s1").replace("  <active>0</active>\n", "").encode()
    loose = snapshot("s1").replace("\n", " ").replace("'", '"').encode()
    assert run("canon", given=loose).stdout_bytes == wanted
    path = tmp_path / "s1.xml"
    path.write_bytes(loose)
    assert run("canon", path, "-", path, given=loose).stdout_bytes == wanted * 3
    assert run("canon", "--mode", "internal", path).stdout_bytes == snapshot("s1").encode()


def test_canon_reports_a_broken_file_and_goes_on(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_text("<domainsnapshot>\n<a></b>", encoding="utf-8")
    (tmp_path / "good.xml").write_text(snapshot("s1"), encoding="utf-8")
    files = [tmp_path / "bad.xml", tmp_path / "nosuch.xml", tmp_path / "good.xml"]
    result = run("canon", *files, status=3)
    assert result.stdout_bytes.startswith(b"<domainsnapshot>\n  <name>s1</name>")
    broken, missing = result.stderr.splitlines()
    assert broken.startswith(f"lineage: {tmp_path}/bad.xml: ")
    assert missing == f"lineage: {tmp_path}/nosuch.xml: {os.strerror(2)}"
