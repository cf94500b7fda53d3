"""Which domains a command is about: those named, or all that are not undefined then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from lineage.cli.options import At
from lineage.errors import NotFound
from lineage.views import lines_of, summary

if TYPE_CHECKING:
    from lineage.store import Store
    from lineage.tree import Tree
    from lineage.views import DomainInfo, Listed

__all__ = ["infos", "snapshots", "trees"]


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


def infos(store: Store, domains: Sequence[str], at: At) -> Iterable[DomainInfo]:
    """Give the summaries of the domains of `trees`; as of now no tree is looked at.

    Raises:
        NotFound, Ambiguous: see `trees`.
    """
    if at is not None:
        return map(summary, trees(store, domains, at))
    known = {info.stream: info for info in store.domains()}
    if not domains:
        return [info for info in known.values() if not info.undefined]
    return [known[store.resolve(domain)] for domain in domains]


def snapshots(store: Store, domains: Sequence[str], at: At) -> Iterable[Listed]:
    """Give the snapshots of the trees of `trees`; as of now no tree is looked at.

    Raises:
        NotFound, Ambiguous: see `trees`.
    """
    if at is None:
        return store.snapshots(*domains)
    return chain.from_iterable(map(lines_of, trees(store, domains, at)))


def _named(store: Store, domain: str, at: At) -> Tree:
    tree = store.tree(domain, at)
    if not tree.version:
        raise NotFound(f"domain {domain!r} had no event yet")
    return tree
