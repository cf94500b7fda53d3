"""What comes of flipped bits: a child process flips one after another and says what it found.

A store's file is altered in one bit, opened for reading and for writing, and asked everything. An
answer has to be the one it was before, or an error of ours. What all answers have passed over has
to be found by `Store.check`, unless no query of SQLite can see it either.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from lineage import Store
from lineage.errors import Damaged, NotAStore
from tests.damage.answers import Question, questions
from tests.damage.contents import contents

__all__ = ["FOUND", "MISSED", "NAMED", "PASSED", "UNSEEN", "WRONG", "Flip", "Trial", "flips"]

FOUND: Final = "r"  # by reading
NAMED: Final = "c"  # by check alone
UNSEEN: Final = "u"  # by anything that could read the file
PASSED: Final = "p"  # by a decompressor that makes nothing of the bit: the content is the same
WRONG: Final = "w"  # another answer, or an error that is not ours
MISSED: Final = "m"  # by check, though a query of SQLite can see it

Flip = tuple[int, int]
"""Offset of a byte in the file, and a bit of it."""

_PATIENCE: Final = 60  # seconds for one bit
_MEMORY: Final = 1 << 31  # bytes for one store and all its answers
_SOME: Final = 9
_ERRORS: Final = (Damaged, NotAStore)


def flips(size: int, every: int = 1, bits: Sequence[int] = (0,)) -> Iterator[Flip]:
    """Yield some bits of each `every`-th byte. Which they are changes from byte to byte."""
    for offset in range(0, size, every):
        yield from ((offset, (bit + offset // every) % 8) for bit in bits)


class Trial:
    """One store, and what it answers undamaged.

    Args:
        good: the undamaged file; it stays as it is.
        room: a directory for the damaged one.
    """

    def __init__(self, good: Path, room: Path) -> None:
        self._path = room / "damaged.db"
        self._whole = good.read_bytes()
        self._path.write_bytes(self._whole)
        self._seen = contents(self._path)
        self._sizes = contents(self._path, packed=False)
        with Store(self._path, readonly=True) as store:
            self._asked = questions(store)
            self._answers = {name: ask(store) for name, ask in self._asked.items()}
            assert not list(store.check())
        self.remarks: list[str] = []
        self._tried = 0

    def flip(self, offset: int, bit: int) -> str:
        """Flip one bit, look, and put all back; gives one of the letters above."""
        damaged = bytearray(self._whole)
        damaged[offset] ^= 1 << bit
        self._write(damaged)
        try:
            return self._look()
        finally:
            self._write(self._whole)

    def _write(self, content: bytes | bytearray) -> None:
        for suffix in ("-wal", "-shm", "-journal"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self._path.write_bytes(content)

    def _look(self) -> str:
        self.remarks = []
        asked = list(self._asked.items())
        # All are asked in one way, some in the other, and both take turns.
        readonly = self._tried % 2 == 0
        some = asked[self._tried % _SOME :: _SOME][::-1]
        self._tried += 1
        found = self._ask(asked, readonly=readonly)
        found += self._ask(some, readonly=not readonly)
        if self.remarks:
            return WRONG
        checked = self._check()
        if self.remarks:
            return WRONG
        if found:
            if not checked:
                self.remarks.append(f"not found by check, but by reading: {found[0]}")
                return MISSED
            return FOUND
        if checked:
            return NAMED
        if contents(self._path) == self._seen:
            return UNSEEN
        if contents(self._path, packed=False) == self._sizes:
            return PASSED
        self.remarks.append("not found at all")
        return MISSED

    def _ask(self, asked: list[tuple[str, Question]], *, readonly: bool) -> list[str]:
        """Ask all, and give the errors; what is wrong goes to the remarks."""
        found: list[str] = []
        try:
            store = Store(self._path, readonly=readonly)
        except Exception as error:
            self._judge("opening", error, found)
            return found
        with store:
            for name, ask in asked:
                try:
                    answer = ask(store)
                except Exception as error:
                    self._judge(name, error, found)
                else:
                    if answer != self._answers[name]:
                        self.remarks.append(f"{name}: another answer")
        return found

    def _check(self) -> bool:
        """Whether `check` finds anything, or cannot open the store."""
        try:
            with Store(self._path, readonly=True) as store:
                return bool(list(store.check()))
        except _ERRORS:
            return True
        except Exception as error:
            self._judge("check", error, [])
            return True

    def _judge(self, name: str, error: Exception, found: list[str]) -> None:
        if isinstance(error, _ERRORS):
            found.append(f"{name}: {error}")
        else:
            self.remarks.append(f"{name}: {error!r}")


def _main(arguments: Sequence[str]) -> None:
    """Flip those bits that a parent names on stdin, and say a letter for each on stdout.

    Remarks go to stderr, a JSON array a line: offset, bit, letter, remarks.
    """
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    trial = Trial(Path(arguments[0]), Path(arguments[1]))
    flips: list[Flip] = json.load(sys.stdin)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # it ends the process, wherever that is
    for offset, bit in flips:
        signal.alarm(_PATIENCE)
        letter = trial.flip(offset, bit)
        signal.alarm(0)
        if trial.remarks:
            remark: list[Any] = [offset, bit, letter, trial.remarks[:3]]
            os.write(2, json.dumps(remark).encode() + b"\n")
        os.write(1, letter.encode())


if __name__ == "__main__":
    _main(sys.argv[1:])
