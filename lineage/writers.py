"""The writers of a store: one call, one thing that happened to a domain's snapshots."""

from __future__ import annotations

from collections.abc import Mapping

from lineage import calls
from lineage.batch import Batch
from lineage.writing import Terms, Writer, Written

__all__ = ["Writers"]


class Writers:
    """What writes to a store.

    Every writer takes `expect`, `key` and `source`, and returns where the domain's last event
    stands after it:
        expect: refuse unless the domain has this version: None any, 0 no event yet,
            `EXISTS` at least one event, else the version seen.
        key: names the call, 1 to 255 bytes, unique in the store. Sent again under its key, a
            call changes nothing and returns what it returned first, whatever happened since;
            another call under that key is a Conflict. `expect` and `source` may differ.
        source: free text kept with the event: where it came from.
    """

    _writer: Writer

    def record(
        self,
        xml: bytes | str,
        *,
        domain: str | None = None,
        current: bool | None = None,
        secure: bool | None = None,
        strict: bool = False,
        expect: int | None = None,
        key: str | None = None,
        source: str = "",
    ) -> Written:
        """Record a snapshot document: defined, redefined, or nothing if it equals the present.

        Args:
            xml: a ``<domainsnapshot>``, with or without ``<active>``.
            domain: whose it is. The UUID in the document decides; this may only agree.
            current: True: the snapshot became current; False: leave that alone; None: True if
                ``<active>`` is there and not 0.
            secure: whether it was dumped with passwords. None: yes if ``<active>`` is there,
                since libvirt writes it only into its own files, else unknown.
            strict: also refuse what libvirt would refuse when redefining (parent, state, another
                machine, no domain, disks; see `lineage.rules.redefine`).

        Raises:
            XMLError, SnapshotError: the document is refused. Codes besides the canonicalizer's:
                ``domain-mismatch``, ``domain-unknown`` (see `lineage.identity.stream_of`), and
                if strict those of FORMAT.md, "Error codes". AlignmentError is one of them.
            NotFound, Ambiguous: `domain` is the only clue and means none, or several.
            Conflict: `expect` does not hold; nothing was written.
        """
        call, parts = calls.record(xml, current, secure, strict)
        return self._writer.record(domain, call, parts, Terms(expect, key, source))

    def delete(
        self,
        domain: str,
        name: str,
        scope: str = "single",
        *,
        expect: int | None = None,
        key: str | None = None,
        source: str = "",
    ) -> Written:
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
        return self._writer.write(domain, calls.delete(name, scope), Terms(expect, key, source))

    def set_current(
        self,
        domain: str,
        name: str | None,
        *,
        expect: int | None = None,
        key: str | None = None,
        source: str = "",
    ) -> Written:
        """Record that a snapshot became current, or with None that none is.

        Nothing is recorded if it is so already.

        Raises:
            NotFound, Ambiguous: no such domain or snapshot.
            Conflict: `expect` does not hold.
        """
        return self._writer.write(domain, calls.set_current(name), Terms(expect, key, source))

    def rename(
        self,
        domain: str,
        old: str,
        new: str,
        *,
        expect: int | None = None,
        key: str | None = None,
        source: str = "",
    ) -> Written:
        """Record that a snapshot has another name; its children follow.

        Raises:
            NotFound, Ambiguous: no such domain or snapshot.
            Conflict: a snapshot of the new name is there, or `expect` does not hold.
            ValueError: no document can hold the new name.
        """
        return self._writer.write(domain, calls.rename(old, new), Terms(expect, key, source))

    def undefine(
        self,
        domain: str,
        *,
        expect: int | None = None,
        key: str | None = None,
        source: str = "",
    ) -> Written:
        """Record that a domain was undefined, and its snapshots and annotations with it.

        Raises:
            NotFound, Ambiguous: no such domain, or it is undefined already.
            Conflict: `expect` does not hold.
        """
        return self._writer.write(domain, calls.undefine(), Terms(expect, key, source))

    def annotate(
        self,
        domain: str,
        changes: Mapping[str, str | None],
        *,
        snapshot: str | None = None,
        expect: int | None = None,
        key: str | None = None,
        source: str = "",
    ) -> Written:
        """Put words of your own to a snapshot, or to the domain itself; libvirt never sees them.

        One event holds all that changes; nothing is recorded if all is so already. A snapshot's
        annotations stay when it is redefined or renamed, and go when it is deleted.

        Args:
            changes: what each key says now; None takes it away. A key has 1 to 255 characters,
                no equals sign, TAB or line feed; a text at most 65,536; nothing in them that
                XML cannot hold; 1,024 keys in all.
            snapshot: None: the domain itself.

        Raises:
            NotFound, Ambiguous: no such domain or snapshot, or the domain is undefined.
            Conflict: `expect` does not hold.
            ValueError: such annotations are not possible.
        """
        call = calls.annotate(changes, snapshot)
        return self._writer.write(domain, call, Terms(expect, key, source))

    def batch(
        self,
        domain: str,
        *,
        expect: int | None = None,
        key: str | None = None,
        source: str = "",
    ) -> Batch:
        """Write several events of one domain, all or nothing: ``with store.batch(domain) as b``.

        `lineage.batch.Batch` has the writers; what is called on it in the block is appended at
        its end, at once. `expect` is of the version before the block.

        Args:
            domain: may be one that the first document in the block brings.

        Raises:
            Conflict, NotFound, Ambiguous, SnapshotError: at a call, what that one raises; at
                the end, if another writer was faster, what one of them raises then; nothing is
                written.
        """
        return Batch(self._writer, domain, Terms(expect, key, source))
