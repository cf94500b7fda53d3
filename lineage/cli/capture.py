"""``lineage capture``: what a running libvirt has, into the store."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lineage.cli import status, terminal
from lineage.cli.hypervisors import connect_option, readonly_option
from lineage.cli.options import domains_argument, json_option, open_for_import, store_option
from lineage.cli.text import quoted, safe, utf8

if TYPE_CHECKING:
    from lineage.capture import CaptureFailure, CaptureReport, Change

__all__ = ["command"]


def _seconds(ctx: click.Context, param: click.Parameter, value: float) -> float:
    if not 0 < value < math.inf:
        raise click.BadParameter("it is a number of seconds, more than 0", ctx, param)
    return value


@click.command("capture")
@domains_argument
@connect_option
@readonly_option
@click.option("--watch", "watching", is_flag=True, help="Go on until interrupted.")
@click.option(
    "--interval",
    type=float,
    default=30.0,
    show_default=True,
    callback=_seconds,
    metavar="S",
    help="Seconds between two looks of --watch.",
)
@click.option(
    "--snapshot-dir",
    "directory",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="libvirt's directory of snapshots, if it is not the usual one of URI: --watch looks"
    " at once when something changes there.",
)
@click.option(
    "--undefine-missing",
    is_flag=True,
    help="Record as undefined what the store has and libvirt has not. Only for a store of this"
    " one hypervisor.",
)
@store_option
@json_option
def command(
    domains: Sequence[str],
    uri: str,
    readonly: bool,
    watching: bool,
    interval: float,
    directory: Path | None,
    undefine_missing: bool,
    store_path: Path | None,
    as_json: bool,
) -> int:
    """Record how the snapshots that libvirt has differ from those in the store.

    Of the domains named (name or UUID), or of all: snapshots defined, redefined and deleted, and
    which one is current. Documents are taken with their passwords where libvirt permits it.
    What was deleted and made again between two looks is seen as redefined: libvirt has no event
    for snapshots, so nobody can tell. The store is made if it is not there.

    \b
    --json prints an object with these fields (with --watch one for each look that found
    something, a line each):
      domains, snapshots    how many libvirt has, of those asked for
      insecure              snapshots that libvirt gave without their passwords
      changes               array of {domain, name, what, snapshot, scope, position}; what is
                            defined, redefined, deleted, current or undefined; scope is that of
                            a deletion: single, or children if descendants went with it
      failures              array of {name, snapshot, code, message}; null: all of them
    """
    from lineage.capture import Hypervisor, capture, watch

    def connect() -> Hypervisor:
        return Hypervisor(uri, readonly=readonly)

    if not watching:
        with connect() as hypervisor, open_for_import(store_path) as store:
            report = capture(store, hypervisor, domains, undefine_missing=undefine_missing)
        _tell(report, as_json)
        return status.FAILED if report.failures else status.DONE
    with open_for_import(store_path) as store:
        for report in watch(
            connect,
            store,
            domains,
            interval=interval,
            directory=directory,
            undefine_missing=undefine_missing,
        ):
            if report.changes or report.failures:
                _tell(report, as_json)
    return status.DONE


def _tell(report: CaptureReport, as_json: bool) -> None:
    if as_json:
        terminal.write_json_lines([_record(report)], at_once=True)
        return
    for failure in report.failures:
        terminal.complain(_failure_line(failure))
    if report.insecure:
        terminal.complain(
            f"lineage: note: libvirt hides the passwords of {report.insecure} snapshots;"
            " their documents are marked as lacking them"
        )
    lines = [_change_line(change) for change in report.changes]
    counts: dict[str, int] = {}
    for change in report.changes:
        counts[change.what] = counts.get(change.what, 0) + 1
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if what != "current")
    told = told or ("current moved" if counts else "nothing new")
    snapshots = "snapshot" if report.snapshots == 1 else "snapshots"
    domains = "domain" if report.domains == 1 else "domains"
    lines.append(f"{report.snapshots} {snapshots} of {report.domains} {domains}: {told}")
    terminal.write_lines(lines, at_once=True)


def _change_line(change: Change) -> str:
    name = quoted(change.name)
    if change.what == "undefined":
        return f"{name}: undefined"
    if change.snapshot is None:
        return f"{name}: no snapshot is current"
    snapshot = quoted(change.snapshot)
    if change.what == "current":
        return f"{name}: current is {snapshot}"
    children = " with its descendants" if change.scope == "children" else ""
    return f"{name}: {change.what} {snapshot}{children}"


def _failure_line(failure: CaptureFailure) -> str:
    about = [quoted(each) for each in (failure.name, failure.snapshot) if each is not None]
    where = f"{' '.join(about)}: " if about else ""
    return f"lineage: {where}{safe(failure.message)} ({failure.code})"


def _record(report: CaptureReport) -> dict[str, Any]:
    return {
        "domains": report.domains,
        "snapshots": report.snapshots,
        "insecure": report.insecure,
        "changes": [
            {
                "domain": utf8(change.domain),
                "name": utf8(change.name),
                "what": change.what,
                "snapshot": change.snapshot,
                "scope": change.scope,
                "position": change.position,
            }
            for change in report.changes
        ],
        "failures": [
            {
                "name": failure.name,
                "snapshot": failure.snapshot,
                "code": failure.code,
                "message": utf8(failure.message),
            }
            for failure in report.failures
        ],
    }
