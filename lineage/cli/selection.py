"""Which domains a command is about: those named, or all that have snapshots then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lineage.cli.options import At
from lineage.errors import NotFound

if TYPE_CHECKING:
    from lineage.store import Store
    from lineage.tree import Tree

__all__ = ["trees"]


def trees(store: Store, domains: Sequence[str], at: At) -> Iterator[Tree]:
    """Yield the trees of these domains; of all that are not undefined, by name, if none is named.

    Raises:
        NotFound: a domain was named that is not known, or had no event yet; or the log has
            not come to that position.
        Ambiguous: several domains bear a name.
    """
    if domains:
        # All are looked up first: with a mistyped name there is no half of an answer.
        yield from [_named(store, domain, at) for domain in domains]
        return
    for info in store.domains():
        tree = store.tree(info.stream, at)
        if tree.version and not tree.undefined:
            yield tree


def _named(store: Store, domain: str, at: At) -> Tree:
    tree = store.tree(domain, at)
    if not tree.version:
        raise NotFound(f"domain {domain!r} had no event yet")
    return tree
