"""Makes text from documents and file names safe to show, and numbers readable.

Everything that a person reads on a terminal passes through here; documents themselves and
JSON do not (they have escapes of their own).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["instant", "moment", "quoted", "safe", "utf8"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND: Final = 253_402_300_799  # the end of the year 9999
# What would let a name pass for several fields, for a remark or for nothing at all.
_NEEDS_QUOTES: Final = re.compile(r'\A\Z|[ "]|\A[(*]')


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def safe(text: str) -> str:
    """Return text in which nothing acts on a terminal, on one line.

    Whatever Unicode does not count as printable (controls, line separators, bidi and
    zero-width characters, surrogates, blanks other than the space) becomes a visible escape
    such as ``\\x1b``; a backslash is doubled, so that two texts never look the same.
    """
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(
        "\\\\" if char == "\\" else char if char.isprintable() else _escape(char) for char in text
    )


def quoted(name: str) -> str:
    """Return a name that is safe to show and cannot be mistaken for what stands beside it."""
    shown = safe(name)
    if _NEEDS_QUOTES.search(shown):
        return '"' + shown.replace('"', '\\"') + '"'
    return shown


def utf8(text: str) -> str:
    """Return text without lone surrogates (undecodable bytes of a file name), for JSON."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def moment(seconds: int | None) -> str | None:
    """Return RFC 3339 UTC, None if it cannot be written so.

    Args:
        seconds: since the epoch; any 64-bit number, or None.
    """
    if seconds is None or not 0 <= seconds <= _LAST_SECOND:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def instant(nanoseconds: int) -> str:
    """Return RFC 3339 UTC with microseconds, rounded up: given to --at, it includes the event.

    Args:
        nanoseconds: since the epoch.
    """
    micros = -(-nanoseconds // 1000)
    try:
        when = _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return str(nanoseconds)
    return when.isoformat(timespec="microseconds").replace("+00:00", "Z")
