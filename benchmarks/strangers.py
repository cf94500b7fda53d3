"""Machines of another house: other names, paths, processors, devices and habits of naming.

What is tuned on `benchmarks.machines` (a dictionary, a limit) is measured on these.
"""

from __future__ import annotations

import random
from typing import Final

from benchmarks import dice
from benchmarks.machines import GIB, Disk, Machine, Nic
from benchmarks.snapshots import Words

__all__ = ["WORDS", "begin"]

WORDS: Final = Words(
    names=(
        "auto-2024", "release_7", "Vor dem Umbau", "snap", "pre-ansible-run", "tested OK", "v1.9",
        "retour arrière", "CHG0041127", "checkpoint", "nightly", "wip",
    ),
    reasons=(
        "requested by the application team",
        "Automatisch angelegt",
        "rollback point of the blue/green switch",
        "kept until the audit is over; ask operations before deleting",
    ),
)  # fmt: skip
SITES: Final = ("fra1", "ams3", "osl2", "par4")
DUTIES: Final = ("sap", "mx", "k8s-node", "pgsql", "jump", "ad", "licence", "vdi", "proxy")
VLANS: Final = ("vlan110", "vlan120", "vlan2040", "mgmt", "iscsi-a", "iscsi-b")
CPUS: Final = ("SapphireRapids", "EPYC-Milan", "Icelake-Server-noTSX", "Opteron_G5", "Westmere")
FLAGS: Final = (
    "avx512-fp16", "amx-tile", "erms", "fsrm", "x2apic", "topoext", "svm", "npt", "virt-ssbd",
    "ibrs", "spec-ctrl", "pcid", "perfctr_core", "wbnoinvd", "mpx", "kvm_pv_unhalt",
)  # fmt: skip
GUESTS: Final = (
    "http://redhat.com/rhel/9.2",
    "http://microsoft.com/win/2k19",
    "http://opensuse.org/opensuse/15.5",
    "http://freebsd.org/freebsd/13.2",
    "http://alpinelinux.org/alpinelinux/3.18",
)
EXTRAS: Final = ("hugepages", "partition", "hyperv", "shared", "panic", "vsock")


def begin(rng: random.Random, number: int) -> Machine:
    """A new machine. Its name holds `number`, so that names differ where numbers do."""
    name = f"{dice.pick(rng, SITES)}-{dice.pick(rng, DUTIES)}{number:03d}.example.net"
    style = dice.pick(rng, ("plain", "plain", "plain", "managed", "desktop"))
    vcpus = dice.pick(rng, (3, 6, 10, 12, 16))
    flags = dice.shuffled(rng, FLAGS)[: dice.between(rng, 2, 6)]
    return Machine(
        name=name,
        uuid=dice.uuid(rng),
        style=style,
        chipset="q35" if dice.chance(rng, 0.2) else "pc",
        release=dice.pick(rng, ("8.0", "8.1", "8.2", "rhel9.2.0")),
        system=dice.pick(rng, GUESTS),
        memory=dice.between(rng, 3, 96) * GIB,
        vcpus=vcpus,
        disks=_disks(rng, name),
        nics=tuple(_nic(rng) for _ in range(dice.pick(rng, (1, 1, 1, 2, 3)))),
        cpu=dice.pick(rng, CPUS),
        features=tuple((dice.pick(rng, ("require", "disable", "force")), flag) for flag in flags),
        description=f"owner: team-{dice.below(rng, 60)}" if dice.chance(rng, 0.5) else None,
        pins=tuple(f"{n * 2}-{n * 2 + 1}" for n in range(vcpus)) if dice.chance(rng, 0.3) else (),
        shares=512 if dice.chance(rng, 0.2) else None,
        password=dice.hexadecimal(rng, 12) if dice.chance(rng, 0.2) else None,
        efi=dice.chance(rng, 0.6),
        boot=dice.pick(rng, (("hd",), ("network", "hd"))),
        rng=dice.chance(rng, 0.6),
        redirections=dice.below(rng, 3) if style == "desktop" else 0,
        tpm=dice.chance(rng, 0.3),
        label=dice.pick(rng, (None, "selinux")),
        extras=tuple(extra for extra in EXTRAS if dice.chance(rng, 0.35)),
    )


def _disks(rng: random.Random, name: str) -> tuple[Disk, ...]:
    disks: list[Disk] = []
    pool = dice.pick(rng, ("fast", "slow", "tier2"))
    for letter in "abcd"[: dice.pick(rng, (1, 1, 1, 2, 4))]:
        serial = dice.hexadecimal(rng, 16) if dice.chance(rng, 0.4) else None
        path = f"/srv/pools/{pool}/{name}/disk-{letter}.img"
        disks.append(Disk(f"vd{letter}", path, serial=serial, cache="directsync"))
    if dice.chance(rng, 0.3):
        disks.append(Disk("sda", "/srv/iso/tools.iso", format="raw", cdrom=True))
    return tuple(disks)


def _nic(rng: random.Random) -> Nic:
    mac = ":".join(dice.hexadecimal(rng, 2) for _ in range(3))
    return Nic(mac=f"00:16:3e:{mac}", network=dice.pick(rng, VLANS), bridge=True, model="virtio")
