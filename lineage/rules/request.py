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
from lineage.rules.plan import DEFAULT_PROFILE, Plan, check_words, decide
from lineage.rules.plan_table import PROFILES, STATES, Row, lookup

__all__ = ["plan_request"]

_ID: Final = re.compile(rb"<domain\b[^>]* id='")
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
    owner, asked = canon.parse(domain), canon.parse(request, mode="create")
    if not isinstance(owner, Domain):
        raise SnapshotError("not-a-domain", 0, "the root is not <domain>")
    if not isinstance(asked, Snapshot):
        raise SnapshotError("not-a-request", 0, "the root is not <domainsnapshot>")
    if state is None:
        state = "online" if _ID.match(owner.xml) else "offline"
    check_words("state", state, STATES)
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
            default = self._default(listed)
            made = self._decide(listed, owners, default)
            if made.verdict == "refused":
                return made
            name = asked.name or "NAME"
            disks = align(asked.disks, owners, default, name, regular=regular)
        except AlignmentError as error:
            return self._refused(error)
        return msgspec.structs.replace(
            made,
            disk=tuple(_says(disk) for disk in listed),
            result_disk=tuple(str(disk.snapshot) for disk in disks),
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

    def _decide(
        self, listed: Sequence[Disk | None], owners: Sequence[DomainDisk], default: str
    ) -> Plan:
        counted: list[tuple[str, str]] = []
        disk_only = self.disk_only
        for disk, owner in zip(listed, owners, strict=True):
            says = _says(disk)
            if says == "omit":
                says = _own(disk, owner, default)
                # What only the domain says is held against nothing; libvirt then goes on as if
                # it had been asked for disks only.
                disk_only |= says == "external" and self.state == "offline"
            if not (says == "no" and self._stands_aside(owner)):
                counted.append((owner.target, says))
        locations = [says for _, says in counted]
        made = decide(self.profile, self.state, self.memory, locations, disk_only)
        place = made.refused_disk
        if place is None and made.verdict == "refused" and len(counted) == 1:
            place = 0
        named = counted[place][0] if isinstance(place, int) else None
        return msgspec.structs.replace(
            made,
            disk=tuple(_says(disk) for disk in listed),
            disk_only=self.disk_only,
            refused_disk=named,
        )

    def _stands_aside(self, owner: DomainDisk) -> bool:
        """Whether a disk that is left out is not in the way of an internal snapshot."""
        if owner.empty or owner.readonly:
            return True
        return self.profile == "2012" and owner.snapshot == "no"

    def _refused(self, error: AlignmentError) -> Plan:
        return Plan(
            profile=self.profile,
            state=self.state,
            memory=self.memory,
            disk=(),
            disk_only=self.disk_only,
            verdict="refused",
            kind="invalid" if error.code in _INVALID else "unsupported",
            reason=error.message,
            rule=f"{self.profile}, {error.code}",
            refused_disk=error.disk,
        )


def _says(disk: Disk | None) -> str:
    return "omit" if disk is None or disk.snapshot is None else disk.snapshot


def _own(disk: Disk | None, owner: DomainDisk, default: str) -> str:
    """The location of a disk of which the request says none."""
    own = owner.snapshot or "omit"
    if disk is None:
        return "no" if owner.empty else own
    return own if default == "external" or own == "no" else "omit"
