"""Made-up values in every place that values.toml names: core and twin agree on each."""

from __future__ import annotations

import random
import tomllib
from importlib.resources import files
from typing import Any, Final

import pytest

from lineage import canon
from lineage.canon import twin

TABLE: Final[dict[str, Any]] = tomllib.loads(files(canon).joinpath("values.toml").read_text())
ROUNDS: Final = 30  # of each rule
UNITS: Final = (
    *("KiB", "KiB", "KiB", "B", "MiB", "M", "bytes", "b", "kb", "KB", "GiB", "TiB", "PiB", "EiB"),
    *("", "Kib", "zz", "byte", "bytesbytes", " KiB"),
)
UUID: Final = "c2177883-f1bb-47f0-914d-32a22e3a8804"
ALPHABET: Final = "0123456789abcdefABCDEFx,-^.:+ "
NUMBERS: Final = (
    *("0", "1", "7", "8", "10", "31", "32", "255", "256", "1024", "2048", "4096", "16384", "99999"),
    *("2147483647", "2147483648", "4294967295", "4294967296", "9223372036854775807", "01", "+1"),
    *("18446744073709551615", "18446744073709551616", "1" * 40, "0" * 30 + "1", "00", "+10", " 1"),
    *("-1", "-0", "-01", "0x0", "0x1", "0x01", "0x00", "0x0001", "0x1f", "0x20", "0x7", "0x8"),
    *("0x00000002", "0x0000000002", "0x10000", "0xFF", "0XFF", "ff", "0xffffffffffffffff", "08"),
    *("010", "0x", "x", "", " ", "1 ", "on", "pci", "utc", "yes"),
    *("01", "+1", " 2", "010", "0X1", "007") * 5,  # often one that is re-spelled
)
SCRAPS: Final = {
    "number": NUMBERS,
    "size": (*NUMBERS, "04194304", "04", "1048576", "9007199254740991", "9007199254740992"),
    "set": (
        *("1-3", "1-3,5", "1,2", "1-2,3", "3,1", "1-1", "2-1", "1-3,^2", "^1", "^1,1", "1,", ",1"),
        *("0-16383", "0-16384", "1,3,5,7-9", "1 - 3", "1-+3", "16383", "16384", "99999", "01"),
    ),
    "uuid": (UUID, UUID.upper(), UUID.replace("-", ""), f" {UUID} ", UUID[:-1], f"{UUID}0"),
    "mac": (
        *("52:54:00:aa:bb:cc", "52:54:0:AA:b:C", "01:00:00:00:00:00", "52:54:00:aa:bb"),
        *("0:0:0:0:0:0", "52:54:00:aa:bb:cc ", "52:54:00:aa:bb:ccc", "52:54:00:AA:BB:CC"),
    ),
    "version": ("2.0", "2.00", "1.1", "01.005", "0.5", "1.+5", "100.0", "2", "2.", ".5", "1.1.1"),
    "loadparm": ("A", "B1.x", " a ", "ABCDEFGH", "abcdefghi", "", "  ", "a-b", "\u00e9", "\u0131"),
    "ports": ("1.2", "1.2.3.4", "1.2.3.4.5", "1.0", "01.2", "1..2", ".1", "0.1", "1.+2"),
}


def value(rng: random.Random, kind: str = "") -> str:
    """A value that may be of the kind."""
    if rng.random() < 0.1:
        return "".join(rng.choices(ALPHABET, k=rng.randint(0, 9)))
    group = TABLE["kind"][kind]["is"] if kind and rng.random() < 0.8 else rng.choice([*SCRAPS])
    return rng.choice(SCRAPS[group])


def names_of(rule: dict[str, Any]) -> list[str]:
    """The attributes of which the rule speaks, and one of which it does not."""
    told = [*rule.get("when", ()), *rule.get("any", ()), *rule.get("values", ())]
    told += rule.get("missing", ())
    return [*dict.fromkeys([*told, "unit", "other"])]


def made_up(rng: random.Random, rule: dict[str, Any]) -> dict[str, str]:
    kinds = rule.get("values", {})
    chosen = {n: value(rng, kinds.get(n, "")) for n in names_of(rule) if rng.random() < 0.7}
    chosen |= {name: each for name, each in rule.get("when", {}).items() if rng.random() < 0.9}
    if "unit" in chosen:
        chosen["unit"] = rng.choice(UNITS)
    return chosen


def document(rule: dict[str, Any], name: str, attributes: dict[str, str], text: str) -> str:
    told = "".join(f" {key}='{each}'" for key, each in attributes.items())
    element = f"<{name}{told}>{text}</{name}>" if text else f"<{name}{told}/>"
    return f"<domain type='test'>{rule['inside'].replace('{}', element)}</domain>"


def references(text: str, rng: random.Random) -> str:
    return "".join(f"&#{ord(c)};" if rng.random() < 0.3 else c for c in text)


@pytest.mark.parametrize("rule", TABLE["rule"], ids=[rule["name"] for rule in TABLE["rule"]])
def test_core_and_twin_agree_whatever_the_values_and_their_spelling(rule: dict[str, Any]) -> None:
    rng = random.Random(rule["name"])
    for _ in range(ROUNDS):
        name = rng.choice(rule["at"]).rpartition("/")[2]
        text = value(rng, rule["text"]) if "text" in rule else ""
        attributes = made_up(rng, rule)
        plain = document(rule, name, attributes, text)
        odd = {key: references(each, rng) for key, each in attributes.items()}
        odd_text = "".join(rng.choice((c, c, f"<![CDATA[{c}]]>", f"{c}<!-- -->")) for c in text)
        found = canon.canonicalize(plain)
        assert twin.canonicalize(plain) == found, plain
        spelled = document(rule, name, odd, odd_text)
        assert canon.canonicalize(spelled) == twin.canonicalize(spelled) == found, spelled
        assert canon.canonicalize(found) == twin.canonicalize(found) == found


@pytest.mark.parametrize("rule", TABLE["rule"], ids=[rule["name"] for rule in TABLE["rule"]])
def test_a_value_is_seen_where_all_else_is_spelled_as_libvirt_spells(rule: dict[str, Any]) -> None:
    rng = random.Random(rule["name"])
    changed = 0
    for _ in range(ROUNDS):
        name = rng.choice(rule["at"]).rpartition("/")[2]
        attributes = made_up(rng, rule)
        fixed = rule.get("when", {})
        marks = {
            key: v if key in fixed else f"?{i}?" for i, (key, v) in enumerate(attributes.items())
        }
        printed = canon.canonicalize(document(rule, name, marks, "?t?" * ("text" in rule))).decode()
        for i, each in enumerate(attributes.values()):
            printed = printed.replace(f"?{i}?", each)
        printed = printed.replace("?t?", value(rng, rule.get("text", "")) or "1")
        read = canon.canonicalize(printed).decode()
        assert twin.canonicalize(printed).decode() == read, printed
        changed += read != printed
    assert changed or not {"values", "text"} & rule.keys()
