"""``lineage show``: one snapshot's XML, exactly."""

from __future__ import annotations

from pathlib import Path

import click

from lineage.cli import terminal
from lineage.cli.moments import snapshot_at
from lineage.cli.options import At, at_option, name_argument, open_for_reading, store_option

__all__ = ["command"]


@click.command("show")
@name_argument("domain")
@name_argument("snapshot")
@store_option
@at_option
def command(domain: str, snapshot: str, store_path: Path | None, at: At) -> None:
    """Print the XML of DOMAIN's SNAPSHOT, ready to be redefined.

    SNAPSHOT@{WHEN} is the one of that name as of a moment, where none has the whole name.
    The bytes are the document's own: passwords that it holds are printed too.
    """
    with open_for_reading(store_path) as store:
        terminal.write_bytes(store.xml(*snapshot_at(store, domain, snapshot, at)))
