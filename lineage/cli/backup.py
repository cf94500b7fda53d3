"""``lineage backup``: a copy of the store, while it is in use."""

from __future__ import annotations

from pathlib import Path

import click

from lineage.cli import terminal
from lineage.cli.options import json_option, open_for_reading, store_option
from lineage.cli.progress import bytes_done
from lineage.cli.text import safe, utf8

__all__ = ["command"]


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path), metavar="FILE")
@store_option
@json_option
def command(target: Path, store_path: Path | None, as_json: bool) -> None:
    """Copy the store to FILE, which must not be there, while others read and write it.

    FILE is a store of its own, with all that was recorded when the copying began. It has mode
    0600 and holds the documents exactly, passwords included. It appears in full or not at all.
    Copying the file of a store in use by other means is no backup.

    \b
    --json prints an object with these fields:
      file     as given
      bytes    its size
    """
    with open_for_reading(store_path) as store, bytes_done("copying") as show:
        store.backup(target, progress=show)
    size = target.stat().st_size
    if as_json:
        terminal.write_json({"file": utf8(str(target)), "bytes": size})
    else:
        terminal.write_lines([f"{size} bytes in {safe(str(target))}"])
