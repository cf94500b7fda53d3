"""The exit statuses, and the one table that gives every expected error its own."""

from __future__ import annotations

import re
from typing import Any, Final

import click
from click.exceptions import NoArgsIsHelpError

from lineage.cli import terminal
from lineage.cli.text import safe, utf8
from lineage.errors import (
    Ambiguous,
    Conflict,
    Damaged,
    DocumentError,
    LineageError,
    MissingSecrets,
    NotAStore,
    NotFound,
)

__all__ = [
    "DONE",
    "EXPECTED",
    "FAILED",
    "HELP",
    "INTERRUPTED",
    "NO",
    "REFUSED",
    "STATUSES",
    "UNREADABLE",
    "UNWANTED",
    "USAGE",
    "report",
    "status_of",
]

DONE: Final = 0
NO: Final = 1
USAGE: Final = 2
FAILED: Final = 3
REFUSED: Final = 4
UNREADABLE: Final = 5
INTERRUPTED: Final = 130
UNWANTED: Final = 141

# The first line that fits decides.
STATUSES: Final[tuple[tuple[type[BaseException], int], ...]] = (
    (NotAStore, UNREADABLE),
    (Damaged, UNREADABLE),
    (NotFound, NO),
    (DocumentError, FAILED),
    (LineageError, REFUSED),
    (click.UsageError, USAGE),
    (click.Abort, INTERRUPTED),
    (KeyboardInterrupt, INTERRUPTED),
    (BrokenPipeError, UNWANTED),
    (OSError, REFUSED),
)
EXPECTED: Final = tuple(kind for kind, _ in STATUSES)

_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")

HELP: Final = """\b
Exit status:
  0    done
  1    findings or differences, or the answer is no (nothing found, a directory without
       snapshots, a request that would be refused)
  2    wrong usage
  3    some documents failed, or libvirt refused some snapshots; the others are done
  4    refused: conflict, ambiguous name, busy store, missing passwords, or libvirt or the
       system said no
  5    not a store, or a damaged one
  130  interrupted
  141  the reader of the output went away
"""


def status_of(error: BaseException) -> int:
    """Return the exit status of an expected error.

    Raises:
        LookupError: it is none of `EXPECTED`.
    """
    for kind, status in STATUSES:
        if isinstance(error, kind):
            return status
    raise LookupError(type(error).__name__)


def report(error: BaseException, as_json: bool) -> int:
    """Say on stderr what went wrong, in one line, and return the exit status.

    Args:
        as_json: say it as ``{"error": {"status", "code", "message", ...}}``.
    """
    status = status_of(error)
    if status == UNWANTED:
        return status
    if as_json:
        terminal.complain_json({"error": {"status": status, **_fields(error)}})
    elif isinstance(error, NoArgsIsHelpError):
        terminal.complain(error.format_message())
    else:
        _usage_line(error)
        terminal.complain(f"lineage: {safe(_message(error))}")
    return status


def _usage_line(error: BaseException) -> None:
    if isinstance(error, click.UsageError) and error.ctx is not None:
        terminal.complain(error.ctx.get_usage())


def _message(error: BaseException) -> str:
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return "interrupted"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError) and error.strerror:
        where = "" if error.filename is None else f"{_path(error.filename)}: "
        return f"{where}{error.strerror}"
    return str(error) or _code(error)


def _path(name: object) -> str:
    return name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else str(name)


def _fields(error: BaseException) -> dict[str, Any]:
    fields: dict[str, Any] = {"code": _code(error), "message": utf8(_message(error))}
    if isinstance(error, DocumentError):
        fields["offset"] = error.offset
    if isinstance(error, Conflict):
        fields["actual"] = error.actual
    if isinstance(error, MissingSecrets):
        fields["snapshots"] = list(error.snapshots)
    if isinstance(error, Ambiguous):
        fields["choices"] = list(error.choices)
    return fields


def _code(error: BaseException) -> str:
    if isinstance(error, click.UsageError):
        return "usage"
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return "interrupted"
    if isinstance(error, OSError):
        return "system"
    own = getattr(error, "code", None)
    # NotAStore -> not-a-store
    return own if isinstance(own, str) else _CAPITAL.sub("-", type(error).__name__).lower()
