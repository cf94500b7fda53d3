"""The two streams: data goes to stdout, everything else to stderr, in any locale."""

from __future__ import annotations

import errno
import io
import json
import os
import select
import sys
from collections.abc import Iterable
from typing import Any, TextIO

__all__ = [
    "abandon",
    "can_draw",
    "complain",
    "complain_json",
    "prepare",
    "read_bytes",
    "reader_is_gone",
    "write_bytes",
    "write_json",
    "write_json_array",
    "write_json_lines",
    "write_lines",
]


def prepare() -> None:
    """Make both streams take any text: what their encoding lacks becomes an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def abandon() -> None:
    """Throw away what stdout still holds, so that the interpreter's last flush is quiet."""
    try:
        descriptor = sys.stdout.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
    except (AttributeError, OSError, ValueError):
        return
    os.dup2(null, descriptor)
    os.close(null)


def can_draw(characters: str) -> bool:
    """Whether stdout's encoding has all these characters."""
    try:
        characters.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def write_lines(lines: Iterable[str], *, at_once: bool = False) -> None:
    """Write each line and a line feed to stdout; the text must already be safe.

    Args:
        at_once: let a reader have each line as it comes.
    """
    stream = _stdout()
    for line in lines:
        stream.write(f"{line}\n")
        if at_once:
            stream.flush()


def reader_is_gone() -> bool:
    """Whether nobody can read what is written to stdout any more, as far as that shows."""
    poll = select.poll()
    try:
        poll.register(_stdout().fileno(), 0)  # errors and hang-ups are always told
    except io.UnsupportedOperation:  # no file
        return False
    return bool(poll.poll(0))


def read_bytes(limit: int) -> bytes:
    """Read stdin to its end, but no more than `limit` bytes."""
    if sys.stdin is None:
        raise OSError(errno.EBADF, "standard input is closed")
    return sys.stdin.buffer.read(limit)


def write_bytes(data: bytes) -> None:
    """Write bytes to stdout as they are."""
    stream = _stdout()
    stream.flush()
    stream.buffer.write(data)
    stream.buffer.flush()


def write_json(value: Any) -> None:
    """Write one JSON value and a line feed to stdout."""
    write_lines([_dumps(value)])


def write_json_lines(values: Iterable[Any], *, at_once: bool = False) -> None:
    """Write a JSON value a line to stdout as they come; see `write_lines`."""
    write_lines(map(_dumps, values), at_once=at_once)


def write_json_array(values: Iterable[Any]) -> None:
    """Write a JSON array to stdout, an element a line, without holding it in memory."""
    stream = _stdout()
    opening = "["
    for value in values:
        stream.write(f"{opening}\n{_dumps(value)}")
        opening = ","
    stream.write("[]\n" if opening == "[" else "\n]\n")


def complain(line: str) -> None:
    """Write a line to stderr; the text must already be safe. A closed stderr is no error."""
    try:
        print(line, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return


def complain_json(value: Any) -> None:
    """Write one JSON value and a line feed to stderr."""
    complain(_dumps(value))


def _dumps(value: Any) -> str:
    # Escaped to ASCII: valid in every locale, and no control character reaches a terminal.
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def _stdout() -> TextIO:
    if sys.stdout is None:  # started with descriptor 1 closed
        raise OSError(errno.EBADF, "standard output is closed")
    return sys.stdout
