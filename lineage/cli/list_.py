"""``lineage list``: snapshots or domains as a table or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lineage.cli import terminal
from lineage.cli.options import (
    At,
    at_option,
    domains_argument,
    json_option,
    open_for_reading,
    store_option,
)
from lineage.cli.selection import infos, snapshots
from lineage.cli.table import table
from lineage.cli.text import moment, quoted

if TYPE_CHECKING:
    from lineage.views import DomainInfo, Listed

__all__ = ["command"]


@click.command("list")
@domains_argument
@click.option("--domains", "of_domains", is_flag=True, help="List domains, not snapshots.")
@store_option
@at_option
@json_option
def command(
    domains: Sequence[str], of_domains: bool, store_path: Path | None, at: At, as_json: bool
) -> None:
    """List the snapshots of DOMAIN (name or UUID, or either with @{WHEN}), or of every one,
    by creation time.

    The current snapshot of a domain is marked *.

    \b
    --json prints an array of objects with these fields:
      domain, domain_name   UUID and name of the domain, or null
      name                  of the snapshot
      parent                name of the parent, null for a root
      parent_missing        whether that parent is not there
      current               whether it is the domain's current snapshot
      creation_time         seconds since the epoch, a 64-bit integer
      created               the same as RFC 3339, null outside 1970 to 9999
      state, location       libvirt's words; location is internal or external
      description           or null
      recorded_at           nanoseconds since the epoch when it was last recorded
      position, version     of the event that recorded it
      annotations           an object: what was put to it, by key
    \b
    --domains --json:
      domain, domain_name, current   as above; current is a name or null
      annotations                    of the domain itself
      snapshots                      how many
      version                        of the domain's last event
    """
    with open_for_reading(store_path) as store:
        if of_domains:
            found = infos(store, domains, at)
            _show(map(_domain_record, found), _DOMAIN_TITLES, _domain_row, as_json)
        else:
            lines = snapshots(store, domains, at)
            _show(map(_record, lines), _SNAPSHOT_TITLES, _snapshot_row, as_json)


_SNAPSHOT_TITLES = ("", "Domain", "Snapshot", "Created", "State", "Location", "Parent")
_DOMAIN_TITLES = ("Domain", "UUID", "Snapshots", "Current")

_Record = dict[str, Any]


def _show(
    records: Iterable[_Record],
    titles: Sequence[str],
    row: Callable[[_Record], Sequence[str]],
    as_json: bool,
) -> None:
    if as_json:
        terminal.write_json_array(records)
    else:
        terminal.write_lines(table(titles, [row(record) for record in records]))


def _record(line: Listed) -> _Record:
    return {
        "domain": line.uuid,
        "domain_name": line.domain_name,
        "name": line.name,
        "parent": line.parent,
        "parent_missing": line.parent_missing,
        "current": line.current,
        "creation_time": line.creation_time,
        "created": moment(line.creation_time),
        "state": line.state,
        "location": line.location,
        "description": line.description,
        "recorded_at": line.recorded_at,
        "position": line.position,
        "version": line.version,
        "annotations": dict(line.annotations),
    }


def _snapshot_row(record: _Record) -> Sequence[str]:
    parent = record["parent"]
    missing = " (missing)" if record["parent_missing"] else ""
    return (
        "*" if record["current"] else "",
        quoted(record["domain_name"] or record["domain"]),
        quoted(record["name"]),
        record["created"] or str(record["creation_time"]),
        str(record["state"]),
        record["location"],
        "-" if parent is None else quoted(parent) + missing,
    )


def _domain_record(info: DomainInfo) -> _Record:
    return {
        "domain": info.uuid,
        "domain_name": info.name,
        "snapshots": info.snapshots,
        "current": info.current,
        "version": info.version,
        "annotations": dict(info.annotations),
    }


def _domain_row(record: _Record) -> Sequence[str]:
    current = record["current"]
    return (
        "-" if record["domain_name"] is None else quoted(record["domain_name"]),
        record["domain"] or "-",
        str(record["snapshots"]),
        "-" if current is None else quoted(current),
    )
