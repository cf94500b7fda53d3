"""``lineage bundle``: the history of domains in a file, from one store to another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lineage import bundle
from lineage.cli import status, terminal
from lineage.cli.options import (
    At,
    domains_argument,
    json_option,
    moment,
    open_for_import,
    open_for_reading,
    store_is_there,
    store_option,
)
from lineage.cli.progress import percentage
from lineage.cli.text import quoted, safe, utf8

if TYPE_CHECKING:
    from lineage.bundle import Carried

__all__ = ["command"]

_file = click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE"
)


@click.group("bundle")
def command() -> None:
    """Carry the history of domains to another store, in a file.

    A bundle holds events as they were recorded, with their times and sources, and the documents
    exactly, passwords included. Applied to another store they have the same hashes there; only
    positions are that store's own.
    """


@command.command("create")
@domains_argument
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The bundle, which must not be there.",
)
@click.option(
    "--since",
    callback=moment,
    metavar="WHEN",
    help="Leave out what there was at a position of the log (a bare integer) or a time of"
    " recording: the bundle is for a store that has it already.",
)
@store_option
@json_option
def create(
    domains: Sequence[str], target: Path, since: At, store_path: Path | None, as_json: bool
) -> int:
    """Write the history of DOMAIN (name or UUID), or of every domain that ever was, to a file.

    The file has mode 0600. It appears in full or not at all. If nothing was recorded since WHEN
    there is no file, and the exit status is 1.

    \b
    --json prints an object with these fields:
      file       as given
      position   of the log: --since it, the next bundle begins where this one ends
      domains    array, as of verify
    """
    with open_for_reading(store_path) as store, percentage("bundling") as watched:
        position = store.head()
        carried = bundle.create(store, target, domains or None, since=since, progress=watched.show)
    if as_json:
        records = [_record(each) for each in carried]
        terminal.write_json({"file": utf8(str(target)), "position": position, "domains": records})
    if not carried:
        terminal.complain("lineage: no events to carry")
        return status.NO
    if not as_json:
        what = f"{_events(carried)} events of {len(carried)} domains"
        terminal.write_lines([f"{what} in {safe(str(target))}, up to position {position}"])
    return status.DONE


@command.command("verify")
@_file
@json_option
def verify(file: Path, as_json: bool) -> None:
    """Read FILE and say what it holds, if every byte of it is as it was written.

    A line is: the key of the domain's events, its name, the versions, the hash of the last one.
    It needs no store. The exit status is 5 if FILE is damaged or no bundle.

    \b
    --json prints an object with these fields:
      file       as given
      domains    array of objects:
        domain     key of the domain's events (its UUID, or name:NAME)
        name       its name in the last document that says one, or null
        after      version behind which the events begin, 0 for all of its history
        version    of the last event
        hash       of the domain's chain up to it
    """
    with percentage("verifying") as watched:
        carried = bundle.verify(file, progress=watched.show)
    if as_json:
        records = [_record(each) for each in carried]
        terminal.write_json({"file": utf8(str(file)), "domains": records})
    else:
        terminal.write_lines(map(_line, carried))


@command.command("apply")
@_file
@store_option
@json_option
def apply(file: Path, store_path: Path | None, as_json: bool) -> None:
    """Add to the store what FILE has and the store has not; the store is made if need be.

    FILE is verified first. Nothing is written, and the exit status is 4, unless what the store
    has of each domain is the beginning of what FILE says, up to the hash: not if it has another
    history, and not if it has more (a rewind). Applying a bundle again does nothing. One of more
    than 64 MiB is not one append but several; if it is interrupted, apply it again.

    \b
    --json prints an object with these fields:
      file       as given
      events     how many were added
      domains    array of objects:
        domain     key of the domain's events (its UUID, or name:NAME)
        before     version that the domain had, 0 if it was not there
        version    that it has now
    """
    if not store_is_there(store_path):  # it is not made for a file that is damaged
        with percentage("verifying") as watched:
            bundle.verify(file, progress=watched.show)
    with open_for_import(store_path) as store, percentage("applying") as watched:
        applied = bundle.apply(store, file, progress=watched.show)
    added = sum(each.version - each.before for each in applied)
    if as_json:
        records = [
            {"domain": utf8(each.stream), "before": each.before, "version": each.version}
            for each in applied
        ]
        terminal.write_json({"file": utf8(str(file)), "events": added, "domains": records})
        return
    terminal.write_lines(
        f"{quoted(each.stream)}  {each.before}..{each.version}"
        for each in applied
        if each.version != each.before
    )
    terminal.write_lines([f"{added} events added to {len(applied)} domains"])


def _events(carried: Sequence[Carried]) -> int:
    return sum(each.version - each.after for each in carried)


def _line(each: Carried) -> str:
    name = "-" if each.name is None else quoted(each.name)
    return f"{quoted(each.stream)}  {name}  {each.after}..{each.version}  {each.hash.hex()}"


def _record(each: Carried) -> dict[str, Any]:
    return {
        "domain": utf8(each.stream),
        "name": None if each.name is None else utf8(each.name),
        "after": each.after,
        "version": each.version,
        "hash": each.hash.hex(),
    }
