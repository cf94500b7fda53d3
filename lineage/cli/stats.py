"""``lineage stats``: how much there is, and what it takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lineage.cli import terminal
from lineage.cli.options import json_option, open_for_reading, store_option
from lineage.cli.text import instant

if TYPE_CHECKING:
    from lineage.stats import Stats

__all__ = ["command"]


@click.command("stats")
@store_option
@json_option
def command(store_path: Path | None, as_json: bool) -> None:
    """Tell how much the store holds, and what that takes.

    The store is read through once; no document is.

    \b
    --json prints an object with these fields; sizes are in bytes:
      events                how many
      kinds                 object: how many of each kind, named as lineage log names them
      commits               how many appends wrote them
      domains, undefined    domains that are not undefined, and that are
      snapshots             those present
      documents             those recorded: snapshots defined and redefined
      bodies, body_bytes    <domain> and other large parts, each stored once; as packed
      file, wal, free       the file, its -wal file, and what is not in use of the file
      per_document          (file + wal) / documents, or null
      tables                object: bytes by table and index; null if SQLite cannot tell
      oldest_recorded_at, newest_recorded_at
                            nanoseconds since the epoch, or null
      oldest_recorded, newest_recorded
                            the same as RFC 3339, rounded up to microseconds
      format                number of the file's format
      sqlite                version of SQLite in use
    """
    from lineage.stats import stats

    with open_for_reading(store_path) as store:
        found = stats(store)
    if as_json:
        terminal.write_json(_record(found))
    else:
        lines = list(_lines(found))
        width = max(len(label) for label, _ in lines) + 2
        terminal.write_lines(f"{label + ':':<{width}}{text}" for label, text in lines)


def _record(found: Stats) -> dict[str, Any]:
    record = {name: getattr(found, name) for name in found.__struct_fields__}
    for name in ("oldest", "newest"):
        time = record.pop(name)
        record[f"{name}_recorded_at"] = time
        record[f"{name}_recorded"] = None if time is None else instant(time)
    return record


def _lines(found: Stats) -> Iterator[tuple[str, str]]:
    kinds = ", ".join(f"{count} {kind}" for kind, count in found.kinds.items() if count)
    yield "Events", f"{found.events} ({kinds})" if kinds else "0"
    yield "Commits", str(found.commits)
    if found.oldest is not None and found.newest is not None:
        yield "Oldest", instant(found.oldest)
        yield "Newest", instant(found.newest)
    undefined = f" ({found.undefined} undefined)" if found.undefined else ""
    yield "Domains", f"{found.domains}{undefined}"
    yield "Snapshots", str(found.snapshots)
    yield "Documents", f"{found.documents} recorded"
    yield "Bodies", f"{found.bodies}, {_bytes(found.body_bytes)} packed"
    yield "File", _bytes(found.file) + (f", {_bytes(found.free)} free" if found.free else "")
    yield "WAL", _bytes(found.wal)
    if found.per_document is not None:
        yield "Per document", _bytes(round(found.per_document))
    for name, size in (found.tables or {}).items():
        yield f"  {name}", _bytes(size)
    yield "Format", str(found.format)
    yield "SQLite", found.sqlite


def _bytes(count: int) -> str:
    return f"{count} bytes"
