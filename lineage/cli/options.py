"""Options and arguments that several commands share, and how they open the store."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lineage.cli.moments import At, parse
from lineage.errors import NotAStore

if TYPE_CHECKING:
    from lineage.store import Store

__all__ = [
    "At",
    "at_option",
    "default_store",
    "domains_argument",
    "json_option",
    "name_argument",
    "open_for_change",
    "open_for_import",
    "open_for_reading",
    "store_option",
    "utf8_only",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])


def name_argument(name: str, *, required: bool = True) -> Callable[[_Command], _Command]:
    """Add an argument that names a domain or a snapshot."""
    return click.argument(name, callback=utf8_only, required=required)


def utf8_only(
    ctx: click.Context, param: click.Parameter, value: str | tuple[str, ...] | None
) -> str | tuple[str, ...] | None:
    """Refuse, as a callback, what no document can hold: arguments that are not UTF-8."""
    for text in value if isinstance(value, tuple) else (value or "",):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise click.BadParameter("a name must be UTF-8", ctx, param) from None
    return value


def _moment(ctx: click.Context, param: click.Parameter, value: str | None) -> At:
    try:
        return None if value is None else parse(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def default_store() -> Path:
    """The store in the XDG data directory."""
    data = Path(os.environ.get("XDG_DATA_HOME", ""))
    # The XDG rules have a relative path ignored.
    if not data.is_absolute():
        try:
            data = Path.home() / ".local" / "share"
        except RuntimeError:
            raise click.UsageError("there is no home directory: name a --store") from None
    return data / "lineage" / "lineage.db"


def store_option(command: _Command) -> _Command:
    """Add ``--store FILE`` as ``store_path``, None if neither it nor the variable is given."""
    return click.option(
        "--store",
        "store_path",
        type=click.Path(path_type=Path),
        envvar="LINEAGE_STORE",
        metavar="FILE",
        help="The store; else $LINEAGE_STORE, else lineage/lineage.db in the XDG data directory.",
    )(command)


def at_option(command: _Command) -> _Command:
    """Add ``--at WHEN``."""
    return click.option(
        "--at",
        callback=_moment,
        metavar="WHEN",
        help="As of a position of the log (a bare integer) or a time of recording"
        " (ISO 8601, local without a zone). The default is now. NAME@{WHEN} says the same.",
    )(command)


def json_option(command: _Command) -> _Command:
    """Add ``--json`` as ``as_json``."""
    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print JSON (the fields are named above); an error is a JSON object on stderr.",
    )(command)


def domains_argument(command: _Command) -> _Command:
    """Add ``[DOMAIN]...`` as ``domains``."""
    return click.argument("domains", nargs=-1, callback=utf8_only, metavar="[DOMAIN]...")(command)


def open_for_reading(path: Path | None) -> Store:
    """Open an existing store for reading. Nothing changes but the trees that it keeps.

    Raises:
        NotAStore: there is no such file, or it is something else.
    """
    from lineage.reader import open_reader

    return open_reader(_existing(path))


def open_for_change(path: Path | None) -> Store:
    """Open an existing store for writing.

    Raises:
        NotAStore: there is no such file, or it is something else.
    """
    from lineage.store import Store

    return Store(_existing(path))


def open_for_import(path: Path | None) -> Store:
    """Open a store for writing and make it if need be, with the default one's directory (0700).

    Raises:
        NotAStore: the file is something else.
    """
    from lineage.store import Store

    if path is None:
        path = default_store()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Store(path)


def _existing(path: Path | None) -> Path:
    chosen = default_store() if path is None else path
    if not os.path.lexists(chosen):
        raise NotAStore(f"there is no store at {chosen} (lineage import makes one)")
    return chosen
