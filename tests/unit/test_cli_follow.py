"""`lineage log --follow` and `--allow-network`, as processes."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lineage import Store
from tests.unit.cli_samples import run_lineage
from tests.unit.mounts import pretend
from tests.unit.store_samples import B, body, snapshot

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    directory = tmp_path / "dir"
    directory.mkdir()
    with Store(directory / "s.lineage") as store:
        store.record(snapshot("a"))
    return directory / "s.lineage"


@contextmanager
def following(path: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command, running; killed at the end if it still does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lineage", "log", "--follow", *options],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LINEAGE_STORE": str(path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[bytes]) -> str:
    """The next line, as soon as it is there in full."""
    assert process.stdout is not None
    text = b""
    while not text.endswith(b"\n"):
        assert select.select([process.stdout], [], [], 20)[0], "no line comes"
        byte = process.stdout.read(1)
        assert byte, "it ended"
        text += byte
    return text.decode()


def test_each_event_is_printed_as_it_comes(path: Path) -> None:
    with following(path) as process, Store(path) as store:
        assert line(process).endswith(" vm  1  defined a\n")
        store.record(snapshot("b"))
        assert line(process).endswith(" vm  2  defined b\n")
        store.record(snapshot("c", domain=body(B, "later")))  # a domain that there was not
        assert line(process).endswith(" later  1  defined c\n")
        time.sleep(1.5)  # it looked in between whether anybody reads
        store.rename("vm", "b", "d")
        assert line(process).endswith(" vm  3  renamed b to d\n")


def test_each_event_is_an_object_a_line_and_one_domain_can_be_followed(path: Path) -> None:
    with following(path, "--json", "vm", "--after", "1") as process, Store(path) as store:
        store.record(snapshot("c", domain=body(B, "other")))
        for name in ("b", "c"):
            store.record(snapshot(name))
            event = json.loads(line(process))
            assert (event["domain_name"], event["name"]) == ("vm", name)


def test_an_interrupt_ends_it_with_130(path: Path) -> None:
    with following(path) as process:
        line(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr is not None
        assert process.stderr.read() == b"lineage: interrupted\n"


def test_it_ends_quietly_when_nobody_reads_any_more(path: Path) -> None:
    with following(path) as process:
        line(process)
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(20) == 141  # though nothing more happens
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_limit_ends_it(path: Path) -> None:
    with following(path, "--limit", "2") as process, Store(path) as store:
        line(process)
        assert process.poll() is None
        store.record(snapshot("b"))
        line(process)
        assert process.wait(20) == 0


def test_current_cannot_be_followed(path: Path) -> None:
    run_lineage("log", "--store", path, "--current", "--follow", "vm", status=2)


def test_the_command_opens_a_network_store_only_if_asked(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, path, "nfs4")
    refused = run_lineage("tree", "--store", path, status=4)
    assert "on a network file system (nfs4)" in refused.stderr
    record = ["record", "current", "vm", "a", "--store", path]
    run_lineage(*record, status=4)
    run_lineage(*record, "--allow-network")
    assert "a" in run_lineage("tree", "--store", path, "--allow-network").stdout
    copy = path.with_name("copy")
    run_lineage("backup", copy, "--store", path, "--allow-network")
    monkeypatch.setenv("LINEAGE_ALLOW_NETWORK", "1")
    assert "current is a" in run_lineage("log", "--store", copy).stdout


def test_the_command_says_once_what_it_thinks_of_a_file_system(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, path, "fuse.bindfs")
    for _ in range(2):
        result = run_lineage("list", "--store", path)
        assert result.stderr.startswith(f"lineage: warning: {path}: on fuse.bindfs; whether locks")
        assert result.stderr.count("\n") == 1
        assert "vm" in result.stdout
