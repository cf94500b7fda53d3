"""``lineage info``: one snapshot, or one domain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from lineage.cli import terminal
from lineage.cli.moments import domain_at, snapshot_at
from lineage.cli.options import (
    At,
    at_option,
    json_option,
    name_argument,
    open_for_reading,
    store_option,
)
from lineage.cli.text import instant, moment, quoted, safe
from lineage.errors import NotFound

if TYPE_CHECKING:
    from lineage.model import Disk
    from lineage.store import Store
    from lineage.tree import Tree

__all__ = ["command"]

_Record = dict[str, Any]

_LABEL: Final = 15  # columns, as `virsh snapshot-info` has it


@click.command("info")
@name_argument("domain")
@name_argument("snapshot", required=False)
@store_option
@at_option
@json_option
def command(
    domain: str, snapshot: str | None, store_path: Path | None, at: At, as_json: bool
) -> None:
    """Tell about DOMAIN (name or UUID), or about one SNAPSHOT of it.

    Of a snapshot the first lines are those of virsh snapshot-info. DOMAIN@{WHEN} and
    SNAPSHOT@{WHEN} are as of a moment, where nothing has the whole name.

    \b
    --json prints an object. Of a snapshot:
      domain, domain_name    UUID and name of the domain, or null
      name                   of the snapshot
      current                whether it is the domain's current snapshot
      state, location        libvirt's words; location is internal or external
      parent                 name of the parent, null for a root
      parent_missing         whether that parent is not there
      children, descendants  how many
      description            or null
      creation_time          seconds since the epoch, a 64-bit integer
      created                the same as RFC 3339, null outside 1970 to 9999
      recorded_at            nanoseconds since the epoch when it was last recorded
      recorded               the same as RFC 3339, rounded up to microseconds
      position, version      of the event that recorded it
      secure                 whether it was dumped with passwords: yes, no, unknown
      memory                 {snapshot, file}, each null if unsaid
      annotations            object: the words that were put to it, by key
      disks                  array of {name, snapshot, type, format, source}: null if unsaid;
                             snapshot is no, internal, external or manual
    \b
    Of a domain:
      domain, domain_name    as above
      snapshots              how many it has
      current                name of the current snapshot, or null
      undefined              whether it was undefined and has no snapshot since
      position, version      of its last event
      annotations            object: the words that were put to the domain, by key
      first_recorded_at, first_recorded, last_recorded_at, last_recorded
                             of its first and last event, as recorded_at and recorded above
    """
    with open_for_reading(store_path) as store:
        if snapshot is None:
            tree = _tree(store, *domain_at(store, domain, at))
            record, lines = _domain(store, tree), _domain_lines
        else:
            stream, name, at = snapshot_at(store, domain, snapshot, at)
            record, lines = _snapshot(_tree(store, stream, at), name), _snapshot_lines
    if as_json:
        terminal.write_json(record)
    else:
        terminal.write_lines(f"{label + ':':<{_LABEL}} {text}" for label, text in lines(record))


def _tree(store: Store, stream: str, at: At) -> Tree:
    tree = store.tree(stream, at)
    if not tree.version:
        raise NotFound(f"domain {stream} had no event yet")
    return tree


def _snapshot(tree: Tree, name: str) -> _Record:
    node = tree[name]
    head, memory = node.head, node.head.memory
    return {
        "domain": tree.uuid,
        "domain_name": tree.domain_name,
        "name": node.name,
        "current": node.name == tree.current,
        "state": head.state,
        "location": "external" if head.external else "internal",
        "parent": head.parent,
        "parent_missing": head.parent is not None and head.parent not in tree,
        "children": len(tree.children(name)),
        "descendants": len(tree.descendants(name)),
        "description": head.description,
        "creation_time": head.creation_time,
        "created": moment(head.creation_time),
        "recorded_at": node.recorded_at,
        "recorded": instant(node.recorded_at),
        "position": node.position,
        "version": node.version,
        "secure": node.definition.secure.name.lower(),
        "annotations": dict(node.annotations),
        "memory": {
            "snapshot": memory.snapshot if memory else None,
            "file": memory.file if memory else None,
        },
        "disks": [_disk(disk) for disk in head.disks or ()],
    }


def _disk(disk: Disk) -> _Record:
    return {
        "name": disk.name,
        "snapshot": disk.snapshot,
        "type": disk.type,
        "format": disk.format,
        "source": disk.path,
    }


def _snapshot_lines(record: _Record) -> Iterator[tuple[str, str]]:
    # As virsh has them, since scripts read that.
    yield "Name", safe(record["name"])
    yield "Domain", safe(record["domain_name"] or record["domain"])
    yield "Current", "yes" if record["current"] else "no"
    yield "State", str(record["state"])
    yield "Location", record["location"]
    yield "Parent", "-" if record["parent"] is None else safe(record["parent"])
    yield "Children", str(record["children"])
    yield "Descendants", str(record["descendants"])
    yield "Metadata", "yes"
    # What virsh does not tell.
    if record["parent_missing"]:
        yield "Parent missing", "yes"
    if record["description"]:
        yield "Description", safe(record["description"])
    yield "Created", record["created"] or str(record["creation_time"])
    yield "Recorded", record["recorded"]
    yield "Position", str(record["position"])
    yield "Version", str(record["version"])
    yield "Secure", record["secure"]
    memory = record["memory"]
    yield "Memory", "  ".join(filter(None, (memory["snapshot"] or "-", _shown(memory["file"]))))
    for disk in record["disks"]:
        known = (disk["snapshot"] or "-", disk["format"], _shown(disk["source"]))
        yield "Disk", "  ".join((quoted(disk["name"]), *map(safe, filter(None, known))))
    yield from _annotations(record)


def _annotations(record: _Record) -> Iterator[tuple[str, str]]:
    for key, words in record["annotations"].items():
        yield "Annotation", f"{quoted(key)}={safe(words)}"


def _shown(path: str | None) -> str | None:
    return None if path is None else quoted(path)


def _domain(store: Store, tree: Tree) -> _Record:
    first = next(iter(store.events(0, tree.stream)))
    last = next(iter(store.events(tree.position - 1, tree.stream)))
    return {
        "domain": tree.uuid,
        "domain_name": tree.domain_name,
        "snapshots": len(tree),
        "current": tree.current,
        "undefined": tree.undefined,
        "position": tree.position,
        "version": tree.version,
        "annotations": dict(tree.annotations),
        "first_recorded_at": first.recorded_at,
        "first_recorded": instant(first.recorded_at),
        "last_recorded_at": last.recorded_at,
        "last_recorded": instant(last.recorded_at),
    }


def _domain_lines(record: _Record) -> Iterator[tuple[str, str]]:
    yield "Name", "-" if record["domain_name"] is None else safe(record["domain_name"])
    yield "UUID", record["domain"] or "-"
    yield "Snapshots", str(record["snapshots"])
    yield "Current", "-" if record["current"] is None else safe(record["current"])
    yield "Undefined", "yes" if record["undefined"] else "no"
    yield "Position", str(record["position"])
    yield "Version", str(record["version"])
    yield "First recorded", record["first_recorded"]
    yield "Last recorded", record["last_recorded"]
    yield from _annotations(record)
