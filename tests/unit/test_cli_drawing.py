"""What `lineage tree` draws: golden files for the shapes, and size for the extreme ones."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from lineage.cli.drawing import draw
from lineage.events import CurrentChanged, Defined, EventData, Undefined
from lineage.model import Disk, Head
from lineage.tree import Tree, fold

GOLDEN = Path(__file__).parents[1] / "golden"
UUID = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
NOON = 1_351_000_000  # 2012-10-23T13:46:40Z


class Envelope(msgspec.Struct, frozen=True, gc=False):
    position: int
    version: int
    recorded_at: int


def defined(
    name: str,
    parent: str | None = None,
    at: int = NOON,
    *,
    state: str = "shutoff",
    external: bool = False,
) -> Defined:
    disks = (Disk("vda", "external"),) if external else None
    head = Head(name, None, state, parent, at, disks=disks)
    return Defined(name, msgspec.msgpack.encode(head), name.encode(), domain_name="web")


def told(events: Sequence[EventData], stream: str = UUID) -> Tree:
    return fold(stream, [(Envelope(n, n, n), data) for n, data in enumerate(events, 1)])


SHAPES: dict[str, list[EventData]] = {
    "chain": [
        defined("s1"),
        defined("s2", "s1", NOON + 60, state="running"),
        defined("s3", "s2", NOON + 120, state="disk-snapshot", external=True),
        CurrentChanged("s3"),
    ],
    "star": [
        defined("base"),
        defined("late", "base", NOON + 300),
        defined("b", "base", NOON + 60),
        defined("a", "base", NOON + 60),
        CurrentChanged("base"),
    ],
    "comb": [
        defined("s1"),
        defined("s2", "s1", NOON + 1),
        defined("try-1", "s1", NOON + 2),
        defined("s3", "s2", NOON + 3),
        defined("try-2", "s2", NOON + 4),
        defined("try-2b", "try-2", NOON + 5),
        defined("s4", "s3", NOON + 6),
        defined("try-3", "s3", NOON + 7),
        CurrentChanged("try-2b"),
    ],
    "forest": [
        defined("oak"),
        defined("acorn", "oak", NOON + 10),
        defined("elm", None, NOON + 5),
        defined("leaf", "elm", NOON + 20),
        defined("twig", "elm", NOON + 15),
        CurrentChanged("acorn"),
    ],
    "orphan": [
        defined("kept"),
        defined("o1", "lost", NOON + 10),
        defined("o2", "lost", NOON + 20),
        defined("o1a", "o1", NOON + 30),
        defined("alone", "gone too", NOON + 5),
    ],
    "cycle": [
        defined("a", "c", NOON + 2),
        defined("b", "a", NOON + 1),
        defined("c", "b", NOON + 3),
        defined("self", "self", NOON),
    ],
    "times": [
        defined("before", None, -1),
        defined("least", "before", -(2**63)),
        defined("most", "before", 2**63 - 1),
        defined("year-10000", "before", 253_402_300_800),
        defined("epoch", "before", 0),
    ],
    "hostile": [
        defined(name, parent, NOON + number)
        for number, (name, parent) in enumerate(
            [
                ("a/b", None),
                ("..", "a/b"),
                ("line\nfeed", "a/b"),
                ("tab\t", "a/b"),
                ("\u202egnp", "a/b"),
                ("a\u009b31m", "a/b"),
                ("[/nope]", "a/b"),
                ("$(id)", "a/b"),
                ("-o", "a/b"),
                ("%41", "a/b"),
                ("名前😀", "a/b"),
                ("\u200d", "a/b"),
                ("s1  (current)", "a/b"),
                ("(missing parent x)", "a/b"),
                ("back\\slash", "a/b"),
                ("x" * 300, "\x9b2J"),
            ]
        )
    ],
    "empty": [defined("s1"), Undefined()],
}


@pytest.fixture
def _utf8_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))


@pytest.mark.usefixtures("_utf8_stdout")
@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_drawn_as_its_golden_file_shows(shape: str) -> None:
    drawn = "".join(f"{line}\n" for line in draw(told(SHAPES[shape])))
    assert drawn == (GOLDEN / f"tree-{shape}.txt").read_text(encoding="utf-8")


@pytest.mark.usefixtures("_utf8_stdout")
def test_the_order_of_recording_changes_nothing_that_is_drawn() -> None:
    for events in SHAPES.values():
        definitions = [event for event in events if isinstance(event, Defined)]
        others = [event for event in events if not isinstance(event, Defined)]
        there, back = told([*definitions, *others]), told([*reversed(definitions), *others])
        assert list(draw(there)) == list(draw(back))


def test_lines_are_ascii_where_the_terminal_has_no_box_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    drawn = "".join(f"{line}\n" for line in draw(told(SHAPES["comb"])))
    assert drawn == (GOLDEN / "tree-comb-ascii.txt").read_text(encoding="utf-8")


def test_a_domain_known_by_name_only_and_one_that_is_undefined_say_so() -> None:
    assert next(draw(told([defined("s1")], "name:web"))) == "web  (no uuid)"
    assert next(draw(told(SHAPES["empty"]))) == f"web  {UUID}  (undefined)"


def test_a_chain_of_100000_stays_in_one_column() -> None:
    names = [f"s{number}" for number in range(100_000)]
    tree = told([defined(n, p) for n, p in zip(names, [None, *names], strict=False)])
    widest = max(map(len, draw(tree)))
    assert widest < 80


def test_output_stays_linear_however_deep_a_tree_branches() -> None:
    events: list[EventData] = [defined("s0")]
    for number in range(1, 20_000):
        events.append(defined(f"s{number}", f"s{number - 1}", NOON))
        events.append(defined(f"t{number}", f"s{number - 1}", NOON + 1))
    lines = list(draw(told(events)))
    assert len(lines) == len(events) + 1
    assert max(map(len, lines)) < 200
    assert "+19966 " + "│ " * 32 + "├─o s19999  " in lines[20_000]
