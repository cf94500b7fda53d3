"""``lineage diff``: what differs between two snapshots, or between two files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from lineage import canon
from lineage.canon import secrets
from lineage.cli import status, terminal
from lineage.cli.hypervisors import optional_connect_option
from lineage.cli.moments import snapshot_at
from lineage.cli.options import json_option, open_for_reading, store_option, utf8_only
from lineage.cli.text import quoted, safe
from lineage.diff import Change, changes, unified
from lineage.errors import DocumentError, NotFound
from lineage.model import Snapshot

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
@click.option(
    "--against",
    type=click.Choice(["live", "live-snapshot"]),
    help="Compare one snapshot with the domain, or with the snapshot, that libvirt has.",
)
@optional_connect_option
@store_option
@json_option
@click.pass_context
def command(ctx: click.Context, /, words: Sequence[str], as_json: bool, **asked: Any) -> int:
    """Say what differs between two snapshots of DOMAIN, a line a path.

    SNAP@{WHEN} is the snapshot as of a moment, where none has the whole name: so the same
    snapshot can be compared with what it was. With --files: two documents, snapshots or domains,
    in any formatting; - is standard input. The canonical forms are compared. Exit status 0: they
    are equal, 1: they differ.

    With --against live and --connect: the snapshot's domain with the machine as it is now, as it
    runs if the snapshot's did: what may keep libvirt from reverting. The id and the aliases of a
    running machine are not told. With --against live-snapshot: the snapshot
    with the one of that name that libvirt has. Where libvirt hides passwords they are left out.

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
    _check(ctx, words, as_json, **asked)
    below = ""
    if asked["files"]:
        old, new = map(_file, words)
    elif asked["against"] is None:
        old, new = _snapshots(words, asked["store_path"])
    else:
        old, new, below = _against(words, **asked)
    if asked["as_text"]:
        names = safe(old.name), safe(new.name)
        terminal.write_lines(map(safe, unified(old.xml, new.xml, *names)))
        return status.DONE if old.xml == new.xml else status.NO
    found = _compared(ctx, old, new, below)
    if asked["against"] == "live":
        found = [change for change in found if not _comes_with_running(change)]
    _show(found, as_json)
    return status.NO if found else status.DONE


def _check(
    ctx: click.Context,
    words: Sequence[str],
    as_json: bool,
    files: bool,
    as_text: bool,
    against: str | None,
    uri: str | None,
    **_: Any,
) -> None:
    """Refuse options that do not go together."""
    if as_text and as_json:
        raise click.UsageError("--unified and --json exclude one another", ctx)
    if files and against:
        raise click.UsageError("--files and --against exclude one another", ctx)
    if against and uri is None:
        raise click.UsageError("--against wants to know where to --connect", ctx)
    wanted = "two files" if files else "a domain and two snapshots"
    if against:
        wanted = "a domain and one snapshot"
    if len(words) != (2 if files or against else 3):
        raise click.UsageError(f"name {wanted}", ctx)


def _against(
    words: Sequence[str], against: str, uri: str, store_path: Path | None, **_: Any
) -> tuple[_Side, _Side, str]:
    """The snapshot, and what libvirt has instead; and what all paths begin with."""
    from lineage.capture import Hypervisor

    with open_for_reading(store_path) as store, Hypervisor(uri) as hypervisor:
        stream, name, at = snapshot_at(store, words[0], words[1], None)
        xml = store.xml(stream, name, at)
        tree = store.tree(stream, at)
        live = hypervisor.domain(tree.uuid or tree.domain_name or words[0])
        if against == "live":
            running = tree[name].head.state not in ("shutoff", "crashed")
            theirs, secure = live.xml(running=running)
        else:
            theirs, secure = live.snapshot_xml(name)
    ours = xml if secure else secrets.without(xml)
    below = ""
    if against == "live":
        ours, below = _domain(ours, words[1]), "/domain"
    return _Side(words[1], ours), _Side(against, canon.canonicalize(theirs)), below


def _domain(xml: bytes, word: str) -> bytes:
    record = canon.parse(xml)
    if not isinstance(record, Snapshot) or record.domain is None:
        raise NotFound(f"snapshot {word!r} holds no domain")
    return canon.canonicalize(record.domain)


def _comes_with_running(change: Change) -> bool:
    """Whether libvirt prints it of every machine that runs, and of nothing else."""
    if change.kind != "added":
        return False
    own = change.new is not None and " name='ua-" in change.new  # the user's alias
    return change.path == "/domain/@id" or (change.path.endswith("/alias") and not own)


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


def _compared(ctx: click.Context, old: _Side, new: _Side, below: str) -> list[Change]:
    try:
        return changes(old.xml, new.xml, below=below)
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
    if value == secrets.HIDDEN:
        return value
    return quoted(value) if len(value) <= _SHOWN else f"{quoted(value[:_SHOWN])}..."


def _record(change: Change) -> dict[str, Any]:
    return {
        "path": change.path,
        "kind": change.kind,
        "old": change.old,
        "new": change.new,
    }
