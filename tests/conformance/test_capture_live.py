"""A capture makes events of how libvirt's snapshots differ from the stored ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

import lineage
from lineage.model import Secure

from .libvirt_child import DEFAULT, LiveLibvirt
from .operating import NOON, Operator

pytestmark = pytest.mark.live

SECOND = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def operator(live: LiveLibvirt, tmp_path: Path) -> Operator:
    return Operator(live, tmp_path / "store.db")


def make(operator: Operator, *names: str) -> None:
    for name in names:
        operator.live.call("create", f"<domainsnapshot><name>{name}</name></domainsnapshot>")


def changes(operator: Operator, *args: str) -> list[tuple[str, str | None]]:
    """What a capture recorded."""
    report = operator.told("capture", *args)
    return [(change["what"], change["snapshot"]) for change in report["changes"]]


def agree(operator: Operator) -> None:
    """The store and libvirt have the same snapshots, the same tree, the same documents."""
    seen = operator.seen()
    with lineage.Store(operator.store, readonly=True) as store:
        tree = store.tree(operator.uuid)
        assert {name: tree[name].parent for name in tree} == seen["parents"]
        assert tree.current == seen["current"]
        assert {name: store.xml(operator.uuid, name).decode() for name in tree} == seen["xml"]


def test_what_was_made_is_defined_parents_first_and_in_one_commit(operator: Operator) -> None:
    make(operator, "b", "a")
    assert changes(operator) == [("defined", "b"), ("defined", "a"), ("current", "a")]
    with lineage.Store(operator.store, readonly=True) as store:
        events = list(store.events())
    assert len({event.commit for event in events}) == 1
    assert {event.source for event in events} == {"libvirt+test:///default/test"}
    agree(operator)


def test_capturing_again_adds_no_event(operator: Operator) -> None:
    make(operator, "a", "b")
    operator.lineage("capture")
    assert changes(operator) == []


def test_a_deletion_is_one_event_and_children_follow_it_without_another(
    operator: Operator,
) -> None:
    make(operator, "a", "b", "c")
    operator.lineage("capture")
    operator.live.call("delete", "b")
    assert changes(operator) == [("deleted", "b")]
    agree(operator)


def test_a_deletion_with_all_descendants_is_one_event(operator: Operator) -> None:
    make(operator, "a", "b", "c", "d")
    operator.lineage("capture")
    operator.live.call("delete", "b", "CHILDREN")
    report = operator.told("capture")
    assert [(c["snapshot"], c["scope"]) for c in report["changes"]] == [("b", "children")]
    agree(operator)


def test_reverting_is_a_change_of_the_current_one(operator: Operator) -> None:
    make(operator, "a", "b")
    operator.lineage("capture")
    operator.live.call("revert", "a")
    assert changes(operator) == [("current", "a")]


def test_an_edited_snapshot_is_redefined(operator: Operator) -> None:
    operator.live.call("redefine", operator.document("a", text="before"))
    operator.lineage("capture")
    operator.live.call("redefine", operator.document("a", text="after"))
    assert changes(operator) == [("redefined", "a")]
    agree(operator)


def test_a_snapshot_that_was_renamed_is_another_one(operator: Operator) -> None:
    operator.live.call("redefine", operator.document("a"))
    operator.live.call("redefine", operator.document("b", "a"))
    operator.lineage("capture")
    operator.live.call("redefine", operator.document("new"))
    operator.live.call("delete", "a")
    assert changes(operator) == [("deleted", "a"), ("defined", "new")]
    agree(operator)


def test_documents_are_marked_as_dumped_with_their_passwords_or_without(
    operator: Operator,
) -> None:
    operator.live.call("redefine", operator.document("open"))
    operator.lineage("capture")
    operator.live.call("redefine", operator.document("hidden", created=NOON + 1))
    operator.lineage("capture", "--readonly")
    with lineage.Store(operator.store, readonly=True) as store:
        tree = store.tree(operator.uuid)
        assert tree["open"].definition.secure is Secure.YES
        assert tree["hidden"].definition.secure is Secure.NO


def test_a_document_that_has_no_place_for_passwords_lacks_none(operator: Operator) -> None:
    operator.live.call("redefine", operator.document("a"))
    assert operator.told("capture", "--readonly")["insecure"] == 0
    operator.fresh_world()
    assert operator.lineage("redefine", "test").startswith("done  a\n")


def define_second(operator: Operator) -> None:
    domain = operator.live.call("domain_xml")
    body = domain.replace("<name>test<", "<name>second<").replace(operator.uuid, SECOND)
    operator.live.call("define_domain", body)
    make(operator, "s")


def test_only_the_named_domains_are_captured(operator: Operator) -> None:
    make(operator, "a")
    define_second(operator)
    assert changes(operator, "second") == [("defined", "s"), ("current", "s")]
    assert changes(operator, operator.uuid) == [("defined", "a"), ("current", "a")]
    assert operator.told("capture")["domains"] == 2
    assert "libvirt has no domain 'third'" in operator.lineage("capture", "third", status=1)


def test_a_domain_that_is_gone_is_undefined_only_if_that_is_asked_for(
    operator: Operator,
) -> None:
    make(operator, "a")
    define_second(operator)
    operator.lineage("capture")
    operator.live.call("undefine")
    assert changes(operator) == []
    assert changes(operator, "test", "--undefine-missing") == []
    assert changes(operator, "--undefine-missing") == [("undefined", None)]
    assert changes(operator, "--undefine-missing") == []
    with lineage.Store(operator.store, readonly=True) as store:
        assert {info.name: info.undefined for info in store.domains()} == {
            "test": False,
            "second": True,
        }


def test_a_missing_domain_that_is_named_is_undefined(operator: Operator) -> None:
    define_second(operator)
    operator.lineage("capture")
    operator.live.call("undefine")
    told = operator.lineage("capture", "second", "--undefine-missing")
    assert told.startswith("second: undefined\n")


def test_a_live_libvirt_is_a_source_like_any_other(operator: Operator) -> None:
    make(operator, "a", "b")
    assert operator.live.call("ingest", str(operator.store)) == [2, 0]
    agree(operator)
    assert changes(operator) == []
    assert operator.live.call("ingest", str(operator.store)) == [0, 2]
    assert operator.lineage("undefine-guard", "test") == ""


@pytest.mark.parametrize("seed", range(8))
def test_after_any_story_the_store_has_what_libvirt_has(operator: Operator, seed: int) -> None:
    dice = Random(seed)
    make(operator, "first")
    operator.lineage("capture")
    for _ in range(12):
        for _ in range(dice.randrange(1, 6)):
            step(operator, dice)
        operator.lineage("capture")
        agree(operator)
    operator.fresh_world()
    operator.lineage("redefine", "test", status=0 if operator.kept() else 1)
    agree(operator)


def step(operator: Operator, dice: Random) -> None:
    """Something that happens to snapshots."""
    call, names = operator.live.call, sorted(operator.seen()["parents"])
    what = dice.randrange(5) if names else 0
    name = dice.choice(names) if names else ""
    if what <= 1:
        make(operator, f"s{dice.randrange(10**6)}")
    elif what == 2:
        call("delete", name, *dice.choice([[], [], ["CHILDREN"], ["CHILDREN_ONLY"]]))
    elif what == 3:
        call("revert", name)
    else:
        printed = call("xml", name).replace(
            "</name>\n", f"</name>\n<description>{dice.random()}</description>\n", 1
        )
        call("redefine", printed)


def test_watching_looks_again_and_ends_when_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lineage", "capture", "--connect", DEFAULT, "--watch"]
    command += ["--interval", "0.05", "--json", "--store", str(tmp_path / "store.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        end = time.monotonic() + 30
        while not (tmp_path / "store.db-wal").exists() and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.5)
        os.kill(child.pid, signal.SIGINT)
        out, err = child.communicate(timeout=30)
    assert (child.returncode, out) == (130, b"")
    assert json.loads(err)["error"]["code"] == "interrupted"


def test_libvirt_itself_prints_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lineage", "capture", "--connect", "nosuch:///driver"]
    command += ["--store", str(tmp_path / "store.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("lineage: no connection to nosuch:///driver: ")
    assert done.stderr.count("\n") == 1


def test_a_hypervisor_that_is_not_there_is_said_in_one_line(operator: Operator) -> None:
    given = ["capture", "--store", str(operator.store), "--connect", "test:///no/such/file"]
    done = operator.live.call("lineage", *given)
    assert done["status"] == 4
    assert done["output"].count("\n") == 1
    assert "no connection to test:///no/such/file: " in done["output"]
    assert not operator.store.exists()
