"""Capture: what a running libvirt has and the store does not becomes events.

libvirt has no event for a snapshot that was made or deleted. So who wants the store to follow has
to look again: now and then, and when libvirt's directory of snapshots changes (`watch`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from lineage.batch import Batch
from lineage.canon import secrets
from lineage.errors import Conflict, DocumentError, HypervisorError, LineageError, NotFound
from lineage.events import CurrentChanged, Defined, Deleted, EventData, Redefined
from lineage.hypervisor import Hypervisor, LiveDomain, Look
from lineage.snapshotdir import SnapshotDirectory
from lineage.store import Store
from lineage.tree import Tree

__all__ = ["CaptureFailure", "CaptureReport", "Change", "Hypervisor", "capture", "watch"]

_TRIES: Final = 100  # how often to look again because other writers were faster


class Change(msgspec.Struct, frozen=True, gc=False):
    """An event that was recorded.

    Attributes:
        domain: key of the domain's events.
        name: the domain's name.
        what: ``defined``, ``redefined``, ``deleted``, ``current`` or ``undefined``.
        snapshot: which one; None: no snapshot is current now, or the domain was undefined.
        scope: of a deletion: ``single``, or ``children`` if its descendants went with it.
        position: of the event in the log.
    """

    domain: str
    name: str
    what: str
    snapshot: str | None
    scope: str | None
    position: int


class CaptureFailure(msgspec.Struct, frozen=True, gc=False):
    """What could not be captured.

    Attributes:
        name: the domain's name; None: libvirt as a whole could not be asked.
        snapshot: whose document it is; None: the whole domain.
        code: a document's error code, or that of a `HypervisorError`.
        message: the reason in words. Holds nothing of the document.
    """

    name: str | None
    snapshot: str | None
    code: str
    message: str


class CaptureReport(msgspec.Struct):
    """What one look at libvirt brought.

    Attributes:
        domains, snapshots: how many libvirt has, of those asked for.
        insecure: documents that libvirt gave without their passwords.
        changes: what was recorded, in order.
        failures: what could not be.
    """

    domains: int = 0
    snapshots: int = 0
    insecure: int = 0
    changes: list[Change] = []
    failures: list[CaptureFailure] = []


def capture(
    store: Store,
    hypervisor: Hypervisor,
    domains: Iterable[str] = (),
    *,
    undefine_missing: bool = False,
) -> CaptureReport:
    """Record how libvirt's snapshots differ from the present ones in the store.

    Each domain is one batch: all of its changes are recorded together, or none. A document that
    cannot be read is a failure, and the others are recorded. Deleted snapshots that took all
    their descendants along are one event.

    Args:
        domains: names or UUIDs; none: all that libvirt has.
        undefine_missing: record as undefined the domains of the store (of those asked for) that
            libvirt does not have. Right only for a store of this one hypervisor.

    Raises:
        NotFound: libvirt has no such domain, and it is not to be recorded as undefined.
        HypervisorError: libvirt cannot be asked.
        LineageError: `undefine_missing`, and libvirt has no domain at all.
    """
    report = CaptureReport()
    wanted = tuple(domains)
    everything = hypervisor.domains() if undefine_missing or not wanted else []
    if undefine_missing and not everything:
        raise LineageError("libvirt has no domain at all: nothing is taken for undefined")
    chosen, absent = _chosen(hypervisor, wanted, everything, undefine_missing)
    for domain in chosen:
        report.domains += 1
        try:
            _capture(store, domain, _source(hypervisor, domain.name), report)
        except HypervisorError as error:
            report.failures.append(CaptureFailure(domain.name, None, error.code, error.message))
    if undefine_missing:
        words = absent if wanted else [info.stream for info in store.domains()]
        _undefine(store, hypervisor, words, everything, report)
    return report


def _chosen(
    hypervisor: Hypervisor, wanted: tuple[str, ...], everything: list[LiveDomain], lenient: bool
) -> tuple[list[LiveDomain], list[str]]:
    """The domains to look at, and the words that mean none of libvirt's."""
    if not wanted:
        return everything, []
    found: dict[str, LiveDomain] = {}
    absent: list[str] = []
    for word in wanted:
        try:
            domain = hypervisor.domain(word)
        except NotFound:
            if not lenient:
                raise
            absent.append(word)
        else:
            found[domain.uuid] = domain
    return list(found.values()), absent


def _source(hypervisor: Hypervisor, name: str) -> str:
    return f"libvirt+{hypervisor.uri}/{name}"


