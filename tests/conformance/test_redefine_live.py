"""A stored tree is put back into libvirt, whatever is there and whatever libvirt refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .libvirt_child import LiveLibvirt
from .operating import NOON, Operator

pytestmark = pytest.mark.live

HOSTILE = [
    "a/b",
    "..",
    ".dot",
    "sp ace",
    " lead",
    "tab\there",
    "0",
    "01",
    "x" * 300,
    "名前😀",
    "\u200d",
    "\u202e",
    "\u009b31m",
    "\u0085",
    "<b>&\"'",
    "[/nope]",
    "$(id)",
    "`id`",
    "';exit 7;'",
    "-o",
    "--current",
    "=1+1",
    "%s%n",
    "*",
    "@{1}",
    "back\\slash",
]


@pytest.fixture
def operator(live: LiveLibvirt, tmp_path: Path) -> Operator:
    return Operator(live, tmp_path / "store.db")


def outcomes(report: Any) -> dict[str, str]:
    """What became of each snapshot's definition."""
    return {i["snapshot"]: i["outcome"] for i in report["snapshots"] if i["step"] == "define"}


def family(operator: Operator, *documents: str) -> None:
    """Have libvirt and the store hold these."""
    for document in documents:
        operator.live.call("redefine", document)
    operator.lineage("capture")


def bush(operator: Operator) -> list[str]:
    """base with two children, one of which has a child."""
    return [
        operator.document("base"),
        operator.document("left", "base", NOON + 1),
        operator.document("leaf", "left", NOON + 2),
        operator.document("right", "base", NOON + 3),
    ]


def test_what_is_there_byte_for_byte_is_left_alone(operator: Operator) -> None:
    family(operator, *bush(operator))
    operator.live.call("redefine", operator.document("left", "base", NOON + 1))  # now it is first
    before = operator.seen()
    report = operator.told("redefine", "test")
    assert set(outcomes(report).values()) == {"there"}
    assert operator.seen() == before


def test_what_is_missing_is_put_beside_what_is_there(operator: Operator) -> None:
    family(operator, *bush(operator))
    operator.live.call("delete", "left", "CHILDREN")
    report = operator.told("redefine", "test")
    assert outcomes(report) == {"base": "there", "left": "done", "leaf": "done", "right": "there"}
    assert operator.told("redefine", "test")["snapshots"] == [
        {**item, "outcome": "there"} for item in report["snapshots"]
    ]


def test_another_document_of_the_name_is_replaced(operator: Operator) -> None:
    family(operator, *bush(operator))
    operator.live.call("redefine", operator.document("left", None, NOON + 1, text="edited"))
    report = operator.told("redefine", "test")
    assert [item["snapshot"] for item in report["snapshots"] if item["replaced"]] == ["left"]
    assert operator.seen()["parents"]["left"] == "base"
    assert operator.lineage("undefine-guard", "test") == ""


def test_a_refused_snapshot_blocks_its_descendants_and_nothing_else(operator: Operator) -> None:
    family(operator, *bush(operator))
    operator.fresh_world()
    # libvirt never lets a snapshot become one of a running domain, or of a paused one
    operator.live.call("redefine", operator.document("left", state="running"))
    report = operator.told("redefine", "test", status=3)
    assert outcomes(report) == {
        "base": "done",
        "left": "refused",
        "leaf": "blocked",
        "right": "done",
    }
    (refused,) = [i for i in report["snapshots"] if i["outcome"] == "refused"]
    assert "cannot change between online and offline snapshot state" in refused["message"]
    assert set(operator.seen()["parents"]) == {"base", "left", "right"}


def test_a_snapshot_whose_parent_is_missing_is_refused_in_libvirts_words(
    operator: Operator, tmp_path: Path
) -> None:
    for number, (name, parent) in enumerate([("lost", "gone"), ("below", "lost"), ("whole", None)]):
        path = tmp_path / f"{number}.xml"
        path.write_text(operator.document(name, parent, NOON + number))
    operator.plain("import", tmp_path)
    report = operator.told("redefine", "test", status=3)
    assert outcomes(report) == {"lost": "refused", "below": "blocked", "whole": "done"}
    messages = {i["snapshot"]: i["message"] for i in report["snapshots"]}
    assert "parent gone for moment lost not found" in messages["lost"]
    assert messages["below"] == "its parent 'lost' is not there"


