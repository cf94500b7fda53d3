"""RELAX NG patterns, and what is left of one after a piece of a document (its derivative).

lxml says whether a document is valid. Of one that is not, libxml2 tells little: of elements in
any order it names the first that did not match, without a place. Derivatives (James Clark, "An
algorithm for RELAX NG validation") say at each piece what could stand there instead.

Of RELAX NG there is what `domainsnapshot.rng` uses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

__all__ = [
    "EMPTY",
    "NOTHING",
    "TEXT",
    "After",
    "Attribute",
    "Choice",
    "Data",
    "Element",
    "Group",
    "Interleave",
    "Many",
    "Name",
    "Pattern",
    "Value",
    "after_attribute",
    "after_attributes",
    "after_end",
    "after_start",
    "after_text",
    "choice",
    "firsts",
    "forgiving_attributes",
    "forgiving_end",
    "group",
    "interleave",
    "nullable",
]


class Name(msgspec.Struct, frozen=True):
    """Which names are meant: one, or (None) any but some."""

    name: str | None
    but: tuple[str, ...] = ()

    def __contains__(self, name: object) -> bool:
        return name == self.name if self.name is not None else name not in self.but


class Leaf(msgspec.Struct, frozen=True):
    """`EMPTY`, `NOTHING` (what cannot be), or `TEXT`."""

    what: str


class Value(msgspec.Struct, frozen=True):
    """A word, blanks around it aside."""

    text: str


class Data(msgspec.Struct, frozen=True):
    """Text that matches an expression."""

    pattern: str


class Choice(msgspec.Struct, frozen=True):
    """Either."""

    one: Pattern
    other: Pattern


class Group(msgspec.Struct, frozen=True):
    """One, then the other."""

    one: Pattern
    other: Pattern


class Interleave(msgspec.Struct, frozen=True):
    """Both, in any order."""

    one: Pattern
    other: Pattern


class Many(msgspec.Struct, frozen=True):
    """Once or more."""

    of: Pattern


class Attribute(msgspec.Struct, frozen=True):
    """An attribute and what its value may be."""

    name: Name
    value: Pattern


class Element(msgspec.Struct, frozen=True):
    """An element; its content is looked up when it comes, since patterns may contain themselves.

    Attributes:
        key: of the content.
        content: gives the pattern of a key.
    """

    name: Name
    key: int
    content: Callable[[int], Pattern]


class After(msgspec.Struct, frozen=True):
    """What an element that is open may still have, then what may follow it."""

    inside: Pattern
    rest: Pattern


Pattern = Leaf | Value | Data | Choice | Group | Interleave | Many | Attribute | Element | After

EMPTY: Final = Leaf("empty")
NOTHING: Final = Leaf("nothing")
TEXT: Final = Leaf("text")


def choice(one: Pattern, other: Pattern) -> Pattern:
    """Either."""
    if one in (NOTHING, other):
        return other
    return one if other == NOTHING else Choice(one, other)


def group(one: Pattern, other: Pattern) -> Pattern:
    """One, then the other."""
    return _both(Group, one, other)


def interleave(one: Pattern, other: Pattern) -> Pattern:
    """Both, in any order."""
    return _both(Interleave, one, other)


def _both(kind: type[Group] | type[Interleave], one: Pattern, other: Pattern) -> Pattern:
    if NOTHING in (one, other):
        return NOTHING
    if one == EMPTY:
        return other
    return one if other == EMPTY else kind(one, other)


def _after(inside: Pattern, rest: Pattern) -> Pattern:
    return NOTHING if NOTHING in (inside, rest) else After(inside, rest)


def nullable(p: Pattern) -> bool:
    """Whether there may be nothing."""
    if isinstance(p, Choice):
        return nullable(p.one) or nullable(p.other)
    if isinstance(p, (Group, Interleave)):
        return nullable(p.one) and nullable(p.other)
    if isinstance(p, Many):
        return nullable(p.of)
    return p in (EMPTY, TEXT)


def _again(p: Many, first: Pattern) -> Pattern:
    return group(first, choice(p, EMPTY))


def after_text(p: Pattern, text: str) -> Pattern:
    """What is left after a text."""
    match p:
        case Choice(one, other):
            return choice(after_text(one, text), after_text(other, text))
        case Interleave(one, other):
            return choice(
                interleave(after_text(one, text), other), interleave(one, after_text(other, text))
            )
        case Group(one, other):
            first = group(after_text(one, text), other)
            return choice(first, after_text(other, text)) if nullable(one) else first
        case After(inside, rest):
            return _after(after_text(inside, text), rest)
        case Many(of):
            return _again(p, after_text(of, text))
        case Value(word):
            return EMPTY if " ".join(text.split()) == word else NOTHING
        case Data(expression):
            return EMPTY if re.fullmatch(expression.replace(".", r"[^\n\r]"), text) else NOTHING
    return TEXT if p == TEXT else NOTHING


def after_start(p: Pattern, name: str) -> Pattern:
    """What is left after the name of a start tag: an `After`, or a choice of such."""
    match p:
        case Choice(one, other):
            return choice(after_start(one, name), after_start(other, name))
        case Element(names, key, content):
            return _after(content(key), EMPTY) if name in names else NOTHING
        case Interleave(one, other):
            return choice(
                _then(after_start(one, name), lambda rest: interleave(rest, other)),
                _then(after_start(other, name), lambda rest: interleave(one, rest)),
            )
        case Many(of):
            return _then(after_start(of, name), lambda rest: group(rest, choice(p, EMPTY)))
        case Group(one, other):
            first = _then(after_start(one, name), lambda rest: group(rest, other))
            return choice(first, after_start(other, name)) if nullable(one) else first
        case After(inside, rest):
            return _then(after_start(inside, name), lambda more: _after(more, rest))
    return NOTHING


def _then(p: Pattern, change: Callable[[Pattern], Pattern]) -> Pattern:
    """Change what follows the element that is open."""
    if isinstance(p, After):
        return _after(p.inside, change(p.rest))
    if isinstance(p, Choice):
        return choice(_then(p.one, change), _then(p.other, change))
    return NOTHING


def after_attribute(p: Pattern, name: str, value: str) -> Pattern:
    """What is left after an attribute."""
    match p:
        case After(inside, rest):
            return _after(after_attribute(inside, name, value), rest)
        case Choice(one, other):
            return choice(after_attribute(one, name, value), after_attribute(other, name, value))
        case Group(one, other) | Interleave(one, other):
            kind = group if isinstance(p, Group) else interleave
            return choice(
                kind(after_attribute(one, name, value), other),
                kind(one, after_attribute(other, name, value)),
            )
        case Many(of):
            return _again(p, after_attribute(of, name, value))
        case Attribute(names, pattern):
            return EMPTY if name in names and nullable(after_text(pattern, value)) else NOTHING
    return NOTHING


def after_attributes(p: Pattern) -> Pattern:
    """What is left after the start tag: an attribute that has to be there is not."""
    return _closed(p, NOTHING)


def forgiving_attributes(p: Pattern) -> Pattern:
    """The same, as if none had to be there."""
    return _closed(p, EMPTY)


def _closed(p: Pattern, missing: Pattern) -> Pattern:
    match p:
        case After(inside, rest):
            return _after(_closed(inside, missing), rest)
        case Choice(one, other):
            return choice(_closed(one, missing), _closed(other, missing))
        case Group(one, other):
            return group(_closed(one, missing), _closed(other, missing))
        case Interleave(one, other):
            return interleave(_closed(one, missing), _closed(other, missing))
        case Many(of):
            inner = _closed(of, missing)
            return inner if inner in (EMPTY, NOTHING) else Many(inner)
        case Attribute():
            return missing
    return p


def after_end(p: Pattern) -> Pattern:
    """What is left after an end tag."""
    if isinstance(p, Choice):
        return choice(after_end(p.one), after_end(p.other))
    return p.rest if isinstance(p, After) and nullable(p.inside) else NOTHING


def forgiving_end(p: Pattern) -> Pattern:
    """The same, whatever is still to come inside of the element."""
    if isinstance(p, Choice):
        return choice(forgiving_end(p.one), forgiving_end(p.other))
    return p.rest if isinstance(p, After) else NOTHING


def firsts(p: Pattern) -> Iterator[Any]:
    """Yield what may come next: patterns of elements, attributes and text."""
    match p:
        case Choice(one, other) | Interleave(one, other):
            yield from firsts(one)
            yield from firsts(other)
        case Group(one, other):
            yield from firsts(one)
            if nullable(one) or not any(isinstance(each, Element) for each in firsts(one)):
                yield from firsts(other)  # attributes keep no order
        case After(inside, _):
            yield from firsts(inside)
        case Many(of):
            yield from firsts(of)
        case Attribute() | Element() | Value() | Data():
            yield p
        case Leaf("text"):
            yield p
