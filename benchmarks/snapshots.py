"""One machine's snapshots over time: a branching tree of documents."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from benchmarks import dice
from benchmarks.domain_xml import cookie_xml, domain_xml
from benchmarks.machines import Machine, evolve, overlay, overlay_path
from benchmarks.printer import Printer

__all__ = ["WORDS", "Snapshot", "Words", "document", "history"]

FIRST: Final = 1_640_995_200  # 2022-01-01 00:00:00 UTC
# state, where the memory went, where the disks went
KINDS: Final = (
    ("shutoff", "no", "internal"),
    ("shutoff", "no", "internal"),
    ("running", "internal", "internal"),
    ("running", "internal", "internal"),
    ("running", "internal", "internal"),
    ("paused", "internal", "internal"),
    ("running", "external", "external"),
    ("disk-snapshot", "no", "external"),
)


@dataclass(frozen=True)
class Words:
    """What people call their snapshots, and say of them."""

    names: tuple[str, ...]
    reasons: tuple[str, ...]


WORDS: Final = Words(
    names=(
        "before upgrade", "golden", "daily", "pre-migration", "Größe & <Test>", "schema 'v2'",
        "clean install", "резерв", "backup", "100% done", "after patch", "日次",
    ),
    reasons=(
        "taken by the nightly job",
        "before the kernel update, see change 4711",
        "first line\nsecond line",
        'Tom\'s "last known good" <state> & more',
        "確認済み",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Snapshot:
    """What one document says.

    Attributes:
        machine: the machine at that moment.
        body: its printed ``<domain>``, kept because the next snapshot often has the same.
        location: where the disks went (``internal``, ``external``).
        memory: where the memory went (``no``, ``internal``, ``external``).
        extended: with ``<inactiveDomain>`` and ``<cookie>``, as newer releases store them.
    """

    machine: Machine
    body: str
    name: str
    description: str | None
    state: str
    parent: str | None
    created: int
    memory: str
    location: str
    extended: bool

    @property
    def after(self) -> Machine:
        """What the machine runs on once this snapshot is taken."""
        if self.location != "external":
            return self.machine
        hard = frozenset(disk.target for disk in self.machine.disks if not disk.cdrom)
        return overlay(self.machine, self.name, hard)


def history(
    rng: random.Random, machine: Machine, count: int, words: Words = WORDS
) -> list[Snapshot]:
    """That many snapshots of the machine, in the order they were taken.

    Most follow the one before; some follow an earlier one, to which the machine was
    reverted; a few are roots.
    """
    taken: list[Snapshot] = []
    clock = FIRST + dice.below(rng, 700 * 86400)
    for number in range(count):
        clock += dice.between(rng, 60, 200_000)
        parent = _parent(rng, taken)
        before = parent.after if parent else machine
        now = evolve(rng, before)
        body = parent.body if parent and now == parent.machine else domain_xml(now)
        taken.append(_take(rng, words, now, body, parent, clock, number))
    return taken


def _parent(rng: random.Random, taken: list[Snapshot]) -> Snapshot | None:
    if not taken or dice.chance(rng, 0.02):
        return None
    return dice.pick(rng, taken) if dice.chance(rng, 0.2) else taken[-1]


def _take(
    rng: random.Random,
    words: Words,
    machine: Machine,
    body: str,
    parent: Snapshot | None,
    clock: int,
    number: int,
) -> Snapshot:
    state, memory, location = dice.pick(rng, KINDS)
    word = dice.pick(rng, words.names)
    return Snapshot(
        machine=machine,
        body=body,
        name=str(clock) if dice.chance(rng, 0.3) else f"{word} {number}",
        description=dice.pick(rng, words.reasons) if dice.chance(rng, 0.4) else None,
        state=state,
        parent=parent.name if parent else None,
        created=clock,
        memory=memory,
        location=location,
        extended=state in ("running", "paused") and dice.chance(rng, 0.04),
    )


def document(snapshot: Snapshot, active: bool | None = None) -> bytes:
    """The snapshot's document as libvirt prints it; the test driver knows no ``<cookie>``.

    Args:
        active: with an ``<active>`` element of that value, as in libvirt's own files.
    """
    out = Printer()
    with out.element("domainsnapshot"):
        _print_head(out, snapshot)
        with out.element("disks"):
            _print_disks(out, snapshot)
        out.paste(snapshot.body)
        if snapshot.extended:
            out.paste(domain_xml(snapshot.machine, tag="inactiveDomain"))
            if snapshot.machine.driver != "test":
                out.paste(cookie_xml(snapshot.machine))
        if active is not None:
            out.text("active", int(active))
    return out.result().encode()


def _print_head(out: Printer, snapshot: Snapshot) -> None:
    out.text("name", snapshot.name)
    if snapshot.description:
        out.text("description", snapshot.description)
    out.text("state", snapshot.state)
    if snapshot.parent:
        with out.element("parent"):
            out.text("name", snapshot.parent)
    out.text("creationTime", snapshot.created)
    file = f"/var/lib/libvirt/qemu/save/{snapshot.machine.name}.{snapshot.name}.mem"
    external = snapshot.memory == "external"
    out.leaf("memory", snapshot=snapshot.memory, file=file if external else None)


def _print_disks(out: Printer, snapshot: Snapshot) -> None:
    for disk in snapshot.machine.disks:
        if disk.cdrom or snapshot.location == "internal":
            out.leaf("disk", name=disk.target, snapshot="no" if disk.cdrom else "internal")
            continue
        with out.element("disk", name=disk.target, snapshot="external", type="file"):
            out.leaf("driver", type="qcow2")
            out.leaf("source", file=overlay_path(snapshot.machine, disk, snapshot.name))
