"""`lineage info` says of a snapshot what the installed virsh says, in the same lines."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import lineage
from tests.unit.cli_samples import run_lineage

pytestmark = pytest.mark.live

INTERNAL = "<memory snapshot='internal'/>"
NO = "<memory snapshot='no'/>"
OVERLAY = "<disk name='vda' snapshot='external'><source file='/overlay'/></disk>"
# name, parent, state, what else is in it; the second is current
SNAPSHOTS = [
    ("base", None, "shutoff", NO),
    ("kid", "base", "running", INTERNAL),
    ("two words", "kid", "disk-snapshot", f"{NO}<disks>{OVERLAY}</disks>"),
    ("lone", None, "paused", INTERNAL),
    ("crashed", "lone", "crashed", NO),
]


def virsh(*commands: str) -> str:
    """What virsh prints for these commands on the test driver, in one session."""
    done = subprocess.run(
        ["virsh", "-c", "test:///default", "; ".join(commands)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout


def test_the_lines_of_virsh_are_told_as_virsh_tells_them(tmp_path: Path) -> None:
    domain = virsh("dumpxml test --inactive").strip()
    commands = []
    store = tmp_path / "store"
    with lineage.Store(store) as opened:
        for number, (name, parent, state, rest) in enumerate(SNAPSHOTS):
            above = f"<parent><name>{parent}</name></parent>" if parent else ""
            document = (
                f"<domainsnapshot><name>{name}</name><state>{state}</state>{above}"
                f"<creationTime>{1700000000 + number}</creationTime>{rest}{domain}"
                "</domainsnapshot>"
            )
            (tmp_path / f"{number}.xml").write_text(document)
            current = " --current" if number == 1 else ""
            commands.append(f"snapshot-create test {tmp_path}/{number}.xml --redefine{current}")
            opened.record(document, current=number == 1)
    asked = [f'snapshot-info test "{name}"' for name, *_ in SNAPSHOTS]
    said = virsh(*commands, *asked)
    theirs = said[said.index("Name:") :].split("\n\n")[: len(SNAPSHOTS)]
    for (name, *_), told in zip(SNAPSHOTS, theirs, strict=True):
        ours = run_lineage("info", "test", name, "--store", store).stdout
        assert ours.splitlines()[: told.count("\n") + 1] == told.splitlines()
        assert told.count("\n") == 8
