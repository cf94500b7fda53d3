"""Plans say of every request what libvirt's qemu driver answered when it was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from lineage.canon import parse
from lineage.errors import SnapshotError
from lineage.model import Snapshot
from lineage.rules.complete import complete
from lineage.rules.plan import Plan, plan
from lineage.rules.plan_table import LOCATIONS, STATES
from lineage.rules.request import plan_request

RECORDED: Final = Path(__file__).parents[1] / "golden" / "qemu-9.0.txt"

# libvirt's words for a refusal, and ours. Of a request that breaks two rules at once libvirt may
# name the other one.
WORDS: Final[dict[str, set[str]]] = {
    "nothing selected for snapshot": {"nothing to snapshot"},
    "must use snapshot mode 'internal'": {"every disk internal"},
    "require all disks to be selected": {
        "every disk internal",
        "external memory, internal disks",
    },
    "unsupported for storage type raw": {"internal needs qcow2"},
    "no block device can store vmstate": {"internal needs qcow2"},
    "without source": {"a name cannot be made up: the domain's disk has no source"},
    "mixing internal and external": {
        "every disk internal",
        "internal needs qcow2",
        "internal and external disks",
        "external memory, internal disks",
    },
    "active qemu domains require external": {"internal disks without memory"},
    "memory state cannot be saved": {"no memory to save", "disk-only vs. memory"},
    "must include the memory state": {"memory left out"},
}


def lines() -> list[tuple[str, str]]:
    """Each request and its answer."""
    text = RECORDED.read_text().splitlines()[1:]
    return [(asked.rstrip(), answer) for asked, _, answer in (x.partition("| ") for x in text)]


def disk(target: str, kind: str) -> str:
    """A disk of the domain; what it says of itself is in its kind."""
    if kind == "empty-cdrom":
        return f"<disk device='cdrom'><target dev='{target}' bus='ide'/></disk>"
    device = "cdrom" if kind == "cdrom" else "disk"
    form = "raw" if kind in ("cdrom", "readonly") else "qcow2"
    says = "" if kind in ("plain", "cdrom", "readonly") else f" snapshot='{kind}'"
    readonly = "<readonly/>" if kind == "readonly" else ""
    return (
        f"<disk type='file' device='{device}'{says}><driver name='qemu' type='{form}'/>"
        f"<source file='/i/{target}.img'/><target dev='{target}'/>{readonly}</disk>"
    )


def documents(asked: str) -> tuple[str, str]:
    """Domain and request of a recorded request."""
    _, memory, _, *disks = asked.split()
    pairs = [each.split("=") for each in disks]
    of_domain = "".join(disk(f"vd{'ab'[n]}", kind) for n, (kind, _) in enumerate(pairs))
    listed = "".join(
        f"<disk name='vd{'ab'[n]}' snapshot='{location}'/>"
        for n, (_, location) in enumerate(pairs)
        if location != "omit"
    )
    file = " file='/m'" if memory == "external" else ""
    saved = "" if memory == "omit" else f"<memory snapshot='{memory}'{file}/>"
    return (
        f"<domain type='kvm'><name>d</name><devices>{of_domain}</devices></domain>",
        f"<domainsnapshot>{saved}<disks>{listed}</disks></domainsnapshot>",
    )


def planned(asked: str) -> Plan:
    """The plan of a recorded request."""
    state, _, switch, *_ = asked.split()
    return plan_request(
        *documents(asked),
        state=state,
        disk_only=switch == "on",
        profile="qemu-9.0",
        regular=lambda path: True,
    )


def test_the_recording_is_whole() -> None:
    assert len(lines()) == 2 * (8 + 40 + 200 + 7 * 80)


def agrees(made: Plan, answer: str) -> bool:
    """Whether a plan is the answer, a refusal for the same reason."""
    if made.verdict == "refused":
        known = [reasons for words, reasons in WORDS.items() if words in answer]
        return bool(known) and made.reason in known[0]
    return answer == " ".join([str(made.result_memory), *(made.result_disk or ())])


@pytest.mark.parametrize("state", STATES)
def test_every_request_is_planned_as_qemu_answered_it(state: str) -> None:
    asked_so = [(asked, answer) for asked, answer in lines() if asked.startswith(state)]
    plans = [(asked, answer, planned(asked)) for asked, answer in asked_so]
    assert [each for each in plans if not agrees(each[2], each[1])] == []


@pytest.mark.parametrize("state", STATES)
def test_every_request_is_completed_as_qemu_stored_it(state: str) -> None:
    word = {"offline": "shutoff", "online": "paused"}[state]
    for asked, answer in lines():
        if not asked.startswith(state):
            continue
        domain, request = documents(asked)
        try:
            xml = complete(
                request,
                domain,
                now=1,
                state=word,
                disk_only=asked.split()[2] == "on",
                regular=lambda path: True,
            )
        except SnapshotError:
            assert answer.startswith("refused"), asked
            continue
        made = parse(xml, mode="create")
        assert isinstance(made, Snapshot)
        assert made.memory is not None
        locations = [made.memory.snapshot, *(disk.snapshot for disk in made.disks or ())]
        assert answer == " ".join(map(str, locations)), asked
        only = state == "online" and made.memory.snapshot == "no"
        assert made.state == ("disk-snapshot" if only else word)


@pytest.mark.parametrize("state", STATES)
def test_what_is_asked_without_a_document_is_answered_alike(state: str) -> None:
    for asked, answer in lines():
        at, memory, switch, *disks = asked.split()
        locations = [each.partition("=")[2] for each in disks]
        plain = all(each.startswith("plain=") for each in disks)
        if at == state and plain and disks and set(locations) <= set(LOCATIONS):
            disk_only = switch == "on"
            made = plan(
                state=state,
                memory=memory,
                disk=locations,
                disk_only=disk_only,
                profile="qemu-9.0",
            )
            assert agrees(made, answer), (asked, answer, made)
