"""`lineage stats`: the figures are those that can be counted otherwise."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import apsw
import pytest

import lineage
from lineage.cli.log import command as log_command
from lineage.events import TAGS
from lineage.log import MemoryLog, SQLiteLog
from lineage.log import figures as figures_module
from lineage.log.base import Append, NewEvent
from lineage.stats import stats
from tests.unit.cli_samples import DB, WEB, Run, run_lineage, write_archive


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("LINEAGE_STORE", str(tmp_path / "store.db"))
    run_lineage("import", write_archive(tmp_path / "snapshot"))
    run_lineage("record", "delete", WEB, "mid")
    run_lineage("record", "rename", WEB, "base", "root")
    run_lineage("record", "undefine", DB)
    return run_lineage


def told(run: Run) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(run("stats", "--json").stdout)
    return record


def test_events_domains_and_snapshots_are_counted(run: Run, tmp_path: Path) -> None:
    with lineage.Store(tmp_path / "store.db", readonly=True) as store:
        events = list(store.events())
        commits = {event.commit for event in store.log.read()}
    found = told(run)
    assert found["events"] == len(events)
    assert {kind: count for kind, count in found["kinds"].items() if count} == {
        "defined": 4,
        "deleted": 1,
        "current-changed": 1,
        "renamed": 1,
        "undefined": 1,
    }
    assert sum(found["kinds"].values()) == len(events)
    assert (found["domains"], found["undefined"], found["snapshots"]) == (1, 1, 2)
    assert found["documents"] == 4
    assert found["commits"] == len(commits) > 3
    assert found["oldest_recorded_at"] == min(event.recorded_at for event in events)
    assert found["newest_recorded_at"] == max(event.recorded_at for event in events)
    assert found["oldest_recorded"] <= found["newest_recorded"]


def test_kinds_are_named_as_the_log_names_them(run: Run) -> None:
    log = [json.loads(line)["event"] for line in run("log", "--json").stdout.splitlines()]
    found = told(run)["kinds"]
    assert {kind: count for kind, count in found.items() if count} == dict(Counter(log))
    assert len(found) == len(TAGS)
    text = " ".join((log_command.help or "").split())
    assert all(kind in text for kind in found)


def test_sizes_are_those_of_the_files_and_tables(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with lineage.Store(path) as store:
        store.undefine(WEB)
        wal = path.with_name("store.db-wal").stat().st_size
        assert wal > 0
        found = stats(store)
        assert (found.file, found.wal) == (path.stat().st_size, wal)
        assert found.per_document == (found.file + wal) / 4
        reader = apsw.Connection(str(path))
        assert found.tables is not None
        assert sum(found.tables.values()) + found.free == reader.pragma("page_count") * 4096
        names = {name for (name,) in reader.execute("SELECT name FROM sqlite_schema")}
        assert "events" in found.tables.keys() <= names | {"sqlite_schema"}
        (packed,) = reader.execute("SELECT sum(length(data)) FROM packs").fetchone() or (0,)
        assert (found.bodies, found.body_bytes) == (2, packed)
        assert found.format == reader.pragma("user_version")
        reader.close()
    assert found.sqlite == apsw.sqlite_lib_version()


def test_the_fields_are_those_that_the_help_names(run: Run) -> None:
    words = set(run("stats", "--help").stdout.replace(",", " ").split())
    assert told(run).keys() <= words


def test_a_person_reads_a_line_each(run: Run) -> None:
    lines = dict(line.split(":", 1) for line in run("stats").stdout.splitlines())
    assert lines["Events"].strip() == (
        "8 (4 defined, 1 deleted, 1 current-changed, 1 renamed, 1 undefined)"
    )
    assert lines["Domains"].strip() == "1 (1 undefined)"
    assert (lines["Snapshots"].strip(), lines["Documents"].strip()) == ("2", "4 recorded")
    assert lines["  events"].endswith(" bytes")


def test_an_sqlite_that_cannot_tell_tables_apart_is_no_error(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures_module.apsw, "compile_options", ())
    found = told(run)
    assert found["tables"] is None
    assert found["file"] > 0
    assert "  events" not in run("stats").stdout


def test_an_empty_store_has_figures_too(tmp_path: Path) -> None:
    lineage.Store(tmp_path / "store.db").close()
    found = json.loads(run_lineage("stats", "--json", "--store", tmp_path / "store.db").stdout)
    assert (found["events"], found["snapshots"], found["per_document"]) == (0, 0, None)
    assert found["oldest_recorded"] is None
    assert "Oldest" not in run_lineage("stats", "--store", tmp_path / "store.db").stdout


def test_a_log_without_a_file_says_so() -> None:
    with pytest.raises(lineage.LineageError, match="MemoryLog"):
        stats(lineage.Store.over(MemoryLog()))


def test_figures_of_many_events_take_no_memory(tmp_path: Path) -> None:
    log = SQLiteLog(tmp_path / "store.db")
    peaks = []
    for _ in range(2):
        events = [NewEvent(6, 1, b"\x90") for _ in range(20_000)]
        log.append([Append("name:vm", events)])
        tracemalloc.start()
        count = sum(log.figures().tags.values())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    log.close()
    assert count == 40_000
    assert peaks[1] < peaks[0] + 10_000
