"""What a strict store refuses, by rule; the default records all of it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from lineage.errors import AlignmentError, SnapshotError
from lineage.log.memory import MemoryLog
from lineage.rules.abi import CODES, check_abi
from lineage.rules.redefine import RULES
from lineage.store import Store
from tests.unit.store_samples import NOON, A, B

STATES: Final = (
    *("running", "blocked", "paused", "shutdown"),
    *("shutoff", "crashed", "pmsuspended", "disk-snapshot"),
)
DISK: Final = (
    "<disk type='file' device='disk'><source file='/a'/><target dev='vda' bus='virtio'/></disk>"
)
DOMAIN: Final = (
    f"<domain type='kvm'><name>vm</name><uuid>{A}</uuid><memory>2048</memory><vcpu>2</vcpu>"
    f"<os><type>hvm</type></os><devices>{DISK}</devices></domain>"
)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.over(MemoryLog()) as opened:
        yield opened


def document(
    domain: str = DOMAIN,
    *,
    name: str = "s",
    state: str = "shutoff",
    parent: str = "",
    disks: str = "",
) -> str:
    """A snapshot."""
    above = f"<parent><name>{parent}</name></parent>" if parent else ""
    return (
        f"<domainsnapshot><name>{name}</name><state>{state}</state>{above}"
        f"<creationTime>{NOON}</creationTime>{disks}{domain}</domainsnapshot>"
    )


def refused(store: Store, text: str) -> str:
    """The code of a refusal, which is none by default: then it is recorded."""
    before = store.head()
    with pytest.raises(SnapshotError) as caught:
        store.record(text, domain=A, strict=True)
    assert store.head() == before
    store.record(text, domain=A)
    assert store.head() == before + 1
    return caught.value.code


@pytest.mark.parametrize(("old", "new"), list(itertools.product(STATES, STATES)))
def test_states_change_only_among_those_that_ran_or_did_not(
    store: Store, old: str, new: str
) -> None:
    store.record(document(state=old), strict=True)
    groups = [("running", "paused"), ("disk-snapshot",)]
    first, second = (next((g for g in groups if s in g), None) for s in (old, new))
    if first == second:
        assert store.record(document(state=new), strict=True).version == (2 if old != new else 1)
    else:
        code = "state-online" if groups[0] in (first, second) else "state-disk-only"
        assert refused(store, document(state=new)) == code


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("abi-type", "kvm", "qemu"),
        ("abi-name", ">vm<", ">wm<"),
        ("abi-memory", "2048", "4096"),
        ("abi-vcpus", "<vcpu>2", "<vcpu>4"),
        ("abi-os", ">hvm<", ">xen<"),
        ("abi-disks", "vda", "vdb"),
        ("abi-disks", "bus='virtio'", "bus='scsi'"),
        ("abi-disks", DISK, ""),
        ("abi-devices", DISK, f"{DISK}<sound model='ac97'/>"),
    ],
)
def test_the_machine_stays_the_same(store: Store, code: str, old: str, new: str) -> None:
    store.record(document(), strict=True)
    assert refused(store, document(DOMAIN.replace(old, new))) == code


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<vcpu>", "<title>t</title><vcpu>"),
        ("'/a'", "'/b'"),
        (" bus='virtio'", ""),  # a driver fills it in
        ("<vcpu>2</vcpu>", "<currentMemory>2048</currentMemory><vcpu current='2'>2</vcpu>"),
        ("<type>", "<type arch='x86_64' machine='q35'>"),
        ("</devices>", "<memballoon model='virtio'/><input type='mouse' bus='ps2'/></devices>"),
        ("<vcpu>2", "<currentMemory>9999</currentMemory><vcpu>2"),
    ],
)
def test_what_the_guest_does_not_see_may_change(store: Store, old: str, new: str) -> None:
    store.record(document(), strict=True)
    assert old in DOMAIN
    assert store.record(document(DOMAIN.replace(old, new)), strict=True).version == 2


def test_a_first_document_needs_a_domain_and_a_later_one_inherits_it(store: Store) -> None:
    store.record(document(name="other"), strict=True)
    bare = f"<domain><uuid>{A}</uuid></domain>"
    for nothing in ("", bare):
        with pytest.raises(SnapshotError, match="disks-no-domain"):
            store.record(document(nothing), domain=A, strict=True)
    store.record(document(), strict=True)
    for nothing, state in (("", "crashed"), (bare, "shutdown")):
        store.record(document(nothing, state=state), domain=A, strict=True)
        assert b"<name>vm</name>" in store.xml(A, "s")
    assert refused(store, document(DOMAIN.replace("2048", "1024"))) == "abi-memory"


def test_a_domain_without_uuid_is_refused_for_libvirt_would_make_one_up(store: Store) -> None:
    store.record(document(name="other"), strict=True)
    assert refused(store, document(DOMAIN.replace(f"<uuid>{A}</uuid>", ""))) == "uuid-missing"


def test_disks_are_held_against_the_domain_they_belong_to(store: Store) -> None:
    listed = "<disks><disk name='vdb'/></disks>"
    with pytest.raises(AlignmentError, match="disk-unknown") as caught:
        store.record(document(disks=listed), strict=True)
    assert caught.value.disk == "vdb"
    store.record(document(), strict=True)
    assert refused(store, document("", disks=listed)) == "disk-unknown"


def test_no_image_is_looked_for_when_a_name_would_be_made_up(store: Store) -> None:
    listed = "<disks><disk name='vda' snapshot='external'/></disks>"
    store.record(document(disks=listed), strict=True)
    assert store.xml(A, "s").decode().count("source file") == 1, "nor is one made up"


def test_the_parent_is_looked_at_first_then_state_then_machine(store: Store) -> None:
    store.record(document(), strict=True)
    wrong = document(DOMAIN.replace("2048", "1"), state="running", parent="nobody")
    assert refused(store, wrong) == "parent-missing"
    store.delete(A, "s")
    store.record(document(), strict=True)
    assert refused(store, wrong.replace("nobody", "")) == "state-online"


def test_the_rules_hold_within_a_batch(store: Store) -> None:
    with store.batch(A) as batch:
        batch.record(document(), strict=True)
        with pytest.raises(SnapshotError, match="state-disk-only"):
            batch.record(document(state="disk-snapshot"), strict=True)
        batch.record(document(name="kid", parent="s"), strict=True)
    assert list(store.tree(A)) == ["s", "kid"]


def test_another_domain_s_document_is_refused_whatever_else_is_wrong(store: Store) -> None:
    store.record(document(), strict=True)
    with pytest.raises(SnapshotError, match="domain-mismatch"):
        store.record(document(DOMAIN.replace(A, B), parent="nobody"), domain=A, strict=True)


def test_disks_are_compared_in_the_order_in_which_libvirt_keeps_them() -> None:
    other = DISK.replace("vda", "vdb")
    one = DOMAIN.replace(DISK, DISK + other).encode()
    two = DOMAIN.replace(DISK, other + DISK).encode()
    check_abi(one, two)


def test_what_looks_like_a_tag_in_metadata_is_none() -> None:
    noted = DOMAIN.replace(
        "<vcpu>",
        '<metadata><a:b xmlns:a="urn:a"><![CDATA[</metadata><memory>9]]></a:b></metadata><vcpu>',
    )
    check_abi(DOMAIN.encode(), noted.encode())


def test_every_code_stands_in_the_format() -> None:
    text = (Path(__file__).parents[2] / "FORMAT.md").read_text()
    told = set(re.findall("`([a-z-]+)`", text))
    assert set(CODES) | set(RULES) <= told
