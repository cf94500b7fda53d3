"""``lineage check``: what it prints, and its exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lineage.cli.progress import Percentage
from lineage.log import SQLiteLog
from lineage.log.schema import OBJECTS
from tests.unit.cli_samples import DB, WEB, run_lineage, write_archive


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "s.db"
    run_lineage("import", write_archive(tmp_path / "snapshot"), "--store", path)
    return path


def hurt(path: Path) -> None:
    """The first event is no longer of its kind."""
    log = SQLiteLog(path)
    connection = log._connection
    assert connection is not None
    connection.execute("DROP TRIGGER events_no_update")
    connection.execute("UPDATE events SET tag = 3 WHERE position = 1")
    connection.execute(OBJECTS["events_no_update"])
    log.close()


def test_a_good_store_prints_nothing_and_is_0(store: Path) -> None:
    result = run_lineage("check", "--store", store)
    assert result.output == ""


def test_findings_are_a_line_each_and_the_status_is_1(store: Path) -> None:
    hurt(store)
    lines = run_lineage("check", "--store", store, status=1).stdout.splitlines()
    assert len(lines) == 1
    severity, code, domain, position, message = lines[0].split("  ")
    assert (severity, code, position) == ("error", "broken-chain", "1")
    assert domain in (WEB, DB)
    assert "hash" in message


def test_findings_are_a_json_object_a_line(store: Path) -> None:
    hurt(store)
    result = run_lineage("check", "--json", "--store", store, status=1)
    (finding,) = map(json.loads, result.stdout.splitlines())
    assert list(finding) == ["severity", "code", "domain", "position", "version", "message"]
    assert (finding["severity"], finding["code"]) == ("error", "broken-chain")
    assert (finding["position"], finding["version"]) == (1, 1)


def test_the_parts_of_a_store_together_find_what_the_whole_does(store: Path) -> None:
    hurt(store)
    whole = run_lineage("check", "--store", store, status=1).stdout
    parts = [
        run_lineage("check", "--subset", part, "--store", store, status=status).stdout
        for part, status in (("1/2", 1), ("2/2", 0))
    ]
    assert "".join(parts) == whole


@pytest.mark.parametrize("part", ["0/2", "3/2", "1", "a/b", "1/0", "1/2/3", "-1/2", "١/٢", ""])
def test_a_part_that_there_is_not_is_wrong_usage(store: Path, part: str) -> None:
    run_lineage("check", f"--subset={part}", "--store", store, status=2)


def test_what_is_no_store_or_cannot_be_opened_is_5(store: Path, tmp_path: Path) -> None:
    run_lineage("check", "--store", tmp_path / "none.db", status=5)
    other = tmp_path / "other.db"
    other.write_bytes(b"SQLite format 3\0" + bytes(5000))
    run_lineage("check", "--store", other, status=5)
    content = store.read_bytes()
    store.write_bytes(content.replace(b"CREATE TABLE runs", b"CREATE TABEL runs"))
    result = run_lineage("check", "--store", store, status=5)
    assert store.name in result.stderr


def test_progress_is_a_line_that_makes_room_for_others(capsys: pytest.CaptureFixture[str]) -> None:
    line = Percentage("checking", watched=True)
    assert line.show is not None
    for done in (0, 1, 1, 2):
        line.show(done, 2)
    line.clear()
    line.clear()
    shown = "\rchecking: 0 %\rchecking: 50 %\rchecking: 100 %"
    assert capsys.readouterr().err == f"{shown}\r{' ' * len('checking: 100 %')}\r"
    assert Percentage("checking", watched=False).show is None


def test_nothing_of_a_document_is_printed(store: Path) -> None:
    content = bytearray(store.read_bytes())
    for at in range(4096, len(content), 700):
        page = at // 4096 * 4096
        if b"CREATE" not in content[page : page + 4096]:
            content[at] ^= 0x10
    store.write_bytes(content)
    result = run_lineage("check", "--store", store, status=1)
    assert "before the upgrade" not in result.output
    assert "<" not in result.output
