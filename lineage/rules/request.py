"""What a hypervisor would do with one request document and one domain, disk by disk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from lineage import canon
from lineage.errors import AlignmentError, SnapshotError
from lineage.model import Disk, Domain, Snapshot
from lineage.rules.align import Regular, align, match, regular_file
from lineage.rules.disks import DomainDisk, domain_disks
from lineage.rules.plan import DEFAULT_PROFILE, Plan, check_words, decide, refused
from lineage.rules.plan_table import LOCATIONS, PROFILES, STATES, Row, lookup

__all__ = ["plan_read", "plan_request", "read_request", "runs"]

_ID: Final = re.compile(rb"<domain\b[^>]* id='")
_Counted = list[tuple[str, str]]  # target and location
# What libvirt calls a request that contradicts itself or its domain; the others are refused since
# nothing does them.
_INVALID: Final = frozenset({"disks-too-many", "disk-unknown", "disk-twice"})


def plan_request(
    domain: bytes | str,
    request: bytes | str,
    *,
    state: str | None = None,
    disk_only: bool = False,
    profile: str = DEFAULT_PROFILE,
    regular: Regular = regular_file,
) -> Plan:
    """Say what a hypervisor would do with a request document.

    Args:
        domain: the domain's XML.
        request: a ``<domainsnapshot>`` as given to libvirt to make a snapshot. Without a name,
            file names that are made up end in ``NAME``.
        state: of the domain, ``offline`` or ``online``; None: it runs if its XML has an id, as
            libvirt prints it of a running one.
        disk_only: the request goes with libvirt's flag DISK_ONLY.
        profile: as for `plan`.
        regular: whether a path leads to a regular file; asked before a name is made up beside it.

    Raises:
        DocumentError: a document cannot be read.
        ValueError: `state` or `profile` is none of the known words.
    """
    owner, asked = read_request(domain, request)
    if state is None:
        state = "online" if runs(owner) else "offline"
    check_words("state", state, STATES)
    return plan_read(owner, asked, state, disk_only, profile, regular)


def read_request(domain: bytes | str, request: bytes | str) -> tuple[Domain, Snapshot]:
    """Read both documents.

    Raises:
        DocumentError: one cannot be read, or is another kind of document.
    """
    owner, asked = canon.parse(domain, mode="create"), canon.parse(request, mode="create")
    if not isinstance(owner, Domain):
        raise SnapshotError("not-a-domain", 0, "the root is not <domain>")
    if not isinstance(asked, Snapshot):
        raise SnapshotError("not-a-request", 0, "the root is not <domainsnapshot>")
    return owner, asked


def runs(domain: Domain) -> bool:
    """Whether a domain runs: libvirt then prints its id."""
    return _ID.match(domain.xml) is not None


def plan_read(
    owner: Domain, asked: Snapshot, state: str, disk_only: bool, profile: str, regular: Regular
) -> Plan:
    """Do what `plan_request` does with documents that have been read.

    Raises:
        ValueError: there is no such profile.
    """
    check_words("profile", profile, PROFILES)
    memory = (asked.memory and asked.memory.snapshot) or "omit"
    return _Request(profile, state, memory, disk_only).plan(asked, domain_disks(owner.xml), regular)


class _Request(msgspec.Struct, frozen=True):
    """A request without its disks."""

    profile: str
    state: str
    memory: str
    disk_only: bool

    def plan(self, asked: Snapshot, owners: Sequence[DomainDisk], regular: Regular) -> Plan:
        try:
            listed = match(asked.disks or (), owners)
        except AlignmentError as error:
            made = self._made((), self.disk_only)
            return made if self._memory_refused() else self._unaligned(made, error)
        default = self._default(listed)
        counted = self._counted(listed, owners, default)
        first = self._made(counted, self.disk_only)
        says = tuple(_says(disk) for disk in listed)
        if first.verdict == "refused" and (self.profile == "2012" or self._memory_refused()):
            return msgspec.structs.replace(first, disk=says)
        try:
            disks = align(asked.disks, owners, default, asked.name or "NAME", regular=regular)
        except AlignmentError as error:
            return msgspec.structs.replace(self._unaligned(first, error), disk=says)
        made = first if self.profile == "2012" else self._prepared(first, disks, owners)
        if made.verdict == "refused":
            return msgspec.structs.replace(made, disk=says)
        return msgspec.structs.replace(
            made,
            disk=says,
            result_disk=tuple(str(disk.snapshot) for disk in disks),
            unsaid=first.unsaid and default == "external",
            disks=disks,
        )

    def _default(self, listed: Sequence[Disk | None]) -> str:
        """What a disk is that says nothing: external beside an external one, if that may be."""
        asks = any(_says(disk) == "external" for disk in listed)
        if asks and self._outcome("external").verdict == "ok":
            return "external"
        return "internal" if self._outcome("omit").result_disk == "internal" else "external"

    def _outcome(self, disk: str) -> Row:
        return lookup(self.profile, (self.state, self.memory, disk, self.disk_only))

    def _memory_refused(self) -> bool:
        """Whether the request is refused whatever it asks of its disks."""
        return all(self._outcome(disk).verdict == "refused" for disk in LOCATIONS)

    def _counted(
        self, listed: Sequence[Disk | None], owners: Sequence[DomainDisk], default: str
    ) -> _Counted:
        """What is asked of each disk, by the request or, if it says nothing, by the domain."""
        counted: _Counted = []
        for disk, owner in zip(listed, owners, strict=True):
            says = _says(disk)
            if says == "omit":
                says = _own(disk, owner, default)
            if not (says == "no" and self._stands_aside(owner)):
                counted.append((owner.target, says))
        return counted

    def _stands_aside(self, owner: DomainDisk) -> bool:
        """Whether a disk that is left out is not in the way of an internal snapshot."""
        if owner.empty or owner.readonly:
            return True
        return self.profile == "2012" and owner.snapshot == "no"

    def _made(self, counted: Sequence[tuple[str, str]], disk_only: bool) -> Plan:
        locations = [says for _, says in counted]
        made = decide(self.profile, self.state, self.memory, locations, disk_only)
        place = made.refused_disk
        if place is None and made.verdict == "refused" and len(counted) == 1:
            place = 0
        named = counted[place][0] if isinstance(place, int) else None
        return msgspec.structs.replace(made, disk_only=self.disk_only, refused_disk=named)

    def _prepared(self, first: Plan, disks: Sequence[Disk], owners: Sequence[DomainDisk]) -> Plan:
        """Do what libvirt does (qemuSnapshotPrepare) once each disk has its location.

        What is not running is then handled as if the request were disk-only.
        """
        pairs = list(zip(disks, owners, strict=True))
        counted = [
            (owner.target, str(disk.snapshot))
            for disk, owner in pairs
            if not (disk.snapshot == "no" and self._stands_aside(owner))
        ]
        made = self._made(counted, self.disk_only or self.state == "offline")
        running = made.reason == "internal disks without memory"  # is looked at before the image
        for disk, owner in pairs:
            if disk.snapshot == "internal" and owner.format != "qcow2" and not running:
                return refused(first, "internal needs qcow2", "qcow2", owner.target)
        if made.verdict != first.verdict:
            return made
        return msgspec.structs.replace(made, rule=first.rule)

    def _unaligned(self, first: Plan, error: AlignmentError) -> Plan:
        reason = "every disk internal" if error.code == "disk-not-internal" else error.message
        made = refused(first, reason, error.code, error.disk)
        if error.code in _INVALID:
            return msgspec.structs.replace(made, kind="invalid")
        return made


def _says(disk: Disk | None) -> str:
    return "omit" if disk is None or disk.snapshot is None else disk.snapshot


def _own(disk: Disk | None, owner: DomainDisk, default: str) -> str:
    """The location of a disk of which the request says none."""
    own = owner.snapshot or "omit"
    if disk is None:
        return "no" if owner.empty else own
    return own if default == "external" or own == "no" else "omit"
