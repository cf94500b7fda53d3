"""NAME@{WHEN}, wherever a domain or a snapshot is read, and the reflog of current."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lineage.cli import moments
from lineage.store import Store
from tests.unit import store_samples as samples
from tests.unit.cli_samples import WEB, Run, run_lineage, write_archive

A, B = samples.A, samples.B


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`lineage` with a store of this test's own."""
    monkeypatch.setenv("LINEAGE_STORE", str(tmp_path / "store.db"))
    return run_lineage


@pytest.fixture
def filled(run: Run, tmp_path: Path) -> Run:
    """web with base, mid and top; db with one."""
    run("import", write_archive(tmp_path / "snapshot"))
    return run


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """The store that `run` opens, to fill by hand."""
    return Store(tmp_path / "store.db")


def events(run: Run, *args: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("log", "--json", *args).stdout.splitlines()]


def test_a_domain_with_a_moment_is_the_domain_as_of_then(filled: Run) -> None:
    before = {command: filled(command, "web").stdout for command in ("tree", "list")}
    last = events(filled)[-1]
    filled("record", "delete", "web", "mid")
    for command, output in before.items():
        assert filled(command, "web").stdout != output
        for when in (str(last["position"]), last["recorded"]):
            assert filled(command, f"web@{{{when}}}").stdout == output
            assert filled(command, f"{WEB.upper()}@{{{when}}}").stdout == output
    domains = filled("list", "--domains", "--json", f"web@{{{last['position']}}}").stdout
    assert json.loads(domains)[0]["snapshots"] == 3


def test_each_domain_has_a_moment_of_its_own(filled: Run) -> None:
    last = events(filled)[-1]["position"]
    filled("record", "delete", "web", "mid")
    output = filled("tree", f"web@{{{last}}}", "web", "db").stdout
    parts = [filled("tree", f"web@{{{last}}}"), filled("tree", "web"), filled("tree", "db")]
    assert output == "\n".join(part.stdout for part in parts)


def test_a_snapshot_with_a_moment_is_the_one_of_that_name_then(filled: Run) -> None:
    base = filled("show", "web", "base").stdout_bytes
    last = events(filled)[-1]["position"]
    filled("record", "rename", "web", "base", "ground")
    filled("show", "web", "base", status=1)
    assert filled("show", "web", f"base@{{{last}}}").stdout_bytes == base
    assert filled("show", f"web@{{{last}}}", "base").stdout_bytes == base
    result = filled("show", "web", f"ground@{{{last}}}", status=1)
    assert "no snapshot 'ground'" in result.stderr


def test_an_export_takes_each_domain_as_of_its_moment(filled: Run, tmp_path: Path) -> None:
    last = events(filled)[-1]["position"]
    filled("record", "delete", "web", "mid")
    filled("record", "rename", "db", "only", "one")
    filled("export", f"web@{{{last}}}", "db", "--to", tmp_path / "out")
    found = {path.stem for path in (tmp_path / "out").rglob("*.xml")}
    assert found == {"base", "mid", "top", "one"}
    result = filled("export", "web@{1}", WEB, "--to", tmp_path / "two", status=2)
    assert "as of another moment" in result.stderr
    assert not (tmp_path / "two").exists()


def test_a_domains_literal_name_comes_first(store: Store, run: Run) -> None:
    store.record(samples.snapshot("a", domain=samples.body(A, "vm")))
    store.record(samples.snapshot("b", domain=samples.body(A, "vm")))
    store.record(samples.snapshot("c", domain=samples.body(B, "vm@{1}")))
    assert run("tree", "vm@{1}").stdout.startswith(f"vm@{{1}}  {B}")
    assert run("tree", "vm@{2}").stdout.startswith(f"vm  {A}")
    assert run("tree", "vm@{1}@{3}").stdout == run("tree", "vm@{1}").stdout
    assert run("tree", "vm@{1}", "--at", "3").stdout == run("tree", "vm@{1}").stdout
    store.undefine(B)
    assert run("list", "vm@{1}", "--json").stdout.count('"name"') == 1  # vm, as of 1
    store.close()


def test_a_snapshots_literal_name_comes_first(store: Store, run: Run) -> None:
    old, new = samples.snapshot("a"), samples.snapshot("a", description="new")
    literal = samples.snapshot("a@{1}", description="literal")
    for document in (old, new, literal):
        store.record(document)
    assert run("show", "vm", "a@{1}").stdout_bytes == literal
    assert run("show", "vm", "a@{2}").stdout_bytes == new
    assert run("show", "vm", "a@{1}@{3}").stdout_bytes == literal
    assert run("show", "vm", "a@{1}", "--at", "3").stdout_bytes == literal
    store.delete("vm", "a@{1}")
    assert run("show", "vm", "a@{1}").stdout_bytes == old
    assert run("show", "vm", "a@{1}", "--at", "3").stdout_bytes == literal
    store.close()


