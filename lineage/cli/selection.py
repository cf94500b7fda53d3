"""Which domains a command is about: those named, or all that are not undefined then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Unpack

import click

from lineage.cli.moments import At, domain_at
from lineage.errors import NotFound
from lineage.filters import Filter, Wanted
from lineage.views import lines_of, summary

if TYPE_CHECKING:
    from lineage.store import Store
    from lineage.tree import Tree
    from lineage.views import DomainInfo, Listed

__all__ = ["infos", "moments", "snapshots", "trees"]


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


def infos(store: Store, domains: Sequence[str], at: At) -> list[DomainInfo]:
    """Give the summaries of the domains of `trees`; as of now no tree is looked at.

    Raises:
        NotFound, Ambiguous, UsageError: see `trees`.
    """
    if not domains and at is None:
        return [info for info in store.domains() if not info.undefined]
    return [summary(tree) for tree in trees(store, domains, at)]


def snapshots(
    store: Store, domains: Sequence[str], at: At, **wanted: Unpack[Wanted]
) -> Iterable[Listed]:
    """Give the snapshots of the domains of `trees`; as of now no tree is looked at.

    Args:
        wanted: see `lineage.filters.Filter`.

    Raises:
        NotFound, Ambiguous, UsageError: see `trees`.
        NotFound, ValueError: see `lineage.filters.Filter`.
    """
    named = [domain_at(store, domain, at) for domain in domains]
    if any(moment is not None for _, moment in [*named, ("", at)]):
        return Filter(**wanted).chosen(map(lines_of, trees(store, domains, at)))
    return store.snapshots(*(stream for stream, _ in named), **wanted)


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
