"""The store: what a daemon embeds. A thin shell over an event log and the fold."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self, Unpack

from lineage import documents
from lineage.check import Finding, check
from lineage.filters import Filter, Wanted
from lineage.ingest import Progress, Report, ingest
from lineage.log.backup import Progress as Copied
from lineage.log.backup import back_up
from lineage.log.base import EventLog
from lineage.log.sqlite import SQLiteLog
from lineage.reading import Event, read_events
from lineage.reflog import CurrentMove, moves
from lineage.sources import Source
from lineage.tree import Tree
from lineage.views import At, DomainInfo, Listed, Views
from lineage.watch import Watch
from lineage.writers import Writers
from lineage.writing import Writer, Written

__all__ = ["DomainInfo", "Event", "Store", "Watch", "Written"]


class Store(Writers):
    """All snapshots of all domains, and their whole history, in one file.

    Wherever a method takes `domain`, that is a UUID in any form libvirt reads, or the name
    of the domain that bears it now and is not undefined, or `DomainInfo.stream`. So it is with
    `at`, too: that says as of when to look at the domain, never which one is meant.

    The writers are those of `lineage.writers.Writers`.
    After one that failed on a full or failing disk, every call but `close` raises LineageError:
    open the store again, and look whether the events are there.

    Args:
        path: the store's file; created with mode 0600 unless `readonly`, also in place of an
            empty file.
        readonly: open an existing store and change nothing.
        allow_network: also on a network file system, where then one process at a time has the
            store open, or several that only read.

    Raises:
        NotAStore: the file is something else, or `readonly` and there is none.
        TooNew: a newer release wrote it.
        Busy: another process keeps it for itself.
        LineageError: it cannot be opened; a network file system that is not allowed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        readonly: bool = False,
        allow_network: bool = False,
    ) -> None:
        self._open(SQLiteLog(path, readonly=readonly, allow_network=allow_network))

    @classmethod
    def over(cls, log: EventLog) -> Self:
        """Make a store of another event log, which it then owns: closing it closes the log."""
        store = cls.__new__(cls)
        store._open(log)
        return store

    def _open(self, log: EventLog) -> None:
        self._log = log
        self._views = Views(log)
        self._writer = Writer(log, self._views)

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
        with self._views.alone():
            infos = list(self._views.infos().values())
        return sorted(infos, key=lambda info: (info.name or "", info.stream))

    def resolve(self, domain: str) -> str:
        """Give the key of a domain's events.

        Raises:
            NotFound: no domain is called so now, and none has that UUID.
            Ambiguous: several bear the name; carries their UUIDs.
        """
        return self._writer.resolve(domain)

    def tree(self, domain: str, at: At | None = None) -> Tree:
        """Give a domain's snapshot tree; what is recorded later does not change it.

        Heads and digests of its snapshots may be read when they are first asked for, which only
        an open store can do.

        Args:
            at: as of this position in the log, or as of the domain's last event recorded at
                or before this time; None: now.

        Raises:
            NotFound, Ambiguous: see `resolve`; NotFound also for a position to come.
            ValueError: a negative position, or a datetime without a zone.
        """
        stream = self.resolve(domain)
        if at is not None:
            return self._views.at(stream, at)
        with self._views.alone():
            return self._views.shared(stream)

    def snapshots(
        self, *domains: str, at: At | None = None, **wanted: Unpack[Wanted]
    ) -> list[Listed]:
        """List the snapshots of these domains, or of all, each domain's by creation time.

        Args:
            at: see `tree`.
            wanted: libvirt's filters, such as ``leaves=True`` or ``from_="base"``; see
                `lineage.filters.Filter`.

        Raises:
            NotFound, Ambiguous, ValueError: see `tree` and `Filter`.
        """
        only = Filter(**wanted)
        chosen = domains or [info.stream for info in self.domains()]
        streams = [self.resolve(domain) for domain in chosen]
        with self._views.alone():
            return only.chosen(self._views.listed(streams, at))

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
        if at is not None:
            return self._print(self._views.at(stream, at), name, active)
        with self._views.alone():
            return self._print(self._views.live(stream), name, active)

    def _print(self, tree: Tree, name: str, active: bool) -> bytes:
        flag = tree.current == name if active else None
        return documents.document(self._log, tree[name], active=flag)

    def events(self, after: int = 0, domain: str | None = None) -> Iterator[Event]:
        """Give the events behind a position, in order; a prefix of what there is to come.

        Raises:
            NotFound, Ambiguous: see `resolve`.
            Damaged: while iterating: an event cannot be read.
        """
        stream = None if domain is None else self.resolve(domain)
        return read_events(self._log, after, stream)

    def watch(
        self, after: int = 0, *, domain: str | None = None, timeout: float | None = None
    ) -> Watch:
        """Give the events behind a position as `events` does, then each as it is committed.

        By whatever process; every event once, in order. The watch ends when its `close` or the
        store's is called, by any thread; it holds no lock and starts no thread.

        Args:
            timeout: end after so many seconds without an event; None: never.

        Raises:
            NotFound, Ambiguous: see `resolve`.
            Damaged: while iterating: an event cannot be read.
        """
        return Watch(self._log, after, None if domain is None else self.resolve(domain), timeout)

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

    def check(
        self,
        subset: tuple[int, int] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[Finding]:
        """Read everything and yield what is wrong; see `lineage.check.check`."""
        return check(self._log, subset, progress)

    # Whole archives, whole stores

    def ingest(
        self,
        *sources: str | os.PathLike[str] | Source,
        restore: bool = False,
        mirror: bool = False,
        dry_run: bool = False,
        progress: Progress | None = None,
        batch: int = 4000,
    ) -> Report:
        """Import directories, XML files and archives as one import; see `lineage.ingest`.

        Args:
            sources: paths or sources. The order of documents does not matter.
            restore: define again what a snapshot had before and does not have now.
            mirror: also record as deleted what the sources do not have of their domains.
            dry_run: append nothing, and report what would be.
            progress: called now and then with bytes done, bytes in all (None if unknown) and
                documents so far.
            batch: how many events are made durable at once.

        Raises:
            SourceError: a path cannot be opened; nothing was imported.
        """
        return ingest(
            lambda: self._log,
            sources,
            restore=restore,
            mirror=mirror,
            dry_run=dry_run,
            progress=progress,
            batch=batch,
        )

    def backup(self, path: str | os.PathLike[str], *, progress: Copied | None = None) -> None:
        """Copy the store as it is now to a new file, while others read and write it.

        The copy is one file, mode 0600, on disk when this returns; if it fails, there is none.
        To copy the file of a store in use by other means is no backup.

        Args:
            progress: called now and then with bytes done and bytes in all.

        Raises:
            LineageError: there is such a file, or an SQLite file beside it; it cannot be
                written; the event log is of another kind and has no backup.
            Damaged: SQLite finds that the file's structure is. Rows are not looked at.
        """
        back_up(self._log, path, progress)
