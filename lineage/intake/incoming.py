"""What one import knows of one domain: its history before, and what the import added."""

from __future__ import annotations

from typing import Literal

from lineage import canon, documents
from lineage.definitions import secure
from lineage.events import Defined
from lineage.histories import Histories
from lineage.intake.findings import Links
from lineage.intake.forms import ever_had
from lineage.log.base import Ground
from lineage.past import replay
from lineage.tree import Tree, fold

__all__ = ["Claim", "Incoming", "Verdict"]

Claim = tuple[int, str, str]
"""A snapshot says that it is current: its creation time, its name, and the source."""


Verdict = Literal["new", "equal", "known", "later"]
"""What is to be done with a document:

``new``: the domain has no such snapshot: define it. ``equal``: it is the present document.
``known``: the snapshot had it before, and has it no more. ``later``: the snapshot has another:
decided when all documents were seen.
"""


class Incoming:
    """One domain in an import.

    While documents come in, the import only defines snapshots that the domain does not have.
    So the tree from before the import and the names added tell all there is to know.

    Attributes:
        stream: key of the domain's events.
        before: its tree before the import; None if it had no event.
        added: digests by name of the snapshots that this import defined.
        ours: names that this import defined before another writer interfered.
        confirmed: snapshots from before whose present document is in this import too, and the
            digest with which it is (the greatest of several: it may inherit its domain).
        echoes: (name, digest) of documents that would be the present one with the domain they
            inherit, and are new to the history.
        contested: several snapshots claim to be current.
        links: of the snapshots that this import defined.
        odd: links may be odd that `links` does not know of.
        fresh: the domain had no event before the import.
        names: what it was called before; of a fresh one, what its documents call it.
        named: the snapshots that the import has documents of, if that is wanted.
        unsaid: a document does not say whether its snapshot is current.
    """

    __slots__ = (
        "_best",
        "_had",
        "_hopeful",
        "_since",
        "added",
        "before",
        "confirmed",
        "contested",
        "echoes",
        "fresh",
        "links",
        "loaded",
        "named",
        "names",
        "odd",
        "ours",
        "stream",
        "unsaid",
    )

    def __init__(self, stream: str, *, named: bool = False) -> None:
        self.stream = stream
        self.loaded = False
        self.before: Tree | None = None
        self.added: dict[str, bytes] = {}
        self.ours: set[str] = set()
        self.confirmed: dict[str, bytes] = {}
        self.echoes: set[tuple[str, bytes]] = set()
        self.contested = False
        self.links = Links()
        self.odd = False
        self.fresh = False
        self.names: set[str] = set()
        self.named: set[str] | None = set() if named else None
        self.unsaid = False
        self._had: Histories | None = None
        self._since: int | None = None
        self._best: Claim | None = None
        self._hopeful: list[Claim] = []

    # Knowing

    def load(self, log: Ground, expected: int | None, *, new: bool = False) -> int:
        """Learn the domain's history, and give its version.

        Args:
            expected: the version to which this import brought it; None: it has added nothing.
            new: it is known to have no event.
        """
        self.loaded = True
        if self._since is None and (new or not log.version(self.stream)):
            self._since, self.fresh = 0, True
            return 0
        events = list(replay(log, self.stream))
        last = events[-1][0] if events else None
        version, position = (last.version, last.position) if last else (0, 0)
        since = position if self._since is None else self._since
        old = [pair for pair in events if pair[0].position <= since]
        self.added = {
            data.name: data.digest
            for event, data in events[len(old) :]
            if isinstance(data, Defined) and (expected is None or event.version <= expected)
        }
        if expected is not None and version != expected:
            # Another writer came in between: what it left is history too.
            self.ours.update(self.added)
            self.added, old, since = {}, events, position
        self.before = fold(self.stream, old) if old else None
        if self._since is None and self.before is not None and not self.before.undefined:
            name = self.before.domain_name
            self.names = set() if name is None else {name}
        self._since, self._had = since, None
        if self.before is not None:
            self.odd |= bool(self.before.missing_parents() or self.before.cycle_roots())
        return version

    def unload(self) -> None:
        """Let go of what `load` brings back, or has to learn anew."""
        if self.loaded:
            self.odd |= self.links.odd(self.has)
            self.links = Links()
        self.before, self.added, self.loaded = None, {}, False

    def size(self) -> int:
        """How many snapshots are held in memory."""
        return len(self.added) + (0 if self.before is None else len(self.before))

    # Deciding

    def verdict(
        self, log: Ground, parts: canon.Parts, name: str, digest: bytes, restore: bool
    ) -> Verdict:
        """Say what is to be done with a document.

        Args:
            name, digest: of the document `parts`.
            restore: define again what is known and not present.
        """
        added, before = self.added.get(name), self.before
        if added == digest:
            return "equal"
        if before is None:
            return "new" if added is None else "later"
        seen = digest in before.seen(name)
        if name in before and documents.equals(log, before[name], parts, digest):
            if seen or documents.digest(log, before[name]) == digest:
                self.confirmed[name] = max(digest, self.confirmed.get(name, digest))
                return "equal"
            self.echoes.add((name, digest))
            return "later"
        if name in before and documents.equals_but_for_secrets(
            log, before[name], parts, secure(parts.active)
        ):
            held = documents.digest(log, before[name])
            self.confirmed[name] = max(held, self.confirmed.get(name, held))
            return "equal"
        if not seen:
            seen = digest in self.had(log, name)
        if seen and not restore:
            return "known"
        return "later" if seen or name in before or added is not None else "new"

    def had(self, log: Ground, name: str) -> frozenset[bytes]:
        """Digest of every document that the snapshot had before the import, also of those that
        the fold made. They are looked for when first asked for: few imports need them.
        """
        before = self.before
        if before is None or not before.seen(name):
            return frozenset()
        if self._had is None:
            self._had = ever_had(log, self.stream, before.version)
        return self._had.of(name)

    def has(self, name: str) -> bool:
        """Whether the snapshot is there, after what this import added."""
        return name in self.added or (self.before is not None and name in self.before)

    # Who is current

    def claim(self, claim: Claim, verdict: Verdict) -> None:
        """Take notice that a snapshot claims to be current."""
        if verdict == "known" and not self.has(claim[1]):
            self._hopeful.append(claim)  # it may still come in another document
        elif self._best is None:
            self._best = claim
        else:
            self.contested |= self._best[1] != claim[1]
            self._best = max(self._best, claim)

    def claimed(self) -> bool:
        """Whether any snapshot claims to be current."""
        return self._best is not None or bool(self._hopeful)

    def best(self) -> Claim | None:
        """The claim of greatest (creation time, name), None if there is none."""
        return self._best

    def successor(self) -> Claim | None:
        """The claim of the snapshot that the import makes current; None: it leaves that alone.

        It is the claimant of greatest (creation time, name), if this import added it or the
        domain has no current snapshot.
        """
        claims = [claim for claim in self._hopeful if self.has(claim[1])]
        if self._best is not None:
            claims.append(self._best)
        if not claims:
            return None
        best = max(claims)
        name, before = best[1], self.before
        if before is None or before.current is None:
            return best
        old = name in before and name not in self.ours
        return None if old or before.current == name else best
