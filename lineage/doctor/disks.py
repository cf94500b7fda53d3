"""Chains of disk images: what each snapshot says of them, held against the ones above it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from lineage.doctor.finding import Finding, found
from lineage.errors import AlignmentError, Damaged, NotFound
from lineage.log.base import EventLog
from lineage.model import Disk, Head
from lineage.rules.align import align, default_location
from lineage.rules.disks import DomainDisk, domain_disks
from lineage.rules.elements import Element, read
from lineage.tree import Tree, TreeNode

__all__ = ["disks"]

_ANY: Final = ""  # the disks of a snapshot that names none, and whose domain is not known
_LOCAL: Final = frozenset({"file", "block"})
_KINDS: Final = ("internal", "external")
_COMPARE: Final = (
    "compare the images with qemu-img info --backing-chain; if they were moved, redefine the"
    " snapshot with the paths that they have now"
)
_UNMIX: Final = (
    "copy the guest's images to a chain of one kind; until then delete with --metadata only"
)
_FINISH: Final = "delete it again in libvirt, then lineage record delete"
_REDEFINE: Final = "redefine it with the disks of its domain"


class _Kind(NamedTuple):
    """Which kind of snapshot a disk last had, and in which snapshot."""

    kind: str
    snapshot: str


class _Line(NamedTuple):
    """What is known of a domain's disks below a snapshot, by target."""

    kinds: Mapping[str, _Kind]
    images: Mapping[str, frozenset[str]]  # what the disk may be on; no entry: not known


class _Domain(NamedTuple):
    disks: tuple[DomainDisk, ...]
    loops: tuple[str, ...]  # targets of disks with an image that backs itself


_NOTHING: Final = _Line({}, {})


def disks(tree: Tree, log: EventLog) -> Iterator[Finding]:
    """Yield what is wrong with the disks of a domain's snapshots.

    Args:
        log: where the domains of its documents are.

    Raises:
        Damaged: a document cannot be read.
    """
    domains: dict[bytes, _Domain] = {}
    lines: list[_Line] = []
    for node, depth in tree.walk():
        above = lines[depth - 1] if depth else _NOTHING
        one = _Snapshot(tree, node, _domain(log, node, domains))
        yield from one.alone()
        yield from one.below(above)
        lines[depth:] = [one.line(above)]


def _domain(log: EventLog, node: TreeNode, known: dict[bytes, _Domain]) -> _Domain | None:
    digest = node.domain
    if digest is None or not node.has_domain:
        return None
    if digest not in known:
        try:
            body = log.body(digest)
        except NotFound:
            raise Damaged(f"the domain of snapshot {node.name!r} is missing") from None
        loops = tuple(_loops(read(body))) if b"<backingStore" in body else ()
        known[digest] = _Domain(domain_disks(body), loops)
    return known[digest]


