"""What is wrong with the disk images of a tree, as its documents tell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lineage import Store, canonicalize
from lineage.doctor import examine
from lineage.log import MemoryLog
from tests.unit.store_samples import NOON, A


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.over(MemoryLog()) as opened:
        yield opened


def recorded(store: Store, *documents: bytes) -> list[tuple[str, str | None]]:
    for document in documents:
        store.record(document)
    return [(finding.code, finding.snapshot) for finding in examine(store, A)]


def image(
    name: str,
    parent: str | None,
    on: str,
    *disks: str,
    memory: str = "no",
    state: str = "shutoff",
    created: int = NOON,
    revert: str = "",
    more: str = "",
) -> bytes:
    """A snapshot of a domain whose disk vda was on this image."""
    above = f"<parent><name>{parent}</name></parent>" if parent else ""
    listed = f"<disks>{''.join(disks)}</disks>" if disks else ""
    return canonicalize(
        f"<domainsnapshot><name>{name}</name><state>{state}</state>{above}"
        f"<creationTime>{created}</creationTime><memory snapshot='{memory}'/>{listed}{revert}"
        f"<domain type='kvm'><name>vm</name><uuid>{A}</uuid><devices>"
        f"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{on}'/>{more}"
        "<target dev='vda' bus='virtio'/></disk></devices></domain></domainsnapshot>"
    )


INTERNAL = "<disk name='vda' snapshot='internal'/>"


def overlay(file: str) -> str:
    return (
        "<disk name='vda' snapshot='external' type='file'><driver type='qcow2'/>"
        f"<source file='{file}'/></disk>"
    )


def external(name: str, parent: str | None, on: str, file: str, revert: str = "") -> bytes:
    return image(name, parent, on, overlay(file), state="disk-snapshot", revert=revert)


def memory_only(name: str, parent: str, on: str, created: int = NOON) -> bytes:
    """A snapshot that leaves the disk alone."""
    disk = "<disk name='vda' snapshot='no'/>"
    memory = "external' file='/memory"
    return image(name, parent, on, disk, memory=memory, state="running", created=created)


def test_an_external_snapshot_below_an_internal_one_is_dangerous(store: Store) -> None:
    """virt-manager 811: to delete the external snapshot destroyed the base image."""
    store.record(image("internal", None, "/base.qcow2", INTERNAL))
    store.record(external("external", "internal", "/base.qcow2", "/base.external"))
    (finding,) = examine(store, A)
    assert (finding.code, finding.severity, finding.snapshot) == (
        "mixed-chain",
        "error",
        "external",
    )
    assert "'internal' above it" in finding.message
    assert not finding.repairable


def test_so_is_an_internal_one_below_an_external_one_further_up(store: Store) -> None:
    store.record(external("e1", None, "/b", "/b.e1"))
    store.record(memory_only("idle", "e1", "/b.e1"))
    assert recorded(store, image("inner", "idle", "/b.e1", INTERNAL)) == [("mixed-chain", "inner")]


def test_chains_of_one_kind_are_well(store: Store) -> None:
    found = recorded(
        store,
        image("i1", None, "/base", INTERNAL),
        image("i2", "i1", "/base", INTERNAL, memory="internal", state="running"),
        image("i3", "i2", "/base", memory="internal", state="running"),
        external("e1", None, "/other", "/other.e1"),
        external("e2", "e1", "/other.e1", "/other.e2"),
        external("e3", "e2", "/other.e2", "/other.e3"),
    )
    assert found == []


def test_a_snapshot_that_lists_no_disks_is_of_the_kind_that_libvirt_takes_it_for(
    store: Store,
) -> None:
    store.record(image("all", None, "/base", memory="internal", state="running"))
    assert recorded(store, external("e", "all", "/base", "/base.e")) == [("mixed-chain", "e")]


def test_a_disk_that_was_on_another_image_than_the_overlay_above_is_told(store: Store) -> None:
    store.record(external("e1", None, "/base", "/base.e1"))
    store.record(external("e2", "e1", "/moved/base.e1", "/base.e2"))
    store.record(external("e3", "e2", "/base.e2", "/base.e3"))
    (finding,) = examine(store, A)
    assert (finding.code, finding.severity, finding.snapshot) == ("chain-mismatch", "warning", "e2")
    assert finding.message == (
        "disk 'vda' was on '/moved/base.e1', above it the overlay is '/base.e1'"
    )


def test_an_overlay_made_when_reverting_is_one_too(store: Store) -> None:
    revert = "<revertDisks><disk name='vda' snapshot='external' type='file'>"
    revert += "<source file='/base.again'/></disk></revertDisks>"
    store.record(external("e1", None, "/base", "/base.e1", revert=revert))
    store.record(external("left", "e1", "/base.e1", "/base.left"))
    assert recorded(store, external("right", "e1", "/base.again", "/base.right")) == []


def test_a_mismatch_is_told_where_it_is_and_not_again_below(store: Store) -> None:
    store.record(external("e1", None, "/base", "/base.e1"))
    store.record(memory_only("other", "e1", "/new", NOON + 1))
    found = recorded(store, memory_only("later", "other", "/new", NOON + 2))
    assert found == [("chain-mismatch", "other")]


def test_images_on_other_hosts_are_not_compared(store: Store) -> None:
    disk = "<disk name='vda' snapshot='external' type='network'><source protocol='rbd' name='p/i'/>"
    store.record(image("e1", None, "/base", f"{disk}</disk>", state="disk-snapshot"))
    assert recorded(store, external("e2", "e1", "/mapped", "/new")) == []


def test_an_image_that_backs_itself_is_told(store: Store) -> None:
    """OpenNebula/one 2189: the disk's backing file was the disk itself."""
    assert recorded(store, external("e", None, "/base", "/base")) == [("self-backing", "e")]


def test_a_chain_of_backing_images_that_comes_back_is_told(store: Store) -> None:
    layer = "<backingStore type='file'><format type='qcow2'/><source file='{}'/>{}</backingStore>"
    end = "<backingStore/>"
    well = layer.format("/1", layer.format("/0", end))
    assert recorded(store, image("well", None, "/2", INTERNAL, more=well)) == []
    ill = layer.format("/1", layer.format("/2", end))
    assert recorded(store, image("ill", None, "/2", INTERNAL, more=ill)) == [
        ("self-backing", "ill")
    ]


def test_a_deletion_that_did_not_end_is_told(store: Store) -> None:
    disk = overlay("/base.e").replace("<driver", "<snapshotDeleteInProgress/><driver")
    store.record(image("e", None, "/base", disk, state="disk-snapshot"))
    (finding,) = examine(store, A)
    assert (finding.code, finding.severity) == ("delete-in-progress", "error")
    assert "'vda'" in finding.message


def test_disks_that_the_domain_does_not_have_are_told(store: Store) -> None:
    disk = "<disk name='vdz' snapshot='internal'/>"
    assert recorded(store, image("s", None, "/base", disk)) == [("disk-refused", "s")]
