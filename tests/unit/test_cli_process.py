"""The command as a process: pipes, encodings, signals, closed streams."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UUID = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
ZONES = ["UTC", "Asia/Kolkata", "America/St_Johns"]
LINEAGE = [sys.executable, "-m", "lineage"]


def environment(store: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "LINEAGE_STORE": str(store),
        "HOME": str(store.parent),
        **more,
    }


def lineage(
    store: Path, *args: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*LINEAGE, *args],
        env=environment(store, **(env or {})),
        capture_output=True,
        timeout=60,
        check=False,
    )


def archive(directory: Path, names: list[str]) -> Path:
    directory.mkdir()
    for number, name in enumerate(names):
        (directory / f"{number}.xml").write_text(
            f"<domainsnapshot><name>{name}</name><state>shutoff</state>"
            f"<creationTime>{number}</creationTime>"
            f"<domain type='kvm'><name>web</name><uuid>{UUID}</uuid></domain></domainsnapshot>",
            encoding="utf-8",
        )
    return directory


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("process")
    names = ["名前😀", "été", *(f"s{number}" for number in range(5000))]
    result = lineage(directory / "s.db", "import", str(archive(directory / "in", names)))
    assert result.returncode == 0, result.stderr
    return directory / "s.db"


@pytest.mark.parametrize("command", [["list"], ["list", "--json"], ["tree"], ["log"]])
def test_a_reader_that_stops_early_sees_no_error(store: Path, command: list[str]) -> None:
    process = subprocess.Popen(
        [*LINEAGE, *command],
        env=environment(store),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 141
    process.stderr.close()


@pytest.mark.parametrize("command", [["list"], ["tree"], ["show", "web", "s1"]])
def test_a_full_disk_is_one_line_and_refused(store: Path, command: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            [*LINEAGE, *command], env=environment(store), stdout=full, stderr=-1, check=False
        )
    assert result.returncode == 4
    assert result.stderr == b"lineage: No space left on device\n"


@pytest.mark.parametrize(("command", "status"), [("list >&-", 4), ("canon <&-", 3)])
def test_a_closed_stream_is_one_line(store: Path, command: str, status: int) -> None:
    script = f"exec {sys.executable} -m lineage {command}"
    result = subprocess.run(
        ["/bin/sh", "-c", script], env=environment(store), stderr=-1, check=False
    )
    assert result.returncode == status
    assert result.stderr.endswith(b"is closed\n")
    assert result.stderr.count(b"\n") == 1


def test_the_time_zone_changes_nothing_that_is_printed(store: Path) -> None:
    for command in (["list", "--json"], ["tree"], ["log"]):
        outputs = {lineage(store, *command, env={"TZ": zone}).stdout for zone in ZONES}
        assert len(outputs) == 1


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"PYTHONIOENCODING": "cp1252"},
    ],
    ids=["C", "ascii", "cp1252"],
)
def test_any_locale_takes_the_output(store: Path, env: dict[str, str]) -> None:
    for command in ("tree", "list", "log"):
        result = lineage(store, command, env=env)
        assert (result.returncode, result.stderr) == (0, b"")
        assert rb"\u540d\u524d\U0001f600" in result.stdout
        assert (b"\xe9t\xe9" if "cp1252" in env.values() else rb"\xe9t\xe9") in result.stdout
    shown = lineage(store, "show", "web", "s1", env=env).stdout
    assert shown.startswith(b"<domainsnapshot>\n  <name>s1</name>\n")


def test_an_interrupted_import_is_status_130_and_one_line(store: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "slow.tar"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [*LINEAGE, "import", str(pipe)], env=environment(tmp_path / "s.db"), stderr=-1
    )
    with pipe.open("wb") as writer:  # opened as soon as the import reads
        writer.write(b"<")
        writer.flush()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert process.stderr is not None
    assert process.stderr.read() == b"lineage: interrupted\n"
    process.stderr.close()
    assert not (tmp_path / "s.db").exists()


@pytest.mark.parametrize("packed", [False, True], ids=["directory", "tar"])
def test_progress_is_shown_on_a_terminal_only(tmp_path: Path, packed: bool) -> None:
    source = archive(tmp_path / "in", [f"s{number}" for number in range(300)])
    if packed:
        with tarfile.open(tmp_path / "in.tar", "w") as tar:
            tar.add(source, "snapshot/web")
        source = tmp_path / "in.tar"
    assert lineage(tmp_path / "a.db", "import", str(source)).stderr == b""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*LINEAGE, "import", str(source)],
        env=environment(tmp_path / "b.db"),
        stdout=subprocess.PIPE,
        stderr=slave,
    )
    os.close(slave)
    shown = _until_closed(master)
    assert process.wait(60) == 0
    assert b"importing" in shown
    assert (b"100%" if packed else b"300 documents") in shown
    assert process.stdout is not None
    assert process.stdout.read() == b"300 snapshots of 1 domain: 300 added\n"
    process.stdout.close()


def _until_closed(terminal: int) -> bytes:
    shown = b""
    try:
        while data := os.read(terminal, 4096):
            shown += data
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(terminal)
    return shown


def test_the_version_is_the_distributions() -> None:
    from importlib.metadata import version

    result = subprocess.run([*LINEAGE, "--version"], capture_output=True, check=True, cwd=ROOT)
    assert result.stdout.decode() == f"lineage {version('lineage-store')}\n"
