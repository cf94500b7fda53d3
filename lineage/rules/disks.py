"""The disks of a domain, as far as snapshots ask about them."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from lineage.rules.elements import Element, read

__all__ = ["DomainDisk", "disks_of", "domain_disks"]

# Where a disk's source of each type keeps its path; the other types have none.
_PATHS: Final = {"file": "file", "block": "dev", "dir": "dir", "network": "name"}
_LOCAL: Final = frozenset({"file", "block", "dir"})
_POOLED: Final = frozenset({"gluster", "rbd"})  # POOL/IMAGE
_TARGET: Final = re.compile(r"(?:fd|hd|vd|sd|xvd|ubd)([a-z]*)[0-9]*")


class DomainDisk(msgspec.Struct, frozen=True, kw_only=True):
    """A ``<disk>`` of a domain.

    Attributes:
        target: its name, ``<target dev>``.
        bus: of the target, None if unsaid.
        device: what the guest sees, such as ``cdrom``.
        type: of its storage.
        path: of its storage, None if that has none.
        snapshot: the location that the domain asks for, ``no`` if the disk is read-only and says
            nothing else, None if it says nothing.
        format: of its image; what does not say it is raw.
        readonly: nothing is written to it.
        empty: a drive without medium.
        serial, wwn: as the guest reads them.
        address: attributes of where it is plugged in.
    """

    target: str
    bus: str | None = None
    device: str = "disk"
    type: str = "file"
    path: str | None = None
    snapshot: str | None = None
    format: str = "raw"
    readonly: bool = False
    empty: bool = False
    serial: str | None = None
    wwn: str | None = None
    address: dict[str, str] | None = None


def domain_disks(domain: bytes) -> tuple[DomainDisk, ...]:
    """Read the disks of a domain, in the order in which libvirt keeps them.

    libvirt (virDomainDiskInsert): a disk goes before those of its bus that have a higher
    target, whatever the order in the document.

    Args:
        domain: a canonical ``<domain>`` or ``<inactiveDomain>``, a document or a snapshot's body.
    """
    return tuple(disks_of(read(domain)))


def disks_of(domain: Element) -> list[DomainDisk]:
    """Do what `domain_disks` does with a domain that has been read."""
    devices = domain.first("devices")
    groups: dict[str | None, list[DomainDisk]] = {}
    for element in devices.all("disk") if devices is not None else ():
        disk = _disk(element)
        groups.setdefault(disk.bus, []).append(disk)
    return [
        disk
        for group in groups.values()
        for disk in sorted(group, key=lambda disk: _index(disk.target))
    ]


def _disk(element: Element) -> DomainDisk:
    kind = element.attrs.get("type", "file")
    device = element.attrs.get("device", "disk")
    readonly = element.first("readonly") is not None or device == "cdrom"
    source, address = element.first("source"), element.first("address")
    path = _source_path(kind, {} if source is None else source.attrs)
    return DomainDisk(
        target=element.get("target", "dev") or "",
        bus=element.get("target", "bus"),
        device=device,
        type=kind,
        path=path,
        snapshot=element.attrs.get("snapshot", "no" if readonly else None),
        format=element.get("driver", "type") or "raw",
        readonly=readonly,
        empty=kind in _LOCAL and path is None,
        serial=element.content("serial"),
        wwn=element.content("wwn"),
        address=None if address is None else address.attrs,
    )


def _source_path(kind: str, source: dict[str, str]) -> str | None:
    path = source.get(_PATHS.get(kind, ""), "")
    if kind == "network" and source.get("protocol") in _POOLED:
        path = path.partition("/")[2]
    return path or None


def _index(target: str) -> int:
    """The number of a target: a is 0, z 25, aa 26; -1 if it is not named so."""
    found = _TARGET.fullmatch(target)
    if found is None:
        return -1
    index = 0
    for place, letter in enumerate(found[1]):
        index = (index + (place > 0)) * 26 + ord(letter) - ord("a")
    return index
