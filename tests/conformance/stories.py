"""Steps that can happen to the snapshots of two domains, and stories made up of them.

A step says all that it needs, so that a story without some of its steps is a story again.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

__all__ = [
    "SCOPES",
    "STATES",
    "UUIDS",
    "Create",
    "Define",
    "Delete",
    "Revert",
    "Step",
    "Teller",
    "Undefine",
    "printed",
    "read",
]

UUIDS: Final = ("0b5c3a52-6d5e-4b0e-8f60-3f1f1d0c9a01", "c7a5fdbd-edaf-9455-926a-d65c16db1809")
SCOPES: Final = {"single": (), "children": ("CHILDREN",), "children-only": ("CHILDREN_ONLY",)}
# Within a group a redefinition may change the state.
STATES: Final = (
    ("shutoff", "crashed", "shutdown", "blocked", "pmsuspended"),
    ("running", "paused"),
    ("disk-snapshot",),
)
OFFLINE: Final = ("shutoff", "disk-snapshot")
NAMES: Final = (
    *("a", "b", "c", "d", "e", "f", "base", "2012-10-23", "0", "a/b"),
    *(".hidden", "a  b ", "<&>\"'", "größe", "two\nlines", "a]]>b", "x" * 300),
)
ABSENT: Final = "nowhere"
MANY: Final = 12  # snapshots of a domain, more or less
ALIKE: Final = 4  # variants of a domain that may replace each other
VARIANTS: Final = 2 * ALIKE


class _Step(msgspec.Struct, frozen=True, omit_defaults=True, tag=str.lower):
    domain: int
    """Which of the two it happens to."""


class Define(_Step, frozen=True, kw_only=True):
    """A document is redefined, as libvirt calls it: the snapshot may be new.

    Attributes:
        body: a variant of the domain, or what stands for none: no element, one without type,
            or one without type that says whose it is.
        inactive: a variant of the domain that follows as ``<inactiveDomain>``.
        memory: attributes of ``<memory>``, None: no such element.
        external: where the second domain's disk went.
        active: value of ``<active>``, which libvirt does not read.
        current: with the flag CURRENT.
        foreign: the domain in it is the other one.
        spelling: of the document, 0 for libvirt's own.
    """

    name: str
    parent: str | None = None
    state: str = "shutoff"
    created: int = 1
    text: str = ""
    body: int | Literal["none", "empty", "uuid"] = 0
    inactive: int | None = None
    memory: str | None = None
    external: bool = False
    active: int | None = None
    current: bool = False
    foreign: bool = False
    spelling: int = 0


class Create(_Step, frozen=True):
    """A snapshot is taken; libvirt writes its document."""

    name: str


class Delete(_Step, frozen=True):
    """A snapshot is deleted."""

    name: str
    scope: str = "single"


class Revert(_Step, frozen=True):
    """The domain goes back to a snapshot, which is current then."""

    name: str


class Undefine(_Step, frozen=True):
    """The domain is undefined with its snapshots, and defined again without any."""


Step = Define | Create | Delete | Revert | Undefine
Seen = dict[str, Any]
"""What `World.everything` tells of a domain."""


def printed(story: Sequence[Step]) -> str:
    """Give a story as text that `read` takes, a step a line."""
    return "[" + ",\n ".join(msgspec.json.encode(step).decode() for step in story) + "]"


def read(text: str) -> list[Step]:
    """Give the story that `printed` was given."""
    return msgspec.json.decode(text, type=list[Step])


class Teller:
    """Makes stories up, one step after the other, knowing what became of the steps before."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._told: dict[tuple[int, str], Define] = {}
        self._count = 0

    def next(self, seen: Sequence[Seen]) -> Step:
        """Give a step that most likely can be done.

        Args:
            seen: either domain as it is.
        """
        rng, which = self._rng, self._rng.randrange(2)
        names = sorted(seen[which]["parents"])
        name = rng.choice(names) if names and rng.random() < 0.97 else ABSENT
        fresh = [n for n in NAMES if n not in names]
        dice = rng.random()
        if dice < 0.02:
            return Undefine(which)
        if dice < 0.06:
            return Create(which, rng.choice(fresh) if rng.random() < 0.8 else name)
        if dice < 0.14:
            return Revert(which, name)
        if dice < 0.3 or len(names) > MANY:
            return Delete(which, name, rng.choice(list(SCOPES)))
        if dice < 0.65 and names and name != ABSENT:
            step = self._again(which, name, seen[which])
        else:
            step = self._first(which, rng.choice(fresh), names)
        self._told[which, step.name] = step
        return step

    def _first(self, which: int, name: str, names: Sequence[str]) -> Define:
        rng = self._rng
        parent = rng.choice([None, *names, *names, *names])
        body = rng.randrange(VARIANTS)
        step = self._document(which, name, parent, rng.choice(rng.choice(STATES)), body)
        return self._at_fault(step, ["parent", "self", "memory", "foreign", "body"])

    def _again(self, which: int, name: str, seen: Seen) -> Define:
        rng, xml = self._rng, seen["xml"][name]
        parent, told = seen["parents"][name], self._told.get((which, name))
        if told is not None and rng.random() < 0.1:
            return msgspec.structs.replace(told, parent=parent, current=rng.random() < 0.3)
        if rng.random() < 0.6:
            below = {name, *seen["below"][name]}
            parent = rng.choice([None, *(n for n in sorted(seen["parents"]) if n not in below)])
        state = re.search("<state>(.*?)</state>", xml)[1]
        states = next(group for group in STATES if state in group)
        title = re.search("<title>variant ([0-9]+)</title>", xml)
        before = int(title[1]) if title else 0
        body = rng.choice(["none", "none", "empty", "uuid", *[rng.randrange(ALIKE)] * 4])
        if isinstance(body, int) and before >= ALIKE:
            body += ALIKE
        step = self._document(which, name, parent, rng.choice(states), body)
        if rng.random() < 0.1 and seen["below"][name]:
            return msgspec.structs.replace(step, parent=rng.choice(seen["below"][name]))
        return self._at_fault(step, ["parent", "self", "memory", "foreign", "flip", "alike"])

    def _document(
        self,
        which: int,
        name: str,
        parent: str | None,
        state: str,
        body: int | Literal["none", "empty", "uuid"],
    ) -> Define:
        rng = self._rng
        self._count += 1
        memories = [None, "snapshot='no'"]
        if state not in OFFLINE:
            memories += ["snapshot='internal'", "snapshot='external' file='/mem/m'"]
        return Define(
            which,
            name=name,
            parent=parent,
            state=state,
            created=rng.choice((-7, 1, 1, 1351000000 + rng.randrange(9))),
            text=rng.choice(("", "", "old & <new>", "two\n lines ", f"it's {self._count}")),
            body=body,
            inactive=rng.randrange(VARIANTS) if rng.random() < 0.15 else None,
            memory=rng.choice(memories),
            external=rng.random() < 0.3,
            active=rng.choice((None, None, 0, 1)),
            current=rng.random() < 0.25,
            spelling=rng.choice((0, 0, rng.randrange(1, 1 << 16))),
        )

    def _at_fault(self, step: Define, faults: Sequence[str]) -> Define:
        """Now and then a document with something that libvirt refuses."""
        rng = self._rng
        if rng.random() > 0.2:
            return step
        others = [group for group in STATES if step.state not in group]
        changes: dict[str, dict[str, Any]] = {
            "parent": {"parent": ABSENT},
            "self": {"parent": step.name},
            "memory": {"state": step.state, "memory": "snapshot='internal'"},
            "foreign": {"foreign": True, "body": step.body if isinstance(step.body, int) else 0},
            "body": {"body": rng.choice(("none", "empty", "uuid"))},
            "flip": {"state": rng.choice(rng.choice(others)), "memory": None},
            "alike": {"body": VARIANTS - 1 - step.body if isinstance(step.body, int) else 0},
        }
        return msgspec.structs.replace(step, **changes[rng.choice(faults)])
