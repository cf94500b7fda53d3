"""Write csrc's tables: `python gen_order.py ORDER_TOML VALUES_TOML OUT_HEADER`.

One table answers "what is NAME inside CONTEXT". Its hash is perfect, found here by giving each
bucket of keys the first displacement at which all of them fall on free slots (the way of
Belazzougui, Botelho and Dietzfelbinger's CHD); order.h computes the same. Names of more than 16
bytes are few and live in a sorted array. The entry of a child also has the number of the group of
rules of values.toml that hold there; the rules are arrays in the same header.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

MASK64 = (1 << 64) - 1
MULTIPLIERS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
FLAGS = {
    "TEXT": 1,  # character data is a value
    "CONTAINER": 2,  # holds elements elsewhere or here
    "OPEN_CLOSE": 4,  # never self-closed
    "RAW": 8,  # subtree by libxml2's rules
    "SEQUENCE": 16,  # children are never reordered
    "TYPE_KEYED": 32,  # another context for one value of @type
    "PAIR_KEYED": 64,  # never self-closed with one value of an attribute
}
READINGS = {"number": "LX_SORT_NUMBER", "name": "LX_SORT_NAME"}  # a list: LX_SORT_WORDS
SORT_KEYS = 3  # of one row; order.h has the room
MOST_CHANGES = 16  # of one rule; rules.c has the room
# key, name, rank, flags, context inside, sort, rules
Entry = tuple[int, str, int, int, int, int, int]
PAIRED = re.compile(r"([^\[]+)\[@(\w+)='(\w+)'\]")  # PLACE[@attribute='value']
GLOBAL, NOTHING, FIRST = 0, 1, 2  # context numbers; order.h knows the first two


def element_of(key: str) -> str:
    """Return the element name of a context key: "disk/source" and "source" -> "source"."""
    return key.rpartition("/")[2].partition("[")[0]


def words(name: str) -> tuple[int, int]:
    """Return the name as the two little-endian words that the scanner loads."""
    raw = name.encode().ljust(16, b"\0")
    return int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:16], "little")


def hash_of(context: int, name: str) -> int:
    """Return the 64-bit hash of a key; order.h computes the same."""
    w0, w1 = words(name)
    mixed = (w0 * MULTIPLIERS[0]) ^ (w1 * MULTIPLIERS[1]) ^ (context * MULTIPLIERS[2])
    mixed &= MASK64
    mixed ^= mixed >> 32
    return (mixed * MULTIPLIERS[0]) & MASK64


def bucket_of(value: int, buckets: int) -> int:
    return value >> (64 - buckets)


def slot_of(value: int, displacement: int, bits: int) -> int:
    """Return where a key of this hash falls; order.h computes the same."""
    step = (value >> 16) | 1
    return ((value >> 32) + displacement * step) & ((1 << bits) - 1)


class Rules:
    """values.toml: which rules hold where, and the arrays that rules.c reads.

    A rule is written down once for each context of its elements, so that attributes are known by
    their ranks.
    """

    def __init__(self, facts: dict[str, Any]) -> None:
        self.rules: list[dict[str, Any]] = facts["rule"]
        self.kinds: dict[str, dict[str, Any]] = facts["kind"]
        self.kind_number = {name: 1 + i for i, name in enumerate(self.kinds)}
        self.written: list[tuple[int, tuple[str, ...]]] = []  # rule, attributes of the context
        self.groups: list[tuple[int, ...]] = [()]
        self.found: set[str] = set()

    def group(self, context: str, name: str, attrs: list[str]) -> int:
        """Return the number of the group of rules for a child of a context; 0: none.

        Args:
            attrs: the attributes that the child can have, by rank.
        """
        for place in (f"{context}/{name}", f"*/{name}"):
            rules = [i for i, rule in enumerate(self.rules) if place in rule["at"]]
            if rules:
                self.found.add(place)
                group = tuple(self.number(i, tuple(attrs)) for i in rules)
                if group not in self.groups:
                    self.groups.append(group)
                return self.groups.index(group)
        return 0

    def number(self, rule: int, attrs: tuple[str, ...]) -> int:
        if (rule, attrs) not in self.written:
            self.written.append((rule, attrs))
        return self.written.index((rule, attrs))

    def check_all_found(self) -> None:
        lost = {place for rule in self.rules for place in rule["at"]} - self.found
        if lost or len(self.groups) > 255:
            raise SystemExit(f"values.toml: no such places, or too many: {sorted(lost)}")

    def lines(self) -> list[str]:
        """Return the definitions of lx_kinds, lx_rule_attrs, lx_rules and lx_rule_groups."""
        attrs: list[str] = []
        rules = []
        for index, known in self.written:
            rules.append(self.rule(self.rules[index], known, len(attrs)))
            attrs += self.attributes(self.rules[index], known)
        members: list[int] = []
        groups = []
        for group in self.groups:
            groups.append(f"    {{{len(members)}, {len(group)}}},")
            members += group
        return [
            "#ifdef LX_RULE_TABLES",
            *("static const lx_value_kind lx_kinds[] = {", "    {0},", *self.kind_lines(), "};"),
            *("static const lx_rule_attr lx_rule_attrs[] = {", *attrs, "};"),
            *("static const lx_rule lx_rules[] = {", *rules, "};"),
            *("static const lx_rule_group lx_rule_groups[] = {", *groups, "};"),
            "static const uint16_t lx_rule_members[] = {",
            *(f"    {number}," for number in members),
            *("};", "#endif"),
        ]

    def rule(self, rule: dict[str, Any], known: tuple[str, ...], first: int) -> str:
        """Return the initializer of a rule whose attributes start at `first`."""
        masks = (
            f"{sum(1 << known.index(name) for name in rule.get(key, ())):#x}u"
            for key in ("missing", "fill")
        )
        counts = (len(rule.get(key, ())) for key in ("when", "values"))
        text = self.kind_number[rule["text"]] if "text" in rule else 0
        flags = f"{int('any' in rule)}, {int('fill' in rule)}"
        numbers = ", ".join(map(str, (first, len(names_of(rule)), *counts, text)))
        return f"    {{{', '.join(masks)}, {numbers}, {flags}}},"

    def kind_lines(self) -> list[str]:
        lines = []
        for kind in self.kinds.values():
            upper, sign, exact = (int(kind.get(key, False)) for key in ("upper", "signed", "exact"))
            unit, assumed = kind.get("unit", ""), kind.get("assumed", "")
            lines.append(
                f"    {{LX_IS_{kind['is'].upper()}, {kind.get('base', 0)}, {kind.get('hex', 0)}, "
                f"{kind.get('octal', 0)}, {upper}, {sign}, {exact}, {kind.get('most', 0):#x}u, "
                f"{{{text(unit)}}}, {{{text(assumed)}}}}},"
            )
        return lines

    def attributes(self, rule: dict[str, Any], known: tuple[str, ...]) -> list[str]:
        """Return the initializers of what a rule says of single attributes."""
        when, values, missing = (rule.get(key, {}) for key in ("when", "values", "missing"))
        if len(values) * 2 + len(missing) > MOST_CHANGES or when.keys() & values.keys():
            raise SystemExit(f"{rule['name']}: more than rules.c has room for, or not disjoint")
        lines = []
        for name in names_of(rule):
            number = self.kind_number[values[name]] if name in values else 0
            flags = ", ".join(str(int(name in rule.get(key, ()))) for key in ("any", "fill"))
            texts = ", ".join(f"{{{text(each.get(name, ''))}}}" for each in (when, missing))
            first = words(name)[0] if len(name) <= 16 else 0
            if name not in known:
                raise SystemExit(f"{rule['name']}: order.toml does not list {name}")
            place = f"{known.index(name)}, {number}"
            lines.append(f"    {{{{{text(name)}}}, {first:#x}u, {place}, {flags}, {texts}}},")
        return lines


def names_of(rule: dict[str, Any]) -> list[str]:
    """Return the attributes of a rule: those with `when`, with a kind, then the others."""
    keys = ("when", "values", "any", "missing")
    return list(dict.fromkeys(name for key in keys for name in rule.get(key, ())))


def text(value: str) -> str:
    """Return the members of an lx_span for a text constant; no text: NULL and 0."""
    return f'(const uint8_t *)"{value}", {len(value)}' if value else "NULL, 0"


class Order:
    """order.toml with its contexts numbered: children at 2n, attributes at 2n + 1."""

    def __init__(self, facts: dict[str, Any], rules: Rules) -> None:
        self.facts = facts
        self.rules = rules
        self.alias: dict[str, str] = facts["alias"]
        self.ctx: dict[str, dict[str, list[str]]] = facts["ctx"]
        self.number = {key: FIRST + i for i, key in enumerate(sorted(self.ctx))}
        self.typed = {key.partition("[")[0]: key for key in facts["type_keyed"]}
        self.sorts: list[list[dict[str, Any]]] = []  # different ones; slots count from 1
        pairs = (PAIRED.fullmatch(key) for key in facts["open_close"])
        self.paired = {match[1]: (match[2], match[3]) for match in pairs if match}
        if len(set(self.paired.values())) > 1:
            raise SystemExit("open_close: one attribute with one value is what write.c looks for")
        self.entries: list[Entry] = []

    def context(self, parent: str | None, name: str) -> int:
        """Return the number of the context of element `name` inside `parent`."""
        keyed = f"{parent}/{name}"
        key = keyed if keyed in self.facts["parent_keyed"] else name
        return self.number.get(self.alias.get(key, key), NOTHING)

    def attributes(self, parent: str | None, name: str) -> list[str]:
        """Return what the context of element `name` inside `parent` lists, by rank."""
        keyed = f"{parent}/{name}"
        key = keyed if keyed in self.facts["parent_keyed"] else name
        attrs: list[str] = self.ctx.get(self.alias.get(key, key), {}).get("attrs", [])
        return attrs

    def flags(self, parent: str | None, name: str) -> int:
        facts, value = self.facts, 0
        if name in facts["text"]:
            value |= FLAGS["TEXT"]
        if name not in facts["text"] or name in facts["also_container"]:
            value |= FLAGS["CONTAINER"]
        if name in facts["open_close"] or f"{parent}/{name}" in facts["open_close"]:
            value |= FLAGS["OPEN_CLOSE"]
        if f"{parent}/{name}" in self.paired:
            value |= FLAGS["PAIR_KEYED"]
        if name in facts["raw"]:
            value |= FLAGS["RAW"]
        if name in facts["sequence"]:
            value |= FLAGS["SEQUENCE"]
        if name in self.typed:
            value |= FLAGS["TYPE_KEYED"]
        return value

    def sort(self, context: str, name: str) -> int:
        """Return the number of the order of these siblings, 0 if they keep theirs."""
        keys = self.facts["same_name"].get(f"{context}/{name}")
        if keys is None:
            return 0
        if keys not in self.sorts:
            self.sorts.append(keys)
        return self.sorts.index(keys) + 1

    def collect(self) -> None:
        names = set(self.facts["text"])
        for key, facts in self.ctx.items():
            number, parent = self.number[key], element_of(key)
            for rank, name in enumerate(facts.get("kids", [])):
                names.add(name)
                child, flags = self.context(parent, name), self.flags(parent, name)
                sort, inside = self.sort(key, name), self.attributes(parent, name)
                group = self.rules.group(key, name, inside)
                self.entries.append((2 * number, name, rank, flags, child, sort, group))
            attrs = facts.get("attrs", [])
            if len(attrs) > 64:
                raise SystemExit(f"{key}: more attributes than a bit set holds")
            self.entries += [(2 * number + 1, name, i, 0, 0, 0, 0) for i, name in enumerate(attrs)]
            if "/" not in key and "[" not in key:
                names.add(key)
        for name in sorted(names):
            flags = self.flags(None, name)
            self.entries.append((2 * GLOBAL, name, 0, flags, self.context(None, name), 0, 0))
        self.rules.check_all_found()


def displace(entries: list[Entry], bits: int, buckets: int) -> tuple[list[int], dict[int, Entry]]:
    """Find the displacement of every bucket; return them and what is in which slot."""
    members: dict[int, list[tuple[int, Entry]]] = {}
    for entry in entries:
        value = hash_of(entry[0], entry[1])
        members.setdefault(bucket_of(value, buckets), []).append((value, entry))
    displacements = [0] * (1 << buckets)
    taken: dict[int, Entry] = {}
    for bucket, keys in sorted(members.items(), key=lambda item: (-len(item[1]), item[0])):
        for displacement in range(1 << 16):
            slots = {slot_of(value, displacement, bits): entry for value, entry in keys}
            if len(slots) == len(keys) and not slots.keys() & taken.keys():
                break
        else:
            raise SystemExit("no displacement found: more buckets or slots are needed")
        displacements[bucket] = displacement
        taken |= slots
    return displacements, taken


def slot(entry: Entry) -> str:
    """Return an lx_slot's members behind the name."""
    key, _, rank, flags, child, sort, rules = entry
    return f"{key}, {child}, {rank}, {flags}, {sort}, {rules}"


