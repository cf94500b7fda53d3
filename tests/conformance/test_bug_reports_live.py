"""What users of other tools reported, each put to libvirt: with `lineage` it works."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .libvirt_child import LiveLibvirt, Refused
from .operating import NOON, Operator, write_files

pytestmark = pytest.mark.live

SNAPS = [f"snap-{number}" for number in range(1, 121)]
VNC = "<graphics type='vnc' port='5900' passwd='{}'/>"


@pytest.fixture
def operator(live: LiveLibvirt, tmp_path: Path) -> Operator:
    return Operator(live, tmp_path / "store.db")


def line(names: list[str]) -> dict[str, str | None]:
    """The parents of a chain."""
    return dict(zip(names, [None, *names], strict=False))


# OpenNebula #5991, #5992: "parent snap-99 for moment snap-100 not found"


def test_a_chain_of_120_is_defined_whatever_the_order_of_the_names(
    operator: Operator, tmp_path: Path
) -> None:
    files = write_files(tmp_path / "files", operator.chain(SNAPS).items())
    operator.plain("import", files)
    report = operator.told("redefine", "test")
    assert [item["snapshot"] for item in report["snapshots"]] == SNAPS
    assert {item["outcome"] for item in report["snapshots"]} == {"done"}
    assert operator.seen()["parents"] == line(SNAPS)


def test_the_same_files_in_the_order_of_their_names_are_refused(
    operator: Operator, tmp_path: Path
) -> None:
    files = write_files(tmp_path / "files", operator.chain(SNAPS).items())
    refused = []
    for path in sorted(files.iterdir()):
        try:
            operator.live.call("redefine", path.read_text())
        except Refused as error:
            refused.append(error.message)
    assert any("parent snap-9 for moment snap-10 not found" in message for message in refused)
    assert len(operator.seen()["parents"]) < len(SNAPS)


# OpenNebula #4017: after the first of three was deleted, the file of the second still names it


def test_after_the_first_of_three_is_deleted_the_other_two_are_redefined(
    operator: Operator, tmp_path: Path
) -> None:
    files = write_files(tmp_path / "files", operator.chain(["s1", "s2", "s3"]).items())
    operator.plain("import", files)
    before = operator.plain("show", "test", "s2")
    operator.plain("record", "delete", "test", "s1")
    report = operator.told("redefine", "test")
    assert [(item["snapshot"], item["outcome"]) for item in report["snapshots"]] == [
        ("s2", "done"),
        ("s3", "done"),
    ]
    assert operator.seen()["parents"] == {"s2": None, "s3": "s2"}
    assert "<parent>" not in operator.plain("show", "test", "s2")
    assert operator.plain("show", "test", "s2@{3}") == before


def test_the_files_alone_are_refused_after_the_first_of_three_is_deleted(
    operator: Operator,
) -> None:
    documents = operator.chain(["s1", "s2", "s3"])
    with pytest.raises(Refused, match="parent s1 for moment s2 not found"):
        operator.live.call("redefine", documents["s2"])


# virtnbdbackup #17: the order of files by time


@pytest.mark.parametrize("times", ["equal", "reversed"])
def test_times_have_no_say_in_the_order_of_redefining(
    operator: Operator, tmp_path: Path, times: str
) -> None:
    names = [f"virtnbdbackup.{number}" for number in range(14)]
    parents = line(names)
    made = {name: NOON if times == "equal" else NOON - n for n, name in enumerate(names)}
    documents = {name: operator.document(name, parents[name], made[name]) for name in names}
    files = write_files(tmp_path / "files", documents.items())
    for name in names:
        os.utime(files / f"{name}.xml", (made[name], made[name]))
    operator.plain("import", files)
    report = operator.told("redefine", "test")
    assert [item["snapshot"] for item in report["snapshots"]] == names
    assert operator.seen()["parents"] == parents


# vagrant-libvirt #936: "cannot delete inactive domain with 3 snapshots"


def test_the_guard_says_no_until_all_is_stored(operator: Operator) -> None:
    for name in ("a", "b"):
        operator.live.call("create", f"<domainsnapshot><name>{name}</name></domainsnapshot>")
    operator.lineage("capture")
    operator.live.call("create", "<domainsnapshot><name>c</name></domainsnapshot>")
    told = operator.lineage("undefine-guard", "test", status=1)
    assert told.splitlines() == [
        "missing  c  the store does not have it",
        "current  c  the current snapshot in the store is 'b'",
    ]
    operator.lineage("capture")
    assert operator.lineage("undefine-guard", "test") == ""


def test_after_the_guard_said_yes_nothing_is_lost(operator: Operator) -> None:
    for name in ("a", "b", "c"):
        operator.live.call("create", f"<domainsnapshot><name>{name}</name></domainsnapshot>")
    operator.lineage("capture")
    before = operator.seen()
    operator.lineage("undefine-guard", "test")
    domain = operator.live.call("domain_xml")
    operator.live.call("stop")
    operator.live.call("undefine")
    operator.live.call("define_domain", domain)
    assert operator.seen()["parents"] == {}
    operator.lineage("redefine", "test")
    assert operator.seen() == before


# OpenNebula #5530: "cannot migrate domain with 3 snapshots"


def test_a_domain_moves_to_another_libvirt_with_all_its_snapshots(
    operator: Operator, tmp_path: Path
) -> None:
    for name in ("a", "b", "c"):
        operator.live.call("create", f"<domainsnapshot><name>{name}</name></domainsnapshot>")
    operator.live.call("revert", "b")
    operator.live.call("create", "<domainsnapshot><name>d</name></domainsnapshot>")
    operator.live.call("revert", "b")
    before = operator.seen()
    operator.lineage("capture")
    operator.fresh_world()
    assert operator.lineage("undefine-guard", "test") == ""  # nothing there to lose
    operator.lineage("redefine", "test")
    after = operator.seen()
    assert after["xml"] == before["xml"]
    assert after["current"] == before["current"] == "b"
    assert operator.lineage("undefine-guard", "test") == ""
    assert "nothing new" in operator.lineage("capture")


def test_it_moves_to_a_connection_of_another_kind(operator: Operator, tmp_path: Path) -> None:
    for name in ("a", "b"):
        operator.live.call("create", f"<domainsnapshot><name>{name}</name></domainsnapshot>")
    operator.lineage("capture")
    node = tmp_path / "node.xml"
    node.write_text(f"<node>{operator.live.call('domain_xml')}</node>", encoding="utf-8")
    given = ["redefine", "test", "--json", "--store", str(operator.store)]
    done = operator.live.call("lineage", *given, "--connect", f"test://{node}")
    assert done["status"] == 0, done["output"]
    assert done["output"].count('"exact": true') == 2
    assert '"current": "b"' in done["output"]


# CloudStack #13302: a redefinition from a public dump takes the VNC password away


def test_a_document_without_its_password_is_not_given_back(operator: Operator) -> None:
    operator.live.call("redefine", operator.document("s", devices=VNC.format("hunter2")))
    told = operator.lineage("capture", "--readonly")
    assert "libvirt hides the passwords of 1 snapshots" in told
    operator.fresh_world()
    told = operator.lineage("redefine", "test", status=4)
    assert "the document of 's' was dumped without its passwords" in told
    assert operator.seen()["parents"] == {}
    told = operator.lineage("redefine", "test", "--allow-missing-secrets")
    assert "passwd" not in operator.seen()["xml"]["s"]


def test_a_password_that_libvirt_still_has_is_not_taken_away(operator: Operator) -> None:
    operator.live.call("redefine", operator.document("s", devices=VNC.format("hunter2")))
    operator.lineage("capture", "--readonly")
    assert operator.lineage("redefine", "test", "--allow-missing-secrets").startswith(
        "already there  s\n"
    )
    assert "passwd='hunter2'" in operator.seen()["xml"]["s"]


def test_a_capture_with_passwords_makes_up_for_one_without(operator: Operator) -> None:
    operator.live.call("redefine", operator.document("s", devices=VNC.format("hunter2")))
    operator.lineage("capture", "--readonly")
    assert operator.told("undefine-guard", "test", status=1)["code"] == "differs"
    assert "test: redefined s" in operator.lineage("capture")
    assert "nothing new" in operator.lineage("capture", "--readonly")
    assert operator.lineage("undefine-guard", "test") == ""
    operator.fresh_world()
    operator.lineage("redefine", "test")
    assert "passwd='hunter2'" in operator.seen()["xml"]["s"]


def test_no_command_shows_the_password(operator: Operator) -> None:
    operator.live.call("redefine", operator.document("s", devices=VNC.format("hunter2")))
    told = operator.lineage("undefine-guard", "test", status=5)
    told += operator.lineage("capture")
    told += operator.lineage("undefine-guard", "test")
    operator.live.call("delete", "s")
    flipped = operator.document("s", state="running", devices=VNC.format("hunter3"))
    operator.live.call("redefine", flipped)
    told += operator.lineage("undefine-guard", "test", status=1)
    told += operator.lineage("redefine", "test", status=3)
    told += operator.lineage("redefine", "test", "--json", status=3)
    assert "refused" in told
    assert "hunter" not in told


# virt-manager #512: files are all that is left


def test_bare_files_become_a_working_tree(operator: Operator, tmp_path: Path) -> None:
    documents = operator.chain(["fresh", "configured", "broken"])
    documents["side"] = operator.document("side", "fresh", NOON + 9)
    files = write_files(tmp_path / "files", documents.items())
    operator.plain("import", files)
    operator.plain("record", "current", "test", "configured")
    operator.lineage("redefine", "test")
    seen = operator.seen()
    assert seen["parents"] == {**line(["fresh", "configured", "broken"]), "side": "fresh"}
    assert seen["current"] == "configured"
    operator.live.call("revert", "side")  # libvirt can work with it
    operator.live.call("delete", "fresh", "CHILDREN")
    assert operator.seen()["parents"] == {}
