"""The archive that ``make demo`` imports: three machines with three ways of taking snapshots.

Run with ``python -m benchmarks.example example.tar.zst``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from benchmarks.domain_xml import domain_xml
from benchmarks.generate import COMMENT, write_tar
from benchmarks.machines import GIB, Disk, Machine, Nic
from benchmarks.snapshots import Snapshot, document

__all__ = ["example"]

IMAGES: Final = "/var/lib/libvirt/images"
DAY: Final = 86_400
START: Final = 1_697_000_000  # 2023-10-11
INTERNAL: Final = ("running", "internal", "internal")
OFFLINE: Final = ("shutoff", "no", "internal")
DISK_ONLY: Final = ("disk-snapshot", "no", "external")
EXTERNAL: Final = ("running", "external", "external")

WEB: Final = Machine(
    name="web-01",
    uuid="5d1b2c1e-7a0f-4c57-9d3e-1f6f0a7b8c01",
    style="plain",
    chipset="pc",
    release="7.2",
    system="http://debian.org/debian/12",
    memory=2 * GIB,
    vcpus=2,
    disks=(Disk("vda", f"{IMAGES}/web-01.qcow2"),),
    nics=(Nic("52:54:00:1a:2b:01", "default"),),
    title="shop front & cache",
)
DATABASE: Final = replace(
    WEB,
    name="db-01",
    uuid="5d1b2c1e-7a0f-4c57-9d3e-1f6f0a7b8c02",
    style="cloud",
    memory=8 * GIB,
    disks=(Disk("vda", f"{IMAGES}/db-01.qcow2"), Disk("vdb", f"{IMAGES}/db-01-data.qcow2")),
    nics=(Nic("52:54:00:1a:2b:02", "br-prod", bridge=True),),
    title=None,
    shares=2048,
)
DESKTOP: Final = replace(
    WEB,
    name="desktop-01",
    uuid="5d1b2c1e-7a0f-4c57-9d3e-1f6f0a7b8c03",
    style="desktop",
    chipset="q35",
    disks=(
        Disk("vda", f"{IMAGES}/desktop-01.qcow2"),
        Disk("sda", f"{IMAGES}/debian-12.iso", format="raw", cdrom=True),
    ),
    nics=(Nic("52:54:00:1a:2b:03", "default"),),
    title=None,
    redirections=2,
)
# name, parent, how it was taken, description
WEB_STORY: Final = (
    ("fresh", None, OFFLINE, "installed, nothing configured"),
    ("configured", "fresh", INTERNAL, None),
    ("before-upgrade", "configured", INTERNAL, "change 4711"),
    ("upgraded", "before-upgrade", INTERNAL, None),
    ("hotfix", "before-upgrade", INTERNAL, 'the "second" attempt'),
    ("load-test", "configured", OFFLINE, None),
)
DATABASE_STORY: Final = (
    ("nightly-1", None, DISK_ONLY, None),
    ("nightly-2", "nightly-1", DISK_ONLY, None),
    ("checkpoint", "nightly-2", EXTERNAL, "memory and disks, before the schema change"),
    ("nightly-3", "checkpoint", DISK_ONLY, None),
    ("nightly-3b", "checkpoint", DISK_ONLY, "after going back"),
)
DESKTOP_STORY: Final = (
    ("clean", None, OFFLINE, None),
    ("Büro & Mail", "clean", OFFLINE, "for the new colleague"),
    ("trial", None, INTERNAL, "a root of its own"),
)
CURRENT: Final = {"web-01": "hotfix", "db-01": "nightly-3b", "desktop-01": "Büro & Mail"}


def example() -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of each file of the archive, in libvirt's on-disk layout."""
    stories = ((WEB, WEB_STORY), (DATABASE, DATABASE_STORY), (DESKTOP, DESKTOP_STORY))
    for number, (machine, story) in enumerate(stories):
        for snapshot in _told(machine, story, START + number * DAY // 3):
            xml = document(snapshot, active=snapshot.name == CURRENT[machine.name])
            yield f"snapshot/{machine.name}/{snapshot.name}.xml", COMMENT + xml


def _told(
    machine: Machine,
    story: tuple[tuple[str, str | None, tuple[str, str, str], str | None], ...],
    created: int,
) -> Iterator[Snapshot]:
    """The story's snapshots; each finds the machine as its parent left it."""
    taken: dict[str | None, Snapshot] = {}
    for day, (name, parent, (state, memory, location), description) in enumerate(story):
        now = taken[parent].after if parent else machine
        taken[name] = Snapshot(
            machine=now,
            body=domain_xml(now),
            name=name,
            description=description,
            state=state,
            parent=parent,
            created=created + day * DAY,
            memory=memory,
            location=location,
            extended=False,
        )
        yield taken[name]


if __name__ == "__main__":
    write_tar(sys.argv[1], example())
