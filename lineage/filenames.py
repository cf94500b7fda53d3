"""File and directory names for snapshots and domains, in libvirt's on-disk layout.

libvirt writes ``snapshot/DOMAIN/NAME.xml`` with both names byte for byte. A name that could
not be a file name, or would be a treacherous one, is percent-encoded here; every other name
stays as libvirt would write it.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

__all__ = ["LIMIT", "decode", "encode"]

# libvirt writes a file of 255 bytes at most under its name and ".new".
LIMIT: Final = 247
"""Bytes of an encoded name with its suffix."""

# What encode() replaces: "/", a leading dot, control characters (C0, DEL, C1), and a "%" that
# would read as an escape.
_UNSAFE: Final = re.compile(r"[/\x00-\x1f\x7f-\x9f]|^\.|%(?=[0-9A-Fa-f]{2})")
# What encode() writes, and nothing else: libvirt's own "50%20off" is no escape.
_ESCAPE: Final = re.compile(
    r"%(?:2F|[01][0-9A-F]|7F|C2%[89][0-9A-F]|25(?=[0-9A-Fa-f]{2}))|^%2E", re.ASCII
)
_UNIT: Final = re.compile(r"%C2%[89][0-9A-F]|%[0-9A-F]{2}|.", re.DOTALL)


def encode(name: str, *, suffix: str = ".xml") -> str:
    """Give the file name for a snapshot's or domain's name, without the suffix.

    Replaced by ``%XX`` for each byte of their UTF-8 form: ``/``, a leading dot, control
    characters (C0, DEL, C1), and ``%`` before two hex digits. What is then longer than
    `LIMIT` is cut between characters and escapes and ends in ``~`` and 16 hex digits of the
    SHA-256 of the name's UTF-8 form. Two names that are not cut never share a file name; a
    cut one can be imitated by a name that is not.

    Args:
        name: any non-empty name.
        suffix: what the caller appends; it counts against the limit. Use ``""`` for a
            domain's directory.

    Raises:
        ValueError: the name is empty, or holds a lone surrogate (UnicodeEncodeError).
    """
    if not name:
        raise ValueError("an empty name cannot be a file name")
    encoded = _UNSAFE.sub(_escape, name)
    room = LIMIT - len(suffix.encode())
    if len(encoded.encode()) <= room:
        return encoded
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{_cut(encoded, room - 17)}~{digest}"


def decode(filename: str) -> str:
    """Give the name that `encode` was given, from a file name without its suffix.

    Only what `encode` writes is decoded, all else is literal, so that names which libvirt
    wrote are nearly always read as they are (the exceptions look like escapes: ``a%2Fb``).
    A cut name cannot be restored and comes back cut.
    """
    return _ESCAPE.sub(_unescape, filename) if "%" in filename else filename


def _escape(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def _unescape(match: re.Match[str]) -> str:
    return bytes.fromhex(match[0].replace("%", "")).decode()


def _cut(encoded: str, room: int) -> str:
    """As many whole characters and escapes as `room` bytes hold."""
    end = 0
    for unit in _UNIT.finditer(encoded):
        room -= len(unit[0].encode())
        if room < 0:
            break
        end = unit.end()
    return encoded[:end]
