"""A notation for grammars of XML, and the hypothesis strategy that draws from them.

    (a|b|c)   one of them          {rule}    what the rule gives
    [a]       a, or nothing        {rule*}   up to three of them     {rule+}  one to three
    {1..9}    a whole number       {!name}   what a Python function gives

Everything else stands for itself, but line breaks and the blanks that begin a line: they are
layout of the grammar, and one blank where an attribute follows. An alternative that comes first
is the one that shrinking goes to.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

__all__ = ["Dice", "FairDice", "Grammar", "Terminal"]

T = TypeVar("T")
_TOKEN: Final = re.compile(r"\{[^{}]*\}|[()\[\]|]|[^(){}\[\]|]+")
_RANGE: Final = re.compile(r"\{(-?\d+)\.\.(\d+)\}")
_MANY: Final = {"*": (0, 3), "+": (1, 3)}


@dataclass
class Dice:
    """What one sentence is drawn with, and the numbers it has used up."""

    draw: DrawFn
    used: dict[str, int] = field(default_factory=dict)

    def number(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low if low == high else self.draw(_numbers(low, high))

    def choice(self, of: object, count: int) -> int:
        """One of the first `count` numbers; `of` tells one choice from another."""
        return self.number(0, count - 1)

    def pick(self, choices: tuple[str, ...]) -> str:
        """One of them."""
        return choices[self.choice(choices, len(choices))]

    def next(self, kind: str) -> int:
        """0, 1, 2... in one sentence: what must not be there twice."""
        self.used[kind] = self.used.get(kind, -1) + 1
        return self.used[kind]


class FairDice(Dice):
    """Chooses what was chosen least often: a few hundred sentences hold all of a grammar."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(draw=_no_draw)
        self._rng = rng
        self._taken: dict[object, list[int]] = {}

    def number(self, low: int, high: int) -> int:
        return low + int(self._rng.random() * (high - low + 1))

    def choice(self, of: object, count: int) -> int:
        taken = self._taken.setdefault(of if isinstance(of, tuple) else id(of), [0] * count)
        least = [number for number in range(count) if taken[number] == min(taken)]
        number = least[self.number(0, len(least) - 1)]
        taken[number] += 1
        return number


def _no_draw(strategy: st.SearchStrategy[T], label: object = None) -> T:
    raise AssertionError("fair dice draw from no strategy")


_STRATEGIES: Final[dict[tuple[int, int], st.SearchStrategy[int]]] = {}


def _numbers(low: int, high: int) -> st.SearchStrategy[int]:
    if (low, high) not in _STRATEGIES:
        _STRATEGIES[low, high] = st.integers(low, high)
    return _STRATEGIES[low, high]


Terminal = Callable[[Dice], str]


class Grammar:
    """Rules in the notation above, by name; `terminals` are those given by a function."""

    def __init__(self, rules: Mapping[str, str], terminals: Mapping[str, Terminal]) -> None:
        self._terminals = terminals
        self._rules = {name: self._compiled(name, text) for name, text in rules.items()}

    def draw(self, dice: Dice, rule: str) -> str:
        """A sentence of the rule."""
        return self._rules[rule](dice)

    def _compiled(self, name: str, text: str) -> Terminal:
        text = re.sub(r"\n\s*(?=[a-z])", " ", text)
        tokens = _TOKEN.findall(re.sub(r"\n\s*", "", text))
        node, place = self._alternatives(tokens, 0)
        if place != len(tokens):
            raise ValueError(f"{name}: {''.join(tokens[place:])}")
        return node

    def _alternatives(self, tokens: list[str], place: int) -> tuple[Terminal, int]:
        """Sequences with a bar between them, up to a closing bracket or the end."""
        choices: list[Terminal] = []
        sequence: list[Terminal] = []
        while place < len(tokens) and tokens[place] not in ("]", ")"):
            token, place = tokens[place], place + 1
            if token == "|":
                choices.append(_sequence(sequence))
                sequence = []
            elif token in ("(", "["):
                node, place = self._alternatives(tokens, place)
                place += 1  # the closing bracket
                sequence.append(node if token == "(" else _one_of([_sequence([]), node]))
            else:
                sequence.append(self._leaf(token))
        return _one_of([*choices, _sequence(sequence)]), place

    def _leaf(self, token: str) -> Terminal:
        if not token.startswith("{"):
            return lambda _: token
        if numbers := _RANGE.fullmatch(token):
            low, high = int(numbers[1]), int(numbers[2])
            return lambda dice: str(dice.number(low, high))
        name = token[1:-1]
        if name.startswith("!"):
            return self._terminals[name[1:]]
        if name[-1] in _MANY:
            low, high = _MANY[name[-1]]
            name = name[:-1]
            return lambda dice: "".join(
                self.draw(dice, name) for _ in range(dice.number(low, high))
            )
        return lambda dice: self.draw(dice, name)


def _sequence(nodes: list[Terminal]) -> Terminal:
    if len(nodes) == 1:
        return nodes[0]
    return lambda dice: "".join(node(dice) for node in nodes)


def _one_of(nodes: list[Terminal]) -> Terminal:
    if len(nodes) == 1:
        return nodes[0]
    return lambda dice: nodes[dice.choice(nodes, len(nodes))](dice)
