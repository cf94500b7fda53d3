"""Rounds of two contenders in turn, so that a busy machine slows both alike."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

__all__ = ["Comparison", "compare"]


class Comparison(msgspec.Struct):
    """Medians of one benchmark.

    Attributes:
        ours, rival: seconds per item.
        wanted: the ratio that the project promises, None if it promises none.
    """

    name: str
    rival_name: str
    items: int
    rounds: int
    ours: float
    rival: float
    wanted: float | None

    @property
    def ratio(self) -> float:
        """How many times faster lineage is than the rival."""
        return self.rival / self.ours


def compare(
    benchmark: BenchmarkFixture,
    name: str,
    ours: Callable[[], object],
    rival: tuple[str, Callable[[], object]],
    *,
    items: int,
    wanted: float | None = None,
    rounds: int,
    prepare: Callable[[], object] | None = None,
) -> Comparison:
    """Measure both, a round of the rival before each round of ours.

    Args:
        benchmark: pytest-benchmark's fixture, which measures `ours`.
        rival: its name and what it does in a round.
        items: documents handled in a round.
        prepare: called before each round of each, untimed.
    """
    rival_name, rival_round = rival
    times: list[float] = []

    def before_ours() -> None:
        if prepare:
            prepare()
        gc.collect()
        start = perf_counter()
        rival_round()
        times.append(perf_counter() - start)
        if prepare:
            prepare()
        gc.collect()

    benchmark.group = name
    untyped: Any = benchmark
    untyped.pedantic(ours, setup=before_ours, rounds=rounds, warmup_rounds=1)
    result = Comparison(
        name=name,
        rival_name=rival_name,
        items=items,
        rounds=rounds,
        ours=untyped.stats.stats.median / items,
        rival=statistics.median(times[1:]) / items,
        wanted=wanted,
    )
    benchmark.extra_info["comparison"] = msgspec.to_builtins(result)
    return result
