"""Text from documents is shown so that it can neither act on a terminal nor pass for more."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.cli.table import table
from lineage.cli.text import instant, moment, quoted, safe, utf8

DANGEROUS = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
    *"\u200b\u200c\u200d\u2060\ufeff\u00ad\U000e0001\U000e0041",
    "\ud800",
    "\udcff",
]


@pytest.mark.parametrize("char", DANGEROUS, ids=lambda char: f"U+{ord(char):04X}")
def test_every_dangerous_character_is_shown_as_an_escape(char: str) -> None:
    shown = safe(f"a{char}b")
    assert char not in shown
    assert shown.startswith("a\\")
    assert shown.endswith("b")
    assert shown.isascii()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("a\u009b31m", r"a\x9b31m"),
        ("\u202e", r"\u202e"),
        ("\U000e0001", r"\U000e0001"),
        ("\udcff", r"\udcff"),
        ("a\\x1b", r"a\\x1b"),
        ("名前😀", "名前😀"),
        ("[/nope]", "[/nope]"),
        ("été", "été"),
    ],
)
def test_escapes_are_readable_and_ordinary_text_stays(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(st.text(st.characters(codec=None), max_size=20))
def test_safe_text_has_one_line_of_printable_characters_and_tells_texts_apart(text: str) -> None:
    shown = safe(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in shown)
    # A way back exists, so no two texts look the same.
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert _undone(shown) == text


def _undone(shown: str) -> str:
    out, index, digits = [], 0, {"x": 2, "u": 4, "U": 8}
    while index < len(shown):
        if shown[index] != "\\":
            out.append(shown[index])
            index += 1
        elif shown[index + 1] == "\\":
            out.append("\\")
            index += 2
        else:
            width = digits[shown[index + 1]]
            out.append(chr(int(shown[index + 2 : index + 2 + width], 16)))
            index += 2 + width
    return "".join(out)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain", "plain"),
        ("-o", "-o"),
        ("", '""'),
        ("two words", '"two words"'),
        ("* s1", '"* s1"'),
        ("*", '"*"'),
        ("(missing", '"(missing"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("s1\u00a0(current)", "s1\\xa0(current)"),
    ],
)
def test_a_name_cannot_pass_for_a_mark_or_a_remark(name: str, shown: str) -> None:
    assert quoted(name) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1351000000, "2012-10-23T13:46:40Z"),
        (253402300799, "9999-12-31T23:59:59Z"),
        (253402300800, None),
        (2**63 - 1, None),
        (-1, None),
        (-(2**63), None),
        (None, None),
    ],
)
def test_any_creation_time_is_either_rfc_3339_or_not_at_all(
    seconds: int | None, shown: str | None
) -> None:
    assert moment(seconds) == shown


def test_a_time_of_recording_is_rounded_up_so_that_as_of_it_the_event_is_there() -> None:
    assert instant(1_000_000_000) == "1970-01-01T00:00:01.000000Z"
    assert instant(1_000_000_001) == "1970-01-01T00:00:01.000001Z"
    assert instant(2**63 - 1) == "2262-04-11T23:47:16.854776Z"


def test_json_text_has_no_lone_surrogate() -> None:
    assert utf8("a\udcff名") == "a\\udcff名"


def test_a_table_aligns_wide_characters_and_one_long_name_moves_only_its_own_row() -> None:
    rows = [("名前", "x"), ("n" * 50, "y"), ("e\u0301", "z")]
    assert list(table(("Name", "S"), rows)) == [
        "Name" + " " * 36 + "  S",
        "名前" + " " * 36 + "  x",
        "n" * 50 + "  y",
        "e\u0301" + " " * 39 + "  z",
    ]
