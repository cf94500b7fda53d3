"""How a call becomes events: decided on the tree there is, appended, decided again if need be."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from lineage.calls import Call, fingerprint
from lineage.canon import Parts
from lineage.definitions import new_event
from lineage.errors import Ambiguous, Conflict, NotFound, SnapshotError
from lineage.events import EventData
from lineage.identity import resolve, stream_of, stream_of_word, uuid_of
from lineage.log.base import EXISTS, Append, EventLog, Request
from lineage.tree import Tree
from lineage.views import Views

__all__ = ["OUTRUN", "TRIES", "Envelope", "Start", "Terms", "Writer", "Written"]

TRIES: Final = 1000  # how often to decide again because other writers were faster
_LONGEST_KEY: Final = 255  # bytes of UTF-8

# What a call can be refused for that another sender of the same call may have caused.
OUTRUN: Final = (Conflict, NotFound, Ambiguous, SnapshotError)


class Written(msgspec.Struct, frozen=True, gc=False):
    """What a writer answers: where the domain's last event stands after the call.

    Attributes:
        position: in the whole log.
        version: within the domain.
    """

    position: int
    version: int


class Terms(msgspec.Struct, frozen=True, gc=False):
    """On what terms to write; see `lineage.store.Store`."""

    expect: int | None
    key: str | None
    source: str

    def __post_init__(self) -> None:
        if self.expect is not None and self.expect < 0 and self.expect != EXISTS:
            raise ValueError("expect is None, EXISTS, or a version")
        if self.key is not None and not 0 < len(self.key.encode()) <= _LONGEST_KEY:
            raise ValueError(f"a key has 1 to {_LONGEST_KEY} bytes of UTF-8")

    def hold(self, tree: Tree) -> None:
        """Refuse a domain that is not at the version expected.

        Raises:
            Conflict: it carries the version.
        """
        expect, version = self.expect, tree.version
        if expect in (None, version) or (expect == EXISTS and version):
            return
        wanted = "at least one event" if expect == EXISTS else f"version {expect}"
        raise Conflict(f"{tree.stream}: expected {wanted}, found version {version}", version)

    @property
    def decide_again(self) -> bool:
        """Whether a faster writer is no matter: only who named a version wants to know."""
        return self.expect in (None, EXISTS)


class Start(msgspec.Struct, frozen=True, gc=False):
    """Where a domain's stream ended when its next events were decided."""

    stream: str
    position: int
    version: int
    recorded_at: int

    @classmethod
    def of(cls, tree: Tree) -> Start:
        """Give where a tree's stream ends."""
        return cls(tree.stream, tree.position, tree.version, tree.recorded_at)

    def written(self, added: Sequence[Envelope]) -> Written:
        """Give where it ends with the events that were added."""
        last = added[-1] if added else self
        return Written(last.position, last.version)


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """What the log put around an event."""

    position: int
    version: int
    recorded_at: int


