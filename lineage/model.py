"""Records of one snapshot and of what is derived from many.

The field order of `Head` and everything inside it is the on-disk layout (FORMAT.md,
"Head"): the C core writes and reads the same MessagePack arrays.
"""

from __future__ import annotations

import enum

import msgspec

__all__ = ["Disk", "Domain", "Extra", "Head", "Memory", "Node", "Secure", "Snapshot"]


class Secure(enum.IntEnum):
    """Whether a document was dumped with libvirt's SECURE flag, so that it holds passwords."""

    UNKNOWN = 0
    YES = 1
    NO = 2


class Node(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One element in canonical form: a disk's ``<driver>`` or ``<source>``.

    Attributes:
        attrs: attribute values by name, in canonical order.
        inner: canonical bytes between the tags, empty for a self-closed element.
    """

    attrs: dict[str, str] = {}
    inner: bytes = b""


class Extra(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Something that the snapshot level does not know, kept where it stood.

    Attributes:
        place: a place of FORMAT.md, "Places".
        xml: canonical bytes as printed at that place.
    """

    place: int
    xml: bytes


class Memory(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """``<memory>``: where the guest's memory went (``no``, ``internal``, ``external``)."""

    snapshot: str | None = None
    file: str | None = None


class Disk(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One ``<disk>`` of ``<disks>`` or ``<revertDisks>``.

    Attributes:
        name: target (``vda``) or path of the domain's disk.
        snapshot: location (``no``, ``internal``, ``external``, ``manual``), None if unsaid.
        type: storage type (``file``, ``block``, ``network``...), None if unsaid.
        delete_in_progress: ``<snapshotDeleteInProgress/>`` is there.
    """

    name: str
    snapshot: str | None = None
    type: str | None = None
    delete_in_progress: bool = False
    driver: Node | None = None
    source: Node | None = None
    extra: tuple[Extra, ...] = ()

    @property
    def format(self) -> str | None:
        """Image format, such as ``qcow2``."""
        return self.driver.attrs.get("type") if self.driver else None

    @property
    def path(self) -> str | None:
        """Image path, device or network name."""
        if self.source is None:
            return None
        attrs = self.source.attrs
        return attrs.get("file") or attrs.get("dev") or attrs.get("name") or attrs.get("path")


class Head(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A snapshot's own fields, without its bodies.

    Attributes:
        state: libvirt's name of the domain's state, None only in a create request.
        parent: name of the parent snapshot, None for a root.
        creation_time: seconds since the epoch, any signed 64-bit number; None only in a
            create request.
        active: the ``<active>`` value, read in mode ``internal`` only.
    """

    name: str | None
    description: str | None = None
    state: str | None = None
    parent: str | None = None
    creation_time: int | None = None
    memory: Memory | None = None
    disks: tuple[Disk, ...] | None = None
    revert_disks: tuple[Disk, ...] | None = None
    active: int | None = None
    extra: tuple[Extra, ...] = ()

    @property
    def external(self) -> bool:
        """libvirt's EXTERNAL: memory or any disk is external."""
        if self.memory is not None and self.memory.snapshot == "external":
            return True
        return any(disk.snapshot == "external" for disk in self.disks or ())


class Snapshot(Head, array_like=True, frozen=True, gc=False):
    """A whole ``<domainsnapshot>``: head and bodies.

    Attributes:
        domain: canonical ``<domain>`` as it stands in the document (one level deep).
        inactive_domain: canonical ``<inactiveDomain>``.
        cookie: canonical ``<cookie>``.
    """

    domain: bytes | None = None
    inactive_domain: bytes | None = None
    cookie: bytes | None = None


class Domain(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A ``<domain>`` document.

    Attributes:
        xml: its canonical bytes.
    """

    name: str | None
    uuid: str | None
    type: str | None
    xml: bytes
