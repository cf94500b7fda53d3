"""What of a domain has to stay as it is when its snapshot is redefined: what its guest sees.

libvirt (virDomainDefCheckABIStability) compares the domain of the new definition with that of
the old one, after its driver has filled in what either leaves out. This compares documents. So
where libvirt's driver may fill something in, the two have to differ in what both of them say;
where it does not, saying nothing differs from saying something, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple

from lineage.errors import SnapshotError
from lineage.rules.disks import DomainDisk, disks_of
from lineage.rules.elements import Element, read

__all__ = ["CODES", "check_abi"]

CODES: Final = {
    "abi-type": "the type of the domain",
    "abi-name": "the name of the domain",
    "abi-genid": "the domain's generation ID",
    "abi-memory": "the memory of the domain",
    "abi-vcpus": "the number of virtual CPUs",
    "abi-os": "the type of the guest, its architecture or machine",
    "abi-features": "the features of the domain",
    "abi-cpu": "model, topology or NUMA nodes of the CPU",
    "abi-timers": "the timers of the domain",
    "abi-disks": "the disks of the domain",
    "abi-devices": "the devices of the domain",
}
"""What differs, by the code of the error."""


class _Value(NamedTuple):
    """A value at a path: of an attribute after ``@``, else the text."""

    code: str
    path: str
    filled: bool = False  # the driver may fill it in

    def of(self, element: Element) -> str | None:
        path, at, attribute = self.path.partition("@")
        steps = path.split("/") if path else []
        return element.get(*steps, attribute) if at else element.content(*steps)

    def differs(self, old: Element, new: Element) -> bool:
        before, after = self.of(old), self.of(new)
        return before != after and not (self.filled and None in (before, after))


# In libvirt's order.
_VALUES: Final = (
    _Value("abi-type", "@type"),
    _Value("abi-genid", "genid", filled=True),
    _Value("abi-name", "name"),
    _Value("abi-memory", "memory"),
    _Value("abi-memory", "maxMemory"),
    _Value("abi-memory", "maxMemory@slots"),
    _Value("abi-os", "os/type"),
    _Value("abi-os", "os/type@arch", filled=True),
    _Value("abi-os", "os/type@machine", filled=True),
    _Value("abi-os", "os/smbios@mode", filled=True),
    _Value("abi-cpu", "cpu/model", filled=True),
    *(
        _Value("abi-cpu", f"cpu/topology@{part}", filled=True)
        for part in ("sockets", "dies", "clusters", "cores", "threads")
    ),
)
# Features that are there or not.
_FEATURES: Final = ("acpi", "apic", "pae", "privnet", "viridian")

# What is looked at of each device, besides how many there are of each kind. No driver adds any of
# these kinds by itself.
_COUNTED: Final[Mapping[str, Sequence[_Value]]] = {
    "filesystem": (_Value("abi-devices", "target@dir"),),
    "interface": (
        _Value("abi-devices", "mac@address", filled=True),
        _Value("abi-devices", "model@type", filled=True),
        _Value("abi-devices", "mtu@size"),
    ),
    "sound": (_Value("abi-devices", "@model", filled=True),),
    "redirdev": (_Value("abi-devices", "@type"), _Value("abi-devices", "@bus", filled=True)),
    "hub": (_Value("abi-devices", "@type"),),
    "rng": (_Value("abi-devices", "@model"),),
    "tpm": (_Value("abi-devices", "@model", filled=True),),
    "parallel": (_Value("abi-devices", "target@port", filled=True),),
    "channel": (
        _Value("abi-devices", "target@type"),
        _Value("abi-devices", "target@name", filled=True),
    ),
    "hostdev": (),
    "smartcard": (_Value("abi-devices", "@mode"),),
    "vsock": (),
    "iommu": (_Value("abi-devices", "@model"),),
    "shmem": (),
}
# The same of kinds of which a driver may add some: only if both documents have as many.
_FILLED: Final[Mapping[str, Sequence[_Value]]] = {
    "input": (_Value("abi-devices", "@type"), _Value("abi-devices", "@bus", filled=True)),
    "serial": (_Value("abi-devices", "target@port", filled=True),),
    "video": tuple(
        _Value("abi-devices", f"model@{part}", filled=True) for part in ("type", "vram", "heads")
    ),
    "watchdog": (_Value("abi-devices", "@model", filled=True),),
    "memballoon": (_Value("abi-devices", "@model", filled=True),),
    "panic": (_Value("abi-devices", "@model", filled=True),),
}
_DISK: Final = ("device", "bus", "target", "serial", "wwn", "readonly")
_PLACE: Final = (
    *("type", "domain", "bus", "slot", "function"),
    *("controller", "target", "unit", "cssid", "ssid", "devno"),
)


def check_abi(old: bytes, new: bytes) -> None:
    """Hold the domain of a new definition against that of the old one.

    Args:
        old, new: canonical ``<domain>`` elements, documents or bodies of a snapshot.

    Raises:
        SnapshotError: libvirt would refuse it; one of `CODES`.
    """
    before, after = read(old), read(new)
    for code, which in _differences(before, after):
        what = CODES[code] + (f" ({which})" if which else "")
        raise SnapshotError(code, 0, f"{what} may not change when a snapshot is redefined")


def _differences(old: Element, new: Element) -> Iterator[tuple[str, str]]:
    """Yield the code of each difference, and which device it is about."""
    yield from ((value.code, "") for value in _VALUES if value.differs(old, new))
    if _current_memory(old) != _current_memory(new):
        yield "abi-memory", ""
    if _vcpus(old) != _vcpus(new):
        yield "abi-vcpus", ""
    if _features(old) != _features(new):
        yield "abi-features", ""
    before, after = _cells(old), _cells(new)
    if before and after and before != after:
        yield "abi-cpu", ""
    if _timers(old) != _timers(new):
        yield "abi-timers", ""
    yield from _disks(disks_of(old), disks_of(new))
    yield from _devices(old, new)


def _current_memory(domain: Element) -> str | None:
    """What libvirt takes it for: all of the memory if it does not say, or says none or more."""
    current, most = domain.content("currentMemory"), domain.content("memory")
    if current is None or most is None or not (current.isdecimal() and most.isdecimal()):
        return current or most
    return current if 0 < int(current) < int(most) else most


def _vcpus(domain: Element) -> tuple[str, str]:
    most = domain.content("vcpu") or "1"
    return most, domain.get("vcpu", "current") or most


def _features(domain: Element) -> list[bool]:
    return [domain.first("features", name) is not None for name in _FEATURES]


def _cells(domain: Element) -> list[tuple[str | None, str | None]]:
    numa = domain.first("cpu", "numa")
    cells = () if numa is None else numa.all("cell")
    return [(each.attrs.get("cpus"), each.attrs.get("memory")) for each in cells]


def _timers(domain: Element) -> list[tuple[str | None, str | None]]:
    clock = domain.first("clock")
    if clock is None:
        return []
    timers = clock.all("timer")
    return [(each.attrs.get("name"), each.attrs.get("present")) for each in timers]


def _disks(old: Sequence[DomainDisk], new: Sequence[DomainDisk]) -> Iterator[tuple[str, str]]:
    if len(old) != len(new):
        yield "abi-disks", ""
        return
    for before, after in zip(old, new, strict=True):
        for field in _DISK:
            one, other = getattr(before, field), getattr(after, field)
            if one != other and not (field == "bus" and None in (one, other)):
                yield "abi-disks", before.target
        if _moved(before.address, after.address):
            yield "abi-disks", before.target


def _moved(old: Mapping[str, str] | None, new: Mapping[str, str] | None) -> bool:
    """Whether a disk is plugged in elsewhere, as far as both say where."""
    old, new = old or {}, new or {}
    return any(old[part] != new[part] for part in _PLACE if part in old and part in new)


def _devices(old: Element, new: Element) -> Iterator[tuple[str, str]]:
    before, after = _by_kind(old), _by_kind(new)
    for kind, values in {**_COUNTED, **_FILLED}.items():
        one, other = before.get(kind, []), after.get(kind, [])
        if kind in _FILLED and len(one) != len(other):
            continue
        for number, (was, is_now) in enumerate(zip_longest(one, other)):
            if was is None or is_now is None:
                yield "abi-devices", kind
            elif any(value.differs(was, is_now) for value in values):
                yield "abi-devices", f"{kind} {number + 1}"
    was, is_now = (_controllers(kinds.get("controller", [])) for kinds in (before, after))
    for place in was.keys() & is_now.keys():
        if None not in (was[place], is_now[place]) and was[place] != is_now[place]:
            yield "abi-devices", "controller"


def _controllers(found: Sequence[Element]) -> dict[tuple[str | None, str | None], str | None]:
    """Their models, by type and index."""
    each = (controller.attrs for controller in found)
    return {(one.get("type"), one.get("index")): one.get("model") for one in each}


def _by_kind(domain: Element) -> dict[str, list[Element]]:
    kinds: dict[str, list[Element]] = {}
    devices = domain.first("devices")
    for element in () if devices is None else devices.children:
        kinds.setdefault(element.name, []).append(element)
    return kinds
