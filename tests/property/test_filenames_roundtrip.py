"""File names hold for every name there can be."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from lineage.filenames import LIMIT, decode, encode

# Dense in what encoding is about. 40 characters of at most 6 bytes each always fit.
ODD = "%%%/.~0123479ABCDEFaf\x01\n\x1f\x7f\x80\x85\x9fé☃xyz"
FITTING = st.text(ODD, min_size=1, max_size=40) | st.text(min_size=1, max_size=40)
LONG = st.builds(lambda text, times: text * times, FITTING, st.integers(1, 120))
HARMLESS = st.characters(exclude_characters="/%.", exclude_categories=["Cc", "Cs"])


@given(FITTING)
def test_a_name_that_fits_comes_back(name: str) -> None:
    assert decode(encode(name)) == name


@given(FITTING, FITTING)
def test_two_names_never_share_a_file_name(one: str, other: str) -> None:
    assert (encode(one) == encode(other)) == (one == other)


@given(LONG)
def test_two_names_that_are_cut_do_not_either(name: str) -> None:
    assert encode(name) != encode(name + "x")


@given(LONG, st.sampled_from(["", ".xml"]))
def test_the_result_is_always_a_file_name(name: str, suffix: str) -> None:
    filename = encode(name, suffix=suffix) + suffix
    assert 0 < len(filename.encode()) <= LIMIT
    assert not re.search(r"[/\x00-\x1f\x7f-\x9f]", filename)
    assert not filename.startswith(".")


@given(st.text(HARMLESS, min_size=1, max_size=60))
def test_a_harmless_name_is_not_touched(name: str) -> None:
    assert encode(name) == name
    assert decode(name) == name
