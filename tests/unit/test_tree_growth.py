"""Long streams fold in linear time, without recursion."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import pytest

from lineage.events import Deleted, EventData, Renamed, Undefined

from .tree_events import chain, defined, more, redefined, told


def test_a_chain_of_100_000_is_walked_and_deleted_without_recursion() -> None:
    size = 100_000
    tree = told(*chain(size))
    assert [depth for _, depth in tree.walk()] == list(range(size))
    assert len(tree.descendants("s0")) == size - 1
    assert len(more(tree, Deleted("s1", "children"))) == 1


def test_an_undefined_star_of_100_000_is_gone() -> None:
    tree = told(defined("hub"), *(defined(f"s{n}", "hub") for n in range(100_000)))
    assert len(tree.children("hub")) == 100_000
    assert list(more(tree, Undefined())) == []


def _spent(work: Callable[[int], object], size: int) -> float:
    best = float("inf")
    for _ in range(3):
        gc.collect()
        gc.disable()
        start = time.process_time()
        work(size)
        best = min(best, time.process_time() - start)
        gc.enable()
    return best


def _delete_up_to_a_star(size: int) -> None:
    star = [defined(f"leaf{n}", f"s{size - 1}") for n in range(size)]
    tree = told(*chain(size), *star, *(Deleted(f"s{n}") for n in reversed(range(1, size))))
    assert tree["leaf0"].parent == "s0"


def _rename_a_hub(size: int) -> None:
    star = [defined(f"leaf{n}", "r0") for n in range(size)]
    tree = told(defined("r0"), *star, *(Renamed(f"r{n}", f"r{n + 1}") for n in range(size)))
    assert tree["leaf0"].parent == f"r{size}"


def _delete_a_chain_that_came_backwards(size: int) -> None:
    middle = [Deleted(f"s{n}") for n in reversed(range(1, size - 1))]
    assert len(told(*reversed(chain(size)), *middle)) == 2


def _delete_root_by_root(size: int) -> None:
    trunks = [defined(f"s{n}") for n in range(size)]
    crowns = [defined(f"t{n}", f"s{n}") for n in range(size)]
    tree = told(*trunks, *crowns, *(Deleted(f"s{n}") for n in range(size)))
    assert {tree[f"t{n}"].parent for n in range(size)} == {None}


def _move_and_delete_branches(size: int) -> None:
    grown = [defined(f"b{n}{x}", f"b{n}" if x else "hub") for n in range(size) for x in ("", "x")]
    moves = [(redefined(defined(f"b{n}")), Deleted(f"b{n - 1}")) for n in range(1, size)]
    flat: list[EventData] = [event for pair in moves for event in pair]
    tree = told(defined("hub"), defined("side"), *grown, *flat)
    assert len(tree) == size + 3


@pytest.mark.parametrize(
    "work",
    [
        _move_and_delete_branches,
        _delete_up_to_a_star,
        _rename_a_hub,
        _delete_a_chain_that_came_backwards,
        _delete_root_by_root,
    ],
)
def test_ten_times_the_events_take_about_ten_times_as_long(work: Callable[[int], object]) -> None:
    assert _spent(work, 10_000) < 40 * _spent(work, 1_000)
