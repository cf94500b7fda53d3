"""By what libvirt, and its users, tell one element of a list from the others."""

from __future__ import annotations

import re
from typing import Final

from lineage.rules.elements import Element

__all__ = ["Key", "key_of", "label", "listed"]

Key = tuple[str, ...]

_TARGET_PORT: Final = ("target/@type,target/@port",)
# parent/element -> what makes its key, the first that is there: attributes (@), children's
# attributes, children's text; several of them with commas between.
_NATURAL: Final[dict[str, tuple[str, ...]]] = {
    "disks/disk": ("@name",),
    "revertDisks/disk": ("@name",),
    "devices/disk": ("target/@dev",),
    "devices/controller": ("@type,@index", "@type"),
    "devices/interface": ("mac/@address",),
    "devices/filesystem": ("target/@dir",),
    "devices/graphics": ("@type",),
    "devices/serial": ("target/@port",),
    "devices/parallel": ("target/@port",),
    "devices/console": _TARGET_PORT,
    "devices/channel": ("target/@name", "target/@address,target/@port"),
    "devices/input": ("@type,@bus", "@type"),
    "devices/sound": ("@model",),
    "devices/audio": ("@id",),
    "devices/video": ("model/@type",),
    "devices/tpm": ("@model",),
    "devices/rng": ("@model",),
    "devices/watchdog": ("@model",),
    "devices/panic": ("@model",),
    "devices/shmem": ("@name",),
    "devices/lease": ("lockspace,key",),
    "cpu/feature": ("@name",),
    "numa/cell": ("@id",),
    "distances/sibling": ("@id",),
    "vcpus/vcpu": ("@id",),
    "iothreadids/iothread": ("@id",),
    "cputune/vcpupin": ("@vcpu",),
    "cputune/iothreadpin": ("@iothread",),
    "cputune/cachetune": ("@vcpus",),
    "cputune/memorytune": ("@vcpus",),
    "numatune/memnode": ("@cellid",),
    "blkiotune/device": ("path",),
    "clock/timer": ("@name",),
    "perf/event": ("@name",),
    "keywrap/cipher": ("@name",),
    "filterref/parameter": ("@name",),
    "domain/seclabel": ("@model",),
    "inactiveDomain/seclabel": ("@model",),
    "source/seclabel": ("@model",),
    "domain/sysinfo": ("@type",),
    "inactiveDomain/sysinfo": ("@type",),
    "bios/entry": ("@name",),
    "system/entry": ("@name",),
    "baseBoard/entry": ("@name",),
    "chassis/entry": ("@name",),
    "sysinfo/entry": ("@name",),
    "cookies/cookie": ("@name",),
    "qemu:commandline/qemu:env": ("@name",),
}
_WAYS: Final = {
    place: tuple(tuple(way.split(",")) for way in ways) for place, ways in _NATURAL.items()
}
_ACTS: Final = re.compile(r"[],#\\]")


def listed(parent: str, name: str) -> bool:
    """Whether elements of that name have natural keys in that parent."""
    return f"{parent}/{name}" in _WAYS


def key_of(parent: str, element: Element) -> Key | None:
    """Give an element's natural key, None if it has none or lacks what makes it."""
    for way in _WAYS.get(f"{parent}/{element.name}", ()):
        parts = [_part(element, place) for place in way]
        if None not in parts:
            return tuple(part for part in parts if part is not None)
    return None


def label(key: Key) -> str:
    """Write a key as it stands in a path, between brackets."""
    return ",".join(_ACTS.sub(r"\\\g<0>", part) for part in key)


def _part(element: Element, place: str) -> str | None:
    if place.startswith("@"):
        return element.attrs.get(place[1:])
    name, _, attribute = place.partition("/@")
    child = next((child for child in element.children if child.name == name), None)
    if child is None:
        return None
    return child.attrs.get(attribute) if attribute else child.text or None
