"""``lineage list``: snapshots or domains as a table or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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
from lineage.cli.selection import trees
from lineage.cli.table import table
from lineage.cli.text import moment, quoted

if TYPE_CHECKING:
    from lineage.tree import Tree

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
    \b
    --domains --json:
      domain, domain_name, current   as above; current is a name or null
      snapshots                      how many
      version                        of the domain's last event
    """
    with open_for_reading(store_path) as store:
        found = trees(store, domains, at)
        if of_domains:
            _show(map(_domain_record, found), _DOMAIN_TITLES, _domain_row, as_json)
        else:
            records = (record for tree in found for record in _records(tree))
            _show(records, _SNAPSHOT_TITLES, _snapshot_row, as_json)


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


def _records(tree: Tree) -> Iterator[_Record]:
    """A record a snapshot, by creation time, then name."""
    missing = tree.missing_parents()
    nodes = (node for node, _ in tree.walk())
    for node in sorted(nodes, key=lambda node: (node.creation_time, node.name)):
        head = node.head
        yield {
            "domain": tree.uuid,
            "domain_name": tree.domain_name,
            "name": node.name,
            "parent": head.parent,
            "parent_missing": node.name in missing,
            "current": node.name == tree.current,
            "creation_time": head.creation_time,
            "created": moment(head.creation_time),
            "state": head.state,
            "location": "external" if head.external else "internal",
            "description": head.description,
            "recorded_at": node.recorded_at,
            "position": node.position,
            "version": node.version,
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


def _domain_record(tree: Tree) -> _Record:
    return {
        "domain": tree.uuid,
        "domain_name": tree.domain_name,
        "snapshots": len(tree),
        "current": tree.current,
        "version": tree.version,
    }


def _domain_row(record: _Record) -> Sequence[str]:
    current = record["current"]
    return (
        "-" if record["domain_name"] is None else quoted(record["domain_name"]),
        record["domain"] or "-",
        str(record["snapshots"]),
        "-" if current is None else quoted(current),
    )
