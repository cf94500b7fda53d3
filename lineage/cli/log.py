"""``lineage log``: the events, oldest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from lineage.cli import terminal
from lineage.cli.options import json_option, name_argument, open_for_reading, store_option
from lineage.cli.text import instant, quoted
from lineage.events import (
    Annotated,
    CurrentChanged,
    Defined,
    Deleted,
    EventData,
    Redefined,
    Renamed,
)

if TYPE_CHECKING:
    from lineage.reflog import CurrentMove
    from lineage.store import DomainInfo, Event, Store

    Move = CurrentMove[Event]

__all__ = ["command"]

_LOOK_AROUND: Final = 1.0  # seconds without an event until we see whether somebody still reads


@click.command("log")
@name_argument("domain", required=False)
@click.option(
    "--current", "of_current", is_flag=True, help="Only what changed which snapshot is current."
)
@click.option(
    "--after", type=click.IntRange(min=0), default=0, metavar="N", help="Start after position N."
)
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Print at most N events.")
@click.option(
    "--follow", is_flag=True, help="Go on with what is recorded from now on, until interrupted."
)
@store_option
@json_option
def command(
    domain: str | None,
    of_current: bool,
    after: int,
    limit: int | None,
    follow: bool,
    store_path: Path | None,
    as_json: bool,
) -> None:
    """Print the events of DOMAIN (name or UUID), or of all, in order of position.

    A line is: position, time of recording, domain, its version, what happened. With --current
    it is: position, time, which snapshot was current -> which one is, what happened.

    \b
    --json prints an object a line with these fields:
      position, version     in the whole log, and within the domain
      domain, domain_name   UUID and present name of the domain, or null
      recorded_at           nanoseconds since the epoch, a 64-bit integer
      recorded              the same as RFC 3339, rounded up to microseconds
      source                where it came from, free text
      commit                number of the write; equal for all that was written at once
      event                 defined, redefined, deleted, current-changed, renamed, undefined or
                            annotated
    \b
      defined, redefined    name, digest (SHA-256 of the document), secure (yes, no, unknown)
      deleted               name, scope (single, children, children-only)
      current-changed       name, or null
      renamed               old, new
      annotated             name of the snapshot, or null: the domain; changes: an object, what
                            each key says now, or null: taken away
    \b
      with --current        before, after: names of the current snapshot, or null
    """
    if of_current and domain is None:
        raise click.UsageError("--current is about one DOMAIN", click.get_current_context())
    if of_current and follow:
        raise click.UsageError("--current cannot be followed", click.get_current_context())
    with open_for_reading(store_path) as store:
        if of_current and domain is not None:
            moves = (m for m in store.reflog(domain) if m.event.position > after)
            _show_moves(store, islice(moves, limit), as_json)
        else:
            events = _followed(store, after, domain) if follow else store.events(after, domain)
            _show_events(store, islice(events, limit), as_json, at_once=follow)


def _followed(store: Store, after: int, domain: str | None) -> Iterator[Event]:
    """Yield the events there are and those to come, until nobody reads them any more."""
    while not terminal.reader_is_gone():
        with store.watch(after, domain=domain, timeout=_LOOK_AROUND) as watch:
            yield from watch
            after = watch.position
    raise BrokenPipeError


class _Names:
    """What the domains of events are called, looked up again for one that is new."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._infos: dict[str, DomainInfo] = {}
        self._bearers: Counter[str | None] = Counter()

    def of(self, event: Event) -> DomainInfo | None:
        """What is known of an event's domain."""
        if event.domain not in self._infos:
            self._infos = {info.stream: info for info in self._store.domains()}
            self._bearers = Counter(info.name for info in self._infos.values())
        return self._infos.get(event.domain)

    def label(self, event: Event) -> str:
        """What a person reads for it: its name unless another bears it too."""
        info = self.of(event)
        if info is None or info.name is None or self._bearers[info.name] > 1:
            return quoted(event.domain)
        return quoted(info.name)


def _show_events(
    store: Store, events: Iterable[Event], as_json: bool, *, at_once: bool = False
) -> None:
    names = _Names(store)
    if as_json:
        terminal.write_json_lines((_record(e, names.of(e)) for e in events), at_once=at_once)
    else:
        terminal.write_lines((_line(e, names.label(e)) for e in events), at_once=at_once)


def _show_moves(store: Store, moves: Iterable[Move], as_json: bool) -> None:
    if not as_json:
        terminal.write_lines(map(_move_line, moves))
        return
    names = _Names(store)
    terminal.write_json_lines(
        {
            **_record(move.event, names.of(move.event)),
            "before": move.before,
            "after": move.after,
        }
        for move in moves
    )


def _line(event: Event, label: str) -> str:
    what = _say(event.data)
    return f"{event.position}  {instant(event.recorded_at)}  {label}  {event.version}  {what}"


def _move_line(move: Move) -> str:
    event = move.event
    before, after = ("(none)" if n is None else quoted(n) for n in (move.before, move.after))
    what = _say(event.data)
    return f"{event.position}  {instant(event.recorded_at)}  {before} -> {after}  {what}"


def _say(data: EventData) -> str:
    if isinstance(data, (Defined, Redefined)):
        return f"{_kind(data)} {quoted(data.name)}"
    if isinstance(data, Deleted):
        scope = "" if data.scope == "single" else f" ({data.scope})"
        return f"deleted {quoted(data.name)}{scope}"
    if isinstance(data, CurrentChanged):
        return "current none" if data.name is None else f"current is {quoted(data.name)}"
    if isinstance(data, Renamed):
        return f"renamed {quoted(data.old)} to {quoted(data.new)}"
    if isinstance(data, Annotated):
        what = "" if data.name is None else f" {quoted(data.name)}"
        changes = (
            f" -{quoted(key)}" if text is None else f" {quoted(key)}={quoted(text)}"
            for key, text in data.changes.items()
        )
        return f"annotated{what}:{''.join(changes)}"
    return "undefined"


def _record(event: Event, domain: DomainInfo | None) -> dict[str, Any]:
    return {
        "position": event.position,
        "domain": domain and domain.uuid,
        "domain_name": domain and domain.name,
        "version": event.version,
        "recorded_at": event.recorded_at,
        "recorded": instant(event.recorded_at),
        "source": event.source,
        "commit": event.commit,
        "event": _kind(event.data),
        **_details(event.data),
    }


def _details(data: EventData) -> dict[str, Any]:
    if isinstance(data, (Defined, Redefined)):
        secure = data.secure.name.lower()
        return {"name": data.name, "digest": data.digest.hex(), "secure": secure}
    if isinstance(data, Deleted):
        return {"name": data.name, "scope": data.scope}
    if isinstance(data, CurrentChanged):
        return {"name": data.name}
    if isinstance(data, Renamed):
        return {"old": data.old, "new": data.new}
    if isinstance(data, Annotated):
        return {"name": data.name, "changes": data.changes}
    return {}


def _kind(data: EventData) -> str:
    name = type(data).__name__
    return "current-changed" if name == "CurrentChanged" else name.lower()
