"""Rounds of several contenders in turn, so that a busy machine slows all of them alike."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

__all__ = ["Comparison", "Rival", "compare", "comparison"]


class Rival(msgspec.Struct):
    """Somebody else's way to do the same.

    Attributes:
        run: does one round.
        wanted: the ratio that the project promises against it, None if it promises none.
        prepare: called before each of its rounds, untimed.
    """

    name: str
    run: Callable[[], object]
    wanted: float | None = None
    prepare: Callable[[], object] | None = None


class Comparison(msgspec.Struct):
    """Medians of one benchmark.

    Attributes:
        ours, rival: seconds per item.
        ratio: how many times faster lineage is than the rival, the median of the rounds; half
            of the rounds lie between `low` and `high`.
        wanted: the ratio that the project promises, None if it promises none.
    """

    name: str
    rival_name: str
    items: int
    rounds: int
    ours: float
    rival: float
    ratio: float
    low: float
    high: float
    wanted: float | None


def compare(
    benchmark: BenchmarkFixture,
    name: str,
    ours: Callable[[], object],
    *rivals: Rival,
    items: int,
    rounds: int,
    prepare: Callable[[], object] | None = None,
) -> list[Comparison]:
    """Measure all, a round of each rival before each round of ours.

    Args:
        benchmark: pytest-benchmark's fixture, which measures `ours`.
        items: documents handled in a round.
        prepare: called before each round of each, untimed.
    """
    times: dict[str, list[float]] = {rival.name: [] for rival in rivals}

    def before_ours() -> None:
        for rival in rivals:
            for step in (prepare, rival.prepare, gc.collect):
                if step is not None:
                    step()
            start = perf_counter()
            rival.run()
            times[rival.name].append(perf_counter() - start)
        if prepare is not None:
            prepare()
        gc.collect()

    benchmark.group = name
    untyped: Any = benchmark
    untyped.pedantic(ours, setup=before_ours, rounds=rounds, warmup_rounds=1)
    measured: list[float] = untyped.stats.stats.data
    results = [comparison(name, rival, measured, times[rival.name][1:], items) for rival in rivals]
    benchmark.extra_info["comparisons"] = msgspec.to_builtins(results)
    return results


def comparison(
    name: str, rival: Rival, ours: list[float], theirs: list[float], items: int
) -> Comparison:
    """Compare what a round of both took, round by round: noise that lasts longer falls out.

    Args:
        ours, theirs: seconds that each round took.
    """
    ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return Comparison(
        name=name,
        rival_name=rival.name,
        items=items,
        rounds=len(ratios),
        ours=statistics.median(ours) / items,
        rival=statistics.median(theirs) / items,
        ratio=middle,
        low=low,
        high=high,
        wanted=rival.wanted,
    )
