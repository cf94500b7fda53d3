"""What the doctor finds is what libvirt refuses; what it has repaired, libvirt takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from .libvirt_child import LiveLibvirt, Refused
from .operating import NOON, Operator, write_files

pytestmark = pytest.mark.live

DISK = "<disk type='file'><source file='/a'/><target dev='vda'/></disk>"


@pytest.fixture
def operator(live: LiveLibvirt, tmp_path: Path) -> Operator:
    return Operator(live, tmp_path / "store.db")


def findings(told: str) -> list[list[str]]:
    """Code and snapshot of each line."""
    return [[line.split("  ")[1], line.split("  ")[3]] for line in told.splitlines()]


def test_a_tree_that_libvirt_refuses_is_taken_after_the_repair(
    operator: Operator, tmp_path: Path
) -> None:
    tree = {"orphan": "lost", "kid": "orphan", "me": "me", "a": "c", "b": "a", "c": "b"}
    documents = {
        name: operator.document(name, parent, NOON + n)
        for n, (name, parent) in enumerate(tree.items())
    }
    for name in ("orphan", "me", "a", "b", "c"):
        with pytest.raises(Refused):
            operator.live.call("redefine", documents[name])
    operator.plain("import", write_files(tmp_path / "files", documents.items()))
    told = operator.plain("doctor", "test", status=1)
    assert findings(told) == [["cycle", "a"], ["self-parent", "me"], ["missing-parent", "orphan"]]
    operator.plain("doctor", "test", "--repair")
    operator.lineage("redefine", "test")
    parents = {**tree, "orphan": None, "me": None, "a": None}
    assert operator.seen()["parents"] == parents


def test_after_a_deletion_the_old_file_gets_the_parent_that_libvirt_would_give_it(
    operator: Operator, tmp_path: Path
) -> None:
    """OpenNebula/one 4017: the file of snap-3 was kept, and snap-2 deleted."""
    documents = operator.chain(["snap-1", "snap-2", "snap-3"])
    for document in documents.values():
        operator.live.call("redefine", document)
    kept = {name: operator.live.call("xml", name) for name in documents}
    operator.live.call("delete", "snap-2")
    old = write_files(tmp_path / "old", [("snap-3", kept.pop("snap-3"))])
    operator.plain("import", write_files(tmp_path / "files", kept.items()))
    operator.plain("record", "delete", "test", "snap-2")
    operator.plain("import", old)
    assert findings(operator.plain("doctor", status=1)) == [["missing-parent", "snap-3"]]
    operator.plain("doctor", "--repair")
    assert operator.lineage("undefine-guard", "test") == ""  # byte for byte what libvirt has


def test_files_in_a_bad_order_are_well(operator: Operator, tmp_path: Path) -> None:
    """OpenNebula/one 5992: libvirt refused snap-100 and above, and nothing is wrong with them."""
    documents = operator.chain([f"snap-{number}" for number in range(97, 103)])
    files = write_files(tmp_path / "files", documents.items())
    for name in ("snap-97", "snap-98"):
        operator.live.call("redefine", documents[name])
    with pytest.raises(Refused):
        operator.live.call("redefine", documents["snap-100"])
    assert operator.plain("doctor", files) == ""
    order = [
        line.split("  ")[3] for line in operator.plain("doctor", files, "--order").splitlines()
    ]
    operator.fresh_world()
    for name in order:
        operator.live.call("redefine", documents[name])
    assert sorted(order) == sorted(documents)


def test_disks_that_are_told_are_disks_that_libvirt_refuses(
    operator: Operator, tmp_path: Path
) -> None:
    form = "<disks><disk name='{}' snapshot='internal'/></disks><domain "
    well = operator.document("s", devices=DISK).replace("<domain ", form.format("vda"))
    ill = operator.document("s", devices=DISK).replace("<domain ", form.format("vdz"))
    operator.live.call("redefine", well)
    operator.live.call("delete", "s")
    with pytest.raises(Refused):
        operator.live.call("redefine", ill)
    assert operator.plain("doctor", write_files(tmp_path / "well", [("s", well)])) == ""
    told = operator.plain("doctor", write_files(tmp_path / "ill", [("s", ill)]), status=1)
    assert findings(told) == [["disk-refused", "s"]]