@pytest.mark.parametrize(
    "args",
    [
        ["tree", "web@{3}", "--at", "3"],
        ["list", "web@{3}", "--at", "3"],
        ["show", "web", "base@{3}", "--at", "3"],
        ["show", "web@{3}", "base@{3}"],
        ["export", "web@{3}", "--at", "3", "--to", "nowhere"],
    ],
)
def test_two_moments_are_wrong_usage(filled: Run, args: list[str]) -> None:
    result = filled(*args, status=2)
    assert result.stdout == ""
    assert "give one" in result.stderr


@pytest.mark.parametrize("when", ["", "-1", "yesterday", "1 ", "9" * 19, "\x1b[31m", "{", "2026-1"])
def test_a_moment_that_is_none_is_wrong_usage(filled: Run, when: str) -> None:
    for args in (["tree", f"web@{{{when}}}"], ["show", "web", f"base@{{{when}}}"]):
        result = filled(*args, status=2)
        assert "nothing is called" in result.stderr
        assert "\x1b" not in result.stderr


@pytest.mark.parametrize("word", ["web@{1", "web@1}", "@{1}", "web{1}", "web@{1}}", "web@{1}x"])
def test_what_is_not_of_the_form_is_a_name(filled: Run, word: str) -> None:
    for args in (["tree", word], ["show", "web", word]):
        assert repr(word) in filled(*args, status=1).stderr


def test_a_moment_before_the_first_event_or_after_the_last_is_not_found(filled: Run) -> None:
    for word in ("web@{0}", "web@{99}", "web@{1999-01-01}", "web@{0001-01-01T12:00Z}"):
        filled("tree", word, status=1)
    assert filled("tree", "web@{9999-12-31T12:00Z}").stdout == filled("tree", "web").stdout


def test_a_time_finer_than_microseconds_is_rounded_up() -> None:
    fine = moments.parse("2026-11-23T10:00:00.123456001Z")
    assert fine == moments.parse("2026-11-23T10:00:00.123457Z")
    assert moments.parse("2026-11-23T10:00:00,999999500+00:00") == moments.parse(
        "2026-11-23T10:00:01Z"
    )
    assert moments.parse("2026-11-23T10:00:00.123456000Z") == moments.parse(
        "2026-11-23T10:00:00.123456Z"
    )


# The reflog of current


@pytest.fixture
def moved(store: Store, run: Run) -> Run:
    """A domain whose current snapshot changed in every way there is."""
    for document in samples.chain("a", "b", "c", active="c"):  # 1, 2, 3; 4: current is c
        store.record(document)
    store.delete("vm", "c")  # 5
    store.rename("vm", "b", "two words")  # 6
    store.rename("vm", "a", "one")  # 7
    store.delete("vm", "one", "children-only")  # 8
    store.set_current("vm", None)  # 9
    store.set_current("vm", "one")  # 10
    store.undefine("vm")  # 11
    store.close()
    return run


def test_the_reflog_says_what_was_current_what_is_and_why(moved: Run) -> None:
    lines = [line.split("  ") for line in moved("log", A, "--current").stdout.splitlines()]
    assert [(line[0], *line[2:]) for line in lines] == [
        ("4", "(none) -> c", "current is c"),
        ("5", "c -> b", "deleted c"),
        ("6", 'b -> "two words"', 'renamed b to "two words"'),
        ("8", '"two words" -> one', "deleted one (children-only)"),
        ("9", "one -> (none)", "current none"),
        ("10", "(none) -> one", "current is one"),
        ("11", "one -> (none)", "undefined"),
    ]


def test_the_reflog_as_json_is_the_log_with_before_and_after(moved: Run) -> None:
    every = {event["position"]: event for event in events(moved, A)}
    moves = events(moved, A, "--current")
    pairs = [(move["position"], move["before"], move["after"]) for move in moves]
    assert pairs[:3] == [(4, None, "c"), (5, "c", "b"), (6, "b", "two words")]
    for move in moves:
        envelope = {key: move[key] for key in move if key not in ("before", "after")}
        assert envelope == every[move["position"]]
    text = moved("log", "--help").stdout
    assert all(field in text for field in moves[0])


def test_the_reflog_pages_like_the_log(moved: Run) -> None:
    whole = moved("log", A, "--current").stdout.splitlines()
    assert (
        moved("log", A, "--current", "--after", "4", "--limit", "2").stdout.splitlines()
        == (whole[1:3])
    )


def test_the_reflog_is_of_one_domain(moved: Run) -> None:
    assert "DOMAIN" in moved("log", "--current", status=2).stderr
    moved("log", "nosuch", "--current", status=1)
    moved("log", "vm", "--current", status=1)  # undefined: by its UUID alone


def test_a_hostile_name_in_the_reflog_is_harmless(store: Store, run: Run) -> None:
    for name in ("(none)", "\u202egnp", "a -> b"):
        store.record(samples.snapshot(name), current=True)
    store.close()
    lines = [line.split("  ", 2)[2] for line in run("log", "vm", "--current").stdout.splitlines()]
    assert lines == [
        '(none) -> "(none)"  current is "(none)"',
        '"(none)" -> \\u202egnp  current is \\u202egnp',
        '\\u202egnp -> "a -> b"  current is "a -> b"',
    ]
