"""libvirt and a store, taken through the same story: after every step they must agree."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, Final
from xml.sax.saxutils import escape

import msgspec

from lineage.errors import DocumentError, NotFound
from lineage.store import Store
from lineage.tree import Tree, TreeNode

from .libvirt_child import LiveLibvirt, Refused
from .rewriting import rewritten
from .stories import SCOPES, UUIDS, VARIANTS, Create, Define, Delete, Revert, Seen, Step, Undefine

__all__ = ["LACKING", "REFUSED", "Disagreement", "SideBySide", "Worlds"]

# What libvirt refuses and a strict store does, too: words of libvirt's message, the code or the
# class of the store's error.
REFUSED: Final = {
    "as its own parent": "parent-self",
    "parent .* for moment .* not found": "parent-missing",
    "would create cycle": "parent-cycle",
    "must use uuid": "domain-mismatch",
    "between online and offline": "state-online",
    "between disk only and full": "state-disk-only",
    "Target domain max memory .* does not match source": "abi-memory",
    "missing domain in snapshot": "disks-no-domain",
    "cannot be saved with offline": "memory-offline",
    "no domain snapshot with matching name": "NotFound",
}
# What libvirt refuses and a store is not told of: it records what was made, and makes nothing.
LACKING: Final = {
    "already exists": "creating what is there",
}
_NOTHING: Final[Seen] = {
    "roots": [],
    "children": {},
    "below": {},
    "parents": {},
    "current": None,
    "ordered": [],
    "xml": {},
}
_ENTITIES: Final = {"'": "&apos;", '"': "&quot;"}


class Disagreement(AssertionError):
    """libvirt and the store are not the same after a step."""


class Worlds:
    """Fresh libvirt worlds with two domains, the second of which has a disk.

    Attributes:
        live: libvirt.
        bodies: the variants of either domain, as libvirt prints them inside a snapshot.
    """

    def __init__(self, live: LiveLibvirt) -> None:
        self.live = live
        self._chosen: int | None = None
        live.call("open")
        self.bodies = [[self._body(which, n) for n in range(VARIANTS)] for which in (0, 1)]

    def choose(self, which: int) -> None:
        """Choose the domain that the next questions are about."""
        if self._chosen != which:
            self.live.call("choose", UUIDS[which])
            self._chosen = which

    def _body(self, which: int, variant: int) -> str:
        text = self.live.call("define_domain", _domain(which, variant))
        return "".join(f"  {line}\n" for line in text.splitlines())

    def fresh(self) -> None:
        """Open a world that has the domains, and no snapshot."""
        self.live.call("open")
        for which in (0, 1):
            self.live.call("define_domain", _domain(which, 0))
        self._chosen = None

    def seen(self, which: int) -> Seen:
        """Tell all of a domain's snapshots."""
        self.choose(which)
        seen: Seen = self.live.call("everything")
        return seen

    def document(self, step: Define) -> str:
        """Give the document of a step."""
        bodies = self.bodies[step.domain]
        location = "internal'/>"
        if step.external:
            location = (
                "external' type='file'>\n      <driver type='qcow2'/>\n"
                f"      <source file='/img/{_quoted(step.name)}'/>\n    </disk>"
            )
        uuid = UUIDS[step.domain]
        body = {"none": "", "empty": "  <domain/>\n"}.get(
            str(step.body), f"  <domain>\n    <uuid>{uuid}</uuid>\n  </domain>\n"
        )
        if isinstance(step.body, int):
            body = self.bodies[step.domain ^ step.foreign][step.body]
        inactive = "" if step.inactive is None else bodies[step.inactive]
        xml = "".join(
            [
                f"<domainsnapshot>\n  <name>{_quoted(step.name)}</name>\n",
                f"  <description>{_quoted(step.text)}</description>\n" * bool(step.text),
                f"  <state>{step.state}</state>\n",
                f"  <parent>\n    <name>{_quoted(step.parent or '')}</name>\n  </parent>\n"
                * bool(step.parent),
                f"  <creationTime>{step.created}</creationTime>\n",
                f"  <memory {step.memory}/>\n" * bool(step.memory),
                f"  <disks>\n    <disk name='vda' snapshot='{location}\n  </disks>\n" * step.domain,
                body,
                re.sub(r"(</?)domain(?=[ >])", r"\1inactiveDomain", inactive),
                "" if step.active is None else f"  <active>{step.active}</active>\n",
                "</domainsnapshot>\n",
            ]
        )
        return rewritten(xml, Random(step.spelling)) if step.spelling else xml


