"""Whole domains: which sections and devices one has, and what goes with what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .grammar import Dice, Grammar
from .grammar_devices import DEVICES, KINDS, ONCE
from .grammar_domain import DOMAIN, PROCESSORS, SECTIONS, SYSTEMS
from .grammar_metadata import METADATA, METADATA_WORDS
from .grammar_network import NETWORK
from .grammar_storage import STORAGE
from .terminals import TERMINALS

__all__ = ["GRAMMAR", "Machine", "machine"]

GRAMMAR: Final = Grammar(
    {**DOMAIN, **METADATA, **DEVICES, **NETWORK, **STORAGE}, {**TERMINALS, **METADATA_WORDS}
)
MOST_SECTIONS: Final = 6
MOST_DEVICES: Final = 10


@dataclass(frozen=True)
class Machine:
    """What stands between ``<domain type='test'>`` and its end tag."""

    inside: str

    def body(self, root: str = "domain") -> str:
        """The domain as XML, under the name of its root."""
        return f"<{root} type='test'>{self.inside}</{root}>"

    @property
    def targets(self) -> list[str]:
        """The targets of its disks."""
        return re.findall(r"<target dev='([sv]d[a-z])'", self.inside)


def machine(dice: Dice, uuid: str) -> Machine:
    """A domain with this UUID."""
    chosen = _some(dice, SECTIONS, MOST_SECTIONS)
    processor = () if "iothread_tuning" in chosen else _some(dice, PROCESSORS, 1)
    sections = [*chosen, *processor, *_some(dice, SYSTEMS, 1)]
    kinds = _some(dice, KINDS, MOST_DEVICES)
    inside = "".join(GRAMMAR.draw(dice, section) for section in sections)
    devices = "".join(GRAMMAR.draw(dice, kind) for kind in kinds)
    if "<boot order=" in devices:  # instead of these
        inside = re.sub(r"<boot dev='\w+'/>", "", inside)
    if "<audio id='1'/>" in devices and "<audio id='1' " not in devices:
        devices += "<audio id='1' type='none'/>"
    if "<os" not in inside:
        inside += "<os><type>hvm</type></os>"
    name = GRAMMAR.draw(dice, "domain_name")
    head = f"{name}<uuid>{uuid}</uuid>{GRAMMAR.draw(dice, 'memory')}"
    return Machine(f"{head}{inside}<devices>{devices}</devices>" if devices else head + inside)


def _some(dice: Dice, names: list[str], most: int) -> list[str]:
    """Up to so many of the names; some of them more than once, if they are there more than once
    or are devices of which there may be several."""
    picked: list[str] = []
    for _ in range(dice.number(0, most)):
        name = names[dice.choice(names, len(names))]
        if name not in picked or (names is KINDS and name not in ONCE):
            picked.append(name)
    return picked
