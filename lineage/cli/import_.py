"""``lineage import``: directories, XML files and archives into the store."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, cast

import click

from lineage.cli import status, terminal
from lineage.cli.notes import Remark, label, print_notes, records
from lineage.cli.options import json_option, open_for_import, store_option
from lineage.cli.progress import progress
from lineage.cli.text import safe, utf8
from lineage.ingest import Failure, Report, ingest
from lineage.sources import Source, SourceError, open_source, open_stream
from lineage.sources.raw import BinaryFile

__all__ = ["command"]

_STDIN: Final = "-"


@click.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--restore",
    is_flag=True,
    help="Define again what a snapshot had before and does not have now.",
)
@store_option
@json_option
def command(paths: Sequence[str], restore: bool, store_path: Path | None, as_json: bool) -> int:
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
      failed        documents and paths that could not be read
      passed        domain documents, which are no snapshots
      events        events appended
      domains       domains that the documents belong to
      failures      array of {file, code, offset, message}; offset in bytes, or null
      notes         array of {about, code, message}
    """
    sources, unopened = _open(paths)
    report = _run(sources, store_path, restore)
    report.failures[:0] = unopened
    report.failed += len(unopened)
    if as_json:
        terminal.write_json(_record(report))
    else:
        _print(report)
    if report.failures:
        return status.FAILED
    if not report.documents:
        terminal.complain(f"lineage: no snapshots in {', '.join(map(safe, paths))}")
        return status.NO
    return status.DONE


def _open(paths: Sequence[str]) -> tuple[list[Source], list[Failure]]:
    if paths.count(_STDIN) > 1:
        raise click.UsageError("standard input can be read only once")
    sources: list[Source] = []
    failures: list[Failure] = []
    for path in paths:
        try:
            sources.append(_standard_input() if path == _STDIN else open_source(path))
        except SourceError as error:
            failures.append(Failure(path, error.code, None, error.message))
    return sources, failures


def _standard_input() -> Source:
    if sys.stdin is None:
        raise SourceError("unreadable", "standard input is closed")
    try:
        fd = os.dup(sys.stdin.fileno())
    except OSError:  # a stream of Python's own
        return open_stream(cast(BinaryFile, sys.stdin.buffer), "stdin")
    return open_stream(os.fdopen(fd, "rb", buffering=0), "stdin")


def _run(sources: Sequence[Source], store_path: Path | None, restore: bool) -> Report:
    totals = [source.total for source in sources]
    known = [total for total in totals if total is not None]
    with ExitStack() as stack:
        show = stack.enter_context(progress(sum(known) if len(known) == len(totals) else None))
        return ingest(
            # Not before the first snapshot: without one, nothing is created.
            lambda: stack.enter_context(open_for_import(store_path)).log,
            sources,
            restore=restore,
            progress=show,
        )


def _print(report: Report) -> None:
    for failure in report.failures:
        where = "" if failure.offset is None else f", byte {failure.offset}"
        name, message = label(failure.label), safe(failure.message)
        terminal.complain(f"lineage: {name}: {message} ({failure.code}{where})")
    print_notes(_remarks(report))
    if report.documents:
        terminal.write_lines([_summary(report)])


def _summary(report: Report) -> str:
    counts = {
        "redefined": report.redefined,
        "already there": report.equal,
        "known from before": report.known,
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
