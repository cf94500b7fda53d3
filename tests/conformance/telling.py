"""Telling stories to libvirt and a store, and finding the shortest one that fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from lineage.log.memory import MemoryLog
from lineage.store import Store

from .libvirt_child import Died
from .side_by_side import Disagreement, SideBySide, Worlds
from .stories import Step, Teller, printed

__all__ = ["LENGTH", "Told", "in_memory", "shortest", "tell"]

LENGTH: Final = 60  # steps of a story that is made up
ATTEMPTS: Final = 400  # at a shorter story


def in_memory() -> Store:
    return Store.over(MemoryLog())


class Told(Exception):
    """A story that fails: as far as it was told, and why."""

    def __init__(self, story: Sequence[Step], why: Exception) -> None:
        told = str(why) if isinstance(why, Disagreement) else repr(why)
        super().__init__(f"{told}\nafter\n{printed(story)}")
        self.story = story


def tell(
    worlds: Worlds,
    steps: Sequence[Step] | Teller,
    store: Store,
    tally: Counter[str] | None = None,
) -> None:
    """Tell a story to libvirt and a store, then look at all moments of it again.

    Raises:
        Told: they disagree, or something else went wrong.
        Died: libvirt did.
    """
    both = SideBySide(worlds, store, tally)
    story: list[Step] = []
    try:
        for number in range(LENGTH if isinstance(steps, Teller) else len(steps)):
            story.append(steps.next(both.seen) if isinstance(steps, Teller) else steps[number])
            both.take(story[-1])
        both.look_back()
    except Died:
        raise
    except Exception as why:
        raise Told(story, why) from why


def shortest(worlds: Worlds, told: Told) -> Told:
    """Leave steps out, halves first, as long as the story fails."""
    size, attempts = len(told.story), 0
    while size:
        size = min(size, len(told.story))
        for start in range(len(told.story) - size, -1, -size):
            attempts += 1
            story = [*told.story[:start], *told.story[start + size :]]
            try:
                tell(worlds, story, in_memory())
            except Told as shorter:
                told = shorter
            except Died:
                pass
            if attempts > ATTEMPTS:
                return told
        size //= 2
    return told
