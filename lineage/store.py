"""The store: what a daemon embeds. A thin shell over an event log and the fold."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Final, Self

import msgspec

from lineage import canon, documents
from lineage.definitions import Bodies, Definer, new_event, redefined
from lineage.definitions import secure as secured
from lineage.errors import Conflict, NotFound
from lineage.events import CurrentChanged, Deleted, EventData, Renamed, Undefined, decode
from lineage.identity import resolve, stream_of, uuid_of
from lineage.ingest import Progress, Report, ingest
from lineage.log.base import EXISTS, Append, EventLog
from lineage.log.sqlite import SQLiteLog
from lineage.model import Head, Secure
from lineage.reflog import CurrentMove, moves
from lineage.rules.redefine import check_parent
from lineage.sources import Source
from lineage.tree import Tree
from lineage.views import At, DomainInfo, Views

__all__ = ["DomainInfo", "Event", "Store"]

_HEAD: Final = msgspec.msgpack.Decoder(Head)
_SCOPES: Final = ("single", "children", "children-only")
_TRIES: Final = 1000
_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")

# What happened, given the tree before it.
_Decision = Callable[[Tree], list[EventData]]


class Event(msgspec.Struct, frozen=True, gc=False):
    """An event as read back.

    Attributes:
        position: in the whole log, from 1, gapless.
        domain: key of the domain's events: its UUID, or ``name:NAME``.
        version: within the domain, from 1, gapless.
        recorded_at: nanoseconds since the epoch, UTC; never goes back within a domain.
        data: what happened.
        source: free text: where it came from.
    """

    position: int
    domain: str
    version: int
    recorded_at: int
    data: EventData
    source: str


class Store:
    """All snapshots of all domains, and their whole history, in one file.

    Wherever a method takes `domain`, that is a UUID in any form libvirt reads, or the name
    of the domain that bears it now and is not undefined, or `DomainInfo.stream`. So it is with
    `at`, too: that says as of when to look at the domain, never which one is meant.

    Every writer takes `expect` and `source`, and returns the domain's version after it:
        expect: refuse unless the domain has this version: None any, 0 no event yet,
            `EXISTS` at least one event, else the version seen.
        source: free text kept with the event: where it came from.
    After one that failed on a full or failing disk, every call but `close` raises LineageError:
    open the store again, and look whether the events are there.

    Args:
        path: the store's file; created with mode 0600 unless `readonly`, also in place of an
            empty file.
        readonly: open an existing store and change nothing.

    Raises:
        NotAStore: the file is something else, or `readonly` and there is none.
        TooNew: a newer release wrote it.
    """

    def __init__(self, path: str | os.PathLike[str], *, readonly: bool = False) -> None:
        self._open(SQLiteLog(path, readonly=readonly))

    @classmethod
    def over(cls, log: EventLog) -> Self:
        """Make a store of another event log, which it then owns: closing it closes the log."""
        store = cls.__new__(cls)
        store._open(log)
        return store

    def _open(self, log: EventLog) -> None:
        self._log = log
        self._views = Views(log)

    @property
    def log(self) -> EventLog:
        """The event log beneath."""
        return self._log

    def close(self) -> None:
        """Release the file. Closing twice is harmless."""
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # Reading

    def domains(self) -> list[DomainInfo]:
        """Every domain that ever had an event, by name, then by UUID."""
        infos = self._views.infos().values()
        return sorted(infos, key=lambda info: (info.name or "", info.stream))

    def resolve(self, domain: str) -> str:
        """Give the key of a domain's events.

        Raises:
            NotFound: no domain is called so now, and none has that UUID.
            Ambiguous: several bear the name; carries their UUIDs.
        """
        uuid = uuid_of(domain)
        if uuid is not None and self._log.version(uuid):
            return uuid
        return resolve(self._views.infos(), domain)

    def tree(self, domain: str, at: At | None = None) -> Tree:
        """Give a domain's snapshot tree; what is recorded later does not change it.

        Args:
            at: as of this position in the log, or as of the domain's last event recorded at
                or before this time; None: now.

        Raises:
            NotFound, Ambiguous: see `resolve`; NotFound also for a position to come.
            ValueError: a negative position, or a datetime without a zone.
        """
        stream = self.resolve(domain)
        return self._views.shared(stream) if at is None else self._views.at(stream, at)

    def xml(self, domain: str, name: str, at: At | None = None, *, active: bool = False) -> bytes:
        """Give a snapshot's canonical XML, ready to be redefined: passwords included.

        Args:
            at: see `tree`.
            active: with ``<active>``, as libvirt keeps it on disk.

        Raises:
            NotFound, Ambiguous, ValueError: see `tree`; NotFound if there is no such snapshot.
            Damaged: what is stored is not what was recorded.
        """
        stream = self.resolve(domain)
        tree = self._views.live(stream) if at is None else self._views.at(stream, at)
        flag = tree.current == name if active else None
        return documents.document(self._log, tree[name], active=flag)

    def events(self, after: int = 0, domain: str | None = None) -> Iterator[Event]:
        """Give the events behind a position, in order; a prefix of what there is to come.

        Raises:
            NotFound, Ambiguous: see `resolve`.
            Damaged: while iterating: an event cannot be read.
        """
        stream = None if domain is None else self.resolve(domain)
        return (
            Event(
                stored.position,
                stored.stream,
                stored.version,
                stored.recorded_at,
                decode(stored.tag, stored.schema, stored.payload),
                stored.source,
            )
            for stored in self._log.read(after, stream=stream)
        )

    def reflog(self, domain: str) -> Iterator[CurrentMove[Event]]:
        """Give the events that changed which snapshot is current, oldest first.

        Raises:
            NotFound, Ambiguous, Damaged: see `events`.
        """
        stream = self.resolve(domain)
        return moves(stream, self.events(domain=stream))

    def head(self) -> int:
        """Position of the last event, 0 if there is none."""
        return self._log.head()

    # Writing

    def record(
        self,
        xml: bytes | str,
        *,
        domain: str | None = None,
        current: bool | None = None,
        secure: bool | None = None,
        strict: bool = False,
        expect: int | None = None,
        source: str = "",
    ) -> int:
        """Record a snapshot document: defined, redefined, or nothing if it equals the present.

        Args:
            xml: a ``<domainsnapshot>``, with or without ``<active>``.
            domain: whose it is. The UUID in the document decides; this may only agree.
            current: True: the snapshot became current; False: leave that alone; None: True if
                ``<active>`` is there and not 0.
            secure: whether it was dumped with passwords. None: yes if ``<active>`` is there,
                since libvirt writes it only into its own files, else unknown.
            strict: also refuse a parent that libvirt would refuse when redefining.

        Raises:
            XMLError, SnapshotError: the document is refused. Codes besides the canonicalizer's:
                ``domain-mismatch``, ``domain-unknown`` (see `lineage.identity.stream_of`), and
                if strict ``parent-missing``, ``parent-self``, ``parent-cycle``.
            NotFound, Ambiguous: `domain` is the only clue and means none, or several.
            Conflict: `expect` does not hold; nothing was written.
        """
        parts = canon.split(xml)
        stream = self._stream_of(parts, domain)
        flag = secured(parts.active) if secure is None else Secure.YES if secure else Secure.NO
        bodies: Bodies = {}
        digest = hashlib.sha256(parts.xml).digest()
        given = Definer().define(stream, parts, digest, bodies, flag)
        to_current = bool(parts.active) if current is None else current

        def decide(tree: Tree) -> list[EventData]:
            if strict:
                check_parent(tree, given.name, _HEAD.decode(given.head).parent)
            events: list[EventData] = []
            if given.name not in tree:
                events.append(given)
            elif not documents.equals(self._log, tree[given.name], parts, digest):
                events.append(redefined(given))
            if to_current and tree.current != given.name:
                events.append(CurrentChanged(given.name))
            return events

        return self._write(stream, decide, expect, source, bodies)

    def delete(
        self,
        domain: str,
        name: str,
        scope: str = "single",
        *,
        expect: int | None = None,
        source: str = "",
    ) -> int:
        """Record that a snapshot was deleted.

        Args:
            scope: ``single``: its children now belong to its parent; ``children``: with all
                its descendants; ``children-only``: its descendants, not itself (libvirt's
                SNAPSHOT_DELETE_CHILDREN and SNAPSHOT_DELETE_CHILDREN_ONLY).

        Raises:
            NotFound, Ambiguous: no such domain or snapshot.
            Conflict: `expect` does not hold.
            ValueError: no such scope.
        """
        if scope not in _SCOPES:
            raise ValueError(f"scope is one of {', '.join(_SCOPES)}")

        def decide(tree: Tree) -> list[EventData]:
            node = tree[name]
            if scope == "children-only" and not tree.children(name):
                return []
            return [Deleted(node.name, scope)]

        return self._write(self.resolve(domain), decide, expect, source)

    def set_current(
        self, domain: str, name: str | None, *, expect: int | None = None, source: str = ""
    ) -> int:
        """Record that a snapshot became current, or with None that none is.

        Nothing is recorded if it is so already.

        Raises:
            NotFound, Ambiguous: no such domain or snapshot.
            Conflict: `expect` does not hold.
        """

        def decide(tree: Tree) -> list[EventData]:
            if name is not None:
                tree[name]
            return [] if tree.current == name else [CurrentChanged(name)]

        return self._write(self.resolve(domain), decide, expect, source)

    def rename(
        self, domain: str, old: str, new: str, *, expect: int | None = None, source: str = ""
    ) -> int:
        """Record that a snapshot has another name; its children follow.

        Raises:
            NotFound, Ambiguous: no such domain or snapshot.
            Conflict: a snapshot of the new name is there, or `expect` does not hold.
            ValueError: no document can hold the new name.
        """
        if not new or _NOT_XML.search(new):
            raise ValueError("a snapshot's name is not empty and has no control characters")

        def decide(tree: Tree) -> list[EventData]:
            tree[old]
            if new in tree:
                raise Conflict(f"there is a snapshot {new!r} already", tree.version)
            return [Renamed(old, new)]

        return self._write(self.resolve(domain), decide, expect, source)

    def undefine(self, domain: str, *, expect: int | None = None, source: str = "") -> int:
        """Record that a domain was undefined, and its snapshots with it.

        Raises:
            NotFound, Ambiguous: no such domain, or it is undefined already.
            Conflict: `expect` does not hold.
        """

        def decide(tree: Tree) -> list[EventData]:
            if tree.undefined:
                raise NotFound(f"domain {tree.stream} is undefined already")
            return [Undefined()]

        return self._write(self.resolve(domain), decide, expect, source)

    def ingest(
        self,
        *sources: str | os.PathLike[str] | Source,
        restore: bool = False,
        progress: Progress | None = None,
        batch: int = 4000,
    ) -> Report:
        """Import directories, XML files and tar archives as one import; see `lineage.ingest`.

        Args:
            sources: paths or sources. The order of documents does not matter.
            restore: define again what a snapshot had before and does not have now.
            progress: called now and then with bytes done, bytes in all (None if unknown) and
                documents so far.
            batch: how many events are made durable at once.

        Raises:
            SourceError: a path cannot be opened; nothing was imported.
        """
        return ingest(lambda: self._log, sources, restore=restore, progress=progress, batch=batch)

    def _stream_of(self, parts: canon.Parts, domain: str | None) -> str:
        plain = domain is None or (parts.uuid is not None and uuid_of(domain) == parts.uuid)
        # All domains need to be known only where a name has to be looked up.
        return stream_of({} if plain else self._views.infos(), parts, domain)

    def _write(
        self,
        stream: str,
        decide: _Decision,
        expect: int | None,
        source: str,
        bodies: Mapping[bytes, bytes] | None = None,
    ) -> int:
        for attempt in range(_TRIES):
            tree = self._views.live(stream)
            version = tree.version
            _hold(stream, version, expect)
            events = decide(tree)
            if not events:
                return version
            entry = Append(stream, [new_event(data, source) for data in events], version)
            try:
                self._log.append([entry], bodies)
            except Conflict:
                # Another writer was faster. Only who named a version wants to know.
                if expect not in (None, EXISTS) or attempt == _TRIES - 1:
                    raise
                continue
            return version + len(events)
        raise AssertionError("unreachable")


def _hold(stream: str, version: int, expect: int | None) -> None:
    if expect is None or expect == version or (expect == EXISTS and version):
        return
    if expect < 0 and expect != EXISTS:
        raise ValueError("expect is None, EXISTS, or a version")
    wanted = "at least one event" if expect == EXISTS else f"version {expect}"
    raise Conflict(f"{stream}: expected {wanted}, found version {version}", version)
