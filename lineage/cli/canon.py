"""``lineage canon``: documents in, canonical documents out; no store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from lineage import canon
from lineage.cli import status, terminal
from lineage.cli.text import safe
from lineage.errors import DocumentError

__all__ = ["command"]

_ENOUGH: Final = (64 << 20) + 1  # a longer document is refused by its size


@click.command("canon")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE|-]...")
@click.option(
    "--mode",
    type=click.Choice(["redefine", "create", "internal"]),
    default="redefine",
    show_default=True,
    help="What the document is: a snapshot's XML, a request to make one, or libvirt's own"
    " file with <active>.",
)
def command(files: Sequence[Path], mode: str) -> int:
    """Print the canonical form of snapshot or domain XML, of stdin without a FILE.

    Equivalent documents give the same bytes, those that libvirt prints. A document that
    cannot be read is reported with its byte offset and a code; the others are printed.
    """
    result = status.DONE
    for path in files or (Path("-"),):
        try:
            document = canon.canonicalize(_read(path), mode=mode)
        except (DocumentError, OSError) as error:
            terminal.complain(f"lineage: {safe(str(path))}: {safe(_why(error))}")
            result = status.FAILED
        else:
            terminal.write_bytes(document)
    return result


def _read(path: Path) -> bytes:
    if str(path) == "-":
        return terminal.read_bytes(_ENOUGH)
    with path.open("rb") as file:
        return file.read(_ENOUGH)


def _why(error: DocumentError | OSError) -> str:
    return str(error) if isinstance(error, DocumentError) else error.strerror or str(error)
