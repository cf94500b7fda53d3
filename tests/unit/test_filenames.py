"""What a snapshot's or domain's name becomes on disk, and back."""

from __future__ import annotations

import hashlib

import pytest

from lineage.filenames import LIMIT, decode, encode


@pytest.mark.parametrize(
    "name",
    ["s1", "before upgrade", "50%20off"[:3], "100%", "a%zz", "été ☃", "-o", "$(id)", "a~b", "a.b."],
)
def test_a_name_that_can_be_a_file_name_stays_as_libvirt_writes_it(name: str) -> None:
    assert encode(name) == name
    assert decode(name) == name


@pytest.mark.parametrize(
    ("name", "filename"),
    [
        ("a/b", "a%2Fb"),
        (".hidden", "%2Ehidden"),
        (".", "%2E"),
        ("..", "%2E."),
        ("a\nb\tc", "a%0Ab%09c"),
        ("esc\x1b[0m", "esc%1B[0m"),
        ("del\x7f", "del%7F"),
        ("c1\x9b", "c1%C2%9B"),
        ("50%20off", "50%2520off"),
        ("%2f", "%252f"),
        ("%/", "%%2F"),
        ("%2/", "%2%2F"),
    ],
)
def test_a_name_that_cannot_be_a_file_name_is_percent_encoded(name: str, filename: str) -> None:
    assert encode(name) == filename
    assert decode(filename) == name


@pytest.mark.parametrize("filename", ["50%20off", "a%41", "a%2fb", "a%2E", "%C3%A9", "%25", "%"])
def test_what_encode_never_writes_is_read_as_it_stands(filename: str) -> None:
    assert decode(filename) == filename


def test_the_limit_counts_bytes_and_the_suffix() -> None:
    fits = "é" * 121 + "x"  # 243 bytes and .xml
    assert encode(fits) == fits
    assert encode(fits + "x") != fits + "x"
    assert encode(fits + "xxxx", suffix="") == fits + "xxxx"
    assert encode(fits + "xxxxx", suffix="") != fits + "xxxxx"


def test_a_long_name_is_cut_and_ends_in_its_digest() -> None:
    name = "n" * 300
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    assert encode(name) == "n" * (LIMIT - 4 - 17) + "~" + digest
    assert encode(name + "n") != encode(name)


@pytest.mark.parametrize("lead", range(5))
@pytest.mark.parametrize(
    ("unit", "encoded"),
    [("/", "%2F"), ("\x85", "%C2%85"), ("☃", "☃"), ("\U0001f600", "\U0001f600")],
)
def test_a_cut_never_splits_a_character_or_an_escape(lead: int, unit: str, encoded: str) -> None:
    name = "x" * lead + unit * 300
    stem = encode(name)[:-17]
    assert LIMIT - 4 - 17 - len(encoded.encode()) < len(stem.encode()) <= LIMIT - 4 - 17
    assert stem == "x" * lead + encoded * ((len(stem) - lead) // len(encoded))


def test_a_name_that_encoding_makes_too_long_is_cut() -> None:
    assert len(encode("/" * 82).encode()) == LIMIT - 4 - 17 - 1 + 17
    assert encode("/" * 81) == "%2F" * 81


@pytest.mark.parametrize("name", ["", "\ud800"])
def test_what_no_name_can_be_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"empty name|surrogates not allowed"):
        encode(name)
