"""Prints the ratios after a benchmark run and writes them to benchmarks/results/."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from benchmarks.rounds import Comparison, compare

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture

RESULTS = Path(__file__).parent / "results"
HEADS = (
    "benchmark", "rival", "items", "us per item", "rival's us", "ratio", "between", "wanted",
)  # fmt: skip
COMPARISONS = pytest.StashKey[list[Comparison]]()


def pytest_configure(config: pytest.Config) -> None:
    """Start without comparisons."""
    config.stash[COMPARISONS] = []


@pytest.fixture
def versus(
    benchmark: BenchmarkFixture, request: pytest.FixtureRequest
) -> Callable[..., list[Comparison]]:
    """`rounds.compare` whose results are also reported at the end of the run."""

    def measure(*arguments: Any, **keywords: Any) -> list[Comparison]:
        comparisons = compare(benchmark, *arguments, **keywords)
        request.config.stash[COMPARISONS] += comparisons
        return comparisons

    return measure


@pytest.hookimpl(trylast=True)  # below pytest-benchmark's own table
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """The table of ratios."""
    comparisons = config.stash[COMPARISONS]
    if not comparisons:
        return
    terminalreporter.section(
        "times faster than the rival: median, and where half of the rounds lie"
    )
    line = "{:<26}{:<20}{:>8}{:>14}{:>14}{:>9}{:>15}{:>9}"
    terminalreporter.write_line(line.format(*HEADS))
    for each in comparisons:
        terminalreporter.write_line(
            line.format(
                each.name,
                each.rival_name,
                each.items,
                f"{each.ours * 1e6:.2f}",
                f"{each.rival * 1e6:.2f}",
                f"{each.ratio:.2f}",
                f"{each.low:.2f}-{each.high:.2f}",
                f"{each.wanted:g}" if each.wanted else "",
            )
        )
    _save(comparisons)


def _save(comparisons: list[Comparison]) -> None:
    """One file a module: ratios, which mean the same elsewhere, and no times, which do not."""
    RESULTS.mkdir(exist_ok=True)
    by_file: dict[str, list[Comparison]] = {}
    for each in comparisons:
        by_file.setdefault(each.name.partition(" ")[0], []).append(each)
    for name, group in by_file.items():
        content = {
            "command": f"make bench (.venv/bin/python -m pytest benchmarks/bench_{name}.py)",
            "python": platform.python_version(),
            "processors": len(os.sched_getaffinity(0)),
            "load": round(os.getloadavg()[0], 1),
            "results": [_row(each) for each in group],
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
        "wanted": each.wanted,
    }
