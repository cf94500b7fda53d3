"""Whether a domain may be undefined with its snapshots' metadata: is everything in the store?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from lineage.canon import canonicalize, secrets
from lineage.capture import Hypervisor
from lineage.errors import DocumentError, NotFound
from lineage.store import Store
from lineage.tree import Tree

__all__ = ["Lacking", "guard"]


class Lacking(msgspec.Struct, frozen=True, gc=False):
    """Something that would be lost.

    Attributes:
        code: ``missing``: the store does not have that snapshot now; ``differs``: it has another
            document of it; ``secrets``: libvirt does not show its passwords, so nobody knows
            whether the store has them; ``current``: another snapshot is current in the store,
            or none.
        snapshot: which one; None: no snapshot is current in libvirt.
        message: the same in words.
    """

    code: Literal["missing", "differs", "secrets", "current"]
    snapshot: str | None
    message: str


def guard(store: Store, hypervisor: Hypervisor, domain: str) -> Iterator[Lacking]:
    """Give what libvirt has of a domain's snapshots and the store has not; nothing: all is stored.

    Every live snapshot has to be present in the store byte for byte, and the current one current.

    Raises:
        NotFound: libvirt has no such domain.
        HypervisorError: libvirt cannot be asked.
        Damaged: what is stored is not what was recorded.
    """
    live = hypervisor.domain(domain)
    look = live.look()
    try:
        tree = store.tree(live.uuid)
    except NotFound:
        tree = Tree(live.uuid)
    for shot in look.snapshots:
        if shot.name not in tree:
            yield Lacking("missing", shot.name, "the store does not have it")
            continue
        printed, stored = _canonical(shot.xml), store.xml(tree.stream, shot.name)
        hidden = not shot.secure and secrets.may_lack(shot.xml)
        if hidden and printed == secrets.without(stored):
            yield Lacking("secrets", shot.name, "libvirt does not show its passwords")
        elif printed != stored:
            yield Lacking("differs", shot.name, "the store has another document of it")
    if look.snapshots and look.current != tree.current:
        held = "none" if tree.current is None else repr(tree.current)
        yield Lacking("current", look.current, f"the current snapshot in the store is {held}")


def _canonical(xml: bytes) -> bytes | None:
    try:
        return canonicalize(xml)
    except DocumentError:
        return None
