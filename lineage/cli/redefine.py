"""``lineage redefine``: a stored tree back into libvirt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lineage.cli import status, terminal
from lineage.cli.hypervisors import connect_option
from lineage.cli.moments import domain_at
from lineage.cli.options import (
    At,
    at_option,
    json_option,
    name_argument,
    open_for_reading,
    store_option,
)
from lineage.cli.text import quoted, safe, utf8

if TYPE_CHECKING:
    from lineage.restore import RedefineItem, RedefineReport

__all__ = ["command", "missing_secrets_option"]

missing_secrets_option = click.option(
    "--allow-missing-secrets",
    is_flag=True,
    help="Also documents that were dumped without their passwords: libvirt then has none, and"
    " reverting leaves an open console.",
)


@click.command("redefine")
@name_argument("domain")
@connect_option
@missing_secrets_option
@store_option
@at_option
@json_option
def command(
    domain: str,
    uri: str,
    allow_missing_secrets: bool,
    store_path: Path | None,
    at: At,
    as_json: bool,
) -> int:
    """Put the stored snapshots of DOMAIN (name, UUID, or either with @{WHEN}) back into libvirt.

    Parents first, the current snapshot last. libvirt has to have the domain, with its UUID. What
    it has byte for byte is left as it is, and so are snapshots that the store does not have;
    another document of the same snapshot is replaced (`lineage capture` before keeps it). A
    snapshot that it refuses blocks its descendants, and nothing else (status 3). Documents known
    to lack their passwords are refused (status 4), and then nothing is done.

    A line is: what became of it, the snapshot, and why if it failed. Done again, only what is
    still to be done is done.

    \b
    --json prints an object with these fields:
      domain, name          the domain's UUID, and its name in libvirt
      snapshots             array of {snapshot, step, outcome, replaced, exact, message}
        step                define, or current: make it current
        outcome             done, there (it was already), refused or blocked
        replaced            libvirt had another document of that name
        exact               libvirt prints now what is stored
        message             libvirt's words, or what blocked it; else null
      others                names of snapshots that libvirt has and the store has not
      current               the current snapshot of libvirt in the end, or null
    """
    from lineage.restore import Hypervisor, redefine

    with open_for_reading(store_path) as store, Hypervisor(uri) as hypervisor:
        stream, at = domain_at(store, domain, at)
        report = redefine(
            store,
            hypervisor,
            stream,
            at,
            allow_missing_secrets=allow_missing_secrets,
            told=None if as_json else lambda item: terminal.write_lines([_line(item)]),
        )
    if as_json:
        terminal.write_json(_record(report))
    elif report.items:
        _sum_up(report)
    if not report.items:
        terminal.complain("lineage: no snapshots to redefine")
        return status.NO
    return status.DONE if report.complete else status.FAILED


def _line(item: RedefineItem) -> str:
    what = {"there": "already there"}.get(item.outcome, item.outcome)
    made = " is current" if item.step == "current" and item.outcome == "done" else ""
    replaced = "  (replaced another document)" if item.replaced else ""
    other = "" if item.exact else "  (libvirt prints it differently)"
    why = "" if item.message is None else f"  {safe(item.message)}"
    return f"{what}  {quoted(item.snapshot)}{made}{replaced}{other}{why}"


def _sum_up(report: RedefineReport) -> None:
    counts = dict.fromkeys(("done", "there", "refused", "blocked"), 0)
    for item in report.items:
        counts[item.outcome] += 1
    words = {"there": "already there"}
    told = ", ".join(f"{n} {words.get(what, what)}" for what, n in counts.items() if n)
    terminal.write_lines([f"{quoted(report.name)}: {told}"])
    if report.others:
        shown = ", ".join(map(quoted, report.others[:5]))
        more = f" and {len(report.others) - 5} more" if len(report.others) > 5 else ""
        terminal.complain(f"lineage: note: left alone, not in the store: {shown}{more}")


def _record(report: RedefineReport) -> dict[str, Any]:
    return {
        "domain": utf8(report.domain),
        "name": report.name,
        "snapshots": [
            {
                "snapshot": item.snapshot,
                "step": item.step,
                "outcome": item.outcome,
                "replaced": item.replaced,
                "exact": item.exact,
                "message": None if item.message is None else utf8(item.message),
            }
            for item in report.items
        ],
        "others": report.others,
        "current": report.current,
    }