def table(entries: list[Entry]) -> tuple[int, int, list[str]]:
    """Place the short names; return bits, bucket bits and the lines that define the tables."""
    bits = 12
    while len(entries) * 3 > 2 << bits:
        bits += 1
    buckets = bits - 3
    displacements, taken = displace(entries, bits, buckets)
    lines = ["LX_HIDDEN const uint16_t lx_order_displace[1 << LX_ORDER_BUCKETS] = {"]
    for i in range(0, 1 << buckets, 12):
        lines.append(f"    {', '.join(map(str, displacements[i : i + 12]))},")
    lines += ["};", "LX_HIDDEN const lx_slot lx_order_slots[1 << LX_ORDER_BITS] = {"]
    for at in range(1 << bits):
        if at not in taken:
            lines.append("    {{0, 0}, LX_NO_KEY, 0, 0, 0, 0, 0},")
            continue
        w0, w1 = words(taken[at][1])
        lines.append(f"    {{{{{w0:#x}u, {w1:#x}u}}, {slot(taken[at])}}},")
    lines.append("};")
    return bits, buckets, lines


def sort_key(number: int, key: dict[str, Any]) -> tuple[str, list[str]]:
    """Return one key as a C initializer, and the lines that it needs above."""
    attribute, child, reading = key["attribute"], key.get("child", ""), key["as"]
    if isinstance(reading, str):
        return f'{{"{attribute}", "{child}", {READINGS[reading]}, NULL}}', []
    listed = ", ".join(f'"{word}"' for word in reading)
    above = [f"static const char *const lx_sort_words_{number}[] = {{{listed}, NULL}};"]
    return f'{{"{attribute}", "{child}", LX_SORT_WORDS, lx_sort_words_{number}}}', above