class Writer:
    """Writes to a log, and keeps the trees of it up to what it wrote."""

    def __init__(self, log: EventLog, views: Views) -> None:
        self.log = log
        self.views = views

    def resolve(self, domain: str) -> str:
        """Give the stream of a domain that is there.

        Raises:
            NotFound, Ambiguous: see `lineage.identity.resolve`.
        """
        uuid = uuid_of(domain)
        if uuid is not None and self.log.version(uuid):
            return uuid
        with self.views.alone():
            return resolve(self.views.infos(), domain)

    def resolve_new(self, domain: str) -> str:
        """Give the stream of a domain that need not have an event yet.

        Raises:
            NotFound, Ambiguous: see `lineage.identity.stream_of_word`.
        """
        uuid = uuid_of(domain)
        if uuid is not None and self.log.version(uuid):
            return uuid
        with self.views.alone():
            return stream_of_word(self.views.infos(), domain)

    def stream_of(self, parts: Parts, domain: str | None) -> str:
        """Give the stream that a document belongs to.

        Raises:
            NotFound, Ambiguous, SnapshotError: see `lineage.identity.stream_of`.
        """
        plain = domain is None or (parts.uuid is not None and uuid_of(domain) == parts.uuid)
        # All domains need to be known only where a name has to be looked up.
        with self.views.alone():
            return stream_of({} if plain else self.views.infos(), parts, domain)

    def write(self, domain: str, call: Call, terms: Terms) -> Written:
        """Carry out a call on a domain that is there."""
        return self._write(domain, call, terms, lambda: self.resolve(domain))

    def record(self, domain: str | None, call: Call, parts: Parts, terms: Terms) -> Written:
        """Carry out a call that records a document."""
        return self._write(domain, call, terms, lambda: self.stream_of(parts, domain))

    def once(
        self,
        key: str,
        asked: bytes,
        find: Callable[[], str],
        work: Callable[[Request], Written],
    ) -> Written:
        """Do what was asked under a key, or answer what was answered then.

        What was done under it may be why it cannot be done again, so a refusal counts only
        if the key is still unknown behind it.

        Args:
            asked: the call's fingerprint.
            find: gives the stream that it is about.

        Raises:
            Conflict: something else was asked under that key.
        """
        known = self._answer(key, asked, find)
        if known is not None:
            return known
        try:
            return work(Request(key, asked))
        except OUTRUN:
            known = self._answer(key, asked, find)
            if known is None:
                raise
            return known

    def knows(self, key: str | None) -> bool:
        """Whether something was asked under that key."""
        return key is not None and self.log.receipt(key) is not None

    def append(
        self,
        start: Start,
        events: Sequence[EventData],
        bodies: Mapping[bytes, bytes],
        source: str,
        request: Request | None,
    ) -> list[Envelope]:
        """Append a domain's next events, and give their envelopes.

        Raises:
            Conflict: other events came between, or the request was answered meanwhile;
                nothing was written.
        """
        new = [new_event(data, source) for data in events]
        entry = Append(start.stream, new, start.version)
        bodies = {digest: bodies[digest] for event in new for digest in event.bodies}
        if request is not None:
            request = Request(request.key, request.call, start.position, start.version)
        now = time.time_ns()
        last = self.log.append([entry], bodies, recorded_at=now, request=request)
        at, before = max(now, start.recorded_at), last - len(events)
        return [Envelope(before + n, start.version + n, at) for n in range(1, len(events) + 1)]

    def _answer(self, key: str, asked: bytes, find: Callable[[], str]) -> Written | None:
        receipt = self.log.receipt(key)
        if receipt is None:
            return None
        if receipt.call != asked:
            try:
                version = self.log.version(find())
            except (NotFound, Ambiguous, SnapshotError):
                version = 0
            raise Conflict(f"key {key!r} was used for another call", version)
        return Written(receipt.position, receipt.version)

    def _write(
        self, domain: str | None, call: Call, terms: Terms, find: Callable[[], str]
    ) -> Written:
        if terms.key is None:
            return self._carry_out(find, call, terms, None)
        asked = fingerprint(domain, call.asked)
        return self.once(
            terms.key, asked, find, lambda request: self._carry_out(find, call, terms, request)
        )

    def _carry_out(
        self, find: Callable[[], str], call: Call, terms: Terms, request: Request | None
    ) -> Written:
        with self.views.alone():
            stream = find()
            for attempt in range(TRIES):
                tree = self.views.live(stream)
                terms.hold(tree)
                start = Start.of(tree)
                events = call.decide(tree, self.log)
                if not events and request is None:
                    return start.written([])
                try:
                    added = self.append(start, events, call.bodies, terms.source, request)
                except Conflict:
                    outrun = terms.decide_again and not self.knows(terms.key)
                    if not outrun or attempt == TRIES - 1:
                        raise
                    continue
                if added:
                    self.views.follow(tree, list(zip(added, events, strict=True)))
                return start.written(added)
        raise AssertionError("unreachable")
