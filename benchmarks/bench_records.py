"""`lineage.parse` and `lineage.format` against the same on lxml.

Run with ``make bench``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest

import lineage
from benchmarks.generate import documents
from benchmarks.rivals import lxml_record, lxml_tostring
from benchmarks.rounds import Rival

COUNT: Final = 2500
ROUNDS: Final = 15
BODIES: Final = ("domain", "inactive_domain", "cookie")


@pytest.fixture(scope="module")
def printed() -> list[bytes]:
    """Documents as libvirt prints them."""
    return list(documents(COUNT, seed=2))


def test_parse(printed: list[bytes], versus: Callable[..., Any]) -> None:
    """A document to a record."""
    for document in printed:
        assert comparable(lxml_record.parse(document)) == comparable(snapshot(document))

    def ours() -> None:
        for document in printed:
            lineage.parse(document)

    def rival() -> None:
        for document in printed:
            lxml_record.parse(document)

    versus("records parse", ours, Rival("lxml", rival, wanted=10), items=COUNT, rounds=ROUNDS)


def test_format(printed: list[bytes], versus: Callable[..., Any]) -> None:
    """A record to a document."""
    records = [snapshot(document) for document in printed]
    assert [lineage.format(record) for record in records] == printed
    for record, document in zip(records, printed, strict=True):
        assert lineage.canonicalize(lxml_record.print_record(record)) == document

    def ours() -> None:
        for record in records:
            lineage.format(record)

    def rival() -> None:
        for record in records:
            lxml_record.print_record(record)

    versus("records format", ours, Rival("lxml", rival, wanted=10), items=COUNT, rounds=ROUNDS)


def snapshot(document: bytes) -> lineage.Snapshot:
    """The record of a snapshot document."""
    record = lineage.parse(document)
    assert isinstance(record, lineage.Snapshot)
    return record


def comparable(record: lineage.Snapshot) -> lineage.Snapshot:
    """The record with its bodies as lxml prints them, which differs in the quotes alone."""
    bodies = {name: getattr(record, name) for name in BODIES}
    return msgspec.structs.replace(
        record, **{name: body and lxml_tostring.rewrite(body) for name, body in bodies.items()}
    )