def sort_tables(order: Order) -> list[str]:
    """Return the lines that define by what siblings of one name are sorted."""
    above, rows, number = [], [], 0
    for keys in order.sorts:
        if len(keys) > SORT_KEYS:
            raise SystemExit("more keys than a sibling has room for")
        row = []
        for key in keys:
            text, lines = sort_key(number, key)
            row.append(text)
            above += lines
            number += 1
        rows.append(f"    {{{len(keys)}, {{{', '.join(row)}}}}},")
    lines = [f"#define LX_SORTS {len(rows)}", "#ifdef LX_SORT_TABLES", *above]
    return [*lines, "static const lx_sort lx_sorts[LX_SORTS] = {", *rows, "};", "#endif"]


def header(facts: dict[str, Any], values: dict[str, Any]) -> str:
    """Return the text of order_table.h."""
    order = Order(facts, Rules(values))
    order.collect()
    short = [e for e in order.entries if len(e[1].encode()) <= 16]
    long = sorted((e for e in order.entries if len(e[1].encode()) > 16), key=lambda e: (e[1], e[0]))
    bits, buckets, tables = table(short)
    lines = ["/* Generated from order.toml and values.toml by gen_order.py. */"]
    lines += [f"#define LX_ORDER_BITS {bits}", f"#define LX_ORDER_BUCKETS {buckets}"]
    lines += [f"#define LX_FLAG_{name} {value}" for name, value in FLAGS.items()]
    for name in ("domainsnapshot", "domain", "memory", "host", "address", "seclabel"):
        lines.append(f"#define LX_CTX_{name.upper()} {order.context(None, name)}")
    lines.append(f"#define LX_CTX_SNAPSHOT_DISK {order.context('disks', 'disk')}")
    for name, key in order.typed.items():
        value = key.partition("'")[2].partition("'")[0]
        lines.append(f'#define LX_TYPE_KEYED_VALUE "{value}" /* of <{name}> */')
        lines.append(f"#define LX_TYPE_KEYED_CTX {order.number[key]}")
    for attribute, value in order.paired.values():
        lines.append(f'#define LX_PAIR_KEYED_ATTRIBUTE "{attribute}"')
        lines.append(f'#define LX_PAIR_KEYED_VALUE "{value}"')
    lines += ["#ifdef LX_ORDER_TABLES", *tables]
    lines.append("static const lx_long_name lx_order_long[] = {")
    for entry in long:
        size = len(entry[1].encode())
        lines.append(f'    {{"{entry[1]}", {size}, {{{{0}}, {slot(entry)}}}}},')
    lines += ["};", "#endif", *sort_tables(order), *order.rules.lines(), ""]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Read the first path, write the second if its text changes."""
    order, values, target = map(Path, arguments)
    text = header(
        tomllib.loads(order.read_text(encoding="utf-8")),
        tomllib.loads(values.read_text(encoding="utf-8")),
    )
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
