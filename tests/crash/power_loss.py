"""The power-loss simulator: replays a trace and looks at what each crash leaves behind.

`make crash` runs it over every step; the tests take a sample.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import apsw

from lineage import Store
from lineage.errors import LineageError
from lineage.log import SQLiteLog
from tests.crash.disk import Disk, Image, policies
from tests.crash.history import History, Witness, integrity
from tests.crash.recording import RecordingVFS, Step, replay
from tests.crash.workload import STORE, append, domains_of, open_log

__all__ = ["Crash", "Unsynced", "Verdict", "crashes", "go_on", "inspect", "judge", "without"]

NEXT: Final = 3  # number of the append that is made after a crash
DEEP: Final = 8  # every so many steps, documents are read too


class Unsynced(apsw.VFS):
    """The system's files, never synced: an image is looked at and thrown away."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "")
        self.name = name

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _UnsyncedFile("", name, flags)


class _UnsyncedFile(apsw.VFSFile):
    def xSync(self, flags: int) -> bool:
        return True


@dataclass
class Verdict:
    """What came out.

    Attributes:
        points: steps after which the power failed and left something new.
        images: how many by policy, all different.
        findings: (step, policy, what is wrong).
    """

    points: int = 0
    images: Counter[str] = field(default_factory=Counter)
    findings: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many images were looked at."""
        return sum(self.images.values())

    def about(self, word: str) -> int:
        """How many findings begin with the word."""
        return sum(text.startswith(word) for _, _, text in self.findings)

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {name}" for name, count in self.images.items())
        return (
            f"{self.points} crash points, {self.total} images ({kinds}), "
            f"{len(self.findings)} findings"
        )


def without(trace: Sequence[Step], kind: str, suffix: str) -> list[Step]:
    """The trace of a disk that says yes to such steps and does nothing."""
    kept = [step for step in trace if not (step.kind == kind and step.name.endswith(suffix))]
    assert len(kept) < len(trace)
    return kept


@dataclass(frozen=True)
class Crash:
    """A moment at which the power failed, and what that may have left.

    Attributes:
        step: the last one before it.
        returned: how many appends had been acknowledged.
    """

    step: int
    policy: str
    image: Image
    returned: int


def crashes(
    trace: Sequence[Step],
    *,
    chance: float = 1.0,
    seed: int = 0,
    rounds: int = 1,
    disk: Disk | None = None,
    returned: int = 0,
) -> Iterator[Crash]:
    """Yield crashes after each step of the trace, each image once while it has to hold the same.

    Args:
        chance: with which one is yielded.
        rounds: see `policies`.
        disk: what there was before; None: nothing.
        returned: how many appends had been acknowledged before.
    """
    rng = random.Random(seed)
    disk = disk or Disk()
    seen: set[tuple[int, int]] = set()
    for number, step in enumerate(trace):
        replay(disk, number, step)
        if step.kind == "returned":
            returned = step.number
        for policy, survives, junk in policies(disk, rng, rounds):
            if rng.random() < chance:
                image = disk.survivors(survives, rng if junk else None)
                key = returned, hash(frozenset(image.items()))
                if key not in seen:
                    seen.add(key)
                    yield Crash(number, policy, image, returned)


def judge(
    found: Iterable[Crash],
    history: History,
    room: Path,
    vfs: Unsynced,
    *,
    enough: int | None = None,
    verdict: Verdict | None = None,
) -> Verdict:
    """Look at what crashes left.

    Args:
        room: an empty directory to put images in.
        enough: findings after which to stop; None: never.
        verdict: to add to.
    """
    verdict = verdict or Verdict()
    last = -1
    for crash in found:
        verdict.points += crash.step != last
        last = crash.step
        verdict.images[crash.policy] += 1
        for finding in inspect(crash, history, room, vfs):
            verdict.findings.append((crash.step, crash.policy, finding))
        if enough is not None and len(verdict.findings) >= enough:
            break
    return verdict


def inspect(crash: Crash, history: History, room: Path, vfs: Unsynced) -> list[str]:
    """Put the image there, open it as any program would, and say what is wrong with it."""
    _put(crash.image, room)
    path = room / STORE
    if crash.returned and not path.exists():
        return ["lost: the store's file"]
    try:
        log = open_log(path, vfs.name)
    except LineageError as error:
        return [f"cannot be opened: {type(error).__name__}: {error}"]
    try:
        return [
            *(f"corrupt: {text}" for text in integrity(log)),
            *history.findings(log, crash.returned),
            *(_document_findings(log) if crash.step % DEEP == 0 else ()),
        ]
    except LineageError as error:
        return [f"cannot be read: {type(error).__name__}: {error}"]
    finally:
        log.close()


def go_on(crash: Crash, history: History, room: Path, vfs: RecordingVFS) -> Iterator[Crash]:
    """Open what a crash left, append to it, and let the power fail again at each step of that.

    The history becomes that of the store after the append.
    """
    _put(crash.image, room)
    path = room / STORE
    vfs.begin(crash.image)
    log = open_log(path, vfs.name)
    history.cut(log.head())
    vfs.note("returned", number=len(history.ends) - 1)  # what could be read has to stay
    append(Witness(log, history, lambda n: vfs.note("returned", number=n)), NEXT)
    log.close()
    disk = Disk.holding(crash.image)
    yield from crashes(vfs.trace, disk=disk, seed=crash.step, returned=crash.returned)


def _put(image: Image, room: Path) -> None:
    for path in room.iterdir():
        path.unlink()
    for name, content in image.items():
        (room / name).write_bytes(content)


def _document_findings(log: SQLiteLog) -> Iterator[str]:
    """Read every document through a store."""
    store = Store.over(log)
    for domain in domains_of(store):
        for name in store.tree(domain):
            if not store.xml(domain, name).startswith(b"<domainsnapshot>"):
                yield f"document {name} of {domain} is none"
