"""The disks of a domain, as far as snapshots ask about them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from lineage.rules.markup import MARKUP, attributes

__all__ = ["DomainDisk", "domain_disks"]

# Where a disk's source of each type keeps its path; the other types have none.
_PATHS: Final = {"file": "file", "block": "dev", "dir": "dir", "network": "name"}
_LOCAL: Final = frozenset({"file", "block", "dir"})
_POOLED: Final = frozenset({"gluster", "rbd"})  # POOL/IMAGE
_TARGET: Final = re.compile(r"(?:fd|hd|vd|sd|xvd|ubd)([a-z]*)[0-9]*")
_DISK: Final = [b"devices", b"disk"]
_Attributes = dict[str, str]


class DomainDisk(msgspec.Struct, frozen=True, kw_only=True):
    """A ``<disk>`` of a domain.

    Attributes:
        target: its name, ``<target dev>``.
        bus: of the target, None if unsaid.
        type: of its storage.
        path: of its storage, None if that has none.
        snapshot: the location that the domain asks for, ``no`` if the disk is read-only and says
            nothing else, None if it says nothing.
        format: of its image; what does not say it is raw.
        readonly: nothing is written to it.
        empty: a drive without medium.
    """

    target: str
    bus: str | None = None
    type: str = "file"
    path: str | None = None
    snapshot: str | None = None
    format: str = "raw"
    readonly: bool = False
    empty: bool = False


def domain_disks(domain: bytes) -> tuple[DomainDisk, ...]:
    """Read the disks of a domain, in the order in which libvirt keeps them.

    libvirt (virDomainDiskInsert): a disk goes before those of its bus that have a higher
    target, whatever the order in the document.

    Args:
        domain: a canonical ``<domain>`` or ``<inactiveDomain>``, a document or a snapshot's body.
    """
    placed: list[DomainDisk] = []
    for own, children in _elements(domain):
        _insert(placed, _disk(own, children))
    return tuple(placed)


def _elements(domain: bytes) -> Iterator[tuple[_Attributes, dict[str, _Attributes]]]:
    """Yield the attributes of each ``<disk>``, and those of its children by name.

    Of children of one name the first counts.
    """
    path: list[bytes] = []
    own: _Attributes = {}
    children: dict[str, _Attributes] = {}
    for found in MARKUP.finditer(domain):
        closing, name, inside = found.groups()
        if name is None:
            continue  # in metadata only: what looks like a tag in there is none
        if not closing:
            path.append(name)
            if path[1:] == _DISK:
                own, children = attributes(inside), {}
            elif path[1:-1] == _DISK:
                children.setdefault(name.decode(), attributes(inside))
        if closing or inside.endswith(b"/"):
            if path[1:] == _DISK:
                yield own, children
            path.pop()


def _disk(own: _Attributes, children: dict[str, _Attributes]) -> DomainDisk:
    kind = own.get("type", "file")
    target = children.get("target", {})
    readonly = "readonly" in children or own.get("device") == "cdrom"
    path = _source_path(kind, children.get("source", {}))
    return DomainDisk(
        target=target.get("dev", ""),
        bus=target.get("bus"),
        type=kind,
        path=path,
        snapshot=own.get("snapshot", "no" if readonly else None),
        format=children.get("driver", {}).get("type", "raw"),
        readonly=readonly,
        empty=kind in _LOCAL and path is None,
    )


def _source_path(kind: str, source: dict[str, str]) -> str | None:
    path = source.get(_PATHS.get(kind, ""), "")
    if kind == "network" and source.get("protocol") in _POOLED:
        path = path.partition("/")[2]
    return path or None


def _insert(placed: list[DomainDisk], disk: DomainDisk) -> None:
    same = [n for n, other in enumerate(placed) if other.bus == disk.bus]
    higher = [n for n in same if _index(placed[n].target) > _index(disk.target)]
    placed.insert(_place(placed, same, higher), disk)


def _place(placed: Sequence[DomainDisk], same: Sequence[int], higher: Sequence[int]) -> int:
    if higher:
        return higher[0]
    return same[-1] + 1 if same else len(placed)


def _index(target: str) -> int:
    """The number of a target: a is 0, z 25, aa 26; -1 if it is not named so."""
    found = _TARGET.fullmatch(target)
    if found is None:
        return -1
    index = 0
    for place, letter in enumerate(found[1]):
        index = (index + (place > 0)) * 26 + ord(letter) - ord("a")
    return index
