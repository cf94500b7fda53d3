"""``lineage list``: snapshots or domains as a table or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from lineage.cli import terminal
from lineage.cli.drawing import draw, title
from lineage.cli.options import (
    At,
    at_option,
    domains_argument,
    json_option,
    open_for_reading,
    store_option,
    utf8_only,
)
from lineage.cli.selection import infos, snapshots, trees
from lineage.cli.table import table
from lineage.cli.text import moment, quoted
from lineage.errors import NotFound

if TYPE_CHECKING:
    from lineage.tree import Tree
    from lineage.views import DomainInfo, Listed

__all__ = ["command"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


_FLAGS: Final = {
    "roots": "Only those without a parent.",
    "leaves": "Only those without children.",
    "no-leaves": "Only those with children.",
    "metadata": "Only those with metadata: every one.",
    "no-metadata": "Only those without metadata: none.",
    "inactive": "Only those of a domain that was shut off.",
    "active": "Only those with memory and disks of a domain that ran.",
    "disk-only": "Only those of disks without memory.",
    "internal": "Only those with all inside the disks' images.",
    "external": "Only those with memory or a disk in a file of its own.",
}


def _filters(command: _Command) -> _Command:
    """Add virsh's filters, under its names."""
    for name, text in reversed(_FLAGS.items()):
        command = click.option(f"--{name}", is_flag=True, help=text)(command)
    return command


@click.command("list")
@domains_argument
@click.option("--domains", "of_domains", is_flag=True, help="List domains, not snapshots.")
@_filters
@click.option(
    "--from", "from_", metavar="NAME", callback=utf8_only, help="Only children of this snapshot."
)
@click.option("--current", is_flag=True, help="Only children of the current snapshot.")
@click.option("--descendants", is_flag=True, help="With --from or --current: all below.")
@click.option("--topological", is_flag=True, help="Parents before their children.")
@click.option("--tree", "as_tree", is_flag=True, help="Draw trees; --from and --current apply.")
@click.option("--parent", is_flag=True, help="Show parents, as is always done.")
@click.option("--name", "names_only", is_flag=True, help="Print names only.")
@store_option
@at_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    domains: Sequence[str],
    of_domains: bool,
    as_tree: bool,
    names_only: bool,
    store_path: Path | None,
    at: At,
    as_json: bool,
    parent: bool,
    **wanted: Any,
) -> None:
    """List the snapshots of DOMAIN (name or UUID, or either with @{WHEN}), or of every one,
    by creation time.

    The current snapshot of a domain is marked *. The filters are those of virsh snapshot-list.
    Of --leaves --no-leaves, of --inactive --active --disk-only, and of --internal --external
    any one that is given will do; the rest is joined by and.

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
    forms = {"--tree": as_tree, "--name": names_only, "--json": as_json}
    _check(ctx, of_domains, forms, wanted)
    with open_for_reading(store_path) as store:
        if of_domains:
            found = infos(store, domains, at)
            _show(map(_domain_record, found), _DOMAIN_TITLES, _domain_row, as_json)
        elif as_tree:
            _draw(trees(store, domains, at), wanted)
        elif names_only:
            lines = snapshots(store, domains, at, **wanted)
            terminal.write_lines(quoted(line.name) for line in lines)
        else:
            lines = snapshots(store, domains, at, **wanted)
            _show(map(_record, lines), _SNAPSHOT_TITLES, _snapshot_row, as_json)


def _check(
    ctx: click.Context, of_domains: bool, forms: dict[str, bool], wanted: dict[str, Any]
) -> None:
    """Refuse options that do not go together."""
    given = {f"--{name.strip('_').replace('_', '-')}" for name, value in wanted.items() if value}
    shown = [name for name, value in forms.items() if value]
    below = {"--from", "--current"} & given
    if len(shown) > 1 or (of_domains and (given or {"--tree", "--name"} & set(shown))):
        raise click.UsageError("--domains, --tree, --name and --json exclude one another", ctx)
    if len(below | ({"--roots"} & given)) > 1:
        raise click.UsageError("--roots, --from and --current exclude one another", ctx)
    if "--descendants" in given and not below:
        raise click.UsageError("--descendants requires --from or --current", ctx)
    filtered = given - {"--from", "--current", "--descendants", "--topological", "--metadata"}
    if "--tree" in shown and filtered:
        raise click.UsageError(f"{min(filtered)} and --tree exclude one another", ctx)


def _draw(found: Iterable[Tree], wanted: dict[str, Any]) -> None:
    """Draw trees, or what hangs below one snapshot."""
    begun = wanted["from_"] is None
    for number, tree in enumerate(found):
        top = tree.current if wanted["current"] else wanted["from_"]
        begun = begun or top in tree
        if top is not None and top in tree:
            deep = wanted["descendants"]
            lines = draw(tree, tree[top], None if deep else 1)
        else:
            lines = draw(tree) if top is None and not wanted["current"] else iter([title(tree)])
        terminal.write_lines(chain([""] if number else [], lines))
    if not begun:
        raise NotFound(f"no snapshot {wanted['from_']!r}")


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
