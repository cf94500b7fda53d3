"""``lineage check``: everything in the store is read, and what is wrong with it told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from lineage.cli import status, terminal
from lineage.cli.options import json_option, open_for_reading, store_option
from lineage.cli.progress import percentage
from lineage.cli.text import quoted, safe, utf8

if TYPE_CHECKING:
    from lineage.check import Finding

__all__ = ["command"]

_PART: Final = re.compile(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,8})", re.ASCII)


def _subset(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    if value is None:
        return None
    found = _PART.fullmatch(value)
    if found is None or int(found[1]) > int(found[2]):
        raise click.BadParameter("it is n/m with n from 1 to m, as in 1/10", ctx, param)
    return int(found[1]), int(found[2])


@click.command("check")
@click.option(
    "--subset",
    callback=_subset,
    metavar="n/m",
    help="Only the n-th of m parts of the domains and bodies; all parts are everything.",
)
@store_option
@json_option
def command(subset: tuple[int, int] | None, store_path: Path | None, as_json: bool) -> int:
    """Read everything in the store and say what is not as it was written.

    Checked are the file by SQLite's own means, its schema, the chain of every domain's events,
    every event, body and document, what is remembered of calls, and what is kept of trees. The
    store may be in use. What cannot be divided (SQLite's check, the schema, bodies that no
    event names) is in the first part of a subset.

    A line is: severity, code, domain, position, what it is. The exit status is 1 if there is
    any, and 5 if the store cannot be opened.

    \b
    --json prints an object a line with these fields:
      severity          error: something is lost or not to be trusted; warning: nothing is
      code              sqlite, schema, bad-digest, broken-chain, gap, unreadable-event,
                        cache-differs or orphan-body
      domain            key of the domain's events (its UUID, or name:NAME), or null
      position, version of the event, the first one of several, or null
      message           what it is
    """
    count = 0
    with open_for_reading(store_path) as store, percentage("checking") as watched:
        for count, finding in enumerate(store.check(subset, watched.show), 1):  # noqa: B007
            watched.clear()
            if as_json:
                terminal.write_json(_record(finding))
            else:
                terminal.write_lines([_line(finding)])
    return status.NO if count else status.DONE


def _line(finding: Finding) -> str:
    domain = "-" if finding.domain is None else quoted(finding.domain)
    position = "-" if finding.position is None else finding.position
    return f"{finding.severity}  {finding.code}  {domain}  {position}  {safe(finding.message)}"


def _record(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity,
        "code": finding.code,
        "domain": None if finding.domain is None else utf8(finding.domain),
        "position": finding.position,
        "version": finding.version,
        "message": utf8(finding.message),
    }
