"""Thousands of steps: libvirt and a store have the same snapshots after each of them.

Every run tells other stories; `make live-fold` tells more (LIVE_FOLD_STEPS). A failure names its
seed, which LIVE_FOLD_SEED takes, and the shortest story found that fails, which LIVE_FOLD_STORY
takes (a file).
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from lineage.store import Store

from .libvirt_child import Died
from .side_by_side import LACKING, REFUSED, SideBySide, Worlds
from .stories import SCOPES, UUIDS, VARIANTS, Create, Define, Delete, Step, Teller, read
from .telling import LENGTH, Told, in_memory, shortest, tell

pytestmark = pytest.mark.live

STEPS: Final = int(os.environ.get("LIVE_FOLD_STEPS", "3000"))
SEED: Final = int(os.environ.get("LIVE_FOLD_SEED", random.getrandbits(32)))
STORY: Final = os.environ.get("LIVE_FOLD_STORY")
ON_DISK: Final = 8  # of how many stories one goes to a file


def test_any_story_leaves_a_store_as_it_leaves_libvirt(worlds: Worlds, tmp_path: Path) -> None:
    tally: Counter[str] = Counter()
    for number in range(1 if STORY else STEPS // LENGTH):
        steps = read(Path(STORY).read_text()) if STORY else Teller(random.Random(SEED + number))
        store = in_memory() if number % ON_DISK else Store(tmp_path / f"{number}.lineage")
        try:
            tell(worlds, steps, store, tally)
        except Told as told:
            again = f"LIVE_FOLD_SEED={SEED + number} LIVE_FOLD_STEPS={LENGTH}"
            pytest.fail(f"{again}: {shortest(worlds, told)}")
        except Died:
            tally["died"] += 1
        finally:
            store.close()
    print(f"seed {SEED}:", dict(sorted(tally.items())))
    assert tally["died"] <= STEPS // LENGTH // 50, f"seed {SEED}"
    kinds = ["define", "create", "revert", "undefine", "equal", *(f"delete {s}" for s in SCOPES)]
    few = [kind for kind in kinds if tally[kind] < STEPS // 150]
    assert STORY or STEPS < 3000 or not few, f"seed {SEED}: {tally}"


BEFORE: Final = [
    Define(0, name="a"),
    Define(0, name="b", parent="a"),
    Define(0, name="c", parent="b", state="running", current=True),
]
AGAINST_A_RULE: Final[dict[str, Step]] = {
    "parent-self": Define(0, name="b", parent="b"),
    "parent-missing": Define(0, name="b", parent="nowhere"),
    "parent-cycle": Define(0, name="a", parent="c"),
    "domain-mismatch": Define(0, name="a", foreign=True),
    "memory-offline": Define(0, name="a", memory="snapshot='internal'"),
    "NotFound": Delete(0, "nowhere"),
    "state-online": Define(0, name="c", parent="b"),
    "state-disk-only": Define(0, name="a", state="disk-snapshot"),
    "abi-memory": Define(0, name="a", body=VARIANTS - 1),
    "disks-no-domain": Define(0, name="d", body="none"),
    "creating what is there": Create(0, "a"),
}


@pytest.mark.parametrize("rule", [*REFUSED.values(), *LACKING.values()])
def test_what_libvirt_refuses_changes_neither(worlds: Worlds, rule: str) -> None:
    tally: Counter[str] = Counter()
    tell(worlds, [*BEFORE, AGAINST_A_RULE[rule]], in_memory(), tally)
    assert tally == {"define": len(BEFORE), rule: 1}


FAMILY: Final = {"a": None, "b": "a", "c": "b", "d": "b", "e": "d", "f": "a"}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("victim", FAMILY)
def test_deleting_any_snapshot_moves_children_and_current_alike(
    worlds: Worlds, victim: str, scope: str
) -> None:
    for current in (None, *FAMILY):
        family = [
            Define(0, name=name, parent=parent, current=name == current)
            for name, parent in FAMILY.items()
        ]
        tell(worlds, [*family, Delete(0, victim, scope)], in_memory())


def test_libvirt_moves_a_snapshot_for_an_equal_document_and_a_store_does_not(
    worlds: Worlds,
) -> None:
    both = SideBySide(worlds, in_memory())
    older, newer = Define(0, name="older"), Define(0, name="newer")
    for step in (older, newer):
        both.take(step)
    worlds.live.call("redefine", worlds.document(older))
    both.store.record(worlds.document(older))
    assert worlds.seen(0)["roots"] == ["older", "newer"]
    assert [node.name for node in both.store.tree(UUIDS[0]).roots()] == ["newer", "older"]
    assert both.store.head() == 2


def test_when_libvirt_dies_the_next_story_has_another(worlds: Worlds) -> None:
    both = SideBySide(worlds, in_memory())
    both.take(Define(0, name="a"))
    assert worlds.live._child is not None
    worlds.live._child.kill()
    with pytest.raises(Died):
        both.take(Define(0, name="b"))
    tell(worlds, [Define(0, name="a"), Define(1, name="a")], in_memory())
