"""The README's session, run as it stands."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

import lineage
from tests.unit.store_samples import A, snapshot

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MARK = "\x1e"  # between the outputs of two commands; no command prints it


def block(language: str) -> str:
    """The README's one block in that language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return str(found)


def session() -> list[tuple[str, str]]:
    """The commands of the session, each with what it prints."""
    parts = re.split(r"^\$ (.*)\n", block("console"), flags=re.MULTILINE)
    assert parts.pop(0) == ""
    return list(zip(parts[::2], parts[1::2], strict=True))


def environment(directory: Path) -> dict[str, str]:
    """What `. .venv/bin/activate` gives: `python` and `lineage` on the path."""
    programs = directory / "bin"
    programs.mkdir()
    for name, arguments in (("python", ""), ("lineage", "-m lineage")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        program.chmod(0o700)
    paths = [str(ROOT), str(Path(lineage.__file__).resolve().parents[1])]
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(paths),
        "HOME": str(directory),
        "LC_ALL": "C.UTF-8",
    }


def test_the_session_prints_what_the_readme_says(tmp_path: Path) -> None:
    commands = session()
    assert len(commands) > 5
    script = f"printf '{MARK}'\n".join(f"{command}\n" for command, _ in commands)
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=work,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=120,
    )
    printed = done.stdout.decode().split(MARK)
    assert dict(enumerate(printed)) == {n: shown for n, (_, shown) in enumerate(commands)}
    assert done.returncode == 0


def test_the_python_lines_do_what_the_readme_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    examples = doctest.DocTestParser().get_doctest(block("pycon"), {}, "README", "README.md", 0)
    assert len(examples.examples) >= 5
    told: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(examples, out=told.append)
    assert result.failed == 0, "".join(told)


class Job(NamedTuple):
    """Something that the hypervisor was asked to do."""

    id: str
    domain: str
    document: bytes
    seen_version: int
    began: datetime


class Hypervisor:
    """What a daemon has of its own: jobs, and notes of what became of them."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.notes: list[tuple[object, ...]] = []

    def take(self, id: str, document: bytes, seen_version: int) -> None:
        self.jobs.append(Job(id, A, document, seen_version, datetime.now(UTC)))

    def finished_jobs(self) -> list[Job]:
        return self.jobs

    def dump_snapshot(self, job: Job) -> bytes:
        return job.document

    def start_over(self, job: Job, seen_version: int) -> None:
        self.notes.append((job.id, "start over", seen_version))

    def reject(self, job: Job, why: str) -> None:
        self.notes.append((job.id, "rejected", why))

    def acknowledge(self, job: Job, version: int, new: set[str]) -> None:
        self.notes.append((job.id, "acknowledged", version, new))


def test_the_daemon_does_what_the_readme_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program = block("python")
    assert len([line for line in program.splitlines() if line]) <= 20
    hypervisor = Hypervisor()

    def run() -> list[tuple[object, ...]]:
        hypervisor.notes.clear()
        exec(compile(program, "README.md", "exec"), {"hypervisor": hypervisor})
        return list(hypervisor.notes)

    hypervisor.take("first", snapshot("one"), 0)
    assert run() == [("first", "acknowledged", 2, {"one"})]
    hypervisor.take("second", snapshot("two", "one"), 2)
    hypervisor.take("late", snapshot("three", "one"), 2)
    hypervisor.take("broken", snapshot("four").replace(b"<state>shutoff</state>", b""), 4)
    answers = [
        ("first", "acknowledged", 2, {"one"}),
        ("second", "acknowledged", 4, {"two"}),
        ("late", "start over", 4),
        ("broken", "rejected", "state-missing at byte 0"),
    ]
    assert run() == answers
    with lineage.Store("history.db") as store:
        store.delete(A, "one")
        assert store.head() == 5
    assert run()[:2] == answers[:2]  # whatever happened since
    with lineage.Store("history.db") as store:
        assert store.head() == 5
        assert {event.source for event in store.events(0)} == {"snapshot agent", ""}


def test_links_lead_somewhere() -> None:
    for document in ROOT.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
            assert (ROOT / target).exists(), f"{document.name}: {target}"
