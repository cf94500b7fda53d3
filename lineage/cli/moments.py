"""Moments on a command line: WHEN, as ``--at`` takes it, and ``NAME@{WHEN}``.

A name may look like the latter. So the form is tried only where no domain (no snapshot) bears
the whole word as its name.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import click

from lineage.errors import NotFound

if TYPE_CHECKING:
    from lineage.store import Store

__all__ = ["At", "domain_at", "parse", "snapshot_at"]

At = int | datetime | None

_LONGEST_POSITION: Final = 18  # digits; below SQLite's largest integer
_FINER: Final = re.compile(r"[.,][0-9]{6}[0-9]*[1-9]")


def parse(when: str) -> int | datetime:
    """Read a position of the log, or a time as ISO 8601, local without a zone.

    What a time has finer than microseconds is rounded up, as in the times that are printed:
    given the time of an event, it includes the event.

    Raises:
        ValueError: it is neither; says why.
    """
    if when.isascii() and when.isdigit():
        if len(when) > _LONGEST_POSITION:
            raise ValueError("no log has so many positions")
        return int(when)
    try:
        time = datetime.fromisoformat(when)
        if _FINER.search(when):
            time += timedelta(microseconds=1)
        return time if time.tzinfo is not None else time.astimezone()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{when!r} is neither a position nor an ISO 8601 time") from None


def domain_at(store: Store, word: str, at: At) -> tuple[str, At]:
    """Give what DOMAIN or ``DOMAIN@{WHEN}`` means: the key of its events, and as of when.

    Args:
        at: as ``--at`` says.

    Raises:
        NotFound, Ambiguous: see `Store.resolve`.
        UsageError: WHEN is none, or is given beside ``--at``.
    """
    try:
        return store.resolve(word), at
    except NotFound:
        form = _split(word)
        if form is None:
            raise
    return store.resolve(form[0]), _moment(word, form[1], at)


def snapshot_at(store: Store, domain: str, word: str, at: At) -> tuple[str, str, At]:
    """Give what DOMAIN and SNAPSHOT mean, either with ``@{WHEN}``.

    Args:
        at: as ``--at`` says.

    Returns:
        The key of the domain's events, the snapshot's name, and as of when.

    Raises:
        NotFound, Ambiguous: see `Store.tree`. That the snapshot is there is not looked at.
        UsageError: WHEN is none, or is given twice.
    """
    stream, at = domain_at(store, domain, at)
    form = _split(word)
    if form is None or word in store.tree(stream, at):
        return stream, word, at
    return stream, form[0], _moment(word, form[1], at)


def _split(word: str) -> tuple[str, str] | None:
    name, _, rest = word.rpartition("@{")
    when, brace, behind = rest.partition("}")
    return (name, when) if name and brace and not behind else None


def _moment(word: str, when: str, at: At) -> int | datetime:
    context = click.get_current_context(silent=True)
    if at is not None:
        raise click.UsageError(f"{word!r} is one moment more: give one", context)
    try:
        return parse(when)
    except ValueError as error:
        raise click.UsageError(f"nothing is called {word!r}, and {error}", context) from None
