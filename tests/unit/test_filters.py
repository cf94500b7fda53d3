"""``store.snapshots`` and ``lineage list`` with libvirt's filters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lineage.errors import NotFound
from lineage.filters import Filter
from lineage.listing import lines_of
from lineage.log.memory import MemoryLog
from lineage.store import Store
from tests.unit.cli_samples import run_lineage, write_archive
from tests.unit.store_samples import NOON, A, B, body, snapshot

OTHER = body(B, "other")


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.over(MemoryLog()) as opened:
        yield opened


def names(store: Store, *domains: str, **wanted: Any) -> list[str]:
    return [line.name for line in store.snapshots(*domains, **wanted)]


def family(store: Store) -> None:
    """base, its children late and early, and top below early; older than all: other's."""
    for name, parent, created in (
        ("base", None, NOON),
        ("late", "base", NOON + 9),
        ("early", "base", NOON + 1),
        ("top", "early", NOON + 2),
    ):
        store.record(snapshot(name, parent, created))
    store.record(snapshot("base", None, 1, domain=OTHER))
    store.record(snapshot("kid", "base", 2, domain=OTHER))


def test_a_list_is_by_creation_time_and_topologically_by_families(store: Store) -> None:
    family(store)
    assert names(store, A) == ["base", "early", "top", "late"]
    store.record(snapshot("early", "base", NOON + 99))
    assert names(store, A) == ["base", "top", "late", "early"]
    assert names(store, A, topological=True) == ["base", "late", "early", "top"]


def test_each_domain_has_its_own_family(store: Store) -> None:
    family(store)
    assert names(store, A, B, roots=True) == ["base", "base"]
    assert names(store, from_="base") == ["kid", "early", "late"]
    assert names(store, A, from_="base", descendants=True) == ["early", "top", "late"]
    assert names(store, from_="kid") == []


def test_a_domain_named_twice_is_listed_twice_and_no_more(store: Store) -> None:
    family(store)
    assert names(store, A, A, from_="early") == ["top", "top"]


def test_without_the_snapshot_there_is_nothing_below(store: Store) -> None:
    family(store)
    with pytest.raises(NotFound):
        names(store, from_="nowhere")
    with pytest.raises(NotFound):
        names(store, B, from_="late")
    assert names(store, current=True) == []


def test_filters_hold_as_of_any_moment(store: Store) -> None:
    family(store)
    assert names(store, A, at=2, leaves=True) == ["late"]
    store.set_current(A, "early")
    assert names(store, A, current=True) == ["top"]
    assert names(store, A, at=2, current=True) == []


@pytest.mark.parametrize(
    "wanted",
    [
        {"roots": True, "from_": "s"},
        {"roots": True, "current": True},
        {"from_": "s", "current": True},
        {"descendants": True},
    ],
)
def test_what_makes_no_sense_is_a_value_error(store: Store, wanted: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="from"):
        store.snapshots(**wanted)


def test_no_document_is_read_for_a_list(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    family(store)

    def never(digest: bytes) -> bytes:
        raise AssertionError("a body was read")

    monkeypatch.setattr(store.log, "body", never)
    assert names(store, A, leaves=True, external=False, inactive=True) == ["top", "late"]


def test_a_deep_chain_and_a_long_cycle_take_linear_time(store: Store) -> None:
    store.record(snapshot("s", None, NOON))
    line = lines_of(store.tree(A))[0]
    many = 30_000
    chain = [
        msgspec.structs.replace(line, name=f"{n:06}", parent=f"{(n + 1) % many:06}")
        for n in range(many)
    ]
    assert [each.name for each in Filter(roots=True).chosen([chain])] == ["000000"]
    assert len(Filter(topological=True).chosen([chain])) == many
    below = Filter(from_="000000", descendants=True).chosen([chain])
    assert len(below) == many - 1


@pytest.fixture
def filled(tmp_path: Path) -> list[str]:
    """Arguments that name a store with web (base, mid, top) and db (only)."""
    path = str(tmp_path / "store.db")
    run_lineage("import", write_archive(tmp_path / "snapshot"), "--store", path)
    return ["--store", path]


def listed(*args: str) -> list[str]:
    return [record["name"] for record in json.loads(run_lineage("list", *args, "--json").stdout)]


def test_the_options_are_virsh_s(filled: list[str]) -> None:
    assert listed("web", "--roots", *filled) == ["base"]
    assert listed("web", "--leaves", *filled) == ["top"]
    assert listed("web", "--no-leaves", *filled) == ["base", "mid"]
    assert listed("web", "--from", "base", *filled) == ["mid"]
    assert listed("web", "--from", "base", "--descendants", *filled) == ["mid", "top"]
    assert listed("web", "--inactive", "--internal", *filled) == ["base", "mid", "top"]
    assert listed("web", "--external", *filled) == []
    assert listed("--roots", *filled) == ["only", "base"]
    assert listed("web@{2}", "--leaves", *filled) == listed("web", "--at", "2", "--leaves", *filled)


def test_names_alone_are_a_line_each(filled: list[str]) -> None:
    assert run_lineage("list", "web", "--name", *filled).stdout == "base\nmid\ntop\n"


def test_trees_are_drawn_whole_or_from_one_snapshot(filled: list[str]) -> None:
    whole = run_lineage("list", "web", "--tree", *filled).stdout
    assert whole == run_lineage("tree", "web", *filled).stdout
    below = run_lineage("list", "web", "--tree", "--from", "base", *filled).stdout.splitlines()
    assert [line.split()[1] for line in below[1:]] == ["base", "mid"]
    deep = run_lineage("list", "--tree", "--from", "mid", "--descendants", *filled).stdout
    rows = [line.split()[1] for line in deep.splitlines() if line.startswith(("o", "*"))]
    assert rows == ["mid", "top"]
    run_lineage("list", "web", "--tree", "--from", "nowhere", *filled, status=1)


@pytest.mark.parametrize(
    "args",
    [
        ["--tree", "--leaves"],
        ["--tree", "--name"],
        ["--tree", "--json"],
        ["--domains", "--roots"],
        ["--domains", "--tree"],
        ["--roots", "--from", "base"],
        ["--current", "--from", "base"],
        ["--descendants"],
    ],
)
def test_options_that_do_not_go_together_are_refused(filled: list[str], args: list[str]) -> None:
    run_lineage("list", "web", *args, *filled, status=2)
