"""The script of ``export --redefine`` gives libvirt the snapshots back, through the real virsh."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .libvirt_child import DEFAULT, LiveLibvirt
from .operating import NOON, Operator
from .test_redefine_live import HOSTILE, bush, family

pytestmark = pytest.mark.live

SHIM = Path(__file__).with_name("virsh_with_memory.py")


class Scripted:
    """An exported directory, and a virsh that the script is run with."""

    def __init__(self, operator: Operator, directory: Path) -> None:
        self.operator = operator
        self.target = directory / "give back"
        self.memory = directory / "memory"
        self.memory.touch()
        self.virsh = directory / "virsh"
        self.virsh.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{SHIM}" "$@"\n')
        self.virsh.chmod(0o700)
        operator.plain("export", "test", "--redefine", self.target)

    def run(self, *shell: str, status: int = 0) -> list[str]:
        """Run the script from another directory; what it says."""
        done = subprocess.run(
            [*shell, str(self.target / "redefine.sh"), DEFAULT],
            env={**os.environ, "VIRSH": str(self.virsh), "MEMORY": str(self.memory)},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert (done.returncode, done.stderr) == (status, ""), done.stdout + done.stderr
        return done.stdout.splitlines()

    def commands(self) -> list[list[str]]:
        """What created something in libvirt."""
        return [json.loads(line) for line in self.memory.read_text().splitlines()]

    def replayed(self) -> Any:
        """What libvirt has after these commands."""
        self.operator.fresh_world()
        for command in self.commands():
            options = dict(zip(command[1:5:2], command[2:5:2], strict=True))
            assert options["--domain"] == self.operator.uuid
            text = (self.target / options["--xmlfile"]).read_text(encoding="utf-8")
            self.operator.live.call("redefine", text, *["CURRENT"] * ("--current" in command))
        return self.operator.seen()


@pytest.fixture
def operator(live: LiveLibvirt, tmp_path: Path) -> Operator:
    return Operator(live, tmp_path / "store.db")


@pytest.mark.parametrize("current", ["base", "leaf"])
@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
def test_the_script_gives_the_tree_back(
    operator: Operator, tmp_path: Path, shell: str, current: str
) -> None:
    family(operator, *bush(operator))
    operator.live.call("revert", current)
    operator.lineage("capture")
    before = operator.seen()
    scripted = Scripted(operator, tmp_path)
    said = scripted.run(shell)
    assert sum(" done: " in line for line in said) == 4 + (current == "base")
    after = scripted.replayed()
    assert (after["xml"], after["current"]) == (before["xml"], current)


def test_the_script_does_nothing_where_all_is_there(operator: Operator, tmp_path: Path) -> None:
    family(operator, *bush(operator))
    operator.live.call("revert", "left")
    operator.lineage("capture")
    scripted = Scripted(operator, tmp_path)
    scripted.run("sh")
    done = scripted.commands()
    assert [line.split(maxsplit=1)[1] for line in scripted.run("sh")] == [
        "already there: base",
        "already there: left",
        "already there: leaf",
        "already there: right",
    ]
    assert scripted.commands() == done


def test_what_libvirt_refuses_blocks_its_descendants_and_nothing_else(
    operator: Operator, tmp_path: Path
) -> None:
    family(operator, *bush(operator))
    scripted = Scripted(operator, tmp_path)
    in_the_way = tmp_path / "running.xml"
    in_the_way.write_text(operator.document("left", state="running"))
    command = ["snapshot-create", "--domain", "test", "--xmlfile", str(in_the_way), "--redefine"]
    scripted.memory.write_text(json.dumps(command) + "\n")
    base, left, leaf, right = scripted.run("sh", status=3)
    assert base == "0001.xml done: base"
    assert left.startswith("0002.xml refused: left: error: ")
    assert "cannot change between online and offline snapshot state" in left
    assert leaf == "0003.xml blocked by 0002.xml: leaf"
    assert right == "0004.xml done: right"


def test_no_name_means_anything_to_the_shell_or_to_virsh(
    operator: Operator, tmp_path: Path
) -> None:
    parents = [None, *HOSTILE]
    family(
        operator,
        *(operator.document(n, p, NOON) for n, p in zip(HOSTILE, parents, strict=False)),
    )
    operator.live.call("revert", HOSTILE[-1])
    operator.lineage("capture")
    before = operator.seen()
    scripted = Scripted(operator, tmp_path)
    written = {path.name for path in scripted.target.iterdir()}
    said = scripted.run("sh")
    assert len(said) == len(HOSTILE)
    assert all(line.isascii() and line.isprintable() for line in said)
    assert {path.name for path in scripted.target.iterdir()} == written
    assert all("already there" in line for line in scripted.run("sh"))
    after = scripted.replayed()
    assert (after["xml"], after["current"]) == (before["xml"], HOSTILE[-1])
