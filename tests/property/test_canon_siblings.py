"""Siblings of one name that libvirt sorts by value: laws, for every row of order.toml."""

from __future__ import annotations

import random
import tomllib
from importlib.resources import files
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage import canon
from lineage.canon import _core, twin

ORDERS: Final = tomllib.loads(files(canon).joinpath("order.toml").read_text())["same_name"]
ROWS: Final = sorted(ORDERS)
# No such key: nothing, another spelling, too much, something else.
ODD: Final = ("", "x y", "-1", "+1", " 1", "1.", "0x1", "4294967296", "9" * 5000, "é", "&amp;", "*")
UNKNOWN: Final = ("<u/>", "<u>t<model primary='yes'/>\n</u>", "<v id='0' name='a'/>", "stray")

rows = st.sampled_from(ROWS)
numbers = st.integers(0, 30) | st.integers(0, (1 << 32) - 1)
names = st.text("abAB_019", min_size=1, max_size=3)


def good(key: dict[str, Any]) -> st.SearchStrategy[str]:
    """A value that reads as the key should."""
    if key["as"] == "number":
        return numbers.map(str)
    if key["as"] == "name":
        return names
    return st.sampled_from([word if word != "*" else "no" for word in key["as"]])


def element(row: str, values: tuple[str | None, ...]) -> str:
    """A sibling with these keys, None for one that it lacks, and one attribute before them."""
    name, attributes, inside = row.partition("/")[2], " a='&gt;'", ""
    for key, value in zip(ORDERS[row], values, strict=True):
        if value is not None and "child" in key:
            inside += f"<{key['child']} {key['attribute']}='{value}'/>"
        elif value is not None:
            attributes += f" {key['attribute']}='{value}'"
    return f"<{name}{attributes}>{inside}</{name}>"


def document(row: str, inside: list[str]) -> str:
    """The siblings in their place, wherever that is in a domain."""
    context = row.partition("/")[0]
    return f"<domain><place><{context}>{''.join(inside)}</{context}></place></domain>"


@st.composite
def families(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A row and siblings that have all keys, no two the same."""
    row = draw(rows)
    keys = st.tuples(*(good(key) for key in ORDERS[row]))
    return row, [element(row, each) for each in draw(st.lists(keys, max_size=24, unique=True))]


@st.composite
def crowds(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A row and siblings with any keys, the same ones and none too, between unknown things."""
    row = draw(rows)
    odd = st.none() | st.sampled_from(ODD)
    rarely = st.integers(0, 15).flatmap(lambda n: st.just(n == 0))
    keys = [rarely.flatmap(lambda no, key=key: odd if no else good(key)) for key in ORDERS[row]]
    sibling = st.tuples(*keys).map(lambda values: element(row, values))
    return row, draw(st.lists(sibling | sibling | st.sampled_from(UNKNOWN), max_size=24))


@given(families(), st.randoms(use_true_random=False))
def test_the_order_of_siblings_with_different_keys_does_not_matter(
    family: tuple[str, list[str]], rng: random.Random
) -> None:
    row, siblings = family
    expected = canon.canonicalize(document(row, siblings))
    rng.shuffle(siblings)
    assert canon.canonicalize(document(row, siblings)) == expected


@settings(max_examples=600)
@given(crowds())
def test_sorted_siblings_stay_as_they_are(crowd: tuple[str, list[str]]) -> None:
    once = canon.canonicalize(document(*crowd))
    assert canon.canonicalize(once) == once


@settings(max_examples=1200)
@given(crowds())
def test_the_twin_sorts_siblings_like_the_core(crowd: tuple[str, list[str]]) -> None:
    xml = document(*crowd)
    assert _core.canonicalize(xml) == twin.canonicalize(xml)


@pytest.mark.parametrize("row", ROWS)
def test_all_siblings_are_there_afterwards(row: str) -> None:
    keys = ORDERS[row]
    siblings = [element(row, tuple("1" for _ in keys)), element(row, tuple(None for _ in keys))]
    text = canon.canonicalize(document(row, siblings * 40)).decode()
    assert text.count(f"      <{row.partition('/')[2]} a='&gt;'") == 80
