"""Virtual machines that exist only on paper: how one begins, and how it changes with time."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Final

from benchmarks import dice

__all__ = ["Disk", "Machine", "Nic", "begin", "evolve", "overlay"]

GIB: Final = 1024 * 1024  # in KiB
ROLES: Final = ("web", "db", "mail", "build", "cache", "files", "desktop", "router", "ci", "ldap")
STYLES: Final = ("plain",) * 12 + ("cloud",) * 5 + ("managed", "desktop")
RELEASES: Final = ("6.2", "7.0", "7.1", "7.2")
NETWORKS: Final = ("default", "prod", "storage", "dmz", "lab", "backup")
MODELS: Final = ("Haswell-noTSX-IBRS", "Skylake-Server-IBRS", "Cascadelake-Server", "EPYC-Rome")
FEATURES: Final = (
    "vmx", "ss", "hypervisor", "tsc_adjust", "clflushopt", "umip", "pku", "md-clear", "stibp",
    "arch-capabilities", "ssbd", "xsaves", "invtsc", "pdpe1gb", "ibpb", "amd-ssbd", "rdctl-no",
)  # fmt: skip
SYSTEMS: Final = (
    "http://debian.org/debian/11",
    "http://debian.org/debian/12",
    "http://microsoft.com/win/2k22",
    "http://fedoraproject.org/fedora/38",
    "http://ubuntu.com/ubuntu/22.04",
)
TITLES: Final = ("Berlin & Köln", "tier <2>", 'the "old" one', "Ward's box", "監視サーバ", "spare")


@dataclass(frozen=True)
class Disk:
    """A disk. `target` carries its bus: vda is virtio, sda SATA or SCSI, hda IDE."""

    target: str
    path: str
    kind: str = "file"  # file, block or network
    format: str = "qcow2"
    chain: tuple[str, ...] = ()  # images under an overlay, nearest first
    cdrom: bool = False
    serial: str | None = None
    iops: int | None = None
    cache: str | None = None


@dataclass(frozen=True)
class Nic:
    """A network interface."""

    mac: str
    network: str
    bridge: bool = False
    model: str = "virtio"
    port: str | None = None  # Open vSwitch port, a UUID
    average: int | None = None  # KiB a second
    up: bool = True


@dataclass(frozen=True)
class Machine:
    """All that a domain's XML says, as values."""

    name: str
    uuid: str
    style: str
    chipset: str  # q35 or pc
    release: str
    system: str
    memory: int  # KiB
    vcpus: int
    disks: tuple[Disk, ...]
    nics: tuple[Nic, ...]
    cpu: str | None = None  # None: the host's
    features: tuple[tuple[str, str], ...] = ()  # policy, name
    title: str | None = None
    description: str | None = None
    pins: tuple[str, ...] = ()
    shares: int | None = None
    password: str | None = None
    port: int = -1
    efi: bool = False
    boot: tuple[str, ...] = ("hd",)
    rng: bool = True
    watchdog: str | None = None
    redirections: int = 0
    tpm: bool = False
    label: str | None = None
    revision: int = 0  # of the management's own metadata
    driver: str | None = None  # the domain's type; None: as the style has it
    extras: tuple[str, ...] = ()  # what few machines have, see `benchmarks.strangers`


def begin(rng: random.Random, number: int) -> Machine:
    """A new machine. Its name holds `number`, so that names differ where numbers do."""
    style = dice.pick(rng, STYLES)
    name = f"{dice.pick(rng, ROLES)}-{number:04d}"
    model = None if dice.chance(rng, 0.4) else dice.pick(rng, MODELS)
    vcpus = dice.pick(rng, (1, 2, 2, 4, 4, 8))
    return Machine(
        name=name,
        uuid=dice.uuid(rng),
        style=style,
        chipset="q35" if style in ("desktop", "managed") or dice.chance(rng, 0.06) else "pc",
        release=dice.pick(rng, RELEASES),
        system=dice.pick(rng, SYSTEMS),
        memory=dice.between(rng, 1, 32) * GIB // 2,
        vcpus=vcpus,
        disks=_disks(rng, name, style),
        nics=tuple(_nic(rng, style) for _ in range(dice.pick(rng, (1, 1, 1, 2)))),
        cpu=model,
        features=_features(rng) if model else (),
        title=dice.pick(rng, TITLES) if dice.chance(rng, 0.3) else None,
        description=f"order {dice.below(rng, 10**6)}" if dice.chance(rng, 0.2) else None,
        pins=_pins(rng, vcpus) if style == "managed" and dice.chance(rng, 0.5) else (),
        shares=vcpus * 1024 if style == "cloud" else None,
        password=dice.hexadecimal(rng, 8) if dice.chance(rng, 0.25) else None,
        port=dice.between(rng, 5900, 6100) if dice.chance(rng, 0.2) else -1,
        efi=dice.chance(rng, 0.25),
        boot=dice.pick(rng, (("hd",), ("hd",), ("hd", "network"), ("cdrom", "hd"))),
        rng=dice.chance(rng, 0.3),
        watchdog=dice.pick(rng, ("reset", "poweroff")) if dice.chance(rng, 0.2) else None,
        redirections=2 if style == "desktop" else 0,
        tpm=style == "desktop" and dice.chance(rng, 0.4),
        label=dice.pick(rng, ("apparmor", "selinux")) if dice.chance(rng, 0.4) else None,
    )


