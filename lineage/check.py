"""Looks a whole store over: everything is read, and held against what was recorded.

What the log itself can tell is told by `lineage.log.verify`. What this adds is the meaning of it:
events that decode, documents that have the digest recorded, caches that are what the events make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Final, Literal

import msgspec

from lineage.directory import infos_of
from lineage.documents import given
from lineage.errors import Damaged
from lineage.events import UNREADABLE, Defined, Redefined, decode
from lineage.kept import agrees
from lineage.listing import summary
from lineage.log.base import ALL, EventLog, StoredEvent
from lineage.log.problems import Part, Problem
from lineage.model import Head
from lineage.past import replay
from lineage.tree import fold
from lineage.treestate import FOLD

__all__ = ["CODES", "Finding", "Progress", "check"]

Severity = Literal["error", "warning"]
Progress = Callable[[int, int], None]
"""Called now and then with how much is done, and how much there is: events and bodies."""

# What each kind of finding means. Codes are for ever.
CODES: Final[dict[str, tuple[Severity, str]]] = {
    "sqlite": ("error", "SQLite's own check finds fault with the file, or cannot read it"),
    "schema": ("error", "tables, indexes or triggers are not those of the format"),
    "bad-digest": ("error", "a row, payload, body or document is not what was written"),
    "broken-chain": ("error", "events do not lead to the hash that was recorded of them"),
    "gap": ("error", "events, bodies, streams or commits are missing, or too many"),
    "unreadable-event": ("error", "an event is what was written, and means nothing here"),
    "cache-differs": ("warning", "what was derived from events is not what they lead to"),
    "orphan-body": ("warning", "a body that no event names"),
}
_HEAD: Final = msgspec.msgpack.Decoder(Head)


class Finding(msgspec.Struct, frozen=True, gc=False):
    """Something in a store that is not as it has to be.

    Attributes:
        code: which kind, one of `CODES`.
        severity: ``error``: something recorded is lost or not to be trusted; ``warning``: all
            that was recorded is there.
        message: what it is, and where.
        domain: key of the domain's events, None if it concerns none or that cannot be said.
        position, version: of the event that it concerns, the first of several; None: of none.
    """

    code: str
    severity: Severity
    message: str
    domain: str | None = None
    position: int | None = None
    version: int | None = None


def check(
    log: EventLog, subset: tuple[int, int] | None = None, progress: Progress | None = None
) -> Iterator[Finding]:
    """Yield what is wrong with a log, nothing if all is well. Damage in one place stops nothing.

    Args:
        subset: (n, m): the n-th of m parts only, by number of stream and of body. All parts
            together are everything.

    Raises:
        ValueError: there is no such part.
        LineageError: the log cannot be opened or read at all.
    """
    part = Part(*(subset or (1, 1)))
    if not 1 <= part.number <= part.parts:
        raise ValueError("a subset is (n, m) with n from 1 to m")
    return _findings(log, part, progress)


def _findings(log: EventLog, part: Part, progress: Progress | None) -> Iterator[Finding]:
    for found in log.verify(part, progress):
        if isinstance(found, Problem):
            severity, _ = CODES[found.code]
            yield Finding(
                found.code, severity, found.message, found.stream, found.position, found.version
            )
        else:
            yield from _event(log, found)
    yield from _caches(log, part)
    yield from _summaries(log, part)


def _event(log: EventLog, event: StoredEvent) -> Iterator[Finding]:
    """Look into one event, which is what was written."""
    try:
        data = decode(event.tag, event.schema, event.payload)
        if isinstance(data, Defined | Redefined):
            _HEAD.decode(data.head)
    except (Damaged, *UNREADABLE) as error:
        yield _about(event, "unreadable-event", f"event {event.position} cannot be read: {error}")
        return
    if isinstance(data, Defined | Redefined):
        try:
            given(log, data, event.position)
        except Damaged as error:
            # The log's own errors begin with the path, which every finding would repeat.
            what = error.__cause__ if isinstance(error.__cause__, Damaged) else error
            yield _about(event, "bad-digest", f"{data.name!r} of event {event.position}: {what}")


def _caches(log: EventLog, part: Part) -> Iterator[Finding]:
    """Hold kept trees against their events. Rows of another release's fold are as good as none."""
    try:
        heads = log.streams()
    except Damaged:  # which was told
        return
    for number, head in enumerate(heads, 1):
        if not part.has(number):
            continue
        stream = head.stream
        try:
            row = log.cached(stream)
            if row is None or row.fold != FOLD:
                continue
            version = row.version
            events = takewhile(lambda e: e[0].version <= version, replay(log, stream))  # noqa: B023
            if agrees(row, fold(stream, events)):
                continue
        except Damaged:
            continue
        severity, _ = CODES["cache-differs"]
        message = "the tree that is kept is not the one that the events make"
        yield Finding("cache-differs", severity, message, stream, None, row.version)


def _summaries(log: EventLog, part: Part) -> Iterator[Finding]:
    """Hold the kept summaries of domains against their events."""
    try:
        row, heads = log.cached(ALL), log.streams()
    except Damaged:  # which was told
        return
    infos = None if row is None else infos_of(row)
    if row is None or infos is None:
        return
    until = row.version
    for number, head in enumerate(heads, 1):
        if not part.has(number):
            continue
        events = takewhile(lambda e: e[0].position <= until, replay(log, head.stream))
        try:
            tree = fold(head.stream, events)
        except Damaged:  # which was told
            continue
        if infos.get(head.stream) != (summary(tree) if tree.version else None):
            severity, _ = CODES["cache-differs"]
            message = "the summary that is kept is not the one that the events make"
            yield Finding("cache-differs", severity, message, head.stream, until, tree.version)


def _about(event: StoredEvent, code: str, message: str) -> Finding:
    severity, _ = CODES[code]
    return Finding(code, severity, message, event.stream, event.position, event.version)
