"""The twin's value rules: values of a domain as libvirt prints them, where one element decides.

The rules and their kinds are `values.toml`'s; what it says is done here word by word.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from lineage.canon.twin_read import MAX_ATTRIBUTES, Element, Node, Text

__all__ = ["respelled"]

SPACE = r"[ \t\n\v\f\r]*"
BASES = {"0": r"0[xX](?P<hex>[0-9a-fA-F]+)|0(?P<octal>[0-7]*)|(?P<decimal>[1-9][0-9]*)"}
BASES |= {"8": r"(?P<octal>[0-7]+)", "10": r"(?P<decimal>[0-9]+)"}
BASES |= {"16": r"(?:0[xX])?(?P<hex>[0-9a-fA-F]+)"}
LETTERS = "kmgtpe"
PRETTY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
SET_SIZE = 16384

Kind = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """One rule of values.toml, without what is there for tests."""

    when: Mapping[str, str] = field(default_factory=dict)
    any: Sequence[str] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    fill: Sequence[str] = ()
    text: str = ""

    def holds(self, element: Element) -> bool:
        """Is it for this element?"""
        if any(element.get(name) != value for name, value in self.when.items()):
            return False
        return not self.any or any(element.get(name) is not None for name in self.any)


@functools.cache
def table() -> tuple[Mapping[str, list[Rule]], Mapping[str, Kind]]:
    """Read values.toml, once: rules by place, kinds by name."""
    facts = tomllib.loads(files(__package__).joinpath("values.toml").read_text())
    places: dict[str, list[Rule]] = {}
    for entry in facts["rule"]:
        rule = Rule(**{key: entry[key] for key in Rule.__dataclass_fields__ if key in entry})
        for place in entry["at"]:
            places.setdefault(place, []).append(rule)
    return places, facts["kind"]


def respelled(element: Element, context: str, has_text: bool) -> Element:
    """The element, which `context` lists, by the rule for it.

    Args:
        context: the key in order.toml of the element around it.
        has_text: its content is text.
    """
    places, kinds = table()
    rules = places.get(f"{context}/{element.name}") or places.get(f"*/{element.name}", [])
    rule = next((rule for rule in rules if rule.holds(element)), None)
    if rule is None:
        return element
    element = with_attributes(element, rule, kinds)
    if not rule.text or not has_text:
        return element
    kind = kinds[rule.text]
    if kind["is"] != "size":
        text = spelled(kind, element.text())
        return element if text is None else changed(element, {}, text)
    size = spelled_size(kind, element.text(), element.get("unit"))
    if size is None or (element.get("unit") is None and full(element, 1)):
        return element
    return changed(element, {"unit": size[1]}, size[0])


def with_attributes(element: Element, rule: Rule, kinds: Mapping[str, Kind]) -> Element:
    """The element with its attributes spelled, and those that were missing."""
    values: dict[str, str] = {}
    fill = not rule.fill
    for name, kind_name in rule.values.items():
        kind, value = kinds[kind_name], element.get(name)
        if value is None:
            continue
        if kind["is"] == "size":
            size = spelled_size(kind, value, element.get("unit"))
            values |= {name: size[0], "unit": size[1]} if size else {}
            continue
        new = spelled(kind, value)
        values |= {name: new} if new is not None else {}
        if new is not None and name in rule.fill and int(new, 0):
            fill = True
    if fill:
        values = {n: v for n, v in rule.missing.items() if element.get(n) is None} | values
    added = [name for name in values if element.get(name) is None]
    return element if full(element, len(added)) else changed(element, values)


def full(element: Element, more: int) -> bool:
    """Would the element have too many attributes?"""
    return len(element.attributes) + more > MAX_ATTRIBUTES


def changed(element: Element, values: Mapping[str, str], text: str | None = None) -> Element:
    """A copy with other values and text; attributes that it lacks are put last."""
    attributes = [(name, values.get(name, value)) for name, value in element.attributes]
    attributes += [(name, values[name]) for name in values if element.get(name) is None]
    children: list[Node] = element.children if text is None else [Text(text)]
    return Element(element.name, attributes, children, element.offset, element.foreign)


# ---- kinds


def spelled(kind: Kind, value: str) -> str | None:
    """The value as libvirt prints it; None if the kind does not take it."""
    by_kind: Mapping[str, Callable[[str], str | None]] = {
        "set": spelled_set,
        "uuid": spelled_uuid,
        "mac": spelled_mac,
        "ports": spelled_ports,
        "version": spelled_version,
        "loadparm": spelled_loadparm,
    }
    return spelled_number(kind, value) if kind["is"] == "number" else by_kind[kind["is"]](value)


def read_number(value: str, base: int, *, signed: bool = False) -> int | None:
    """What C's strtoll() reads, with nothing behind it."""
    sign = "[+-]" if signed else "[+]"
    match = re.fullmatch(f"{SPACE}(?P<sign>{sign}?)(?:{BASES[str(base)]})", value, re.ASCII)
    if match is None:
        return None
    found = match.groupdict()
    digits = {16: found.get("hex"), 8: found.get("octal"), 10: found.get("decimal")}
    read_in, text = next((each, text) for each, text in digits.items() if text is not None)
    text = text.lstrip("0")[:40]  # more is too much for every kind
    number = int(text or "0", read_in)
    return -number if found["sign"] == "-" else number