class _Snapshot:
    """One snapshot and the disks that it is about."""

    def __init__(self, tree: Tree, node: TreeNode, domain: _Domain | None) -> None:
        self._tree, self._name, self._head, self._domain = tree, node.name, node.head, domain
        owners = () if domain is None else domain.disks
        self._on = {o.target: o.path for o in owners if o.path is not None and o.type in _LOCAL}
        self._own = {_target(disk, owners): disk for disk in self._head.disks or ()}
        self._kinds = _kinds(self._head, self._own, owners)

    def _found(self, code: str, message: str, remedy: str) -> Finding:
        return found(self._tree, code, self._name, message, remedy)

    def alone(self) -> Iterator[Finding]:
        """Yield what the document alone tells."""
        head = self._head
        listed = (*(head.disks or ()), *(head.revert_disks or ()))
        stuck = dict.fromkeys(repr(disk.name) for disk in listed if disk.delete_in_progress)
        if stuck:
            message = f"a deletion was begun and not ended, on disk {', '.join(stuck)}"
            yield self._found("delete-in-progress", message, _FINISH)
        for target, disk in self._own.items():
            path = _path(disk)
            if self._kinds.get(target) == "external" and path and path == self._on.get(target):
                message = f"disk {target!r} was on {path!r} already, which is its overlay"
                yield self._found("self-backing", message, _COMPARE)
        if self._domain is None:
            return
        for target in self._domain.loops:
            message = f"an image of disk {target!r} backs itself"
            yield self._found("self-backing", message, _COMPARE)
        # A domain without any disk was cut down to say whose snapshot it is.
        if head.disks and self._domain.disks and not head.revert_disks:
            yield from self._refused(self._domain)

    def _refused(self, domain: _Domain) -> Iterator[Finding]:
        head = self._head
        default = default_location(head)
        try:
            align(head.disks, domain.disks, default, self._name, regular=lambda _: True)
        except AlignmentError as error:
            which = "" if error.disk is None else f"disk {error.disk!r}: "
            yield self._found("disk-refused", f"{which}{error}", _REDEFINE)

    def below(self, above: _Line) -> Iterator[Finding]:
        """Yield what the snapshots above it contradict."""
        mixed: dict[_Kind, list[str]] = {}
        for target, kind in self._kinds.items():
            other = _last_kind(above, target)
            if other is not None and kind in _KINDS and other.kind != kind:
                mixed.setdefault(other, []).append(target)
        for other, targets in mixed.items():
            yield self._mixed(other, targets)
        for target, path in self._on.items():
            images = above.images.get(target)
            if images is not None and path not in images:
                expected = " or ".join(sorted(map(repr, images)))
                message = f"disk {target!r} was on {path!r}, above it the overlay is {expected}"
                yield self._found("chain-mismatch", message, _COMPARE)

    def _mixed(self, other: _Kind, targets: list[str]) -> Finding:
        which = ", ".join("all disks" if each == _ANY else f"disk {each!r}" for each in targets)
        kind = "external" if other.kind == "internal" else "internal"
        danger = (
            f"to delete the external one may destroy the image that holds {other.snapshot!r}"
            if kind == "external"
            else f"to delete {other.snapshot!r} may destroy the image that holds this one"
        )
        message = f"{which}: {kind} here, {other.kind} in {other.snapshot!r} above it; {danger}"
        return self._found("mixed-chain", message, _UNMIX)

    def line(self, above: _Line) -> _Line:
        """Give what is known below it."""
        kinds, images = dict(above.kinds), dict(above.images)
        reverted = {disk.name: _path(disk) for disk in self._head.revert_disks or ()}
        for target, kind in self._kinds.items():
            if kind in _KINDS:
                kinds[target] = _Kind(kind, self._name)
            if kind == "external":
                own = self._own.get(target)
                paths = (own and _path(own), reverted.get(target))
                images[target] = frozenset(path for path in paths if path)
        for target in list(images):
            changed = self._on.get(target) not in (None, *above.images.get(target, ()))
            if not images[target] or (self._kinds.get(target) != "external" and changed):
                del images[target]  # told once, or nothing to tell
        return _Line(kinds, images)


def _target(disk: Disk, owners: tuple[DomainDisk, ...]) -> str:
    """A disk may be named by the path of its source."""
    if disk.name.startswith("/"):
        return next((owner.target for owner in owners if owner.path == disk.name), disk.name)
    return disk.name


def _path(disk: Disk) -> str | None:
    """The overlay's path, if it is on this host: others are spelled in several ways."""
    return disk.path if disk.type is None or disk.type in _LOCAL else None


def _kinds(head: Head, own: Mapping[str, Disk], owners: tuple[DomainDisk, ...]) -> dict[str, str]:
    """The location of each disk in the snapshot, as libvirt fills in what is not said."""
    default = default_location(head)
    found = {owner.target: "no" if owner.empty else owner.snapshot or default for owner in owners}
    found.update((target, disk.snapshot or default) for target, disk in own.items())
    return found or {_ANY: default}


def _last_kind(above: _Line, target: str) -> _Kind | None:
    if target == _ANY:
        return next(iter(above.kinds.values()), None)
    return above.kinds.get(target) or above.kinds.get(_ANY)


def _loops(domain: Element) -> Iterator[str]:
    """Yield the targets of disks whose chain of ``<backingStore>`` comes back to an image."""
    for devices in domain.children:
        for disk in devices.children if devices.name == "devices" else ():
            if disk.name != "disk":
                continue
            seen: set[str] = set()
            layer: Element | None = disk
            while layer is not None:
                image = _image(layer)
                if image in seen:
                    target = _child(disk, "target")
                    yield "" if target is None else target.attrs.get("dev", "")
                    break
                if image is not None:
                    seen.add(image)
                layer = _child(layer, "backingStore")


def _image(layer: Element) -> str | None:
    source = _child(layer, "source")
    return None if source is None else source.attrs.get("file") or source.attrs.get("dev")


def _child(element: Element, name: str) -> Element | None:
    return next((child for child in element.children if child.name == name), None)