def _quoted(text: str) -> str:
    return escape(text, _ENTITIES)


def _domain(which: int, variant: int) -> str:
    """A variant of a domain: the first half differs from the second in a way that counts."""
    disk = (
        f"<devices><disk type='file' device='disk'><source file='/img/{variant}'/>"
        "<target dev='vda' bus='virtio'/></disk></devices>"
    )
    return (
        f"<domain type='test'><name>{('first', 'second')[which]}</name>"
        f"<uuid>{UUIDS[which]}</uuid><title>variant {variant}</title>"
        f"<memory>{1024 if variant < VARIANTS // 2 else 2048}</memory>"
        f"<os><type>hvm</type></os>{disk if which else ''}</domain>"
    )


def _says(refused: Refused, words: str) -> bool:
    return re.search(words, refused.message, re.DOTALL) is not None


class SideBySide:
    """One story's two sides.

    Attributes:
        seen: what libvirt told of either domain last.
        tally: kinds of steps, and of refusals.
    """

    def __init__(self, worlds: Worlds, store: Store, tally: Counter[str] | None = None) -> None:
        self.worlds = worlds
        self.live = worlds.live
        self.store = store
        self.tally: Counter[str] = Counter() if tally is None else tally
        self.seen = [_NOTHING, _NOTHING]
        self._folded = [Tree(uuid) for uuid in UUIDS]
        self._past: list[tuple[int, int, Seen]] = []
        worlds.fresh()

    def take(self, step: Step) -> None:
        """Do a step on both sides and compare them, the domain of the step in all it shows.

        Raises:
            Disagreement: they are not the same.
        """
        which, before = step.domain, self.store.head()
        done = self._do(step)
        old, self.seen[which] = self.seen[which], self.worlds.seen(which)
        if isinstance(step, Define) and done and self._is_equal(step, old, before):
            # libvirt moved it before its siblings, the store knows of no event. Another
            # description: now both moved it.
            self._do(msgspec.structs.replace(step, text=f"{step.text}, again", current=False))
            self.seen[which] = self.worlds.seen(which)
        self._compare(which)

    def _do(self, step: Step) -> bool:
        """Whether libvirt did it."""
        before, kind = self.store.head(), type(step).__name__.lower()
        self.worlds.choose(step.domain)
        try:
            self._in_libvirt(step)
        except Refused as refused:
            self._refuse(step, refused)
            if self.store.head() != before:
                raise Disagreement(f"libvirt refuses it, the store has it: {refused}") from None
            return False
        self.tally[f"{kind} {step.scope}" if isinstance(step, Delete) else kind] += 1
        try:
            self._in_store(step)
        except (DocumentError, NotFound) as error:
            raise Disagreement(f"the store refuses what libvirt does: {error!r}") from error
        return True

    def _in_libvirt(self, step: Step) -> None:
        call = self.live.call
        match step:
            case Define():
                call("redefine", self.worlds.document(step), *["CURRENT"] * step.current)
            case Create():
                call(
                    "create", f"<domainsnapshot><name>{_quoted(step.name)}</name></domainsnapshot>"
                )
            case Delete():
                call("delete", step.name, *SCOPES[step.scope])
            case Revert():
                call("revert", step.name)
            case Undefine():
                call("stop")
                call("undefine")
                call("define_domain", _domain(step.domain, 0))

    def _in_store(self, step: Step) -> None:
        store, uuid = self.store, UUIDS[step.domain]
        match step:
            case Define():
                xml, current = self.worlds.document(step), step.current
                store.record(xml, domain=uuid, current=current, strict=True)
            case Create():
                store.record(self.live.call("xml", step.name), current=True, strict=True)
            case Delete():
                store.delete(uuid, step.name, step.scope)
            case Revert():
                store.set_current(uuid, step.name)
            case Undefine():
                if self.seen[step.domain]["parents"]:  # else the store knows of no domain
                    store.undefine(uuid)

    def _refuse(self, step: Step, refused: Refused) -> None:
        """libvirt refused it: so does the store, where it has the rule."""
        told = f"{step}: {refused.message}"
        lacking = [rule for words, rule in LACKING.items() if _says(refused, words)]
        if lacking:
            self.tally[lacking[0]] += 1
            return
        wanted = [code for words, code in REFUSED.items() if _says(refused, words)]
        if not wanted:
            raise Disagreement(f"a refusal that no rule stands for: {told}")
        try:
            self._in_store(step)
        except (DocumentError, NotFound) as error:
            if getattr(error, "code", type(error).__name__) != wanted[0]:
                raise Disagreement(f"{told}, but the store: {error!r}") from error
            self.tally[wanted[0]] += 1
            return
        raise Disagreement(f"{told}, but the store takes it")

    def _is_equal(self, step: Define, old: Seen, before: int) -> bool:
        """Whether libvirt prints what it did; then there is no event of the document."""
        was = old["xml"].get(step.name)
        if was is None or was != self.seen[step.domain]["xml"][step.name]:
            return False
        self.tally["equal"] += 1
        moved = step.current and old["current"] != step.name
        if self.store.head() != before + moved:
            raise Disagreement(f"an equal document is an event: {step}")
        return True

    def _compare(self, which: int) -> None:
        """Hold all that was seen of a domain against the store; the other one has no new event."""
        tree, seen = self._folded[which], self.seen[which]
        for event in self.store.events(after=self._past[-1][0] if self._past else 0):
            if event.domain != UUIDS[which]:
                raise Disagreement(f"an event of the other domain: {event}")
            tree.apply(event, event.data)
        _same(seen, self._stored(which), "")
        _same(seen, {**_shape(tree), "xml": seen["xml"]}, "folded event by event: ")
        self._past.append((self.store.head(), which, seen))

    def look_back(self) -> None:
        """Hold the store's past against what libvirt told then: some moments of it.

        Raises:
            Disagreement: they are not the same.
        """
        for position, which, seen in self._past[::7]:
            _same(seen, self._stored(which, position), f"as of position {position}: ")

    def _stored(self, which: int, at: int | None = None) -> Seen:
        """What the store tells, in the words of `World.everything`."""
        store, uuid = self.store, UUIDS[which]
        try:
            tree = store.tree(uuid, at=at)
        except NotFound:
            return _NOTHING  # it had no event yet
        seen = _shape(tree)
        seen["xml"] = {name: store.xml(uuid, name, at=at).decode() for name in tree}
        return seen


def _shape(tree: Tree) -> Seen:
    def names(nodes: Sequence[TreeNode]) -> list[str]:
        return [node.name for node in nodes]

    roots = names(tree.roots())
    below = {name: names(tree.descendants(name)) for name in tree}
    return {
        "roots": roots,
        "children": {name: names(tree.children(name)) for name in tree},
        "below": below,
        "parents": {name: tree[name].parent for name in tree},
        "current": tree.current,
        "ordered": [name for root in roots for name in (root, *below[root])],
    }


def _same(libvirt: Seen, store: Seen, where: str) -> None:
    if libvirt == store:
        return
    for key, told in libvirt.items():
        _same_value(told, store[key], f"{where}{key}")


def _same_value(told: Any, held: Any, where: str) -> None:
    if told == held:
        return
    if isinstance(told, dict) and told.keys() == held.keys():
        for key in told:
            _same_value(told[key], held[key], f"{where} of {key!r}")
    raise Disagreement(f"{where}:\nlibvirt {told!r}\nstore   {held!r}")
