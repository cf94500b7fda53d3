"""What a hypervisor would do with a request to make a snapshot, or why it would refuse.

One disk is a matter of the tables alone (`plan_table`). Several follow what libvirt holds
together: beside an internal snapshot every disk is internal, and internal and external disks do
not mix.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from lineage.model import Disk
from lineage.rules.plan_table import COMBINATIONS, LOCATIONS, PROFILES, STATES, Row, lookup

__all__ = [
    "DEFAULT_PROFILE",
    "MECHANISMS",
    "REASONS",
    "Plan",
    "check_words",
    "decide",
    "plan",
    "plans",
    "refused",
]

DEFAULT_PROFILE: Final = "2012"

MECHANISMS: Final = {
    "qemu-img": "qemu-img works on the images of a domain that does not run",
    "savevm": "qemu saves memory and disks together, inside the disks' images",
    "migrate": "qemu writes the memory to its file, as a migration would",
    "transaction": "qemu puts overlays on all disks at one moment",
    "migrate+transaction": "qemu writes the memory to its file, as a migration would, and puts "
    "overlays on all disks at that moment",
}
"""What each mechanism is, in words."""

REASONS: Final = {
    "nothing to snapshot": "neither memory nor a disk would be saved",
    "no memory to save": "the domain does not run, so there is no memory to save",
    "disk-only vs. memory": "disk-only leaves memory out, and the request wants it saved",
    "memory needs internal disks": "memory that is saved inside a disk's image is saved with all "
    "disks, so none can be left out or external",
    "internal disks without memory": "internal snapshots of the disks of a running domain are "
    "taken with its memory only; without it the disks have to be external",
    "external memory, internal disks": "memory in a file does not go together with snapshots "
    "inside the disks' images",
    "every disk internal": "the snapshot is an internal one, so every disk has to be internal; "
    "none can be left out or external",
    "memory left out": "an internal snapshot of a running domain has to include its memory; only "
    "disk-only leaves it out",
    "internal and external disks": "internal and external disks do not go together in one snapshot",
    "internal needs qcow2": "an internal snapshot is kept inside the image, which takes qcow2",
}
"""The reasons of refusals, in the few words of the tables and in a sentence."""


_SEVERAL: Final = "several disks"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a request.

    Attributes:
        profile: whose behaviour this is.
        state: of the domain, ``offline`` or ``online``.
        memory: location asked for, ``omit`` if none was.
        disk: location asked for, ``omit`` if none was; of several disks one each.
        disk_only: whether memory was to be left out.
        verdict: ``ok`` or ``refused``.
        result_memory: where memory would be saved, None if refused.
        result_disk: where the disk would be; of several disks one each, None if refused.
            ``default`` where the commit of 2012 leaves it to the disk.
        mechanism: a key of `MECHANISMS`, None if refused.
        kind: of the refusal: ``invalid``, the request makes no sense; ``unsupported``, nothing
            does it.
        reason: of the refusal, in the few words of the table; `REASONS` has a sentence.
        rule: what decided, such as ``2012, row 7``.
        refused_disk: of several disks, the place or the name of the one that is in the way.
        unsaid: the stored XML would have no ``<memory>``.
        disks: of a request document, each disk as the snapshot would have it.
    """

    profile: str
    state: str
    memory: str
    disk: str | tuple[str, ...]
    disk_only: bool
    verdict: str
    result_memory: str | None = None
    result_disk: str | tuple[str, ...] | None = None
    mechanism: str | None = None
    kind: str | None = None
    reason: str | None = None
    rule: str
    refused_disk: int | str | None = None
    unsaid: bool = False
    disks: tuple[Disk, ...] = ()


def plan(
    *,
    state: str,
    memory: str = "omit",
    disk: str | Sequence[str] = "omit",
    disk_only: bool = False,
    profile: str = DEFAULT_PROFILE,
) -> Plan:
    """Say what a hypervisor would do with a request to make a snapshot.

    Args:
        state: of the domain, ``offline`` or ``online``.
        memory: where its memory shall be saved: ``omit`` if the request does not say, ``no``,
            ``internal``, ``external``.
        disk: the same of its disk, or of each of its disks.
        disk_only: the request has libvirt's flag DISK_ONLY.
        profile: ``2012``, the plan in libvirt's commit; ``qemu-9.0``, ``qemu-11.3``: what
            those versions of libvirt do with qemu.

    Raises:
        ValueError: an argument is none of these words.
    """
    disks = (disk,) if isinstance(disk, str) else tuple(disk)
    check_words("state", state, STATES)
    check_words("profile", profile, PROFILES)
    for location in (memory, *disks):
        check_words("location", location, LOCATIONS)
    planned = decide(profile, state, memory, disks, disk_only)
    if not isinstance(disk, str):
        return planned
    result = None if planned.result_disk is None else planned.result_disk[0]
    return msgspec.structs.replace(planned, disk=disk, result_disk=result)


