"""``lineage doctor``: what is wrong with snapshot trees, and what would repair it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from lineage.cli import status, terminal
from lineage.cli.options import (
    json_option,
    open_for_change,
    open_for_reading,
    store_option,
)
from lineage.cli.progress import progress
from lineage.cli.text import quoted, safe, utf8
from lineage.doctor import Finding, examine, examine_documents, repair
from lineage.errors import NotAStore, NotFound
from lineage.sources import open_source

if TYPE_CHECKING:
    from lineage.store import Store

__all__ = ["command"]


class _Told(NamedTuple):
    """A finding, and whether it was repaired."""

    finding: Finding
    repaired: bool = False


@click.command("doctor")
@click.argument("words", nargs=-1, metavar="[DOMAIN|ARCHIVE]...")
@click.option("--repair", "repairing", is_flag=True, help="Record the repair of what can be.")
@store_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    words: Sequence[str],
    repairing: bool,
    store_path: Path | None,
    as_json: bool,
) -> int:
    """Say what is wrong with the snapshots of each DOMAIN or ARCHIVE, and what would repair it.

    An ARCHIVE is what lineage import takes, and needs no store. A word with a slash in it, or one
    that names a file and no domain of the store, is one. Without words: all domains of the store
    that are not undefined.

    A line is: severity, code, domain, snapshot, what it is and what would repair it. With
    --repair, what can be repaired by recording it is, in one batch a domain: parents that are
    missing or go in circles, and a current snapshot that is not there. What was recorded before
    stays in the history. The exit status is 1 if there is a finding, with --repair if one is left.

    \b
    error:
      missing-parent, self-parent, cycle   libvirt would refuse it
      several-current      which snapshot is current depends on the order of files
      mixed-chain          a disk has internal and external snapshots in one line: to delete one
                           may destroy the image that holds the other
      self-backing         an image backs itself
      disk-refused         its disks are not those of its domain
      delete-in-progress   a deletion was begun and did not end
      unreadable           a document of an archive cannot be read
    warning:
      current-missing      what was made current is not there
      chain-mismatch       a disk was on another image than the overlay of its parent
      numeric-name, hostile-name           scripts and tools take the name for something else
      duplicates           several documents of one snapshot differ

    \b
    --json prints an object a line with these fields:
      severity, code        as above
      domain, domain_name   key of the domain's events (its UUID, or name:NAME), and name, or null
      snapshot              name of the one that it is about, or null
      message, remedy       what it is, and what would repair it
      repairable, repaired  whether --repair does that, and whether it did
    """
    domains, archives = _sorted(words, store_path)
    if repairing and archives:
        raise click.UsageError("--repair records events: it is for domains of a store", ctx)
    left = 0
    for told in _everything(domains, archives, store_path, repairing):
        left += not told.repaired
        if as_json:
            terminal.write_json(_record(told))
        else:
            terminal.write_lines([_line(told)])
    return status.NO if left else status.DONE


def _sorted(words: Sequence[str], store_path: Path | None) -> tuple[list[str], list[str]]:
    """Tell domains, by the key of their events, from archives."""
    domains: list[str] = []
    archives = [word for word in words if _is_path(word)]
    others = [word for word in words if word not in archives]
    if not words or others:
        try:
            with open_for_reading(store_path) as store:
                domains, more = _looked_up(store, words, others)
        except NotAStore:
            if not others or not all(map(os.path.lexists, others)):
                raise
            domains, more = [], others
        archives += more
    return domains, archives


def _looked_up(
    store: Store, words: Sequence[str], others: Sequence[str]
) -> tuple[list[str], list[str]]:
    if not words:
        return [info.stream for info in store.domains() if not info.undefined], []
    domains: dict[str, None] = {}
    archives: list[str] = []
    for word in others:
        try:
            domains[store.resolve(word)] = None
        except NotFound:
            if not os.path.lexists(word):
                raise
            archives.append(word)
    return list(domains), archives


def _is_path(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:  # no domain is called so
        return True
    return "/" in word


def _everything(
    domains: Sequence[str], archives: Sequence[str], store_path: Path | None, repairing: bool
) -> Iterator[_Told]:
    if domains:
        opened = open_for_change if repairing else open_for_reading
        with opened(store_path) as store:
            for domain in domains:
                if repairing:
                    yield from (_Told(finding, repaired=True) for finding in repair(store, domain))
                yield from map(_Told, examine(store, domain))
    if archives:
        yield from map(_Told, _of_documents(archives))


def _of_documents(archives: Sequence[str]) -> Iterable[Finding]:
    sources = [open_source(path) for path in archives]
    totals = [source.total for source in sources]
    known = [total for total in totals if total is not None]
    with progress(sum(known) if len(known) == len(totals) else None) as show:
        return examine_documents(sources, show)


def _line(told: _Told) -> str:
    finding, repaired = told
    domain, snapshot = (
        "-" if name is None else quoted(name)
        for name in (finding.domain_name or finding.domain, finding.snapshot)
    )
    remedy = f"repaired: {finding.remedy}" if repaired else finding.remedy
    if finding.repairable and not repaired:
        remedy += " (--repair does that)"
    what = safe(f"{finding.message}; {remedy}")
    return f"{finding.severity}  {finding.code}  {domain}  {snapshot}  {what}"


def _record(told: _Told) -> dict[str, Any]:
    finding, repaired = told
    return {
        "severity": finding.severity,
        "code": finding.code,
        "domain": None if finding.domain is None else utf8(finding.domain),
        "domain_name": finding.domain_name,
        "snapshot": finding.snapshot,
        "message": utf8(finding.message),
        "remedy": utf8(finding.remedy),
        "repairable": finding.repairable,
        "repaired": repaired,
    }
