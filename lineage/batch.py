"""Several calls on one domain, written together or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from lineage import calls
from lineage.calls import Call, fingerprint
from lineage.canon import Parts
from lineage.definitions import Bodies, Definer
from lineage.errors import Conflict, NotFound, SnapshotError
from lineage.events import Defined, EventData, Redefined
from lineage.log.base import Request
from lineage.tree import TreeNode
from lineage.writing import OUTRUN, TRIES, Envelope, Start, Terms, Writer, Written

__all__ = ["Batch"]


class Batch:
    """What `Store.batch` gives: the store's writers, for one domain, inside of a ``with`` block.

    A call is decided at once, on the tree that the calls before it made, and raises what it
    would raise alone; who catches that goes on without it. At the end of the block all events
    are appended together; if the block raises nothing is written. Nobody else sees anything of
    it before that. If another writer was faster, the calls are decided again at the end.

    Attributes:
        written: the answer, None before the end of the block.
    """

    def __init__(self, writer: Writer, domain: str, terms: Terms) -> None:
        self.written: Written | None = None
        self._writer = writer
        self._domain = domain
        self._terms = terms
        self._calls: list[Call] = []
        self._definer = Definer()
        self._open = False
        self._resent = False  # its key is known: calls are only held against what was asked then
        self._draft: _Draft | None = None

    def __enter__(self) -> Self:
        """Look whether the domain is at the version expected.

        Raises:
            Conflict: it is not.
            Ambiguous: several domains bear the name.
        """
        if self._open or self.written is not None:
            raise ValueError("a batch is entered once")
        self._resent = self._writer.knows(self._terms.key)
        if not self._resent:
            self._unless_resent(self._begin)
        self._open = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open = False
        key = self._terms.key
        try:
            if error is not None:
                return
            if key is None:
                self.written = self._write(None)
            else:
                asked = fingerprint(self._domain, [call.asked for call in self._calls])
                self.written = self._writer.once(key, asked, self._find, self._write)
        finally:
            if self._draft is not None:
                self._draft.close()

    def record(
        self,
        xml: bytes | str,
        *,
        current: bool | None = None,
        secure: bool | None = None,
        strict: bool = False,
    ) -> None:
        """Record a snapshot document; see `Store.record`.

        Raises:
            SnapshotError: also ``domain-mismatch``: it belongs to another domain.
        """
        self._do(*calls.record(xml, current, secure, strict, self._definer))

    def delete(self, name: str, scope: str = "single") -> None:
        """Record that a snapshot was deleted; see `Store.delete`."""
        self._do(calls.delete(name, scope))

    def set_current(self, name: str | None) -> None:
        """Record that a snapshot became current, or that none is; see `Store.set_current`."""
        self._do(calls.set_current(name))

    def rename(self, old: str, new: str) -> None:
        """Record that a snapshot has another name; see `Store.rename`."""
        self._do(calls.rename(old, new))

    def undefine(self) -> None:
        """Record that the domain was undefined; see `Store.undefine`."""
        self._do(calls.undefine())

    def annotate(self, changes: Mapping[str, str | None], *, snapshot: str | None = None) -> None:
        """Annotate a snapshot or the domain; see `Store.annotate`."""
        self._do(calls.annotate(changes, snapshot))

    def _do(self, call: Call, parts: Parts | None = None) -> None:
        if not self._open:
            raise ValueError("a batch takes calls inside of its with block")
        if not self._resent:
            self._unless_resent(lambda: self._decide(call, parts))
        self._calls.append(call)

    def _unless_resent(self, work: Callable[[], None]) -> None:
        """Do it, unless it is refused because another sender of this batch has done it."""
        try:
            work()
        except OUTRUN:
            if not self._writer.knows(self._terms.key):
                raise
            self._resent = True

    def _begin(self) -> None:
        try:
            stream = self._find()
        except NotFound:
            if self._terms.expect not in (None, 0):
                raise
            return  # the first document may bring the domain of that name
        self._draft = self._new_draft(stream)

    def _find(self) -> str:
        return self._writer.resolve_new(self._domain)

    def _new_draft(self, stream: str) -> _Draft:
        draft = _Draft(self._writer, stream)
        self._terms.hold(draft.tree)
        return draft

    def _decide(self, call: Call, parts: Parts | None) -> None:
        domain = self._domain
        if self._draft is None:
            writer = self._writer
            stream = writer.resolve(domain) if parts is None else writer.stream_of(parts, domain)
            self._draft = self._new_draft(stream)
        elif parts is not None and parts.uuid not in (None, self._draft.tree.stream):
            message = f"the document belongs to domain {parts.uuid}, not to that of the batch"
            raise SnapshotError("domain-mismatch", 0, message)
        self._draft.add(call)

    def _write(self, request: Request | None) -> Written:
        terms = self._terms
        for attempt in range(TRIES):
            draft = self._draft
            if draft is None:  # no call, and no domain of that name
                if request is not None:
                    self._writer.log.append([], request=request)
                return Written(0, 0)
            try:
                return draft.append(terms.source, request)
            except Conflict:
                outrun = terms.decide_again and not self._writer.knows(terms.key)
                if not outrun or attempt == TRIES - 1:
                    raise
            self._draft = self._new_draft(draft.start.stream)
            for call in self._calls:
                self._draft.add(call)
        raise AssertionError("unreachable")


class _Draft:
    """A domain's tree with events on it that are not in the log yet. Nobody else has that tree.

    Attributes:
        tree: with the events.
        start: where the domain's stream ended without them.
    """

    def __init__(self, writer: Writer, stream: str) -> None:
        self._writer = writer
        with writer.views.alone():
            self.tree = writer.views.taken(stream)
        self.start = Start.of(self.tree)
        self._events: list[EventData] = []
        self._bodies: Bodies = {}
        self._nodes: list[TreeNode] = []  # that the events defined

    def body(self, digest: bytes) -> bytes:
        """A body of the log, or of what is about to be appended to it."""
        return self._bodies.get(digest) or self._writer.log.body(digest)

    def add(self, call: Call) -> None:
        """Decide a call on the tree, and put its events on it."""
        events = call.decide(self.tree, self)
        self._bodies.update(call.bodies)
        for data in events:
            # Made up, but no other event of the domain stands there: see `append`.
            place = Envelope(self.tree.position + 1, self.tree.version + 1, self.start.recorded_at)
            self.tree.apply(place, data)
            if isinstance(data, Defined | Redefined):
                self._nodes.append(self.tree[data.name])
            self._events.append(data)

    def append(self, source: str, request: Request | None) -> Written:
        """Append the events; then the tree is one as of that moment."""
        if not self._events and request is None:
            return self.start.written([])
        added = self._writer.append(self.start, self._events, self._bodies, source, request)
        places = {n: each.position for n, each in enumerate(added, self.start.position + 1)}
        for node in self._nodes:
            node.settle(places, added[-1].recorded_at)
        if added:
            self.tree.position, self.tree.recorded_at = added[-1].position, added[-1].recorded_at
        self._events = []
        return self.start.written(added)

    def close(self) -> None:
        """Give the tree back, if all that is on it is in the log."""
        if not self._events:
            views, added = self._writer.views, self.tree.version - self.start.version
            with views.alone():
                views.put(self.tree, self.tree.position - added)
