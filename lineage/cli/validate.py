"""``lineage validate``: documents held against the schema; no store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click

from lineage.cli import status, terminal
from lineage.cli.options import json_option
from lineage.cli.text import safe, utf8
from lineage.rules.schema import INSTALLED, Problem, validate

__all__ = ["command"]

_ENOUGH: Final = (64 << 20) + 1  # a longer document is refused by its size


@click.command("validate")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE|-..."
)
@click.option(
    "--schemas",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help=f"Where libvirt's schemas of domains are [{INSTALLED}, if it is there].",
)
@click.option("--any-domain", is_flag=True, help="Do not look inside of domains.")
@json_option
def command(files: Sequence[Path], schemas: Path | None, any_domain: bool, as_json: bool) -> int:
    """Hold snapshot XML against the schema of <domainsnapshot>, as libvirt's VALIDATE does.

    Each line says where (FILE:LINE:COLUMN), what is wrong and what was expected. The domain in
    a snapshot is held against libvirt's own schema where that is installed. The schema is
    stricter than what libvirt reads, and does not know all its rules: `lineage canon` asks
    those. Exit status 0: all are valid, 1: some are not, 3: some cannot be read.

    \b
    --json prints an array of objects with these fields, one for each file:
      file        as named
      valid       whether there are no problems; null if it cannot be read
      problems    an array of objects: line, column, message, expected (an array)
    """
    if any_domain and schemas is not None:
        raise click.UsageError("--any-domain and --schemas exclude one another")
    found = _checked(files, None if any_domain else schemas or INSTALLED)
    results = [status.DONE]
    if as_json:
        terminal.write_json_array(_record(*each, results) for each in found)
    else:
        terminal.write_lines(line for each in found for line in _lines(*each, results))
    return max(results)


_Problems = Sequence[Problem] | OSError


def _checked(files: Sequence[Path], schemas: Path | None) -> Iterator[tuple[Path, _Problems]]:
    for path in files:
        try:
            yield path, validate(_read(path), schemas=schemas)
        except OSError as error:
            yield path, error


def _read(path: Path) -> bytes:
    if str(path) == "-":
        return terminal.read_bytes(_ENOUGH)
    with path.open("rb") as file:
        return file.read(_ENOUGH)


def _unread(path: Path, error: OSError, results: list[int]) -> None:
    terminal.complain(f"lineage: {safe(str(path))}: {safe(error.strerror or str(error))}")
    results.append(status.FAILED)


def _record(path: Path, found: _Problems, results: list[int]) -> dict[str, Any]:
    if isinstance(found, OSError):
        _unread(path, found, results)
        return {"file": utf8(str(path)), "valid": None, "problems": []}
    results.append(status.NO if found else status.DONE)
    problems = [
        {
            "line": each.line,
            "column": each.column,
            "message": each.message,
            "expected": list(each.expected),
        }
        for each in found
    ]
    return {"file": utf8(str(path)), "valid": not found, "problems": problems}


def _lines(path: Path, found: _Problems, results: list[int]) -> Iterator[str]:
    if isinstance(found, OSError):
        _unread(path, found, results)
        return
    results.append(status.NO if found else status.DONE)
    for each in found:
        yield f"{safe(str(path))}:{each.line}:{each.column}: {safe(str(each))}"
