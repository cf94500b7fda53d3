"""What ``make demo`` shows."""

from __future__ import annotations

from pathlib import Path

import pytest

import lineage
from benchmarks.demo import run
from benchmarks.example import example
from benchmarks.generate import COMMENT


@pytest.fixture(scope="module")
def snapshots() -> list[lineage.Snapshot]:
    """The example archive's snapshots."""
    parsed = [lineage.parse(data, mode="internal") for _, data in example()]
    return [snapshot for snapshot in parsed if isinstance(snapshot, lineage.Snapshot)]


def test_the_example_is_as_libvirt_keeps_it() -> None:
    for _, data in example():
        document = data.removeprefix(COMMENT)
        assert document != data
        assert lineage.canonicalize(document, mode="internal") == document


def test_the_example_has_every_kind_of_snapshot(snapshots: list[lineage.Snapshot]) -> None:
    kinds = {(s.state, s.memory and s.memory.snapshot, s.external) for s in snapshots}
    assert kinds >= {
        ("shutoff", "no", False),
        ("running", "internal", False),
        ("running", "external", True),
        ("disk-snapshot", "no", True),
    }
    files = [s.memory.file for s in snapshots if s.memory and s.memory.file]
    assert files == ["/var/lib/libvirt/qemu/save/db-01.checkpoint.mem"]


def test_the_demo_shows_the_tree_before_and_after_a_delete(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path)
    shown = capfd.readouterr().out
    _, whole, after, before = shown.split("\n$ lineage tree")
    assert "before-upgrade" in whole
    assert "before-upgrade" in before.partition("\n#")[0]
    tree = after.partition("\n#")[0]
    assert "before-upgrade" not in tree
    assert all(name in tree for name in ("configured", "upgraded", "hotfix", "load-test"))
    assert "<memory snapshot='external' file='/var/lib/libvirt/qemu/save" in before
