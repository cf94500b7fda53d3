"""``lineage import``: directories, XML files and archives into the store."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from lineage.cli import status, terminal
from lineage.cli.notes import Remark, label, print_notes, records
from lineage.cli.options import (
    json_option,
    open_for_import,
    open_for_rehearsal,
    store_option,
)
from lineage.cli.progress import progress
from lineage.cli.text import safe, utf8
from lineage.ingest import Failure, Report, ingest
from lineage.sources import Document, Source, SourceError, open_source, open_stream
from lineage.sources.raw import BinaryFile

if TYPE_CHECKING:
    from lineage.store import Store

__all__ = ["command"]

_STDIN: Final = "-"


@click.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--restore",
    is_flag=True,
    help="Define again what a snapshot had before and does not have now.",
)
@click.option(
    "--mirror",
    is_flag=True,
    help="Make present what the PATHs have of a domain: as --restore, and what they do not have of"
    " it is recorded as deleted, and which snapshot is current. A domain that they have nothing"
    " of is left alone; of one with a file that could not be read nothing is deleted.",
)
@click.option("--dry-run", is_flag=True, help="Write nothing, make no store; say what would be.")
@store_option
@json_option
def command(
    paths: Sequence[str],
    restore: bool,
    mirror: bool,
    dry_run: bool,
    store_path: Path | None,
    as_json: bool,
) -> int:
    """Add the snapshots of each PATH: a directory, an XML file, a tar archive (.gz, .xz, .zst)
    or a zip archive; - is standard input, which may be any of these files.

    All paths together are one import, whose outcome does not depend on the order of the
    documents. Doing it again adds nothing. A document that cannot be read is reported with
    its byte offset and a code, and the others are imported. The store is made if it is not
    there, or an empty file is.

    \b
    --json prints an object with these fields:
      documents     snapshot documents found, the failed ones included
      added         snapshots that their domain did not have
      redefined     documents that redefined a snapshot
      equal         documents that were present already, or came twice
      known         documents that were in the history and are not present
      deleted       snapshots that --mirror recorded as deleted
      failed        documents and paths that could not be read
      passed        domain documents, which are no snapshots
      events        events appended
      domains       domains that the documents belong to
      failures      array of {file, code, offset, message}; offset in bytes, or null
      notes         array of {about, code, message}
    """
    sources = _open(paths)
    report = _run(sources, store_path, restore=restore, mirror=mirror, dry_run=dry_run)
    if as_json:
        terminal.write_json(_record(report))
    else:
        _print(report, dry_run)
    if report.failures:
        return status.FAILED
    if not report.documents:
        terminal.complain(f"lineage: no snapshots in {', '.join(map(safe, paths))}")
        return status.NO
    return status.DONE


class _Unopened:
    """A path that could not be opened: a source that fails."""

    total: int | None = 0

    def __init__(self, path: str, error: SourceError) -> None:
        self.name = path
        self._error = error

    def __iter__(self) -> Iterator[Document]:
        raise self._error


def _open(paths: Sequence[str]) -> list[Source]:
    if paths.count(_STDIN) > 1:
        raise click.UsageError("standard input can be read only once")
    sources: list[Source] = []
    for path in paths:
        try:
            sources.append(_standard_input() if path == _STDIN else open_source(path))
        except SourceError as error:
            sources.append(_Unopened(path, error))
    return sources


def _standard_input() -> Source:
    if sys.stdin is None:
        raise SourceError("unreadable", "standard input is closed")
    try:
        fd = os.dup(sys.stdin.fileno())
    except OSError:  # a stream of Python's own
        return open_stream(cast(BinaryFile, sys.stdin.buffer), "stdin")
    return open_stream(os.fdopen(fd, "rb", buffering=0), "stdin")


def _run(
    sources: Sequence[Source],
    store_path: Path | None,
    *,
    restore: bool,
    mirror: bool,
    dry_run: bool,
) -> Report:
    totals = [source.total for source in sources]
    known = [total for total in totals if total is not None]
    with ExitStack() as stack:
        show = stack.enter_context(progress(sum(known) if len(known) == len(totals) else None))

        def opened() -> Store | None:
            store = open_for_rehearsal(store_path) if dry_run else open_for_import(store_path)
            return None if store is None else stack.enter_context(store)

        return ingest(
            # Not before the first snapshot: without one, nothing is created.
            lambda: None if (store := opened()) is None else store.log,
            sources,
            restore=restore,
            mirror=mirror,
            dry_run=dry_run,
            progress=show,
        )


def _print(report: Report, dry_run: bool) -> None:
    for failure in report.failures:
        where = "" if failure.offset is None else f", byte {failure.offset}"
        name, message = label(failure.label), safe(failure.message)
        terminal.complain(f"lineage: {name}: {message} ({failure.code}{where})")
    print_notes(_remarks(report))
    if report.documents:
        terminal.write_lines([_summary(report) + (" (nothing is written)" if dry_run else "")])


def _summary(report: Report) -> str:
    counts = {
        "redefined": report.redefined,
        "already there": report.equal,
        "known from before": report.known,
        "deleted": report.deleted,
        "failed": report.failed,
    }
    others = "".join(f", {count} {word}" for word, count in counts.items() if count)
    return (
        f"{report.documents} {_plural(report.documents, 'snapshot')} of {report.domains}"
        f" {_plural(report.domains, 'domain')}: {report.added} added{others}"
    )


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"


def _remarks(report: Report) -> list[Remark]:
    return [Remark(note.label, note.code, note.message) for note in report.notes]


def _record(report: Report) -> dict[str, Any]:
    return {
        "documents": report.documents,
        "added": report.added,
        "redefined": report.redefined,
        "equal": report.equal,
        "known": report.known,
        "deleted": report.deleted,
        "failed": report.failed,
        "passed": report.passed,
        "events": report.events,
        "domains": report.domains,
        "failures": [_failure(failure) for failure in report.failures],
        "notes": records(_remarks(report)),
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "file": utf8(failure.label),
        "code": failure.code,
        "offset": failure.offset,
        "message": failure.message,
    }