def spelled_number(kind: Kind, value: str) -> str | None:
    number = read_number(value, kind["base"], signed=kind.get("signed", False))
    if number is None or abs(number) > kind["most"]:
        return None
    if "octal" in kind:
        return f"{number:0{kind['octal']}o}"
    letter = "X" if kind.get("upper") else "x"
    return f"0x{number:0{kind['hex']}{letter}}" if "hex" in kind else str(number)


def scale(unit: str) -> int | None:
    """How many bytes a unit is."""
    if unit.lower() in ("b", "byte", "bytes"):
        return 1
    match = re.fullmatch(rf"([{LETTERS}])(b|ib|)", unit, re.IGNORECASE | re.ASCII)
    if match is None:
        return None
    base = 1000 if match[2].lower() == "b" else 1024
    return int(base ** (1 + LETTERS.index(match[1].lower())))


def spelled_size(kind: Kind, value: str, unit: str | None) -> tuple[str, str] | None:
    """The size and its unit as libvirt prints them."""
    number, factor = read_number(value, 10), scale(unit or kind["assumed"])
    if number is None or factor is None or number * factor >= 1 << 64:
        return None
    size = number * factor
    if "unit" in kind:
        into = scale(kind["unit"]) or 1
        rounded = -(-size // into)
        if rounded * into > kind["most"] or (kind.get("exact") and size % into):
            return None
        return str(rounded), kind["unit"]
    power = 0
    while size and size % 1024 == 0 and power < len(PRETTY) - 1:
        size, power = size // 1024, power + 1
    return str(size), PRETTY[power]


def spelled_set(value: str) -> str | None:
    """A set of numbers as its ranges."""
    span = rf"(?P<low>[0-9]+)(?:{SPACE}-{SPACE}\+?(?P<high>[0-9]+))?"
    item = re.compile(rf"(?:\^(?P<out>[0-9]+)|{span}){SPACE}(?:,|\Z)", re.ASCII)
    members: set[int] = set()
    rest = re.sub(f"^{SPACE}", "", value)
    while rest:
        match = item.match(rest)
        if match is None:
            return None
        first = bounded(match["out"] or match["low"])
        last = bounded(match["high"] or match["out"] or match["low"])
        if last >= SET_SIZE or last < first:
            return None
        numbers = set(range(first, last + 1))
        members = members - numbers if match["out"] else members | numbers
        rest = re.sub(f"^{SPACE}", "", rest[match.end() :])
    return ranges(sorted(members)) or None


def bounded(digits: str) -> int:
    """The number, or some other that is too large as well."""
    return int(digits.lstrip("0")[:9] or "0")


def ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers, neighbours taken together."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)


def spelled_uuid(value: str) -> str | None:
    """A UUID: dashes and blanks between bytes do not count."""
    if not re.fullmatch(f"{SPACE}(?:[- ]*[0-9a-fA-F]{{2}}){{16}}{SPACE}", value):
        return None
    digits = re.sub("[^0-9a-f]", "", value.lower())
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def spelled_mac(value: str) -> str | None:
    match = re.fullmatch(f"([0-9a-fA-F]{{1,2}}(?::[0-9a-fA-F]{{1,2}}){{5}}){SPACE}", value)
    if match is None:
        return None
    numbers = [int(part, 16) for part in match[1].split(":")]
    return None if numbers[0] & 1 else ":".join(f"{number:02x}" for number in numbers)


def spelled_ports(value: str) -> str | None:
    ports = [read_number(part, 10) for part in value.split(".")]
    if len(ports) > 4 or not all(port and port < 1 << 32 for port in ports):
        return None
    return ".".join(map(str, ports))


def spelled_version(value: str) -> str | None:
    """A USB version: one digit behind the dot counts tens."""
    before, dot, behind = value.partition(".")
    major, minor = read_number(before, 10), read_number(behind, 10)
    if not dot or major is None or minor is None or max(major, minor) > 99:
        return None
    return f"{major}.{minor * 10 if len(behind) == 1 else minor:02}"


def spelled_loadparm(value: str) -> str | None:
    good = re.fullmatch(r"(?! *\Z)[a-zA-Z0-9. ]{1,8}", value)
    return value.upper() if good else None
