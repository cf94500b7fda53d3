"""What a program that embeds the store may rely on, besides what the store keeps."""

from __future__ import annotations

import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import lineage
from tests.unit.store_samples import A, B, Papers, body, chain, snapshot

SECRET = "hunter2"


def at_work(directory: Path) -> Iterator[lineage.LineageError]:
    """Go through all that a store does, and give the errors that come up."""

    def refused(call: object, *args: object, **more: object) -> lineage.LineageError:
        assert callable(call)
        with pytest.raises(lineage.LineageError) as caught:
            call(*args, **more)
        return caught.value

    vnc = f"  <devices>\n    <graphics type='vnc' passwd='{SECRET}'/>\n  </devices>\n"
    domain = body().replace("  </domain>", f"{vnc}  </domain>")
    with lineage.Store(directory / "store") as store:
        for document in chain("one", "two", "three"):
            store.record(document, current=True)
        store.record(snapshot("secret", "one", domain=domain))
        store.set_current(A, "two")
        store.rename(A, "two", "deux")
        store.delete(A, "one")
        store.ingest(Papers([snapshot("four"), b"<domainsnapshot>", b"\xff" * 3000]))
        yield refused(store.record, snapshot("five"), expect=99)
        yield refused(store.record, snapshot("secret", domain=domain).replace(b"</domain>", b"<"))
        yield refused(store.record, snapshot("secret", domain=domain), domain=B)
        yield refused(store.tree, "nobody")
        yield refused(store.xml, A, "nothing")
        yield refused(store.backup, directory / "store")
        list(store.events())
        store.domains()
        store.backup(directory / "copy")
        store.undefine(A)
    yield refused(lineage.Store, directory)
    yield refused(lineage.Store, directory / "none", readonly=True)


def test_a_store_at_work_prints_logs_and_warns_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert len(list(at_work(tmp_path))) == 8
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert warned == []
    assert logging.root.manager.loggerDict.keys().isdisjoint({"lineage"})


def test_no_error_holds_anything_of_a_document_but_names(tmp_path: Path) -> None:
    for error in at_work(tmp_path):
        for text in (str(error), repr(error)):
            assert SECRET not in text
            assert "passwd" not in text


def test_two_stores_in_a_process_know_nothing_of_each_other(tmp_path: Path) -> None:
    with lineage.Store(tmp_path / "a") as a, lineage.Store(tmp_path / "b") as b:
        a.record(snapshot("one"))
        b.record(snapshot("two"))
        a.record(snapshot("three"))
        assert set(a.tree(A)) == {"one", "three"}
        assert set(b.tree(A)) == {"two"}
        assert (a.head(), b.head()) == (2, 1)


def test_a_program_that_ends_without_closing_is_not_held_up(tmp_path: Path) -> None:
    """Neither a store nor one on asyncio keeps a process from its end, nor says a word."""
    program = """
import asyncio, sys
import lineage
from tests.unit.store_samples import snapshot

plain = lineage.Store(sys.argv[1])
plain.record(snapshot("one"))

async def begin():
    store = lineage.aio.Store(sys.argv[1])
    await store.__aenter__()
    await store.record(snapshot("two"))
    return store

store = asyncio.run(begin())
"""
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", program, str(tmp_path / "store")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    with lineage.Store(tmp_path / "store", readonly=True) as store:
        assert store.head() == 2
