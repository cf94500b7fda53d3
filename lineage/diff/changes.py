"""The paths at which two canonical documents differ, in the order of the first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from lineage.canon import secrets
from lineage.diff.keys import key_of, label, listed
from lineage.rules.elements import Element, read

__all__ = ["Change", "Kind", "changes"]

Kind = Literal["added", "removed", "changed", "order", "spelling"]

_BETWEEN: Final = re.compile(rb">\s+<")


class Change(msgspec.Struct, frozen=True, gc=False):
    """One path at which the documents differ.

    Attributes:
        path: of an attribute (``/@name`` at its end), or of an element, meaning its text or all
            of it.
        kind: ``added``, ``removed`` and ``changed`` say what became of that. ``order``: siblings
            have changed places; the path is their parent's. ``spelling``: the element means the
            same and is not written the same.
        old, new: the value before and after, None where there was none: a text, an element as
            XML on one line, or names of siblings. A secret is ``***``.
    """

    path: str
    kind: Kind
    old: str | None
    new: str | None


def changes(old: bytes, new: bytes, *, below: str = "") -> list[Change]:
    """Compare two canonical documents with the same root element.

    Nothing is returned exactly if the documents are equal, byte for byte. With the documents
    exchanged, the changes are the same with `old` and `new` exchanged.

    Args:
        below: what all paths begin with, such as ``/domain``.

    Raises:
        ValueError: the root elements have different names.
    """
    comparison = _Comparison(old, new)
    comparison.run(below)
    return comparison.found


# What is still to be done, last first: compare a pair; look whether that has found anything;
# report an element that is on one side only.
_Pair = tuple[str, Element, Element]
_Task = tuple[str, Element | None, Element | None, int | None]
_Named = tuple[str, Element]


class _Comparison:
    def __init__(self, old: bytes, new: bytes) -> None:
        self.found: list[Change] = []
        self._old, self._new = old, new

    def run(self, below: str) -> None:
        old, new = read(self._old), read(self._new)
        if old.name != new.name:
            raise ValueError(f"<{old.name}> cannot be compared with <{new.name}>")
        tasks: list[_Task] = [(below, old, new, None)]
        while tasks:
            path, before, after, count = tasks.pop()
            if before is None or after is None:
                self._on_one_side(path, before, after)
            elif count is not None:
                if count == len(self.found):
                    old_xml, new_xml = self._xml(before, after)
                    self._add(path, "spelling", old_xml, new_xml)
            elif not self._equal(before, after):
                tasks.append((path, before, after, len(self.found)))
                self._compare(path, before, after)
                tasks += reversed(self._children(path, before, after))

    def _equal(self, old: Element, new: Element) -> bool:
        return self._old[old.start : old.end] == self._new[new.start : new.end]

    def _add(self, path: str, kind: Kind, old: str | None, new: str | None) -> None:
        self.found.append(Change(path or "/", kind, old, new))

    def _compare(self, path: str, old: Element, new: Element) -> None:
        """Hold two elements against each other, but for their children."""
        for name in old.attrs | new.attrs:
            before, after = old.attrs.get(name), new.attrs.get(name)
            if before != after:
                if secrets.is_secret(old.name, name):
                    before, after = _hide(before), _hide(after)
                self._add(f"{path}/@{name}", _kind(before, after), before, after)
        if old.text != new.text:
            before, after = old.text or None, new.text or None
            if secrets.is_secret(old.name, None):
                before, after = _hide(before), _hide(after)
            self._add(path, _kind(before, after), before, after)

    def _on_one_side(self, path: str, old: Element | None, new: Element | None) -> None:
        before, after = self._xml(old, new)
        self._add(path, _kind(before, after), before, after)

    def _xml(self, old: Element | None, new: Element | None) -> tuple[str | None, str | None]:
        return _on_one_line(self._old, old), _on_one_line(self._new, new)

    # Children

    def _children(self, path: str, old: Element, new: Element) -> list[_Task]:
        """Say what is to be done for the children, in the order of the old, then the new ones."""
        names = dict.fromkeys(child.name for child in (*old.children, *new.children))
        befores, afters = _by_name(old), _by_name(new)
        partner: dict[int, _Pair] = {}  # by the start of the old one
        labels: dict[int, str] = {}  # of those that are in one document only
        added: list[_Named] = []
        for name in names:
            pairs, gone, come = self._match(old.name, befores.get(name, []), afters.get(name, []))
            partner.update((pair[1].start, pair) for pair in pairs)
            labels.update((child.start, text) for text, child in gone)
            added += come
        self._look_at_order(path, [p for c in old.children if (p := partner.get(c.start))])
        tasks: list[_Task] = []
        for child in old.children:
            if (pair := partner.get(child.start)) is not None:
                tasks.append((f"{path}/{pair[0]}", child, pair[2], None))
            else:
                tasks.append((f"{path}/{labels[child.start]}", child, None, None))
        tasks += [(f"{path}/{text}", None, child, None) for text, child in added]
        return tasks

    def _match(
        self, parent: str, old: Sequence[Element], new: Sequence[Element]
    ) -> tuple[list[_Pair], list[_Named], list[_Named]]:
        """Match siblings of one name: pairs, and what has no partner, each with its label."""
        if listed(parent, (*old, *new)[0].name):
            befores, afters = dict(_keyed(parent, old)), dict(_keyed(parent, new))
            pairs = [(k, befores[k], afters[k]) for k in befores if k in afters]
            gone = [(k, child) for k, child in befores.items() if k not in afters]
            come = [(k, child) for k, child in afters.items() if k not in befores]
            return pairs, gone, come
        return self._by_position(old, new)

    def _by_position(
        self, old: Sequence[Element], new: Sequence[Element]
    ) -> tuple[list[_Pair], list[_Named], list[_Named]]:
        """Match by position, counted from the end behind the last difference."""
        head, shorter = 0, min(len(old), len(new))
        while head < shorter and self._equal(old[head], new[head]):
            head += 1
        tail = 0
        while tail < shorter - head and self._equal(old[-1 - tail], new[-1 - tail]):
            tail += 1
        both = shorter - tail

        def named(place: int, child: Element) -> str:
            return child.name if len(old) < 2 > len(new) else f"{child.name}[{place + 1}]"

        pairs = [(named(n, old[n]), old[n], new[n]) for n in range(both)]
        behind = zip(old[len(old) - tail :], new[len(new) - tail :], strict=True)
        pairs += [(named(both + n, a), a, b) for n, (a, b) in enumerate(behind)]
        gone = [(named(n, old[n]), old[n]) for n in range(both, len(old) - tail)]
        come = [(named(n, new[n]), new[n]) for n in range(both, len(new) - tail)]
        return pairs, gone, come

    def _look_at_order(self, path: str, pairs: Sequence[_Pair]) -> None:
        """Report if siblings that are on both sides are in another order there."""
        moved = sorted(pairs, key=lambda pair: pair[2].start)
        places = [n for n, (a, b) in enumerate(zip(pairs, moved, strict=True)) if a is not b]
        if places:
            window = slice(places[0], places[-1] + 1)
            before, after = (
                ", ".join(pair[0] for pair in order[window]) for order in (pairs, moved)
            )
            self._add(path, "order", before, after)


def _by_name(element: Element) -> dict[str, list[Element]]:
    found: dict[str, list[Element]] = {}
    for child in element.children:
        found.setdefault(child.name, []).append(child)
    return found


def _keyed(parent: str, siblings: Sequence[Element]) -> Iterator[_Named]:
    """Give every sibling a label of its own."""
    seen: Counter[str] = Counter()
    keyless = 0
    for child in siblings:
        key = key_of(parent, child)
        if key is None:
            keyless += 1
            yield f"{child.name}[#{keyless}]", child
            continue
        text = f"{child.name}[{label(key)}]"
        seen[text] += 1
        yield (text if seen[text] == 1 else f"{text}[{seen[text]}]"), child


def _kind(old: str | None, new: str | None) -> Kind:
    return "added" if old is None else "removed" if new is None else "changed"


def _hide(value: str | None) -> str | None:
    return None if value is None else secrets.HIDDEN


def _on_one_line(document: bytes, element: Element | None) -> str | None:
    """An element as XML; if it holds text and nothing else, the text."""
    if element is None:
        return None
    if element.text and not element.attrs and not element.children:
        return secrets.HIDDEN if secrets.is_secret(element.name, None) else element.text
    xml = secrets.masked(document[element.start : element.end])
    return _BETWEEN.sub(b"><", xml).decode()