def _capture(store: Store, domain: LiveDomain, source: str, report: CaptureReport) -> None:
    for attempt in range(_TRIES):
        before = _stored(store, domain.uuid)
        look = domain.look()
        try:
            batch = store.batch(domain.uuid, expect=before.version, source=source)
            failures = _record(batch, before, domain, look)
        except Conflict:
            if attempt == _TRIES - 1:
                raise
            continue
        break
    report.snapshots += len(look.snapshots)
    report.insecure += sum(
        not shot.secure and secrets.may_lack(shot.xml) for shot in look.snapshots
    )
    report.failures += failures
    if batch.written is not None and batch.written.version > before.version:
        last = batch.written.version
        for event in store.events(after=before.position, domain=domain.uuid):
            if event.version > last:
                break
            report.changes.append(_change(event.domain, domain.name, event.position, event.data))


def _stored(store: Store, uuid: str) -> Tree:
    try:
        return store.tree(uuid)
    except NotFound:
        return Tree(uuid)


def _record(batch: Batch, before: Tree, domain: LiveDomain, look: Look) -> list[CaptureFailure]:
    """Tell a batch all that libvirt has; what the store has already is no event."""
    failures: list[CaptureFailure] = []
    recorded: set[str] = set()
    with batch:
        for name, scope in _gone(before, {shot.name for shot in look.snapshots}):
            batch.delete(name, scope)
        for shot in look.snapshots:
            try:
                batch.record(shot.xml, current=False, secure=shot.secure)
                recorded.add(shot.name)
            except DocumentError as error:
                words = error.message
                failures.append(CaptureFailure(domain.name, shot.name, error.code, words))
        if look.current in recorded or (look.current is None and (recorded or before.version)):
            batch.set_current(look.current)
    return failures


def _gone(tree: Tree, there: set[str]) -> Iterator[tuple[str, str]]:
    """The deletions that leave no snapshot but those that are there: name and scope of each."""
    walked = list(tree.walk())
    staying: set[str] = set()  # it is there, or something below it is
    below: dict[int, bool] = {}  # by depth
    for node, depth in reversed(walked):
        if below.pop(depth + 1, False) or node.name in there:
            staying.add(node.name)
            below[depth] = True
    gone_at: int | None = None  # depth of a snapshot that goes with all below it
    for node, depth in walked:
        if gone_at is not None and depth > gone_at:
            continue
        gone_at = None
        if node.name not in staying:
            gone_at = depth
            yield node.name, "children" if tree.children(node.name) else "single"
        elif node.name not in there:
            yield node.name, "single"


def _change(stream: str, name: str, position: int, data: EventData) -> Change:
    match data:
        case Deleted():
            return Change(stream, name, "deleted", data.name, data.scope, position)
        case CurrentChanged():
            return Change(stream, name, "current", data.name, None, position)
        case Defined():
            return Change(stream, name, "defined", data.name, None, position)
        case Redefined():
            return Change(stream, name, "redefined", data.name, None, position)
    raise AssertionError("a capture records no such event")


def _undefine(
    store: Store,
    hypervisor: Hypervisor,
    words: Iterable[str],
    everything: list[LiveDomain],
    report: CaptureReport,
) -> None:
    """Record as undefined what libvirt does not have: by UUID, or by name if nobody knows that."""
    there = {domain.uuid for domain in everything}
    there |= {f"name:{domain.name}" for domain in everything}
    infos = {info.stream: info for info in store.domains()}
    for stream in map(store.resolve, words):
        info = infos[stream]
        if info.undefined or stream in there:
            continue
        name = info.name or stream
        written = store.undefine(stream, source=_source(hypervisor, name))
        report.changes.append(Change(stream, name, "undefined", None, None, written.position))


def watch(
    connect: Callable[[], Hypervisor],
    store: Store,
    domains: Iterable[str] = (),
    *,
    interval: float = 30.0,
    directory: Path | None = None,
    undefine_missing: bool = False,
) -> Iterator[CaptureReport]:
    """Capture again and again, and give each report; for ever, until it is closed.

    A look at libvirt follows each interval, and any change in libvirt's directory of snapshots
    where the system reports them. If libvirt goes away, that is a failure in the report, and
    the next look connects anew.

    Args:
        connect: makes a connection.
        interval: seconds, more than 0.
        directory: libvirt's directory of snapshots; None: the usual one of the connection, if
            it is on this machine.

    Raises:
        LineageError: the store's errors.
    """
    if not interval > 0:
        raise ValueError("an interval is more than 0 seconds")
    wanted = tuple(domains)
    hypervisor: Hypervisor | None = None
    with SnapshotDirectory(directory) as changes:
        try:
            while True:
                try:
                    if hypervisor is None:
                        hypervisor = connect()
                        changes.follow(hypervisor.uri)
                    changes.forget()
                    report = capture(store, hypervisor, wanted, undefine_missing=undefine_missing)
                except HypervisorError as error:
                    failure = CaptureFailure(None, None, error.code, error.message)
                    report = CaptureReport(failures=[failure])
                if hypervisor is not None and not hypervisor.alive():
                    hypervisor.close()
                    hypervisor = None
                yield report
                changes.wait(interval)
        finally:
            if hypervisor is not None:
                hypervisor.close()
