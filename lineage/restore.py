"""Restore: a stored tree is put back into libvirt, which has lost it or some of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from lineage.canon import canonicalize, secrets
from lineage.errors import DocumentError, HypervisorError
from lineage.handback import HandBack, Step, hand_back, refuse_without_secrets
from lineage.hypervisor import Hypervisor, LiveDomain, LiveSnapshot
from lineage.store import Store
from lineage.views import At

__all__ = ["Hypervisor", "RedefineItem", "RedefineReport", "redefine"]

Outcome = Literal["done", "there", "refused", "blocked"]

_STOPPED: Final = ("refused", "blocked")


class RedefineItem(msgspec.Struct, frozen=True, gc=False):
    """What became of one snapshot.

    Attributes:
        snapshot: its name.
        step: ``define``, or ``current``: make it current, for which it is redefined.
        outcome: ``done``; ``there``: libvirt had it byte for byte, and nothing was done;
            ``refused``: libvirt refused it; ``blocked``: it needs a snapshot that was not done.
        replaced: libvirt had another document of that name.
        exact: libvirt prints now what is stored. So it is unless another libvirt had printed it.
        message: libvirt's words, or what blocked it; None if it is done or there.
    """

    snapshot: str
    step: Literal["define", "current"]
    outcome: Outcome
    replaced: bool = False
    exact: bool = True
    message: str | None = None


class RedefineReport(msgspec.Struct):
    """What became of all of them.

    Attributes:
        domain: key of the domain's events.
        name: the domain's name in libvirt.
        items: in the order in which they were tried.
        others: snapshots that libvirt has and the store had not; they are left alone.
        current: the current snapshot of libvirt in the end.
    """

    domain: str
    name: str
    items: list[RedefineItem] = []
    others: list[str] = []
    current: str | None = None

    @property
    def complete(self) -> bool:
        """Whether libvirt has all of it now."""
        return all(item.outcome not in _STOPPED for item in self.items)


def redefine(
    store: Store,
    hypervisor: Hypervisor,
    domain: str,
    at: At | None = None,
    *,
    allow_missing_secrets: bool = False,
    told: Callable[[RedefineItem], None] | None = None,
) -> RedefineReport:
    """Put a domain's snapshots back into libvirt: parents first, the current one last.

    libvirt has to have the domain, with the same UUID. A snapshot that it refuses blocks its
    descendants, and nothing else. Snapshots that libvirt has byte for byte are left as they are,
    and so are those that the store did not have. Done again, it does what is still to be done.

    Args:
        domain, at: see `Store.tree`.
        allow_missing_secrets: also redefine documents that are known to lack their passwords.
        told: called with each item as it comes.

    Raises:
        NotFound: the store or libvirt has no such domain.
        MissingSecrets: see `allow_missing_secrets`; nothing was done.
        HypervisorError: libvirt cannot be asked.
        Ambiguous, ValueError, Damaged: see `lineage.handback.hand_back`.
    """
    plan = hand_back(store, domain, at)
    live = hypervisor.domain(plan.tree.uuid or plan.tree.domain_name or domain)
    work = _Work(plan, live, told)
    if not allow_missing_secrets:
        refuse_without_secrets([step for step in plan.steps if step.lacks and not work.has(step)])
    return work.done()


class _Work:
    """One restoration."""

    def __init__(
        self, plan: HandBack, live: LiveDomain, told: Callable[[RedefineItem], None] | None
    ) -> None:
        look = live.look()
        names = {step.name for step in plan.steps}
        others = sorted(shot.name for shot in look.snapshots if shot.name not in names)
        self._plan, self._live, self._told = plan, live, told
        self._shots = {shot.name: shot for shot in look.snapshots}
        self._current = look.current
        self._stopped: dict[int, str] = {}  # name of each step that was refused or blocked
        self.report = RedefineReport(plan.tree.stream, live.name, others=others)

    def has(self, step: Step) -> bool:
        """Whether libvirt has the document, with whatever passwords it lacks."""
        shot = self._shots.get(step.name)
        return shot is not None and _same(shot, self._plan.xml(step), lacks=step.lacks)

    def done(self) -> RedefineReport:
        """Do it."""
        for step in self._plan.steps:
            self._tell(self._define(step))
        if self._plan.again is not None:
            item = self._make_current(self._plan.again)
            if item is not None:
                self._tell(item)
        self.report.current = self._live.current()
        return self.report

    def _tell(self, item: RedefineItem) -> None:
        self.report.items.append(item)
        if self._told is not None:
            self._told(item)

    def _define(self, step: Step) -> RedefineItem:
        there = self.has(step)
        if there and (not step.current or self._current == step.name):
            return RedefineItem(step.name, "define", "there")
        if not there and step.parent in self._stopped:
            self._stopped[step.number] = step.name
            message = f"its parent {self._stopped[step.parent]!r} is not there"
            return RedefineItem(step.name, "define", "blocked", message=message)
        kind: Literal["define", "current"] = "current" if there else "define"
        item = self._redefine(step, kind, current=step.current)
        if item.outcome == "refused" and not there:
            self._stopped[step.number] = step.name
        return item

    def _make_current(self, step: Step) -> RedefineItem | None:
        if step.number in self._stopped:
            return RedefineItem(step.name, "current", "blocked", message="it is not there")
        if self._live.current() == step.name:
            return None
        return self._redefine(step, "current", current=True)

    def _redefine(
        self, step: Step, kind: Literal["define", "current"], *, current: bool
    ) -> RedefineItem:
        xml = self._plan.xml(step)
        try:
            printed = self._live.redefine(xml, current=current)
        except HypervisorError as error:
            return RedefineItem(step.name, kind, "refused", message=error.message)
        shot = LiveSnapshot(step.name, printed, secure=True)
        exact = _same(shot, xml, lacks=False) or secrets.without(xml) == printed
        replaced = kind == "define" and step.name in self._shots
        return RedefineItem(step.name, kind, "done", replaced, exact)


def _same(shot: LiveSnapshot, stored: bytes, *, lacks: bool) -> bool:
    try:
        printed = canonicalize(shot.xml)
        return printed == stored or (lacks and secrets.without(printed) == stored)
    except DocumentError:
        return False
