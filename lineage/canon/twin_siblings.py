"""The twin's view of siblings of one name: libvirt prints some in an order of its own."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NotRequired, TypedDict

from lineage.canon.twin_read import Element

__all__ = ["KeyFacts", "by_value"]

ELSE = "*"
Part = int | str


# "as" is a word of the language: no class could have it as a field
KeyFacts = TypedDict(
    "KeyFacts", {"attribute": str, "as": str | list[str], "child": NotRequired[str]}
)


def by_value(
    children: Sequence[Element],
    known: Callable[[Element], bool],
    orders: Mapping[str, Sequence[KeyFacts]],
    bearer: Callable[[Element, str | None], Element | None],
) -> list[Element]:
    """Sort by their keys the siblings that have an order, where all of a name have their keys.

    Args:
        children: in the order of their names; an unknown one goes where the known one before
            it goes.
        bearer: gives a sibling, or its first child of that name, with the values that are printed.
    """
    groups: list[list[Element]] = []
    for child in children:
        if known(child) or not groups:
            groups.append([])
        groups[-1].append(child)
    arranged: list[Element] = []
    for name, alike in itertools.groupby(groups, key=lambda group: group[0].name):
        arranged += itertools.chain(*_sorted(list(alike), orders.get(name, ()), bearer))
    return arranged


def _sorted(
    groups: list[list[Element]],
    facts: Sequence[KeyFacts],
    bearer: Callable[[Element, str | None], Element | None],
) -> list[list[Element]]:
    """The groups by their keys; as they are if one has a key that does not read as it should."""

    def part(element: Element, fact: KeyFacts) -> Part | None:
        place = bearer(element, fact.get("child"))
        return _read(place.get(fact["attribute"]) if place else None, fact["as"])

    keyed = [([part(group[0], fact) for fact in facts], group) for group in groups]
    if any(None in key for key, _ in keyed):
        return groups
    return [group for _, group in sorted(keyed, key=lambda pair: pair[0])]


def _read(value: str | None, reading: str | list[str]) -> Part | None:
    if isinstance(reading, list):
        word = value if value in reading else ELSE
        return reading.index(word) if word in reading else None
    if reading == "name":
        return value if value and re.fullmatch("[A-Za-z0-9_]+", value) else None
    number = re.fullmatch("0*([0-9]{1,10})", value or "")
    return int(number[1]) if number and int(number[1]) < 1 << 32 else None
