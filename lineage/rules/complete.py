"""From a request to make a snapshot to the document that libvirt stores of it."""

from __future__ import annotations

import re
import time
from collections.abc import Container
from typing import Final

import msgspec

from lineage import canon
from lineage.errors import SnapshotError
from lineage.model import Disk, Memory, Node, Snapshot
from lineage.rules.align import Regular, align, regular_file
from lineage.rules.disks import domain_disks
from lineage.rules.plan import REASONS, check_words
from lineage.rules.plan_table import PROFILES
from lineage.rules.request import plan_read, read_request, runs

__all__ = ["TEST", "complete"]

TEST: Final = "test"
"""A profile besides those of the planner: what libvirt's test driver does."""

_STATES: Final = ("running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended")
_OFFLINE: Final = "shutoff"
_ID: Final = re.compile(rb"\A(<domain\b[^>]*?) id='[^']*'")
_OVERLAY: Final = Node({"type": "qcow2"})  # what qemu makes of a disk that says no format


def complete(
    request: bytes | str,
    domain: bytes | str,
    *,
    now: int | None = None,
    current: str | None = None,
    profile: str = "qemu-9.0",
    names: Container[str] = (),
    state: str | None = None,
    disk_only: bool = False,
    inactive: bytes | str | None = None,
    regular: Regular = regular_file,
) -> bytes:
    """Give the document that libvirt would store for a request to make a snapshot.

    What a driver alone knows is not in it: the ``<cookie>`` of a running domain.

    Args:
        request: a ``<domainsnapshot>``. Of name, description, memory and disks; what else it
            says, libvirt does not read.
        domain: the domain as ``virsh dumpxml --inactive --security-info`` prints it, which is
            how a snapshot has it. Of a running domain's XML the id is left out.
        now: seconds since the epoch, the creation time and the name of a request without one;
            None: the clock's.
        current: name of the current snapshot, the new one's parent; None: there is none.
        profile: whose behaviour; one of the planner's, or ``test``.
        names: of the snapshots that the domain has.
        state: of the domain, libvirt's word; None: running if its XML has an id, else shutoff.
        disk_only: the request goes with libvirt's flag DISK_ONLY.
        inactive: the definition with which a running domain will start next, which qemu stores.
        regular: whether a path leads to a regular file; asked before a name is made up beside it.

    Raises:
        DocumentError: a document cannot be read, or libvirt would refuse the request:
            ``request-refused``, ``name-exists``, ``name-qemu``, or an `AlignmentError`.
        ValueError: `state` or `profile` is none of the known words.
    """
    owner, asked = read_request(domain, request)
    word = state or ("running" if runs(owner) else _OFFLINE)
    check_words("state", word, _STATES)
    check_words("profile", profile, (*PROFILES, TEST))
    created = int(time.time()) if now is None else now
    asked = msgspec.structs.replace(asked, name=asked.name or str(created))
    _check_name(asked.name or "", current, profile, names)
    if profile == TEST:
        memory, disks = _by_test_driver(asked, owner.xml, word, disk_only, regular)
    else:
        online = "offline" if word == _OFFLINE else "online"
        plan = plan_read(owner, asked, online, disk_only, profile, regular)
        if plan.verdict == "refused":
            why = REASONS.get(plan.reason or "", plan.reason or "")
            raise SnapshotError("request-refused", 0, f"{why} ({plan.rule})")
        memory = None if plan.unsaid else _memory(asked, str(plan.result_memory))
        disks = tuple(map(_with_format, plan.disks))
        if word != _OFFLINE and plan.result_memory == "no":
            word = "disk-snapshot"
    return canon.format(
        Snapshot(
            name=asked.name,
            description=asked.description,
            state=word,
            parent=current,
            creation_time=created,
            memory=memory,
            disks=tuple(msgspec.structs.replace(disk, extra=()) for disk in disks) or None,
            domain=_body(owner.xml),
            inactive_domain=None if inactive is None else _inactive(inactive),
        )
    )


def _check_name(name: str, current: str | None, profile: str, names: Container[str]) -> None:
    if name == current or name in names:
        raise SnapshotError("name-exists", 0, "the domain has a snapshot of this name")
    if profile != TEST and ("/" in name or name.startswith(".")):
        raise SnapshotError("name-qemu", 0, "qemu's snapshots have no slash, and no dot in front")


def _by_test_driver(
    asked: Snapshot, owner: bytes, state: str, disk_only: bool, regular: Regular
) -> tuple[Memory | None, tuple[Disk, ...]]:
    """It looks at nothing but the alignment."""
    if disk_only:
        raise SnapshotError("request-refused", 0, "the test driver makes no disk-only snapshots")
    location = asked.memory and asked.memory.snapshot
    if location == "external":
        default = "external"
    else:
        default, location = "internal", "no" if state == _OFFLINE else "internal"
    disks = align(asked.disks, domain_disks(owner), default, asked.name or "", regular=regular)
    return _memory(asked, location), disks


def _memory(asked: Snapshot, location: str) -> Memory:
    file = asked.memory.file if asked.memory and location == "external" else None
    return Memory(location, file)


def _with_format(disk: Disk) -> Disk:
    if disk.snapshot != "external" or disk.format is not None:
        return disk
    driver = (
        _OVERLAY
        if disk.driver is None
        else Node({**_OVERLAY.attrs, **disk.driver.attrs}, disk.driver.inner)
    )
    return msgspec.structs.replace(disk, driver=driver)


def _body(domain: bytes) -> bytes:
    """A domain as it stands in a snapshot."""
    inside = _ID.sub(rb"\1", domain)
    whole = b"<domainsnapshot>" + inside + b"</domainsnapshot>"
    return canon.split(whole, mode="create").domain or b""


def _inactive(domain: bytes | str) -> bytes:
    owner, _ = read_request(domain, b"<domainsnapshot/>")
    inside = _ID.sub(rb"\1", owner.xml)
    inside = re.sub(rb"\A<domain\b", b"<inactiveDomain", inside)
    inside = re.sub(rb"domain>\s*\Z", b"inactiveDomain>", inside)
    whole = b"<domainsnapshot>" + inside + b"</domainsnapshot>"
    return canon.split(whole, mode="create").inactive_domain or b""
