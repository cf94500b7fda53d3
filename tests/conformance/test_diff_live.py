"""`lineage diff` against what a live libvirt has: what keeps a snapshot from being reverted."""

from __future__ import annotations

from pathlib import Path

import pytest

from .libvirt_child import LiveLibvirt
from .operating import Operator

pytestmark = pytest.mark.live

MACHINE = """<domain type='test'><name>guest</name>
  <uuid>0d5a4f2e-35c5-4c63-9d0e-5f6a8a1d7f10</uuid><memory>8192</memory>
  <os><type>hvm</type></os>
  <cpu mode='custom' match='exact' check='{check}'><model fallback='forbid'>qemu64</model></cpu>
  <devices>
    <disk type='file' device='disk'><source file='{file}'/><target dev='vda' bus='virtio'/></disk>
    <graphics type='vnc' port='5900' passwd='{password}'/>
  </devices></domain>"""


def machine(check: str = "partial", file: str = "/a", password: str = "hunter2") -> str:
    return MACHINE.format(check=check, file=file, password=password)


@pytest.fixture
def operator(live: LiveLibvirt, tmp_path: Path) -> Operator:
    """A guest that runs, with a snapshot of that in the store."""
    operator = Operator(live, tmp_path / "store.db")
    live.call("define_domain", machine())
    live.call("start")
    live.call("create", "<domainsnapshot><name>s</name></domainsnapshot>")
    operator.lineage("capture", "guest")
    return operator


def restart(live: LiveLibvirt, **changed: str) -> None:
    live.call("define_domain", machine(**changed))
    live.call("start")


def against(operator: Operator, what: str, *form: str, status: int = 1) -> str:
    return operator.lineage("diff", "guest", "s", "--against", what, *form, status=status)


def test_nothing_differs_right_after_the_snapshot_was_made(operator: Operator) -> None:
    assert against(operator, "live", status=0) == ""
    assert against(operator, "live-snapshot", status=0) == ""


def test_the_one_attribute_that_differs_is_named(operator: Operator) -> None:
    """apache/cloudstack 7043: the snapshot has check='partial', the machine runs with 'full'."""
    restart(operator.live, check="full")
    assert against(operator, "live") == "/domain/cpu/@check  partial -> full\n"
    assert against(operator, "live-snapshot", status=0) == ""


def test_what_a_machine_runs_with_counts_and_not_what_it_is_defined_with(
    operator: Operator,
) -> None:
    operator.live.call("choose", operator.uuid)  # or the guest would be stopped
    operator.live.call("define_domain", machine(check="none"))
    assert against(operator, "live", status=0) == ""
    operator.live.call("stop")
    assert "/domain/cpu/@check  partial -> none\n" in against(operator, "live")


def test_a_changed_password_is_told_and_not_shown(operator: Operator) -> None:
    restart(operator.live, password="canary")
    told = against(operator, "live")
    assert told == "/domain/devices/graphics[vnc]/@passwd  *** -> ***\n"
    told += against(operator, "live", "--json") + against(operator, "live", "--unified")
    assert "hunter2" not in told
    assert "canary" not in told


def test_the_snapshot_that_libvirt_has_is_compared_too(operator: Operator) -> None:
    document = operator.live.call("xml", "s").replace(
        "<name>s</name>", "<name>s</name><description>other</description>"
    )
    operator.live.call("redefine", document)
    assert against(operator, "live-snapshot") == "/description  (none) -> other\n"
    operator.live.call("delete", "s")
    assert "libvirt has no snapshot 's'" in against(operator, "live-snapshot")