def evolve(rng: random.Random, machine: Machine) -> Machine:
    """What the machine is at its next snapshot: more often than not, the same."""
    change = dice.below(rng, 24)
    if change < 14:
        return machine
    if change < 16:
        step = dice.pick(rng, (-GIB, GIB))
        return replace(machine, memory=max(GIB, machine.memory + step))
    if change < 18:
        return replace(machine, disks=_other_disks(rng, machine))
    if change < 20:
        return replace(machine, nics=_other_nics(rng, machine))
    return _other_details(rng, machine, change)


def overlay(machine: Machine, name: str, targets: frozenset[str]) -> Machine:
    """The machine after an external snapshot: the disks named run on new overlays."""
    disks = tuple(
        replace(
            disk,
            path=overlay_path(machine, disk, name),
            kind="file",
            format="qcow2",
            chain=(disk.path,) if disk.kind == "file" else (),
        )
        if disk.target in targets
        else disk
        for disk in machine.disks
    )
    return replace(machine, disks=disks)


def overlay_path(machine: Machine, disk: Disk, name: str) -> str:
    """Where libvirt would put the overlay: the image's suffix becomes the snapshot's name."""
    if disk.kind != "file":
        return f"/var/lib/libvirt/images/{machine.name}-{disk.target}.{name}"
    stem, dot, suffix = disk.path.rpartition(".")
    return f"{stem}.{name}" if dot and "/" not in suffix else f"{disk.path}.{name}"


def _disks(rng: random.Random, name: str, style: str) -> tuple[Disk, ...]:
    prefix = "hd" if style == "plain" and dice.chance(rng, 0.5) else "vd"
    disks = [_disk(rng, name, style, f"{prefix}a")]
    if dice.chance(rng, 0.35):
        disks.append(_disk(rng, name, style, f"{prefix}b"))
    if style != "cloud" and dice.chance(rng, 0.6):
        medium = dice.pick(rng, ("", "debian-12.iso", "virtio-win.iso", "rescue.iso"))
        path = f"/var/lib/libvirt/images/{medium}" if medium else ""
        target = "hdc" if prefix == "hd" else "sda"
        disks.append(Disk(target, path, format="raw", cdrom=True))
    return tuple(disks)


def _disk(rng: random.Random, name: str, style: str, target: str) -> Disk:
    cache = dice.pick(rng, (None, "none", "writeback"))
    if style == "cloud" and dice.chance(rng, 0.4):
        return Disk(target, f"vms/{dice.uuid(rng)}_disk", "network", "raw", cache=cache)
    serial = dice.uuid(rng) if style == "managed" else None
    if style == "managed" and dice.chance(rng, 0.5):
        return Disk(target, f"/dev/vg0/{name}-{target}", "block", "qcow2", serial=serial)
    iops = 100 * dice.between(rng, 5, 80) if dice.chance(rng, 0.2) else None
    path = f"/var/lib/libvirt/images/{name}-{target}.qcow2"
    return Disk(target, path, serial=serial, iops=iops, cache=cache)


def _nic(rng: random.Random, style: str) -> Nic:
    bridge = style in ("cloud", "managed")
    return Nic(
        mac="52:54:00:" + ":".join(dice.hexadecimal(rng, 2) for _ in range(3)),
        network=f"br-{dice.pick(rng, NETWORKS)}" if bridge else dice.pick(rng, NETWORKS),
        bridge=bridge,
        model="virtio" if dice.chance(rng, 0.8) else dice.pick(rng, ("e1000", "rtl8139")),
        port=dice.uuid(rng) if style == "cloud" and dice.chance(rng, 0.5) else None,
        average=dice.between(rng, 1, 40) * 256 if dice.chance(rng, 0.2) else None,
    )


def _features(rng: random.Random) -> tuple[tuple[str, str], ...]:
    names = dice.shuffled(rng, FEATURES)[: dice.between(rng, 0, 7)]
    return tuple(("require" if dice.chance(rng, 0.8) else "disable", name) for name in names)


def _pins(rng: random.Random, vcpus: int) -> tuple[str, ...]:
    first = dice.below(rng, 16)
    return tuple(str(first + number) for number in range(vcpus))


def _other_disks(rng: random.Random, machine: Machine) -> tuple[Disk, ...]:
    """A disk more, a disk less, or another medium in the drive."""
    hard = [disk for disk in machine.disks if not disk.cdrom]
    drives = [disk for disk in machine.disks if disk.cdrom]
    if drives and dice.chance(rng, 0.4):
        medium = dice.pick(rng, ("rescue", "debian-12", "drivers"))
        drives = [replace(drives[0], path=f"/var/lib/libvirt/images/{medium}.iso")]
    elif len(hard) > 1 and dice.chance(rng, 0.6):
        hard.pop()
    elif len(hard) < 3 and not (drives and hard[0].target.startswith("hd") and len(hard) > 1):
        target = hard[0].target[:2] + "abc"[len(hard)]
        hard.append(_disk(rng, machine.name, machine.style, target))
    return (*hard, *drives)


def _other_nics(rng: random.Random, machine: Machine) -> tuple[Nic, ...]:
    """An interface more, less, or one whose link goes up or down."""
    nics = list(machine.nics)
    if len(nics) > 1 and dice.chance(rng, 0.6):
        nics.pop()
    elif len(nics) < 3 and dice.chance(rng, 0.4):
        nics.append(_nic(rng, machine.style))
    else:
        nics[0] = replace(nics[0], up=not nics[0].up)
    return tuple(nics)


def _other_details(rng: random.Random, machine: Machine, change: int) -> Machine:
    if change == 20:
        return replace(machine, description=f"order {dice.below(rng, 10**6)}")
    if change == 21:
        return replace(machine, release=dice.pick(rng, RELEASES))
    if change == 22:
        return replace(machine, password=dice.hexadecimal(rng, 8))
    return replace(machine, revision=machine.revision + 1)
