"""``lineage record``: say what happened to snapshots; the history keeps them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from lineage.cli import terminal
from lineage.cli.options import (
    json_option,
    name_argument,
    open_for_change,
    store_option,
    utf8_only,
)
from lineage.cli.text import quoted

if TYPE_CHECKING:
    from lineage.store import Written

__all__ = ["command"]

SOURCE: Final = "lineage record"

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _writer(command: _Command) -> _Command:
    """What every one of these commands takes."""
    command = json_option(command)
    command = click.option(
        "--expect",
        type=click.IntRange(min=0),
        metavar="VERSION",
        help="Refuse (status 4) unless the domain is at this version.",
    )(command)
    return store_option(command)


def _answer(domain: str, written: Written, as_json: bool) -> None:
    if as_json:
        position, version = written.position, written.version
        terminal.write_json({"domain": domain, "version": version, "position": position})
    else:
        terminal.write_lines([f"{quoted(domain)} is at version {written.version}"])


@click.group("record")
def command() -> None:
    """Record what happened to a domain's snapshots.

    Nothing is lost: every earlier tree can still be seen with --at, and nothing is done to a
    hypervisor. DOMAIN is a name or a UUID.

    --json prints an object with these fields: domain (as given), version (the domain's, after
    the event) and position (in the whole log, of the domain's last event).
    """


@command.command("delete")
@name_argument("domain")
@name_argument("snapshot")
@click.option("--children", "scope", flag_value="children", help="With all its descendants.")
@click.option(
    "--children-only", "scope", flag_value="children-only", help="Its descendants, not itself."
)
@_writer
def delete(
    domain: str,
    snapshot: str,
    scope: str | None,
    store_path: Path | None,
    expect: int | None,
    as_json: bool,
) -> None:
    """SNAPSHOT was deleted; its children now belong to its parent."""
    with open_for_change(store_path) as store:
        written = store.delete(domain, snapshot, scope or "single", expect=expect, source=SOURCE)
    _answer(domain, written, as_json)


@command.command("current")
@name_argument("domain")
@name_argument("snapshot", required=False)
@click.option("--none", "nothing", is_flag=True, help="No snapshot is current.")
@_writer
def current(
    domain: str,
    snapshot: str | None,
    nothing: bool,
    store_path: Path | None,
    expect: int | None,
    as_json: bool,
) -> None:
    """SNAPSHOT became the current one."""
    if nothing is (snapshot is not None):
        raise click.UsageError("give either SNAPSHOT or --none")
    with open_for_change(store_path) as store:
        written = store.set_current(domain, snapshot, expect=expect, source=SOURCE)
    _answer(domain, written, as_json)


@command.command("rename")
@name_argument("domain")
@name_argument("old")
@name_argument("new")
@_writer
def rename(
    domain: str,
    old: str,
    new: str,
    store_path: Path | None,
    expect: int | None,
    as_json: bool,
) -> None:
    """Snapshot OLD is now called NEW; its children follow."""
    with open_for_change(store_path) as store:
        try:
            written = store.rename(domain, old, new, expect=expect, source=SOURCE)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
    _answer(domain, written, as_json)


@command.command("undefine")
@name_argument("domain")
@_writer
def undefine(domain: str, store_path: Path | None, expect: int | None, as_json: bool) -> None:
    """DOMAIN was undefined and its snapshots with it."""
    with open_for_change(store_path) as store:
        written = store.undefine(domain, expect=expect, source=SOURCE)
    _answer(domain, written, as_json)


@command.command("annotate")
@name_argument("domain")
@click.argument("pairs", nargs=-1, callback=utf8_only, metavar="[KEY=VALUE]...")
@click.option(
    "--snapshot", callback=utf8_only, metavar="NAME", help="This snapshot, not the domain itself."
)
@click.option(
    "--remove", multiple=True, callback=utf8_only, metavar="KEY", help="Take KEY away; repeatable."
)
@_writer
def annotate(
    domain: str,
    pairs: Sequence[str],
    snapshot: str | None,
    remove: Sequence[str],
    store_path: Path | None,
    expect: int | None,
    as_json: bool,
) -> None:
    """Put words of your own to DOMAIN or to a snapshot of it.

    They stay when the snapshot is redefined or renamed, and go with it. libvirt never sees them;
    `lineage list --json` shows them.
    """
    changes = _changes(pairs, remove)
    with open_for_change(store_path) as store:
        try:
            written = store.annotate(
                domain, changes, snapshot=snapshot, expect=expect, source=SOURCE
            )
        except ValueError as error:
            raise click.UsageError(str(error)) from None
    _answer(domain, written, as_json)


def _changes(pairs: Sequence[str], remove: Sequence[str]) -> dict[str, str | None]:
    changes: dict[str, str | None] = {}
    for pair in pairs:
        key, sign, text = pair.partition("=")
        if not sign:
            raise click.UsageError(f"{pair!r} is not KEY=VALUE")
        changes[key] = text
    if not pairs and not remove:
        raise click.UsageError("give KEY=VALUE or --remove KEY")
    if len(changes) < len(pairs) or not changes.keys().isdisjoint(remove):
        raise click.UsageError("a key is given twice")
    return changes | dict.fromkeys(remove)
