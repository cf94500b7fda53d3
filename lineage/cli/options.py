"""Options and arguments that several commands share, and how they open the store."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from lineage.cli import terminal
from lineage.cli.moments import At, parse
from lineage.cli.text import safe
from lineage.errors import FileSystemWarning, NotAStore

if TYPE_CHECKING:
    from lineage.store import Store

__all__ = [
    "At",
    "at_option",
    "default_store",
    "domains_argument",
    "json_option",
    "moment",
    "name_argument",
    "open_for_change",
    "open_for_import",
    "open_for_reading",
    "open_for_rehearsal",
    "store_is_there",
    "store_option",
    "utf8_only",
]

_ALLOW_NETWORK: Final = "lineage.allow_network"
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


def moment(ctx: click.Context, param: click.Parameter, value: str | None) -> At:
    """Read, as a callback, WHEN: a position of the log or a time of recording."""
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
    """Add ``--store FILE`` as ``store_path``, None if neither it nor the variable is given.

    And ``--allow-network``, which is for the functions below that open the store.
    """
    command = click.option(
        "--allow-network",
        is_flag=True,
        envvar="LINEAGE_ALLOW_NETWORK",
        expose_value=False,
        callback=_allow_network,
        help="Open it on a network file system too; nobody else can then.",
    )(command)
    return click.option(
        "--store",
        "store_path",
        type=click.Path(path_type=Path),
        envvar="LINEAGE_STORE",
        metavar="FILE",
        help="The store; else $LINEAGE_STORE, else lineage/lineage.db in the XDG data directory.",
    )(command)


def _allow_network(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    ctx.meta[_ALLOW_NETWORK] = value


def at_option(command: _Command) -> _Command:
    """Add ``--at WHEN``."""
    return click.option(
        "--at",
        callback=moment,
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

    return _open(_existing(path), open_reader)


def open_for_change(path: Path | None) -> Store:
    """Open an existing store for writing.

    Raises:
        NotAStore: there is no such file, or it is something else.
    """
    from lineage.store import Store

    return _open(_existing(path), Store)


def open_for_import(path: Path | None) -> Store:
    """Open a store for writing and make it if need be, with the default one's directory (0700).

    Raises:
        NotAStore: the file is something else.
    """
    from lineage.store import Store

    if path is None:
        path = default_store()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _open(path, Store)


def open_for_rehearsal(path: Path | None) -> Store | None:
    """Open a store that nothing is written to; None where importing would make one.

    Raises:
        NotAStore: the file is something else.
    """
    from lineage.store import Store

    chosen = default_store() if path is None else path
    if not chosen.exists() or (chosen.is_file() and not chosen.stat().st_size):
        return None
    return _open(chosen, partial(Store, readonly=True))


def store_is_there(path: Path | None) -> bool:
    """Whether there is a file that a command would open as its store."""
    return os.path.lexists(default_store() if path is None else path)


def _existing(path: Path | None) -> Path:
    chosen = default_store() if path is None else path
    if not os.path.lexists(chosen):
        raise NotAStore(f"there is no store at {chosen} (lineage import makes one)")
    return chosen


def _open(path: Path, opened: Callable[..., Store]) -> Store:
    """Open a store; a warning about its file system is told to the user."""
    allowed = click.get_current_context().meta[_ALLOW_NETWORK]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FileSystemWarning)
        store = opened(path, allow_network=allowed)
    for warning in caught:
        terminal.complain(f"lineage: warning: {safe(str(warning.message))}")
    warnings.simplefilter("ignore", FileSystemWarning)  # said; a reader may open it once more
    return store
