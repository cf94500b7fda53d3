"""Prints the ratios after a benchmark run and writes them to benchmarks/results/."""

from __future__ import annotations

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
COMPARISONS = pytest.StashKey[list[Comparison]]()


def pytest_configure(config: pytest.Config) -> None:
    """Start without comparisons."""
    config.stash[COMPARISONS] = []


@pytest.fixture
def versus(
    benchmark: BenchmarkFixture, request: pytest.FixtureRequest
) -> Callable[..., Comparison]:
    """`rounds.compare` whose result is also reported at the end of the run."""

    def measure(*arguments: Any, **keywords: Any) -> Comparison:
        comparison = compare(benchmark, *arguments, **keywords)
        request.config.stash[COMPARISONS].append(comparison)
        return comparison

    return measure


@pytest.hookimpl(trylast=True)  # below pytest-benchmark's own table
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """The table of ratios."""
    comparisons = config.stash[COMPARISONS]
    if not comparisons:
        return
    terminalreporter.section("ratios of medians (how many times faster than the rival)")
    line = "{:<26}{:<20}{:>8}{:>14}{:>14}{:>9}{:>9}"
    heads = ("benchmark", "rival", "items", "us per item", "rival's us", "ratio", "wanted")
    terminalreporter.write_line(line.format(*heads))
    for each in comparisons:
        terminalreporter.write_line(
            line.format(
                each.name,
                each.rival_name,
                each.items,
                f"{each.ours * 1e6:.2f}",
                f"{each.rival * 1e6:.2f}",
                f"{each.ratio:.1f}",
                f"{each.wanted:g}" if each.wanted else "",
            )
        )
    _save(comparisons)


def _save(comparisons: list[Comparison]) -> None:
    RESULTS.mkdir(exist_ok=True)
    by_file: dict[str, list[Comparison]] = {}
    for each in comparisons:
        by_file.setdefault(each.name.partition(" ")[0], []).append(each)
    for name, group in by_file.items():
        rows = [{**msgspec.to_builtins(each), "ratio": round(each.ratio, 2)} for each in group]
        content = {"python": platform.python_version(), "results": rows}
        text = msgspec.json.format(msgspec.json.encode(content), indent=2)
        (RESULTS / f"{name}.json").write_bytes(text + b"\n")
