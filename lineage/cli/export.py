"""``lineage export``: snapshots as libvirt keeps them on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from lineage.cli import status, terminal
from lineage.cli.moments import domain_at
from lineage.cli.notes import Remark, print_notes, records
from lineage.cli.options import (
    At,
    at_option,
    domains_argument,
    json_option,
    open_for_reading,
    store_option,
)
from lineage.cli.redefine import missing_secrets_option
from lineage.cli.selection import moments
from lineage.cli.text import safe
from lineage.export import export
from lineage.script import export_redefine

__all__ = ["command"]


@click.command("export")
@domains_argument
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    metavar="DIR|FILE.tar",
    help="An empty directory or a new one, or a new tar archive.",
)
@click.option(
    "--redefine",
    "script_target",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Instead of --to, of one domain: numbered files, and a script for virsh that gives"
    " libvirt the snapshots back.",
)
@missing_secrets_option
@store_option
@at_option
@json_option
def command(
    domains: Sequence[str],
    target: Path | None,
    script_target: Path | None,
    allow_missing_secrets: bool,
    store_path: Path | None,
    at: At,
    as_json: bool,
) -> int:
    """Write the snapshots of DOMAIN (name or UUID, or either with @{WHEN}), or of every
    domain, for libvirt.

    The files are snapshot/DOMAIN/NAME.xml with libvirt's leading comment and <active>, as in
    its own directory. They hold the documents exactly, passwords included.

    With --redefine they are 0001.xml and so on, parents first, with manifest.json, and
    redefine.sh does what `lineage redefine` does: sh redefine.sh [URI]. Documents known to lack
    their passwords are refused then (status 4).

    \b
    --json prints an object with these fields:
      domains, snapshots    how many were written
      notes                 array of {about, code, message}
    """
    if script_target is not None and target is None:
        return _for_virsh(domains, script_target, store_path, at, allow_missing_secrets, as_json)
    if target is None or script_target is not None:
        raise click.UsageError("give either --to or --redefine")
    if allow_missing_secrets:
        raise click.UsageError("--allow-missing-secrets is for --redefine")
    with open_for_reading(store_path) as store:
        report = export(store, target, moments(store, domains, at) if domains else None, at)
    notes = [Remark(note.domain, note.code, note.message) for note in report.notes]
    if as_json:
        figures = {"domains": report.domains, "snapshots": report.snapshots}
        terminal.write_json({**figures, "notes": records(notes)})
    else:
        print_notes(notes)
    return _told(report.snapshots, report.domains, target, as_json)


def _for_virsh(
    domains: Sequence[str],
    target: Path,
    store_path: Path | None,
    at: At,
    allow_missing_secrets: bool,
    as_json: bool,
) -> int:
    if len(domains) != 1:
        raise click.UsageError("--redefine is for one domain")
    with open_for_reading(store_path) as store:
        stream, at = domain_at(store, domains[0], at)
        plan = export_redefine(
            store, target, stream, at, allow_missing_secrets=allow_missing_secrets
        )
    snapshots = len(plan.steps)
    if as_json:
        terminal.write_json({"domains": int(bool(snapshots)), "snapshots": snapshots, "notes": []})
    return _told(snapshots, 1, target, as_json)


def _told(snapshots: int, domains: int, target: Path, as_json: bool) -> int:
    if not snapshots:
        terminal.complain("lineage: no snapshots to export")
        return status.NO
    if not as_json:
        what = f"{snapshots} snapshots of {domains} {'domain' if domains == 1 else 'domains'}"
        terminal.write_lines([f"{what} in {safe(str(target))}"])
    return status.DONE
