"""Bundles: the whole history of domains in one file, from one store to another.

A bundle holds events as they were recorded, with their times and sources, and the bodies they
name. Their positions are another store's own affair; the hashes of the chain are the same there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from lineage.bundlefile import BundleReader, BundleWriter, Span, bodies_of
from lineage.errors import Conflict, Damaged, LineageError
from lineage.events import Defined, EventData, Redefined
from lineage.log.appearing import appearing
from lineage.log.base import Append, EventLog, NewEvent, StoredEvent
from lineage.log.chain import GENESIS
from lineage.log.meanings import translated
from lineage.past import replay
from lineage.store import Store
from lineage.views import At

__all__ = ["Applied", "Carried", "Progress", "apply", "create", "verify"]

Progress = Callable[[int, int], None]
"""Called now and then with how much is done, and how much there is."""

APPEND: Final = 64 << 20  # bytes that one append takes in...
_EVENT: Final = 512  # ... of which an event has so many for itself, about
_EARLIER: Final = "the bundle's first event is from before the store's last one"
_EVERY: Final = 256  # events between two calls of `progress`


class Carried(msgspec.Struct, frozen=True, gc=False):
    """What a bundle holds of one domain: its events behind a version, up to another.

    Attributes:
        stream: key of the domain's events: its UUID, or ``name:NAME``.
        name: the domain's name in the last document there that says one, None if none does.
        after: version of the event before the first one, 0 if it is the domain's first.
        version: of the last event.
        hash: of the domain's chain up to that.
    """

    stream: str
    name: str | None
    after: int
    version: int
    hash: bytes


class Applied(msgspec.Struct, frozen=True, gc=False):
    """What a bundle brought to one domain.

    Attributes:
        stream: key of the domain's events.
        before: version that the domain had, 0 if it was not there.
        version: that it has now. The same: there was nothing to do.
    """

    stream: str
    before: int
    version: int


def create(
    store: Store,
    target: str | os.PathLike[str],
    domains: Iterable[str] | None = None,
    *,
    since: At | None = None,
    progress: Progress | None = None,
) -> list[Carried]:
    """Write the history of domains, as it is now, to a new file, mode 0600.

    It is there in full when this returns; if it fails, there is none. It holds the documents
    exactly, passwords included.

    Args:
        domains: names or UUIDs; None: all that ever were.
        since: leave out what the domains had as of this moment (see `Store.tree`): the file is
            for a store that has that already. A domain with nothing since is left out.
        progress: called with events.

    Returns:
        What the file holds. Nothing: there is no file.

    Raises:
        LineageError: there is something of that name; it cannot be written; an event is too
            large, or there are too many domains.
        NotFound, Ambiguous, ValueError: see `Store.tree`.
        Damaged: something stored is not what was recorded.
    """
    path, log = Path(target), store.log
    spans = _spans(store, None if domains is None else list(domains), since)
    if not spans:
        return []
    carried: list[Carried] = []
    total, done = sum(span.version - span.after for span, _ in spans), 0
    with appearing(path) as partial, _writing(path, partial) as file:
        writer = BundleWriter(file, [span for span, _ in spans])
        for span, position in spans:
            name = None
            for event, data in replay(log, span.stream, position):
                name = _named(data) or name
                writer.add(event, data, log)
                done += 1
                if progress is not None and (done % _EVERY == 0 or done == total):
                    progress(done, total)
                if event.version == span.version:  # what came meanwhile is another bundle's
                    break
            carried.append(Carried(span.stream, name, span.after, span.version, span.hash))
        writer.close()
    return carried


def verify(path: str | os.PathLike[str], *, progress: Progress | None = None) -> list[Carried]:
    """Read a bundle, and give what it holds if every byte is as it was written.

    All is held against hashes: the file against its SHA-256, events against the chain of their
    domain, bodies and documents against their digests.

    Args:
        progress: called with bytes.

    Raises:
        LineageError: it cannot be read.
        Damaged: it is no bundle, or something in it is not as it was written.
        TooNew: a newer release wrote it.
    """
    with _reading(Path(path)) as (file, size):
        reader = BundleReader(file, Path(path))
        names: dict[str, str] = {}
        for event, data in _watched(reader, progress, 0, size, size):
            name = _named(data)
            if name is not None:
                names[event.stream] = name
        return [
            Carried(span.stream, names.get(span.stream), span.after, span.version, span.hash)
            for span in reader.spans
        ]


def apply(
    store: Store, path: str | os.PathLike[str], *, progress: Progress | None = None
) -> list[Applied]:
    """Add to a store what a bundle has and the store has not.

    All of the file is verified first, and what the store has of each domain must be the
    beginning of what the bundle says (by its hash): else nothing is written. Events keep the
    time and the source they were recorded with, and so their hashes. Up to 64 MiB are one
    append, all or nothing; a larger bundle is several, in order, and applied again after an
    interruption it goes on where it ended.

    Args:
        progress: called with bytes. The file is read twice.

    Raises:
        Conflict: what the store has of a domain is another history, or goes on behind the
            bundle's end (a rewind), or ends before the bundle begins; carries the domain's
            version. Or another writer was faster.
        LineageError, Damaged, TooNew: see `verify`; nothing was written.
    """
    log = store.log
    with _reading(Path(path)) as (file, size):
        reader = BundleReader(file, Path(path))
        starts = _starts(log, reader, _watched(reader, progress, 0, size, 2 * size))
        file.seek(0)
        again = BundleReader(file, Path(path))
        if again.spans != reader.spans:
            raise Damaged(f"{path}: it was written to while it was read")
        unit = _Unit(log)
        for event, data in _watched(again, progress, size, size, 2 * size):
            if event.version > starts[event.stream]:
                unit.add(event, data, again)
                if unit.size >= APPEND:
                    unit.flush()
        unit.flush()
    return [
        Applied(span.stream, starts[span.stream], max(starts[span.stream], span.version))
        for span in reader.spans
    ]


def _spans(store: Store, domains: list[str] | None, since: At | None) -> list[tuple[Span, int]]:
    """What is to be carried, and the position behind which it is found."""
    log = store.log
    heads = log.streams()
    if domains is not None:
        wanted = {store.resolve(domain) for domain in domains}
        heads = [head for head in heads if head.stream in wanted]
    spans: list[tuple[Span, int]] = []
    for head in heads:
        after, position, before = 0, 0, GENESIS
        if since is not None:
            tree = store.tree(head.stream, since)
            after, position = tree.version, tree.position
            before = log.event(position).hash if after else GENESIS
        if after < head.version:
            end = log.event(head.position).hash
            spans.append((Span(head.stream, after, before, head.version, end), position))
    return spans


def _named(data: EventData) -> str | None:
    return data.domain_name if isinstance(data, Defined | Redefined) else None


@contextmanager
def _writing(target: Path, partial: Path) -> Iterator[BinaryIO]:
    """The file to write; errors name the one that it becomes."""
    try:
        with partial.open("wb") as file:
            yield file
    except OSError as error:
        raise LineageError(f"{target}: it cannot be written ({error.strerror})") from error


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a FIFO is refused at once instead of waited for


@contextmanager
def _reading(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """The file to read, and its size."""
    with translated(path):
        file = open(path, "rb", buffering=1 << 20, opener=_opened)  # noqa: SIM115
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise LineageError(f"{path}: not a regular file")
        yield file, status.st_size


def _watched(
    reader: BundleReader, progress: Progress | None, before: int, size: int, total: int
) -> Iterator[tuple[StoredEvent, EventData]]:
    """The events, while `progress` is told of the bytes; `before` of them were read before."""
    for number, found in enumerate(reader.events()):
        if progress is not None and number % _EVERY == 0:
            progress(before + reader.done, total)
        yield found
    if progress is not None:
        progress(before + size, total)


class _Held(msgspec.Struct, frozen=True, gc=False):
    """A domain's last event in the store; of one that has none what stands before the first."""

    version: int = 0
    hash: bytes = GENESIS
    recorded_at: int = -(1 << 63)


