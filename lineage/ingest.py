"""Bulk import: documents in any order go in, the same trees come out.

Nothing is added for a document that its snapshot has or had. A snapshot that the domain does
not have is defined as soon as its document is read. All that depends on other documents waits
for the end of the import: which of several documents of one snapshot is the present one, whose
snapshots those without a UUID are, and which snapshot is current. So the order of the documents
decides nothing but positions, and an interrupted import is completed by running it again (but
for one thing: to a snapshot that it had added already, current moves only where none is).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Final

from lineage import canon
from lineage.errors import Damaged, DocumentError
from lineage.intake.mirroring import Completeness, Mirror, Terms
from lineage.intake.placing import Placing
from lineage.intake.rehearsal import rehearsing
from lineage.intake.report import Failure, Note, Report
from lineage.intake.spool import Arrival, Spool
from lineage.listing import DomainInfo
from lineage.log.base import EventLog, Ground
from lineage.sources import Document, Source, SourceError, open_source
from lineage.views import Views

__all__ = ["Failure", "Note", "Progress", "Report", "ingest"]

Progress = Callable[[int, int | None, int], None]
"""Called with bytes done, bytes in all (None if unknown), and documents so far."""

_STEP: Final = 64  # documents from one call of that to the next
_SEVERAL: Final = ""  # in place of the UUID seen under a directory

_split: Final = canon.split


def ingest(
    open_log: Callable[[], EventLog | None],
    sources: Iterable[str | os.PathLike[str] | Source],
    *,
    restore: bool = False,
    mirror: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    batch: int = 4000,
) -> Report:
    """Import all documents of some sources as one import.

    Args:
        open_log: gives the log to add to. Called once, at the first document that is a
            snapshot, and never if there is none: what it creates is not created in vain. None
            is an empty log, for a dry run.
        sources: directories, XML files and archives by path, or sources.
        restore: define again what a snapshot had before and has not now.
        mirror: make present what the sources have of a domain: as `restore`, and its snapshots
            that they do not have are recorded as deleted, and so is which one is current. A
            domain that they have nothing of is left alone; of one that was not read in full
            nothing is deleted; a source without a snapshot is reported as failed.
        dry_run: append nothing, and report what would be.
        progress: called now and then, and in the end.
        batch: how many events are made durable at once.

    Raises:
        SourceError: a path cannot be opened; nothing was imported.
        Busy, Conflict: other writers left no chance; what was appended so far stays.
    """
    if batch < 1:
        raise ValueError("a batch has at least one event")
    opened = [
        open_source(source) if isinstance(source, str | os.PathLike) else source
        for source in sources
    ]
    origin = ", ".join(source.name for source in opened)
    complete = Completeness()
    terms = Terms(restore, Mirror(complete, origin) if mirror else None, batch)
    with ExitStack() as stack:
        spool, homeless = stack.enter_context(Spool()), stack.enter_context(Spool())

        def begin(report: Report) -> Placing:
            base = open_log()
            ground: Ground | None = base
            if dry_run:
                ground = stack.enter_context(rehearsing(base))
            if ground is None:
                raise ValueError("there is no log to import into")
            return Placing(ground, spool, report, lambda: _infos(base), terms)

        run = _Import(begin, homeless, complete)
        for source in opened:
            run.read(source, progress)
            if mirror:
                run.require_some(source)
        run.finish()
    return run.report


class _Import:
    """One import on its way."""

    def __init__(
        self,
        begin: Callable[[Report], Placing],
        homeless: Spool,
        complete: Completeness,
    ) -> None:
        """Set up an import.

        Args:
            begin: called once, at the first document that is a snapshot.
            homeless: keeps documents without a UUID.
            complete: is told what was seen and what was missed.
        """
        self.report = Report()
        self._begin_placing = begin
        self._complete = complete
        self._found = 0  # documents of the sources before
        self._placing: Placing | None = None
        self._homeless = homeless
        self._waiting: list[int] = []  # numbers of documents without a UUID
        self._uuids: dict[str, str] = {}  # by the directory that a domain's files are in
        self._hint: str | None = None  # of the document before, and its UUID
        self._uuid = ""
        self._done = 0  # bytes of the sources before

    def read(self, source: Source, progress: Progress | None) -> None:
        """Take in a whole source; if it ends in an error, what came before that."""
        report, origin, step = self.report, source.name, 0
        total = None if source.total is None else self._done + source.total
        done = 0
        try:
            for document in source:
                self._take(document, origin)
                done = document.done
                step += 1
                if progress is not None and step % _STEP == 0:
                    progress(self._done + done, total, report.documents)
        except SourceError as error:
            self._fail(origin, None, error.code, None, error.message)
        self._done += source.total or done
        if progress is not None:
            progress(self._done, total, report.documents)

    def require_some(self, source: Source) -> None:
        """Report a source that was just read if it had no document."""
        report = self.report
        if report.documents == self._found and not any(
            failure.label == source.name for failure in report.failures
        ):
            self._fail(source.name, None, "empty-source", None, "no snapshot in it to mirror")
        self._found = report.documents

    def finish(self) -> None:
        """Decide what could only be decided now."""
        self._find_homes()
        if self._placing is not None:
            self._placing.finish()
        self.report.failed = len(self.report.failures)

    def _take(self, document: Document, origin: str) -> None:
        if document.error is not None:
            self.report.documents += 1
            error = document.error
            self._fail(document.label, document.domain_hint, error.code, None, error.message)
            return
        try:
            parts = _split(document.data)
        except DocumentError as reason:
            self._refused(document, reason)
            return
        self.report.documents += 1
        uuid, hint = parts.uuid, document.domain_hint
        if uuid is None:
            arrival = Arrival(hint, parts.xml, parts.active, document.label, origin)
            self._waiting.append(self._homeless.add(arrival))
            return
        if hint is not None and (uuid != self._uuid or hint != self._hint):
            self._hint, self._uuid = hint, uuid
            self._complete.saw(hint, uuid)
            if self._uuids.setdefault(hint, uuid) != uuid:
                self._uuids[hint] = _SEVERAL
        placing = self._placing or self._begin()
        label = document.label
        placing.place(uuid, parts, parts.active, label, _provenance(origin, label))

    def _begin(self) -> Placing:
        self._placing = self._begin_placing(self.report)
        return self._placing

    def _refused(self, document: Document, error: DocumentError) -> None:
        if error.code == "not-a-snapshot" and _is_domain(document.data):
            self.report.passed += 1
            return
        self.report.documents += 1
        hint = document.domain_hint
        self._fail(document.label, hint, error.code, error.offset, error.message)

    def _fail(
        self, label: str, directory: str | None, code: str, offset: int | None, message: str
    ) -> None:
        self._complete.missed(directory)
        self.report.failures.append(Failure(label, code, offset, message))

    # Documents without a domain's UUID

    def _find_homes(self) -> None:
        found: dict[tuple[str, str], int] = {}
        for number in self._waiting:
            arrival = self._homeless.get(number)
            parts = _split(arrival.xml)
            stream = self._home(arrival.place, parts.domain_name)
            if stream is None:
                message = "no domain UUID in it, and nothing else says whose snapshot it is"
                self._fail(arrival.label, arrival.place, "domain-unknown", 0, message)
                continue
            placing = self._placing or self._begin()
            if arrival.place is not None:
                self._complete.saw(arrival.place, stream)
            origin = _provenance(arrival.origin, arrival.label)
            placing.place(stream, parts, arrival.active, arrival.label, origin)
            key = (arrival.place or arrival.label, stream)
            found[key] = found.get(key, 0) + 1
        for (label, stream), count in found.items():
            message = f"{count} without a domain UUID, taken for snapshots of {stream}"
            self.report.notes.append(Note(label, "no-uuid", message))

    def _home(self, directory: str | None, domain_name: str | None) -> str | None:
        """The one UUID seen under the directory, else a stream keyed by name."""
        if directory is not None:
            return self._uuids.get(directory) or f"name:{directory}"
        return None if domain_name is None else f"name:{domain_name}"


def _provenance(source: str, label: str) -> str:
    """Give what an event says of where it came from: ``archive.tar.zst:snapshot/vm/a.xml``, or
    the name of a single file.
    """
    return source if label.endswith(source) else f"{source}:{label}"


def _infos(log: EventLog | None) -> Mapping[str, DomainInfo]:
    """Summaries of the domains there are; none if one cannot be read: `check` is for that."""
    try:
        return {} if log is None else Views(log).infos()
    except Damaged:
        return {}


def _is_domain(xml: bytes) -> bool:
    """Whether it is a ``<domain>`` document."""
    try:
        canon.canonicalize(xml)
    except DocumentError:
        return False
    return True
