"""What a run of benchmarks leaves behind: a table to read, and files in ``benchmarks/results``."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.rounds import Comparison

__all__ = ["save", "table"]

RESULTS: Final = Path(__file__).parent / "results"
HEADS: Final = (
    "benchmark", "rival", "items", "us per item", "rival's us", "ratio", "between", "wanted",
)  # fmt: skip
LINE: Final = "{:<28}{:<20}{:>8}{:>14}{:>14}{:>9}{:>15}{:>9}"


def table(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield the lines of a table of ratios."""
    yield LINE.format(*HEADS)
    for each in comparisons:
        yield LINE.format(
            each.name,
            each.rival_name,
            each.items,
            f"{each.ours * 1e6:.2f}",
            f"{each.rival * 1e6:.2f}",
            f"{each.ratio:.2f}",
            f"{each.low:.2f}-{each.high:.2f}",
            f"{each.wanted:g}" if each.wanted else "",
        )


def save(name: str, command: str, comparisons: Sequence[Comparison], **more: object) -> None:
    """Write a file of ratios, which mean the same elsewhere, and no times, which do not.

    Args:
        more: further members of the file.
    """
    RESULTS.mkdir(exist_ok=True)
    content = {
        "command": command,
        "python": platform.python_version(),
        "processors": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 1),
        "results": [_row(each) for each in comparisons],
        **more,
    }
    text = msgspec.json.format(msgspec.json.encode(content), indent=2)
    (RESULTS / f"{name}.json").write_bytes(text + b"\n")


def _row(each: Comparison) -> dict[str, object]:
    return {
        "name": each.name,
        "rival": each.rival_name,
        "items": each.items,
        "rounds": each.rounds,
        "ratio": round(each.ratio, 2),
        "half of the rounds between": [round(each.low, 2), round(each.high, 2)],
        "wanted": None if each.wanted is None else round(each.wanted, 3),
    }