def _starts(
    log: EventLog, reader: BundleReader, events: Iterable[tuple[StoredEvent, EventData]]
) -> dict[str, int]:
    """Read all of a bundle, and give the version that each of its domains has in the log.

    Raises:
        Conflict: see `apply`.
    """
    held = {span.stream: _Held() for span in reader.spans}
    for head in log.streams():
        if head.stream in held:
            last = log.event(head.position)
            held[head.stream] = _Held(last.version, last.hash, last.recorded_at)
    hashes = {span.stream: span.before for span in reader.spans if span.after}
    times: dict[str, int] = {}
    for event, _ in events:
        times.setdefault(event.stream, event.recorded_at)
        if event.version <= held[event.stream].version:
            hashes[event.stream] = event.hash
    for span in reader.spans:
        _require_prefix(log, span, held[span.stream], hashes.get(span.stream, GENESIS))
        mine = held[span.stream]
        if mine.version == span.after and times[span.stream] < mine.recorded_at:
            raise Conflict(f"{span.stream}: {_EARLIER}", mine.version)
    return {stream: mine.version for stream, mine in held.items()}


def _require_prefix(log: EventLog, span: Span, held: _Held, known: bytes) -> None:
    """See to it that what the log has of a domain is the beginning of what the bundle says.

    Args:
        known: hash in the bundle of the event at the log's version, or at its own last one.
    """
    stream, mine = span.stream, held.version
    if mine < span.after:
        behind = f"the bundle begins behind version {span.after}"
        raise Conflict(f"{stream}: the store is at version {mine}, {behind}", mine)
    found = held.hash
    if mine > span.version:
        for event in log.read(stream=stream, limit=span.version):
            found = event.hash
    if found != known:
        at = min(mine, span.version)
        raise Conflict(f"{stream}: the store has another history up to version {at}", mine)
    if mine > span.version:
        ends = f"the bundle ends at version {span.version}"
        raise Conflict(f"{stream}: a rewind: the store is at version {mine}, {ends}", mine)


class _Unit:
    """Events on their way to the log, as one append."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._reset()

    def _reset(self) -> None:
        self._batch: list[Append] = []
        self._last: list[NewEvent] = []  # of the batch's last entry
        self._bodies: dict[bytes, bytes] = {}
        self.size = 0

    def add(self, event: StoredEvent, data: EventData, reader: BundleReader) -> None:
        """Take in an event that the reader has just given."""
        named = bodies_of(data)
        digests = (data.digest,) if isinstance(data, Defined | Redefined) else ()
        new = NewEvent(event.tag, event.schema, event.payload, event.source, named, digests)
        for digest in named:
            if digest not in self._bodies:
                self._bodies[digest] = body = reader.window.body(digest)
                self.size += len(body)
        self.size += len(event.payload) + len(event.source) + _EVENT
        entry = self._batch[-1] if self._batch else None
        if entry and (entry.stream, entry.recorded_at) == (event.stream, event.recorded_at):
            self._last.append(new)
        else:
            self._last = [new]
            self._batch.append(
                Append(event.stream, self._last, event.version - 1, event.recorded_at)
            )

    def flush(self) -> None:
        """Append what was taken in.

        Raises:
            Conflict: another writer was faster.
        """
        if self._batch:
            self._log.append(self._batch, self._bodies)
        self._reset()