def plans(profile: str = DEFAULT_PROFILE) -> list[Plan]:
    """Give the plan of every combination of one disk, in the order of the table.

    Raises:
        ValueError: there is no such profile.
    """
    return [
        plan(state=state, memory=memory, disk=disk, disk_only=disk_only, profile=profile)
        for state, memory, disk, disk_only in COMBINATIONS
    ]


def decide(profile: str, state: str, memory: str, disks: Sequence[str], disk_only: bool) -> Plan:
    """Do what `plan` does with arguments that are known to be good.

    Args:
        disks: a location for each disk, also ``manual``, which libvirt itself leaves alone.
    """
    asked = Plan(
        profile=profile,
        state=state,
        memory=memory,
        disk=tuple(disks),
        disk_only=disk_only,
        verdict="ok",
        rule="",
    )
    leading = _leading(disks)
    rows = [lookup(profile, (state, memory, location, disk_only)) for location in leading]
    for row, location in zip(rows, leading, strict=True):
        if row.verdict == "refused":
            return _by_row(asked, row, _first(disks, location))
    if len(leading) > 1:
        place = _first(disks, leading[1])
        return refused(asked, "internal and external disks", _SEVERAL, place)
    row, default = rows[0], lookup(profile, (state, memory, "omit", disk_only)).result_disk
    return _several(asked, row, _default(row, default))


def check_words(what: str, word: str, words: Collection[str]) -> None:
    """Refuse a word that is none of these.

    Raises:
        ValueError: it is none of them.
    """
    if word not in words:
        raise ValueError(f"{what} {word!r} is none of {', '.join(words)}")


def _leading(disks: Sequence[str]) -> list[str]:
    """The locations that decide: what is left out matters only where all are."""
    taken = [location for location in ("internal", "external") if location in disks]
    return taken or (["omit"] if "omit" in disks else ["no"])


def _first(disks: Sequence[str], location: str) -> int | None:
    return disks.index(location) if len(disks) > 1 and location in disks else None


def _default(row: Row, default: str | None) -> str | None:
    """What a disk is that says nothing, beside those of a row."""
    if row.result_disk == "external":
        # One external disk makes external whatever does not say what it is.
        return "default" if default == "default" else "external"
    return default


def _several(asked: Plan, row: Row, default: str | None) -> Plan:
    result: list[str] = []
    for number, location in enumerate(asked.disk):
        becomes = (default or "") if location == "omit" else location
        if row.result_disk == "internal" and becomes != "internal":
            left_out = becomes in ("no", "manual")
            reason = "every disk internal" if left_out else "internal and external disks"
            return refused(asked, reason, _SEVERAL, number)
        result.append(becomes)
    return msgspec.structs.replace(
        asked,
        result_memory=row.result_memory,
        result_disk=tuple(result),
        mechanism=row.mechanism,
        rule=_rule(asked.profile, row),
        unsaid=row.unsaid,
    )


def _by_row(asked: Plan, row: Row, place: int | None) -> Plan:
    return msgspec.structs.replace(
        asked,
        verdict="refused",
        kind=row.kind,
        reason=row.reason,
        rule=_rule(asked.profile, row),
        refused_disk=place,
    )


def refused(asked: Plan, reason: str, rule: str, disk: int | str | None) -> Plan:
    """Give the refusal of a request that no row of the table refuses.

    Args:
        reason: a key of `REASONS`, or a sentence.
        rule: what is not met.
        disk: as `Plan.refused_disk`.
    """
    return msgspec.structs.replace(
        asked,
        verdict="refused",
        result_memory=None,
        result_disk=None,
        mechanism=None,
        kind="unsupported",
        reason=reason,
        rule=f"{asked.profile}, {rule}",
        refused_disk=disk,
        unsaid=False,
    )


def _rule(profile: str, row: Row) -> str:
    return f"{profile}, row {row.number}"
