"""Random choices that come out the same on every Python.

Only `Random.random` is promised to give the same sequence for a seed in every release, so
everything here is made of it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["below", "between", "chance", "hexadecimal", "merge", "pick", "shuffled", "uuid"]

T = TypeVar("T")


def below(rng: random.Random, limit: int) -> int:
    """A whole number from 0 up to, but not including, `limit`."""
    return int(rng.random() * limit)


def between(rng: random.Random, low: int, high: int) -> int:
    """A whole number from `low` to `high`, both included."""
    return low + below(rng, high - low + 1)


def chance(rng: random.Random, probability: float) -> bool:
    """True with this probability."""
    return rng.random() < probability


def pick(rng: random.Random, choices: Sequence[T]) -> T:
    """One of the choices, each as likely."""
    return choices[below(rng, len(choices))]


def shuffled(rng: random.Random, items: Sequence[T]) -> list[T]:
    """The items in random order."""
    result = list(items)
    for last in range(len(result) - 1, 0, -1):
        other = below(rng, last + 1)
        result[last], result[other] = result[other], result[last]
    return result


def merge(rng: random.Random, queues: Sequence[Sequence[T]]) -> list[T]:
    """All items of all queues, the order inside each queue kept."""
    turns = shuffled(rng, [number for number, queue in enumerate(queues) for _ in queue])
    iterators = [iter(queue) for queue in queues]
    return [next(iterators[number]) for number in turns]


def hexadecimal(rng: random.Random, digits: int) -> str:
    """That many random lower-case hexadecimal digits."""
    return "".join(pick(rng, "0123456789abcdef") for _ in range(digits))


def uuid(rng: random.Random) -> str:
    """A random UUID (version 4) in lower case."""
    head, middle, rest = hexadecimal(rng, 12), hexadecimal(rng, 3), hexadecimal(rng, 15)
    return f"{head[:8]}-{head[8:]}-4{middle}-{pick(rng, '89ab')}{rest[:3]}-{rest[3:]}"
