"""Both judges of a snapshot document, libvirt and the canonicalizer, and where they disagree."""

from __future__ import annotations

import random
import re
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from lineage import canon
from lineage.errors import DocumentError, XMLError

from .grammar_snapshot import PARENTS
from .libvirt_child import Died, LiveLibvirt, Refused
from .reach import contexts
from .refusals import elsewhere, our_codes
from .rewriting import rewritten
from .values import pairs

__all__ = ["PROMISES", "Oracle", "Tally"]

PROMISES: Final = (
    "what libvirt accepts is accepted",
    "what libvirt's parser refuses is refused with its code",
    "every refusal of libvirt is a known one",
    "what libvirt prints is a fixed point",
    "a rewriting of what libvirt prints gives it back",
    "above the disks the text is libvirt's",
    "a listed disk is libvirt's",
    "metadata is libvirt's",
    "every value is libvirt's",
)
(_ACCEPT, _REFUSE, _KNOWN, _FIXED, _REWRITTEN, _ABOVE, _DISK, _METADATA, _VALUES) = PROMISES
_UNKNOWN: Final = (
    "\n  <zork a='1'>b</zork>"  # what the grammar puts in to be kept; libvirt drops it
)
_LISTED: Final = re.compile(
    r"^    <disk name='(\w+)' snapshot=(?:.*/>|[^>]*>\n(?:      .*\n)*    </disk>)$", re.MULTILINE
)

_SUBTREE: Final = re.compile(r"^ +<metadata(?:/>|[ >].*?^ *</metadata>)$", re.MULTILINE | re.DOTALL)


@dataclass
class Tally:
    """What a run met; by promise, the documents that broke it and how."""

    documents: int = 0
    accepted: int = 0
    died: int = 0
    disks: int = 0
    contexts: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    elsewhere: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    spelled: Counter[str] = field(default_factory=Counter)
    broken: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


class Oracle:
    """Asks both about one document after the other, and keeps the score."""

    def __init__(self, live: LiveLibvirt, spelled: frozenset[str]) -> None:
        """`spelled` are the places whose values libvirt spells its own way."""
        self.live, self.tally, self._spelled = live, Tally(), spelled
        self.uuid = ""
        self._begin()

    def judge(self, xml: str) -> None:
        """Ask both about a document; a promise that it breaks is in the tally."""
        self.tally.documents += 1
        code, ours = _ours(xml)
        try:
            printed = self._printed(xml)
        except Died:
            self.tally.died += 1
            self._begin()
            return
        except Refused as refused:
            self._refused(xml, refused, code)
            return
        self.tally.accepted += 1
        self.tally.contexts.update(set(contexts(printed)))
        if ours is None:
            self._breaks(_ACCEPT, xml, code)
            return
        self._fixed_point(xml, printed)
        self._same_fields(xml, ours, printed)
        self._same_values(xml, ours, printed)

    def _begin(self) -> None:
        """A fresh world with the snapshots that documents name as their parents."""
        self.uuid = self.live.call("open")
        for name in PARENTS:
            self.live.call(
                "redefine",
                f"<domainsnapshot><name>{name}</name><state>shutoff</state><creationTime>1"
                f"</creationTime><domain type='test'><name>test</name><uuid>{self.uuid}</uuid>"
                "<memory>1024</memory><os><type>hvm</type></os></domain></domainsnapshot>",
            )

    def _printed(self, xml: str) -> str:
        name = self.live.call("redefine", xml)
        text = str(self.live.call("xml", name))
        self.live.call("delete", name)
        return text

    def _breaks(self, promise: str, xml: str, how: str) -> None:
        self.tally.broken.setdefault(promise, []).append((xml, how))

    def _refused(self, xml: str, refused: Refused, code: str) -> None:
        told = f"{refused.domain}/{refused.code} {refused.message}"
        if reason := elsewhere(refused):
            self.tally.elsewhere[reason] += 1
        elif not (expected := our_codes(refused)):
            self._breaks(_KNOWN, xml, told)
        elif code in expected:
            self.tally.codes[code] += 1
        else:
            self._breaks(_REFUSE, xml, f"{told}, ours: {code or 'accepted'}")

    def _fixed_point(self, xml: str, printed: str) -> None:
        again = _ours(printed)[1]
        if again != printed:
            self._breaks(_FIXED, xml, _first_difference(again, printed))
        rng = random.Random(zlib.crc32(printed.encode()))
        other = rewritten(printed, rng)
        if (again := _ours(other)[1]) != printed:
            self._breaks(_REWRITTEN, xml, _first_difference(again, printed) + "\n" + other)

    def _same_fields(self, xml: str, ours: str, printed: str) -> None:
        mine = _above_disks(ours).replace(_UNKNOWN, "")
        if mine != _above_disks(printed):
            self._breaks(_ABOVE, xml, _first_difference(mine, _above_disks(printed)))
        if _subtrees(ours) != _subtrees(printed):
            self._breaks(_METADATA, xml, _first_difference(_subtrees(ours), _subtrees(printed)))
        theirs = _listed(printed)
        for name, disk in _listed(ours).items():
            self.tally.disks += 1
            if theirs.get(name) != disk:
                self._breaks(_DISK, xml, _first_difference(disk, theirs.get(name)))

    def _same_values(self, xml: str, ours: str, printed: str) -> None:
        for place, mine, theirs in pairs(ours, printed):
            self.tally.values[place] += 1
            if mine == theirs:
                continue
            if place in self._spelled:
                self.tally.spelled[place] += 1
            else:
                self._breaks(_VALUES, xml, f"{place}: {mine!r}, libvirt: {theirs!r}")


def _ours(xml: str) -> tuple[str, str | None]:
    """Our code if we refuse, and what we print."""
    try:
        return "", canon.canonicalize(xml).decode()
    except XMLError:
        return "XMLError", None
    except DocumentError as error:
        return error.code, None


def _above_disks(text: str) -> str:
    """What libvirt decides without looking at the domain."""
    return text.partition("\n  <disks>")[0].partition("\n  <domain ")[0]


def _subtrees(text: str) -> str:
    """The metadata of both domains."""
    return "\n".join(_SUBTREE.findall(text))


def _listed(text: str) -> dict[str, str]:
    """The snapshot's disks that say where their snapshot is."""
    disks = text.partition("\n  <disks>\n")[2].partition("\n  </disks>")[0]
    return {match[1]: match.group() for match in _LISTED.finditer(disks)}


def _first_difference(ours: str | None, theirs: str | None) -> str:
    if ours is None or theirs is None:
        return f"ours: {ours}, libvirt: {theirs}"
    for mine, other in zip(ours.split("\n"), theirs.split("\n"), strict=False):
        if mine != other:
            return f"ours: {mine!r}, libvirt: {other!r}"
    return f"{len(ours)} and {len(theirs)} characters"
