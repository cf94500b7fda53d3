"""How many instructions the core takes for fixed documents: a figure that no busy machine moves.

Run with ``make bench-instructions``, which records them, and ``make compare-instructions``,
which compares with what was recorded. Compilers differ, so only counts of one setting (compiler,
C library, vector instructions) are compared.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import re
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.generate import documents, scramble

__all__ = ["Record", "Run", "moved", "read_profile"]

ROOT: Final = Path(__file__).resolve().parents[1]
RECORD: Final = ROOT / "benchmarks" / "results" / "instructions.json"
COUNT: Final = 500
TOLERANCE: Final = 0.02  # of a run's instructions
SHOWN: Final = 0.002  # of a run's instructions: functions that take or moved less are not named
RUNS: Final = {
    "canonical": ("canonicalize", "canonical"),
    "scrambled": ("canonicalize", "scrambled"),
    "parse": ("parse", "canonical"),
    "format": ("format", "canonical"),
}
DEFINITION: Final = re.compile(r"\((\d+)\)(?: (.*))?")


class Run(msgspec.Struct):
    """Instructions of one run, for a document on average."""

    total: float
    functions: dict[str, float]


class Record(msgspec.Struct):
    """What was counted, and with what."""

    command: str
    setting: dict[str, str]
    documents: int
    runs: dict[str, Run]


def write_documents(directory: Path) -> None:
    """Put the inputs, always the same, where the C program reads them."""
    printed = list(documents(COUNT, seed=2))
    rng = random.Random(3)
    for name, content in (
        ("canonical", printed),
        ("scrambled", [scramble(document, rng) for document in printed]),
    ):
        packed = [struct.pack("=Q", len(document)) + document for document in content]
        (directory / f"{name}.bin").write_bytes(b"".join(packed))


def read_profile(lines: Sequence[str]) -> Counter[str]:
    """Instructions in each function itself, from a file of callgrind's."""
    names: dict[str, str] = {}
    found: Counter[str] = Counter()
    function, called = "", False
    for line in lines:
        key, equals, value = line.partition("=")
        if line[:1] in "0123456789+-*" and line.strip():
            if not called:  # else: what the call cost, which the other function has
                found[function] += int(line.split()[1])
            called = False
        elif equals and key in ("fn", "cfn"):
            match = DEFINITION.fullmatch(value)
            if match is None:
                raise ValueError(f"not a function of callgrind's: {line!r}")
            number, name = match.groups()
            if name is not None:
                names[number] = name
            if key == "fn":
                function = names[number]
        elif key == "calls":
            called = True
    return found


def measure(program: Path, run: str) -> Run:
    """Count one run."""
    work, source = RUNS[run]
    directory = program.parent
    output = directory / f"{run}.callgrind"
    command = ["valgrind", "--tool=callgrind", "--toggle-collect=measured"]
    command += [f"--callgrind-out-file={output}", str(program), work]
    subprocess.run(
        [*command, str(directory / f"{source}.bin")], check=True, stderr=subprocess.DEVNULL
    )
    found = read_profile(output.read_text().splitlines())
    each = {name: round(count / COUNT, 1) for name, count in found.most_common()}
    return Run(round(found.total() / COUNT, 1), each)


def shortened(run: Run) -> Run:
    """The run without functions whose coming or going would not be shown."""
    least = run.total * SHOWN
    return Run(run.total, {name: count for name, count in run.functions.items() if count >= least})


def setting(compiler: str, flags: str) -> dict[str, str]:
    """What the counts depend on besides the source."""
    version = subprocess.run([compiler, "--version"], check=True, capture_output=True, text=True)
    vector = re.search(r"\bavx2\b", Path("/proc/cpuinfo").read_text()) is not None
    return {
        "compiler": version.stdout.splitlines()[0],
        "flags": flags,
        "libc": " ".join(platform.libc_ver()),
        "vectors": "avx2" if vector else "no avx2",
    }


def moved(before: Run, now: Run) -> list[tuple[str, float, float]]:
    """Functions whose instructions changed by more than `SHOWN` of the run, the most first."""
    names = before.functions.keys() | now.functions.keys()
    changes = [(n, before.functions.get(n, 0.0), now.functions.get(n, 0.0)) for n in names]
    least = before.total * SHOWN
    changes = [change for change in changes if abs(change[2] - change[1]) > least]
    return sorted(changes, key=lambda change: (-abs(change[2] - change[1]), change[0]))


def compare(before: Record, now: Record) -> int:
    """Say what changed; 1 if a run takes more than before by more than `TOLERANCE`."""
    if before.setting != now.setting:
        print(f"recorded with another setting, nothing to compare: {before.setting}")
        return 2
    worse = False
    for name, run in now.runs.items():
        old = before.runs[name]
        ratio = run.total / old.total - 1
        worse |= ratio > TOLERANCE
        verdict = "MORE" if ratio > TOLERANCE else "less" if ratio < -TOLERANCE else "the same"
        print(f"{name:<12}{old.total:>12.1f}{run.total:>12.1f}{ratio:>+9.2%}  {verdict}")
        for function, had, has in moved(old, run):
            print(f"    {function:<36}{had:>12.1f}{has:>12.1f}")
    return int(worse)


def main(arguments: list[str] | None = None) -> int:
    """Record or compare; the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions")
    parser.add_argument("program", type=Path, help="the compiled benchmarks/instructions.c")
    parser.add_argument("--compare", action="store_true", help="with what was recorded")
    parser.add_argument("--flags", default="", help="that it was compiled with")
    options = parser.parse_args(arguments)
    write_documents(options.program.parent)
    now = Record(
        command="make bench-instructions",
        setting=setting(os.environ.get("CC", "cc"), options.flags),
        documents=COUNT,
        runs={name: measure(options.program, name) for name in RUNS},
    )
    if options.compare:
        return compare(msgspec.json.decode(RECORD.read_bytes(), type=Record), now)
    now.runs = {name: shortened(run) for name, run in now.runs.items()}
    RECORD.write_bytes(msgspec.json.format(msgspec.json.encode(now), indent=2) + b"\n")
    for name, run in now.runs.items():
        print(f"{name:<12}{run.total:>12.1f} instructions a document")
    return 0


if __name__ == "__main__":
    sys.exit(main())
