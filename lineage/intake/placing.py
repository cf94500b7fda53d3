"""An import's decisions: what each document adds to its domain's history."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Final, cast

from lineage import canon, documents
from lineage.definitions import Definer, Definition, new_event, redefined, secure
from lineage.events import CurrentChanged, Defined, decode
from lineage.intake.appender import Appender
from lineage.intake.decisions import (
    Decision,
    MadeCurrent,
    Mirrored,
    Outcome,
    Placed,
    Settled,
)
from lineage.intake.findings import namesakes, oddities
from lineage.intake.incoming import Incoming
from lineage.intake.mirroring import Mirror, Terms, deletions, gone
from lineage.intake.report import Note, Report
from lineage.intake.settling import Candidate, settle
from lineage.intake.spool import Arrival, Spool
from lineage.listing import DomainInfo
from lineage.log.base import Ground
from lineage.past import replay
from lineage.tree import Tree, fold
from lineage.treenode import parent_of

__all__ = ["Placing"]

_SNAPSHOTS: Final = 300_000  # held in memory, over all domains
_DOMAINS: Final = 10_000

_sha256: Final = hashlib.sha256
_split: Final = canon.split


class Placing:
    """Gives every document its place in the log.

    Args:
        log: where the events go.
        spool: keeps the documents that have to wait.
        report: is told what became of them.
        infos: gives the domains that there are.
        terms: what the import is to do.
    """

    def __init__(
        self,
        log: Ground,
        spool: Spool,
        report: Report,
        infos: Callable[[], Mapping[str, DomainInfo]],
        terms: Terms,
    ) -> None:
        self._log = log
        self._spool = spool
        self._report = report
        self._mirror = terms.mirror
        self._restore = terms.restore or terms.mirror is not None
        self._infos = infos
        self._others: list[DomainInfo] | None = None  # domains before the import
        self._appender = Appender[Decision](log, terms.batch, self._forget, self._decide_again)
        self._definer = Definer()
        self._domains: dict[str, Incoming] = {}
        self._warm: dict[str, Incoming] = {}  # loaded; the one used last is the last
        self._held = 0
        self._empty = not log.head()  # it was: then no domain need be looked up
        self._last = Incoming("")
        # (stream, name, candidate) of what is decided in the end
        self._later: list[tuple[str, str, Candidate]] = []
        self._outcomes: dict[tuple[str, str], Outcome] = {}
        self._tree: Tree | None = None
        self._deleted: dict[str, int] = {}

    def place(
        self, stream: str, parts: canon.Parts, active: int | None, label: str, origin: str
    ) -> None:
        """Take in a document.

        Args:
            stream: key of its domain's events.
            parts: the document.
            active: the value of its ``<active>``, None without one.
            label, origin: its file, and the source of that.
        """
        self._place(stream, parts, active, label, origin)
        if self._appender.full():
            self._appender.flush()
        if self._held > _SNAPSHOTS or len(self._warm) > _DOMAINS:
            self._cool_down()

    def finish(self) -> None:
        """Decide what had to wait for the last document, and append what is left."""
        report, appender = self._report, self._appender
        appender.flush()
        report.added += appender.written
        if self._mirror is not None:
            self._delete_gone(self._mirror)
        self._later.sort()
        for (stream, name), rows in groupby(self._later, key=itemgetter(0, 1)):
            self._settle(stream, name, [row[2] for row in rows])
            if appender.full():
                appender.flush()
        appender.flush()
        self._count()
        self._tree = None
        for domain in self._domains.values():
            if domain.claimed() or self._mirror is not None:
                self._make_current(domain.stream)
                if appender.full():
                    appender.flush()
            if domain.contested:
                message = "several snapshots claim to be current; the youngest of them counts"
                report.notes.append(Note(domain.stream, "several-current", message))
        appender.flush()
        self._tell_oddities()
        report.events += appender.written
        report.domains += len(self._domains)

    # While documents come in

    def _place(
        self, stream: str, parts: canon.Parts, active: int | None, label: str, origin: str
    ) -> None:
        domain = self._last
        if domain.stream != stream or not domain.loaded:
            domain = self._domain(stream)
        xml = parts.xml
        name = parts.name or ""  # a name is required when redefining
        digest = _sha256(xml).digest()
        verdict = domain.verdict(self._log, parts, name, digest, self._restore)
        if active:
            domain.claim((parts.creation_time or 0, name, origin), verdict)
        if domain.named is not None:
            domain.named.add(name)
            domain.unsaid |= active is None
        if domain.fresh and parts.domain_name is not None:
            domain.names.add(parts.domain_name)
        if verdict == "new":
            parent = parent_of(parts.head)
            if parent is not None:
                domain.links.add(name, parent, domain.has(parent))
            domain.added[name] = digest
            self._held += 1
            appender = self._appender
            data = self._definer.define(stream, parts, digest, appender.bodies, secure(active))
            event = new_event(data, origin)
            appender.add(stream, event, len(xml))
            appender.remember(Placed(stream, event, active, label))
        elif verdict == "equal":
            self._report.equal += 1
        elif verdict == "known":
            self._report.known += 1
            message = "the snapshot had this document before, and has it no more"
            self._report.notes.append(Note(label, "known", message))
        else:
            number = self._spool.add(Arrival(stream, xml, active, label, origin))
            candidate = Candidate(parts.creation_time or 0, digest, number)
            self._later.append((stream, name, candidate))

    def _domain(self, stream: str) -> Incoming:
        domain = self._domains.get(stream)
        if domain is None:
            named = self._mirror is not None
            domain = self._domains[stream] = Incoming(stream, named=named)
        if not domain.loaded:
            versions = self._appender.versions
            new = self._empty and stream not in versions
            versions[stream] = domain.load(self._log, versions.get(stream), new=new)
            self._held += domain.size()
            if self._others is None and domain.fresh and not self._empty:
                self._others = list(self._infos().values())
        self._warm.pop(stream, None)
        self._warm[stream] = self._last = domain
        return domain

    def _cool_down(self) -> None:
        """Unload the domains not used for the longest time, until half of the room is free."""
        self._appender.flush()
        for stream, domain in list(self._warm.items())[:-1]:
            if self._held <= _SNAPSHOTS // 2 and len(self._warm) <= _DOMAINS // 2:
                break
            del self._warm[stream]
            self._held -= domain.size()
            domain.unload()

    def _forget(self, streams: Iterable[str]) -> None:
        self._tree = None
        self._empty = False
        for stream in streams:
            domain = self._domains[stream]
            self._held -= domain.size()
            domain.unload()

    def _decide_again(self, decision: Decision) -> None:
        """Decide anew, since another writer was faster."""
        if isinstance(decision, Placed):
            self._place_again(decision)
        elif isinstance(decision, Settled):
            self._settle(decision.stream, decision.name, decision.candidates)
        elif isinstance(decision, Mirrored):
            self._delete(decision.stream, decision.gone)
        else:
            self._make_current(decision.stream)

    def _place_again(self, placed: Placed) -> None:
        event = placed.event
        data = cast(Defined, decode(event.tag, event.schema, event.payload))
        bodies = self._appender.refused
        domain, inactive, cookie = (
            None if digest is None else bodies[digest]
            for digest in (data.domain, data.inactive_domain, data.cookie)
        )
        xml = canon.join(data.head, domain, inactive, cookie)
        self._place(placed.stream, _split(xml), placed.active, placed.label, event.source)

    # When all documents were seen

    def _settle(self, stream: str, name: str, candidates: list[Candidate]) -> None:
        domain = self._domain(stream)
        tree = self._whole(stream)
        distinct = {each.digest: each for each in candidates}
        node = present = None
        seen, unrecorded = tree.seen(name) | domain.had(self._log, name), False
        if name in tree:
            node = tree[name]
            held = documents.digest(self._log, node)
            distinct.pop(held, None)
            unrecorded = held not in seen
            if all((name, digest) in domain.echoes for digest in distinct):
                distinct = {}
            digest = domain.confirmed.get(name)
            if digest is None and (name in domain.added or name in domain.ours):
                digest = node.definition.digest
            if digest is not None:
                present = Candidate(node.creation_time, digest, -1)
        settled = settle(list(distinct.values()), present, seen, unrecorded=unrecorded)
        self._outcomes[stream, name] = Outcome(
            added=int(node is None and bool(settled.events)),
            new=settled.new,
            known=settled.known,
            equal=len(candidates) - len(distinct),
            rivals=len(distinct) + (present is not None),
        )
        origin, exists = "", node is not None
        for each in settled.events:
            if node is not None and each is present:
                data: Definition = documents.present(self._log, node)
            else:
                arrival = self._spool.get(each.number)
                data, origin = self._definition(stream, arrival, each.digest), arrival.origin
            if exists:
                data = redefined(data)
            self._appender.add(stream, new_event(data, origin), len(data.head))
            exists = True
        if settled.events:
            domain.odd = True  # a parent may be another now
            self._appender.remember(Settled(stream, name, candidates))

    def _definition(self, stream: str, arrival: Arrival, digest: bytes) -> Definition:
        parts, bodies = _split(arrival.xml), self._appender.bodies
        return self._definer.define(stream, parts, digest, bodies, secure(arrival.active))

    def _whole(self, stream: str) -> Tree:
        """The domain's tree with what this import has defined, but for other snapshots' waits."""
        if self._tree is None or self._tree.stream != stream:
            self._tree = fold(stream, replay(self._log, stream))
        return self._tree

    def _make_current(self, stream: str) -> None:
        domain = self._domain(stream)
        if self._mirror is not None and self._mirror.complete.of(stream):
            claim = domain.best()
            if claim is None and domain.unsaid:
                return
            name, origin = (None, self._mirror.origin) if claim is None else claim[1:]
            if self._whole(stream).current == name:
                return
        elif (claim := domain.successor()) is not None:
            name, origin = claim[1:]
        else:
            return
        self._appender.add(stream, new_event(CurrentChanged(name), origin))
        self._appender.remember(MadeCurrent(stream))

    def _delete_gone(self, mirror: Mirror) -> None:
        for stream, domain in list(self._domains.items()):
            if mirror.complete.of(stream):
                self._delete(stream)
                if self._appender.full():
                    self._appender.flush()
            elif lost := self._gone(domain, None):
                message = f"{len(lost)} not in the sources; nothing is deleted: not all was read"
                self._report.notes.append(Note(stream, "mirror-incomplete", message))
        self._appender.flush()
        self._tree = None
        self._report.deleted += sum(self._deleted.values())

    def _gone(self, domain: Incoming, before: frozenset[str] | None) -> list[str]:
        tree = self._domain(domain.stream).before
        return [] if tree is None else gone(tree, domain.named or set(), before)

    def _delete(self, stream: str, before: frozenset[str] | None = None) -> None:
        domain = self._domain(stream)
        lost = self._gone(domain, before)
        self._deleted[stream] = len(lost)
        if not lost or domain.before is None or self._mirror is None:
            return
        held = domain.confirmed.keys() | {name for name, _ in domain.echoes}
        held |= domain.added.keys() | domain.ours
        self._tree = None
        for data in deletions(self._log, self._whole(stream), lost, held):
            self._appender.add(stream, new_event(data, self._mirror.origin))
        self._appender.remember(Mirrored(stream, frozenset(lost)))
        domain.odd = True

    def _count(self) -> None:
        """Add up what became of the documents that had to wait."""
        report = self._report
        for (stream, name), outcome in self._outcomes.items():
            report.added += outcome.added
            report.redefined += outcome.new - outcome.added
            report.known += outcome.known
            report.equal += outcome.equal
            if outcome.rivals > 1:
                message = f"{outcome.rivals} documents of snapshot {name!r}; the youngest counts"
                report.notes.append(Note(stream, "duplicates", message))

    def _tell_oddities(self) -> None:
        notes = self._report.notes
        for stream, domain in self._domains.items():
            if domain.odd or (domain.loaded and domain.links.odd(domain.has)):
                self._tree = None
                notes += oddities(self._whole(stream))
        notes += namesakes(self._domains.values(), self._others or ())
