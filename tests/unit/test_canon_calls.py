"""What canonicalize and canonicalize_many take and give."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import lineage
from benchmarks.generate import documents
from lineage import canon
from lineage.errors import LineageError, SnapshotError, XMLError

from .canon_samples import lines, refusal, request, snapshot

ACTIVE = snapshot("<active>1</active>")


def test_the_public_functions_are_those_of_the_package() -> None:
    assert lineage.canonicalize is canon.canonicalize
    assert lineage.canonicalize_many is canon.canonicalize_many
    assert (lineage.parse, lineage.format) == (canon.parse, canon.format)
    assert canon.CANON_VERSION == 1


def test_redefine_is_the_default_mode_and_drops_active() -> None:
    assert canon.canonicalize(ACTIVE) == canon.canonicalize(ACTIVE, mode="redefine")
    assert lines(ACTIVE, "redefine") == lines(snapshot(), "redefine")


def test_create_requires_and_invents_nothing() -> None:
    assert canon.canonicalize("<domainsnapshot/>", mode="create") == b"<domainsnapshot/>\n"
    given = "<state>paused</state><parent><name>p</name></parent><creationTime>7</creationTime>"
    assert lines(request(given)) == [
        *("<state>paused</state>", "<parent>", "  <name>p</name>", "</parent>"),
        "<creationTime>7</creationTime>",
    ]


def test_internal_requires_active_and_prints_it_last() -> None:
    assert lines(ACTIVE, "internal")[-1] == "<active>1</active>"
    assert refusal(snapshot(), "internal").code == "active-missing"


@pytest.mark.parametrize("mode", ["redefine", "create", "internal"])
def test_a_domain_is_the_same_in_every_mode(mode: str) -> None:
    xml = "<domain type='kvm'><uuid/><name>vm</name></domain>"
    expected = b"<domain type='kvm'>\n  <name>vm</name>\n  <uuid/>\n</domain>\n"
    assert canon.canonicalize(xml, mode=mode) == expected


@pytest.mark.parametrize("mode", ["", "Redefine", "validate", None, 1, []])
def test_another_mode_is_a_value_error_that_lists_the_modes(mode: str) -> None:
    with pytest.raises(ValueError, match="redefine, create, internal") as caught:
        canon.canonicalize(snapshot(), mode=mode)
    assert not isinstance(caught.value, LineageError)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_kind_of_bytes_and_str_is_the_same_document(kind: type) -> None:
    xml = snapshot("<description>é\U0001f600</description>")
    assert canon.canonicalize(kind(xml.encode())) == canon.canonicalize(xml)


def test_a_slice_of_a_memoryview_is_its_own_document() -> None:
    padded = memoryview(b"xx" + snapshot().encode() + b"xx")
    assert canon.canonicalize(padded[2:-2]) == canon.canonicalize(snapshot())


@pytest.mark.parametrize("xml", [None, 5, ["<domain/>"], object()])
def test_what_is_no_text_is_a_type_error(xml: str) -> None:
    with pytest.raises(TypeError, match="bytes or str"):
        canon.canonicalize(xml)
    with pytest.raises(TypeError, match="bytes or str"):
        canon.canonicalize_many([snapshot(), xml])


@pytest.mark.parametrize(
    ("text", "offset"), [("\ud800", 0), ("<a>\udc80", 3), ("é€\U0001f600\udfff", 9)]
)
def test_a_lone_surrogate_is_refused_at_its_place_in_utf8(text: str, offset: int) -> None:
    error = refusal(text)
    assert (type(error), error.code, error.offset) == (XMLError, "encoding-utf8", offset)


def test_canonical_bytes_come_back_as_the_same_object() -> None:
    for document in documents(20, seed=3):
        assert canon.canonicalize(document) is document
        assert canon.split(document).xml is document


def test_an_error_says_what_and_where_and_nothing_of_the_document() -> None:
    error = refusal("<domainsnapshot><secret></domainsnapshot>")
    assert str(error) == "end tag does not match the open element (tag-mismatch, byte 24)"
    assert isinstance(error, ValueError)
    assert "secret" not in repr(error)


def test_many_keeps_the_order_of_good_and_bad() -> None:
    given = [snapshot(), "<a>", b"<domainsnapshot/>", "\ud800", bytearray(b"<domain/>")]
    good, malformed, lacking, surrogate, domain = canon.canonicalize_many(given)
    assert good == canon.canonicalize(snapshot())
    assert domain == b"<domain/>\n"
    assert isinstance(malformed, XMLError)
    assert (malformed.code, malformed.offset) == ("tag-unclosed", 3)
    assert isinstance(lacking, SnapshotError)
    assert lacking.code == "name-missing"
    assert isinstance(surrogate, XMLError)
    assert surrogate.code == "encoding-utf8"


def test_many_takes_any_iterable_and_more_documents_than_a_stretch_holds() -> None:
    def some() -> Iterator[str]:
        for number in range(1000):
            bad = number % 7 == 3
            yield "<x" if bad else snapshot(f"<description>{number}</description>")

    results = canon.canonicalize_many(some())
    assert len(results) == 1000
    for number, (result, xml) in enumerate(zip(results, some(), strict=True)):
        if number % 7 == 3:
            assert isinstance(result, XMLError)
        else:
            assert result == canon.canonicalize(xml)


def test_many_of_none_is_none() -> None:
    assert canon.canonicalize_many([]) == []


def test_many_reads_in_the_mode_asked_for() -> None:
    assert canon.canonicalize_many(["<domainsnapshot/>"], mode="create") == [b"<domainsnapshot/>\n"]
    assert canon.canonicalize_many([ACTIVE], mode="internal") == [
        canon.canonicalize(ACTIVE, mode="internal")
    ]
    with pytest.raises(ValueError, match="mode"):
        canon.canonicalize_many([], mode="odd")


def test_many_lets_an_error_of_the_iterable_through() -> None:
    def broken() -> Iterator[str]:
        yield snapshot()
        raise RuntimeError("the source failed")

    with pytest.raises(RuntimeError, match="the source failed"):
        canon.canonicalize_many(broken())


def test_threads_do_not_disturb_each_other() -> None:
    every = [list(documents(40, seed=seed)) for seed in range(8)]
    start = threading.Barrier(8, timeout=30)

    def work(mine: list[bytes]) -> bool:
        start.wait()
        padded = [document.replace(b"\n  <", b"\n <!-- c --> <") for document in mine]
        for _ in range(5):
            if [canon.canonicalize(xml) for xml in padded] != mine:
                return False
            if canon.canonicalize_many(padded) != mine:
                return False
            if [canon.format(canon.parse(xml)) for xml in padded] != mine:
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, every)) == [True] * 8


@pytest.mark.parametrize(
    "read",
    [canon.canonicalize, canon.parse, canon.split, lambda xml: canon.canonicalize_many([xml])],
    ids=["canonicalize", "parse", "split", "canonicalize_many"],
)
def test_other_threads_run_while_a_document_is_read(read: Callable[[bytes], object]) -> None:
    large = snapshot("<zork/>" * 1_000_000).encode()
    begun, ended = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        read(large)
        ended.set()

    turns, interval = 0, sys.getswitchinterval()
    reader = threading.Thread(target=work)
    try:
        sys.setswitchinterval(100)  # nobody is made to give way: only who lets go does
        reader.start()
        begun.wait(30)
        while not ended.is_set():
            turns += 1
            time.sleep(0.0001)
    finally:
        sys.setswitchinterval(interval)
        reader.join()
    assert turns > 1
