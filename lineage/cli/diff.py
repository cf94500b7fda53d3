"""``lineage diff``: what differs between two snapshots, or between two files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from lineage import canon
from lineage.cli import status, terminal
from lineage.cli.moments import snapshot_at
from lineage.cli.options import json_option, open_for_reading, store_option, utf8_only
from lineage.cli.text import quoted, safe
from lineage.diff import Change, changes, unified
from lineage.errors import DocumentError

__all__ = ["command"]

_LONGEST: Final = (64 << 20) + 1  # a longer document is refused by its size
_SHOWN: Final = 200  # characters of a value on a line
_REMARKS: Final = {"order": "(order) ", "spelling": "(spelling) "}


class _Side(NamedTuple):
    """One of the two documents, and what it is called."""

    name: str
    xml: bytes


@click.command("diff")
@click.argument("words", nargs=-1, required=True, callback=utf8_only, metavar="DOMAIN SNAP SNAP")
@click.option("--files", is_flag=True, help="The arguments are two XML files; no store.")
@click.option("--unified", "as_text", is_flag=True, help="Print lines of text as diff -u does.")
@store_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    words: Sequence[str],
    files: bool,
    as_text: bool,
    store_path: Path | None,
    as_json: bool,
) -> int:
    """Say what differs between two snapshots of DOMAIN, a line a path.

    SNAP@{WHEN} is the snapshot as of a moment, where none has the whole name: so the same
    snapshot can be compared with what it was. With --files: two documents, snapshots or domains,
    in any formatting; - is standard input. The canonical forms are compared. Exit status 0: they
    are equal, 1: they differ.

    A line is: path, old -> new. Paths begin below the root; disks are told by their target,
    interfaces by their address, others by what libvirt tells them apart by, or by position:
    /domain/devices/disk[vda]/source/@file. (none) is what is not there; long values are cut.
    (order): the same siblings in another order; (spelling): written differently, with the same
    meaning. Passwords are shown as *** in all forms.

    \b
    --json prints an array of objects with these fields:
      path   as above
      kind   changed, added, removed, order or spelling
      old    a text, or an element as XML on one line; null if it was added
      new    the same; null if it was removed
    """
    if as_text and as_json:
        raise click.UsageError("--unified and --json exclude one another", ctx)
    if len(words) != (2 if files else 3):
        wanted = "two files" if files else "a domain and two snapshots"
        raise click.UsageError(f"name {wanted}", ctx)
    old, new = map(_file, words) if files else _snapshots(words, store_path)
    if as_text:
        names = safe(old.name), safe(new.name)
        terminal.write_lines(map(safe, unified(old.xml, new.xml, *names)))
    else:
        _show(_compared(ctx, old, new), as_json)
    return status.DONE if old.xml == new.xml else status.NO


def _snapshots(words: Sequence[str], store_path: Path | None) -> list[_Side]:
    domain, *snapshots = words
    with open_for_reading(store_path) as store:
        found = [snapshot_at(store, domain, word, None) for word in snapshots]
        return [
            _Side(word, store.xml(*place)) for word, place in zip(snapshots, found, strict=True)
        ]


def _file(path: str) -> _Side:
    try:
        return _Side(path, canon.canonicalize(_read(path)))
    except DocumentError as error:
        raise type(error)(error.code, error.offset, f"{path}: {error.message}") from None


def _read(path: str) -> bytes:
    if path == "-":
        return terminal.read_bytes(_LONGEST)
    with Path(path).open("rb") as file:
        return file.read(_LONGEST)


def _compared(ctx: click.Context, old: _Side, new: _Side) -> list[Change]:
    try:
        return changes(old.xml, new.xml)
    except ValueError as error:
        raise click.UsageError(str(error), ctx) from None


def _show(found: Sequence[Change], as_json: bool) -> None:
    if as_json:
        terminal.write_json_array(map(_record, found))
    else:
        terminal.write_lines(map(_line, found))


def _line(change: Change) -> str:
    remark = _REMARKS.get(change.kind, "")
    return f"{quoted(change.path)}  {remark}{_value(change.old)} -> {_value(change.new)}"


def _value(value: str | None) -> str:
    if value is None:
        return "(none)"
    return quoted(value) if len(value) <= _SHOWN else f"{quoted(value[:_SHOWN])}..."


def _record(change: Change) -> dict[str, Any]:
    return {
        "path": change.path,
        "kind": change.kind,
        "old": change.old,
        "new": change.new,
    }
