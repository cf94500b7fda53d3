"""Prints the ratios after a benchmark run and writes them to benchmarks/results/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.report import save, table
from benchmarks.rounds import Comparison, compare

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture

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
    for line in table(comparisons):
        terminalreporter.write_line(line)
    by_file: dict[str, list[Comparison]] = {}
    for each in comparisons:
        by_file.setdefault(each.name.partition(" ")[0], []).append(each)
    for name, group in by_file.items():
        save(name, f"make bench (.venv/bin/python -m pytest benchmarks/bench_{name}.py)", group)