def test_a_cycle_stops_nobody_else(operator: Operator, tmp_path: Path) -> None:
    for number, (name, parent) in enumerate([("x", "y"), ("y", "x"), ("z", None)]):
        path = tmp_path / f"{number}.xml"
        path.write_text(operator.document(name, parent, NOON + number))
    operator.plain("import", tmp_path)
    report = operator.told("redefine", "test", status=3)
    assert outcomes(report) == {"x": "refused", "y": "blocked", "z": "done"}


@pytest.mark.parametrize("current", ["base", "left", "leaf", "right"])
def test_the_current_one_is_made_current_last(operator: Operator, current: str) -> None:
    family(operator, *bush(operator))
    operator.live.call("revert", current)
    operator.lineage("capture")
    before = operator.seen()
    operator.fresh_world()
    report = operator.told("redefine", "test")
    assert report["snapshots"][-1]["snapshot"] == report["current"] == current
    after = operator.seen()
    assert (after["xml"], after["current"]) == (before["xml"], current)


def test_if_only_the_current_one_differs_it_is_moved(operator: Operator) -> None:
    family(operator, *bush(operator))
    for current in ("leaf", "base"):  # a leaf, and one with children
        operator.live.call("revert", current)
        operator.lineage("capture")
        operator.live.call("revert", "right")
        report = operator.told("redefine", "test")
        moved = [i for i in report["snapshots"] if i["outcome"] == "done"]
        assert [(i["snapshot"], i["step"]) for i in moved] == [(current, "current")]
        assert operator.seen()["current"] == current


def test_a_current_one_that_is_refused_is_not_made_current(operator: Operator) -> None:
    family(operator, *bush(operator))
    operator.live.call("revert", "left")
    operator.lineage("capture")
    operator.fresh_world()
    operator.live.call("redefine", operator.document("left", state="running"))
    report = operator.told("redefine", "test", status=3)
    last = report["snapshots"][-1]
    assert (last["snapshot"], last["step"], last["outcome"]) == ("left", "current", "blocked")
    assert report["current"] is None


def test_a_tree_of_the_past_is_put_back(operator: Operator) -> None:
    family(operator, *bush(operator))
    before = operator.seen()
    operator.live.call("delete", "base")
    operator.lineage("capture")
    operator.fresh_world()
    operator.lineage("redefine", "test", "--at", "4")
    assert operator.seen()["parents"] == before["parents"]
    operator.fresh_world()
    operator.lineage("redefine", "test@{4}")
    assert operator.seen()["xml"] == before["xml"]


def test_snapshots_that_the_store_does_not_have_are_left_and_named(operator: Operator) -> None:
    family(operator, *bush(operator))
    operator.live.call("redefine", operator.document("mine", "leaf"))
    told = operator.lineage("redefine", "test")
    assert "left alone, not in the store: mine" in told
    assert operator.told("redefine", "test")["others"] == ["mine"]
    assert operator.seen()["parents"]["mine"] == "leaf"


def test_a_domain_that_libvirt_does_not_have_is_no_place_for_snapshots(
    operator: Operator, tmp_path: Path
) -> None:
    family(operator, *bush(operator))
    node = tmp_path / "node.xml"
    domain = operator.live.call("domain_xml").replace(operator.uuid, operator.uuid[:-1] + "0")
    node.write_text(f"<node>{domain}</node>", encoding="utf-8")
    given = ["redefine", "test", "--store", str(operator.store), "--connect", f"test://{node}"]
    done = operator.live.call("lineage", *given)
    assert done["status"] == 1
    assert f"libvirt has no domain '{operator.uuid}'" in done["output"]


def test_any_name_goes_there_and_back(operator: Operator) -> None:
    parents = [None, *HOSTILE]
    documents = [operator.document(n, p) for n, p in zip(HOSTILE, parents, strict=False)]
    family(operator, *documents)
    operator.live.call("revert", HOSTILE[7])
    operator.lineage("capture")
    before = operator.seen()
    assert set(before["parents"]) == set(HOSTILE)
    operator.fresh_world()
    told = operator.lineage("redefine", "test")
    assert all(line.isprintable() for line in told.splitlines())
    after = operator.seen()
    assert (after["xml"], after["current"]) == (before["xml"], HOSTILE[7])
    assert operator.lineage("undefine-guard", "test") == ""
