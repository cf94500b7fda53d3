"""Which domains a command is about: those named, or all that have snapshots then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from lineage.cli.moments import At, domain_at
from lineage.errors import NotFound

if TYPE_CHECKING:
    from lineage.store import Store
    from lineage.tree import Tree

__all__ = ["moments", "trees"]


def trees(store: Store, domains: Sequence[str], at: At) -> Iterator[Tree]:
    """Yield the trees of these domains; of all that are not undefined, by name, if none is named.

    Raises:
        NotFound: a domain was named that is not known, or had no event yet; or the log has
            not come to that position.
        Ambiguous: several domains bear a name.
        UsageError: see `domain_at`.
    """
    if domains:
        # All are looked up first: with a mistyped name there is no half of an answer.
        yield from [_named(store, domain, at) for domain in domains]
        return
    for info in store.domains():
        tree = store.tree(info.stream, at)
        if tree.version and not tree.undefined:
            yield tree


def moments(store: Store, domains: Sequence[str], at: At) -> dict[str, At]:
    """Give the keys of these domains' events, and as of when each is meant.

    Raises:
        NotFound, Ambiguous: see `Store.resolve`.
        UsageError: see `domain_at`; or a domain is named with two moments.
    """
    found: dict[str, At] = {}
    for domain in domains:
        stream, moment = domain_at(store, domain, at)
        if found.setdefault(stream, moment) != moment:
            context = click.get_current_context(silent=True)
            raise click.UsageError(f"{domain!r} was given before, as of another moment", context)
    return found


def _named(store: Store, domain: str, at: At) -> Tree:
    tree = store.tree(*domain_at(store, domain, at))
    if not tree.version:
        raise NotFound(f"domain {domain!r} had no event yet")
    return tree
