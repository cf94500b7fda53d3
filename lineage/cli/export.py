"""``lineage export``: snapshots as libvirt keeps them on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from lineage.cli import status, terminal
from lineage.cli.notes import Remark, print_notes, records
from lineage.cli.options import (
    At,
    at_option,
    domains_argument,
    json_option,
    open_for_reading,
    store_option,
)
from lineage.cli.selection import moments
from lineage.cli.text import safe
from lineage.export import export

__all__ = ["command"]


@click.command("export")
@domains_argument
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR|FILE.tar",
    help="An empty directory or a new one, or a new tar archive.",
)
@store_option
@at_option
@json_option
def command(
    domains: Sequence[str], target: Path, store_path: Path | None, at: At, as_json: bool
) -> int:
    """Write the snapshots of DOMAIN (name or UUID, or either with @{WHEN}), or of every
    domain, for libvirt.

    The files are snapshot/DOMAIN/NAME.xml with libvirt's leading comment and <active>, as in
    its own directory. They hold the documents exactly, passwords included.

    \b
    --json prints an object with these fields:
      domains, snapshots    how many were written
      notes                 array of {about, code, message}
    """
    with open_for_reading(store_path) as store:
        report = export(store, target, moments(store, domains, at) if domains else None, at)
    notes = [Remark(note.domain, note.code, note.message) for note in report.notes]
    if as_json:
        figures = {"domains": report.domains, "snapshots": report.snapshots}
        terminal.write_json({**figures, "notes": records(notes)})
    else:
        print_notes(notes)
    if not report.snapshots:
        terminal.complain("lineage: no snapshots to export")
        return status.NO
    if not as_json:
        what = f"{report.snapshots} snapshots of {report.domains} domains"
        terminal.write_lines([f"{what} in {safe(str(target))}"])
    return status.DONE
