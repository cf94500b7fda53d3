"""Which disk a snapshot takes how: libvirt's alignment of ``<disks>`` with the domain's.

libvirt (virDomainSnapshotAlignDisks, virDomainSnapshotDefAssignExternalNames) does this when a
snapshot is made and when it is redefined, not when its daemon starts, and never with
``<revertDisks>``. The result has every disk of the domain, in the domain's order.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from lineage.errors import AlignmentError
from lineage.model import Disk, Head, Node
from lineage.rules.disks import DomainDisk

__all__ = ["MESSAGES", "align", "default_location", "match", "regular_file"]

Regular = Callable[[str], bool]

# Where a requested disk's source of each type keeps its path; the other types have none.
_PATHS: Final = {"file": "file", "block": "dev", "network": "name"}

MESSAGES: Final = {
    "disks-no-domain": "no domain is known whose disks the snapshot's could be",
    "disks-too-many": "more disks than the domain has",
    "disk-unknown": "the domain has no such disk, or several with this path",
    "disk-twice": "the disk is there twice",
    "disk-not-internal": "beside an internal snapshot every disk has to be internal",
    "disk-file-not-external": "only an external snapshot has a file",
    "disk-name-type": "a name can be made up only for a file, not for this type of storage",
    "disk-name-no-source": "a name cannot be made up: the domain's disk has no source",
    "disk-name-not-a-file": "a name cannot be made up: the domain's disk is no regular file",
    "disk-name-collision": "the name made up is that of an earlier disk",
}
"""What is wrong, by the code of an `AlignmentError`."""


def regular_file(path: str) -> bool:
    """Whether a path leads to a regular file of this system."""
    try:
        return stat.S_ISREG(os.stat(os.fsencode(path)).st_mode)  # noqa: PTH116 (no Path: any text)
    except (OSError, ValueError):
        return False


def default_location(head: Head) -> str:
    """Give the location of a redefined snapshot's disks that do not say theirs.

    It is ``external`` if the snapshot is disk-only or anything in it is external.
    """
    return "external" if head.state == "disk-snapshot" or head.external else "internal"


def align(
    requested: Sequence[Disk] | None,
    of_domain: Sequence[DomainDisk] | None,
    default: str,
    name: str,
    *,
    regular: Regular = regular_file,
) -> tuple[Disk, ...]:
    """Give the disks of a snapshot as libvirt stores them, one for each disk of the domain.

    Args:
        requested: the disks that the document lists.
        of_domain: the disks of the domain, the snapshot's own or, if its document has none, the
            one that it inherits; None if there is no domain.
        default: ``internal`` or ``external``, what a disk is that says nothing (when redefining:
            `default_location`). Beside internal ones there can be no other.
        name: of the snapshot; the end of the file names that are made up.
        regular: whether a path leads to a regular file, which is asked before a name is made up
            beside it.

    Raises:
        AlignmentError: libvirt would refuse it.
    """
    if of_domain is None:
        raise _refused("disks-no-domain")
    found = match(requested or (), of_domain, default)
    located = [
        _unlisted(owner, default) if disk is None else disk
        for disk, owner in zip(found, of_domain, strict=True)
    ]
    return _named(located, of_domain, name, regular)


def match(
    requested: Sequence[Disk], of_domain: Sequence[DomainDisk], default: str | None = None
) -> list[Disk | None]:
    """Give for each disk of the domain the requested one that means it, under its target.

    A requested disk means one by its target or, if its name begins with ``/``, by the path of
    its source, where only one has that.

    Args:
        default: as for `align`: decide locations too, since libvirt is done with one disk before
            it looks at the next. None: leave them.

    Raises:
        AlignmentError: libvirt would refuse it.
    """
    if len(requested) > len(of_domain):
        raise _refused("disks-too-many")
    found: list[Disk | None] = [None] * len(of_domain)
    for asked in requested:
        place = _find(asked.name, of_domain)
        if place is None:
            raise _refused("disk-unknown", asked.name)
        owner = of_domain[place]
        if found[place] is not None:
            raise _refused("disk-twice", owner.target)
        disk = msgspec.structs.replace(asked, name=owner.target)
        found[place] = disk if default is None else _located(disk, owner, default)
    return found


def _find(name: str, of_domain: Sequence[DomainDisk]) -> int | None:
    if name.startswith("/"):
        places = [n for n, disk in enumerate(of_domain) if disk.path == name]
        return places[0] if len(places) == 1 else None
    return next((n for n, disk in enumerate(of_domain) if disk.target == name), None)


def _located(disk: Disk, owner: DomainDisk, default: str) -> Disk:
    own, location = owner.snapshot, disk.snapshot
    if location is None:
        location = own if own and (default == "external" or own == "no") else default
    elif default == "internal" and location != default and not location == own == "no":
        raise _refused("disk-not-internal", owner.target)
    if location != "external" and _path(disk) is not None:
        raise _refused("disk-file-not-external", owner.target)
    return msgspec.structs.replace(disk, snapshot=location)


def _unlisted(owner: DomainDisk, default: str) -> Disk:
    # What the domain says is not held against the default here.
    location = "no" if owner.empty else owner.snapshot or default
    return Disk(owner.target, location)


def _named(
    disks: Sequence[Disk], of_domain: Sequence[DomainDisk], name: str, regular: Regular
) -> tuple[Disk, ...]:
    named: list[Disk] = []
    taken: set[str | None] = set()
    for disk, owner in zip(disks, of_domain, strict=True):
        done = disk
        if disk.snapshot == "external" and _path(disk) is None:
            done = _with_name(disk, owner, name, regular)
            if _path(done) in taken:
                raise _refused("disk-name-collision", owner.target)
        taken.add(_path(done))
        named.append(_stored(done))
    return tuple(named)


def _with_name(disk: Disk, owner: DomainDisk, name: str, regular: Regular) -> Disk:
    if disk.type not in (None, "file"):
        raise _refused("disk-name-type", owner.target)
    if owner.path is None:
        raise _refused("disk-name-no-source", owner.target)
    if not regular(owner.path):
        raise _refused("disk-name-not-a-file", owner.target)
    stem, dot, ending = owner.path.rpartition(".")
    base = stem if dot and "/" not in ending else owner.path
    given = disk.source or Node()
    source = Node({"file": f"{base}.{name}", **given.attrs}, given.inner)
    return msgspec.structs.replace(disk, type="file", source=source)


def _stored(disk: Disk) -> Disk:
    # libvirt prints nothing of a storage that has neither path nor format.
    if _path(disk) is None and disk.format is None:
        return msgspec.structs.replace(disk, type=None, driver=None, source=None)
    return disk


def _path(disk: Disk) -> str | None:
    if disk.source is None:
        return None
    return disk.source.attrs.get(_PATHS.get(disk.type or "file", "")) or None


def _refused(code: str, disk: str | None = None) -> AlignmentError:
    return AlignmentError(code, MESSAGES[code], disk)
