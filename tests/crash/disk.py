"""What a disk may hold after the power failed: the model behind the simulator.

What was synced is there. Of what was written to a file since its last sync, each sector may have
reached the disk or not, whatever the order of the writes; a sector is old or new as a whole,
where new is its content after any of those writes (it is the system that writes it out, at a
moment of its choosing). A file's size is that of any of those moments; what a file grew by and
what was not written there is zeros, or whatever the disk held before. A name that was made or
removed is there or not until the directory is synced.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

__all__ = ["SECTOR", "Disk", "Image", "Survives", "policies"]

SECTOR: Final = 512

Image = dict[str, bytes]
"""Content of each file, by name."""

Survives = Callable[[int, int], bool]
"""Whether what a step (its number) did to a sector (-1: to a size or a name) reached the disk."""


class File:
    """A file, whatever its names: what is on the disk, and what is not yet."""

    def __init__(self, content: bytes = b"") -> None:
        self._now = bytearray(content)  # what programs see
        self._durable = bytearray(content)
        self._sectors: dict[int, list[tuple[int, bytes]]] = {}  # since the last sync, oldest first
        self._sizes: list[tuple[int, int]] = []

    @property
    def dirty(self) -> list[int]:
        """The steps since the last sync, in order."""
        steps = {step for versions in self._sectors.values() for step, _ in versions}
        return sorted(steps.union(step for step, _ in self._sizes))

    def sectors(self, step: int) -> list[int]:
        """The sectors that the step wrote."""
        return [n for n, versions in self._sectors.items() if any(s == step for s, _ in versions)]

    def write(self, step: int, offset: int, data: bytes) -> None:
        end = offset + len(data)
        grown = end > len(self._now)
        if grown:
            self._now.extend(bytes(end - len(self._now)))
            self._sizes.append((step, end))
        self._now[offset:end] = data
        self._note(step, offset, end)

    def truncate(self, step: int, size: int) -> None:
        before = len(self._now)
        del self._now[size:]
        self._now.extend(bytes(size - len(self._now)))
        self._sizes.append((step, size))
        self._note(step, min(size, before), max(size, before))

    def _note(self, step: int, start: int, end: int) -> None:
        for number in range(start // SECTOR, -(-end // SECTOR)):
            content = bytes(self._now[number * SECTOR : (number + 1) * SECTOR])
            self._sectors.setdefault(number, []).append((step, content.ljust(SECTOR, b"\0")))

    def sync(self) -> None:
        """Only what was written since the last one goes to the disk, as in the kernel."""
        self._settle(lambda step, sector: True)

    def lose(self, seed: int) -> None:
        """The sync failed: all that was written counts as clean, but only part is on the disk.

        The size does not belong to what is written, and stays to be synced.
        """
        rng = random.Random(seed)
        odds = rng.choice((0.0, 0.5))
        sizes = self._sizes
        self._settle(lambda step, sector: sector < 0 or rng.random() < odds)
        self._sizes = sizes

    def _settle(self, survives: Survives) -> None:
        self._durable = bytearray(self._after(survives, None))
        self._sectors, self._sizes = {}, []

    def survivor(self, survives: Survives, junk: random.Random | None) -> bytes:
        """What the disk holds after a crash."""
        return self._after(survives, junk)

    def _after(self, survives: Survives, junk: random.Random | None) -> bytes:
        sizes = [size for step, size in self._sizes if survives(step, -1)]
        size = sizes[-1] if sizes else len(self._durable)
        content = bytearray(self._durable[:size])
        grown = size - len(content)
        content.extend(junk.randbytes(grown) if junk else bytes(grown))
        for number, versions in self._sectors.items():
            for step, data in reversed(versions):
                if survives(step, number):
                    end = min((number + 1) * SECTOR, size)
                    if number * SECTOR < end:
                        content[number * SECTOR : end] = data[: end - number * SECTOR]
                    break
        return bytes(content)


@dataclass
class Disk:
    """A directory of files.

    Attributes:
        now: what names mean to programs.
        durable: what they mean on the disk.
        pending: names made (a file) or removed (None) since the directory was synced.
    """

    now: dict[str, File] = field(default_factory=dict)
    durable: dict[str, File] = field(default_factory=dict)
    pending: list[tuple[int, str, File | None]] = field(default_factory=list)

    @classmethod
    def holding(cls, image: Image) -> Disk:
        """The disk after a crash that left this."""
        files = {name: File(content) for name, content in image.items()}
        return cls(dict(files), dict(files))

    def link(self, step: int, name: str) -> None:
        self.now[name] = File()
        self.pending.append((step, name, self.now[name]))

    def unlink(self, step: int, name: str) -> None:
        del self.now[name]
        self.pending.append((step, name, None))

    def sync(self) -> None:
        self.durable = dict(self.now)
        self.pending = []

    def dirty(self) -> list[int]:
        """Every step that a crash could still undo, in order."""
        steps = {step for file in self._files() for step in file.dirty}
        return sorted(steps.union(step for step, _, _ in self.pending))

    def sectors(self, step: int) -> list[int]:
        """The sectors that a step wrote and a crash could still undo."""
        return [n for file in self._files() for n in file.sectors(step)]

    def _files(self) -> list[File]:
        """Every file that has a name, or could have one after a crash."""
        named = [*self.now.values(), *self.durable.values()]
        named += [file for _, _, file in self.pending if file is not None]
        return list({id(file): file for file in named}.values())

    def survivors(self, survives: Survives, junk: random.Random | None = None) -> Image:
        """Every file after a crash."""
        names = dict(self.durable)
        for step, name, file in self.pending:
            if survives(step, -1):
                if file is None:
                    names.pop(name, None)
                else:
                    names[name] = file
        return {name: file.survivor(survives, junk) for name, file in names.items()}


def policies(
    disk: Disk, rng: random.Random, rounds: int = 1
) -> Iterator[tuple[str, Survives, bool]]:
    """Yield (name, what survives, whether new room holds junk) of crashes at this moment.

    Args:
        rounds: how often to yield those that chance decides.
    """
    yield "none", lambda step, sector: False, False
    yield "all", lambda step, sector: True, False
    if steps := disk.dirty():
        for _ in range(rounds):
            yield from _by_chance(disk, rng, steps)


def _by_chance(
    disk: Disk, rng: random.Random, steps: list[int]
) -> Iterator[tuple[str, Survives, bool]]:
    cut = rng.choice(steps)
    parts = [-1, *disk.sectors(cut)]
    torn = set(rng.sample(parts, rng.randint(0, len(parts))))
    chosen = {step for step in steps if rng.random() < 0.5}
    salt, odds = rng.random(), rng.choice((0.1, 0.5, 0.9))

    def scattered(step: int, sector: int) -> bool:
        return random.Random(f"{salt}/{step}/{sector}").random() < odds

    yield "prefix", lambda step, sector: step <= cut, rng.random() < 0.5
    yield "suffix", lambda step, sector: step >= cut, rng.random() < 0.5
    yield "torn", lambda step, sector: step < cut or (step == cut and sector in torn), True
    yield "subset", lambda step, sector: step in chosen, rng.random() < 0.5
    yield "sectors", scattered, rng.random() < 0.5
