"""The words of the grammars: names, paths, numbers, addresses, and what must differ in a domain."""

from __future__ import annotations

import uuid
from typing import Final

from .grammar import Dice, Terminal

__all__ = ["TERMINALS"]

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_TOKENS: Final = ("x", "img0", "a-b", "Zork.1", "x_2", "0", "tok:en", "+1")
_PATHS: Final = (
    *("/p", "/var/lib/img.qcow2", "/a b/c", "/d&amp;e", "/\u00e9/\u65e5\u672c", "/q&quot;r"),
    *("/it&apos;s", "/&lt;x&gt;", "/a:b,c=d"),
)
_LINES: Final = (
    *("line", "two words", " blanks ", "R&amp;D", "&lt;b&gt;", "\u00fcn\u00ef", "\U0001f600"),
    *("&quot;it&apos;s&quot;", "a;b#c", "100%", "]]&gt;", "\x7f", "\u2028", "%2e%2e/", "-- --"),
)
_CPUSETS: Final = ("0", "0-3", "1,3", "0-1,4-7", "2,3,1", "0-3,^2", " 1 , 3 ", "4-4", "0,0,2")
_SLOTS: Final = ("01", "1f", "0a", "3", "10", "00", "1e", "007")
_PERF: Final = (
    *("cmt", "mbmt", "mbml", "cpu_cycles", "instructions", "cache_misses", "branch_misses"),
    *("page_faults", "context_switches"),
)


def _pick(*choices: str) -> Terminal:
    return lambda dice: dice.pick(choices)


def _hex(digits: int) -> Terminal:
    return lambda dice: f"{dice.number(1, 16**digits - 1):0{digits}x}"


def _plain_uuid(dice: Dice) -> str:
    return str(uuid.UUID(int=dice.number(1, 2**128 - 1)))


def _uuid(dice: Dice) -> str:
    plain = _plain_uuid(dice)
    return (plain, plain.replace("-", ""), plain.upper())[dice.number(0, 2)]


def _mac(dice: Dice) -> str:
    plain = f"{dice.number(1, 2**40 - 1):010x}"
    pairs = ["52", *(plain[at : at + 2] for at in range(0, 10, 2))]
    text = ":".join(pairs)
    return (text, text.upper(), ":".join(f"{int(pair, 16):x}" for pair in pairs))[dice.number(0, 2)]


def _counted(kind: str, first: int = 0) -> Terminal:
    return lambda dice: str(dice.next(kind) + first)


def _device(prefix: str) -> Terminal:
    return lambda dice: prefix + _LETTERS[dice.next(prefix)]


TERMINALS: Final[dict[str, Terminal]] = {
    "token": _pick(*_TOKENS),
    "path": _pick(*_PATHS),
    "plain": _pick("/p", "/a b/c", "/\u00e9", "/a:b,c=d"),  # libvirt prints it unescaped
    "line": _pick(*_LINES),
    "text": _pick(*_LINES, "two\nlines", "\ttab", ""),
    "value": _pick("v", "", "a b", "R&amp;D", "\u00e9", "&lt;&gt;"),
    "cpuset": _pick(*_CPUSETS),
    "slot": _pick(*_SLOTS),
    "perf": lambda dice: _PERF[dice.next("perf")],
    "hex2": _hex(2),
    "hex4": _hex(4),
    "uuid": _uuid,
    "plain_uuid": _plain_uuid,
    "mac": _mac,
    "port": lambda dice: str(dice.number(1, 65535)),
    "unique": _counted("unique"),
    "order": _counted("order", 1),
    "acpi": _counted("acpi", 1),
    "audio": _counted("audio", 1),
    "index": _counted("index"),
    "usb": _counted("usb"),
    "same_usb": lambda dice: str(dice.used["usb"]),
    "serial": _counted("serial"),
    "parallel": _counted("parallel"),
    "console": _counted("console"),
    "target": _device("vd"),
    "sd": _device("sd"),
}
