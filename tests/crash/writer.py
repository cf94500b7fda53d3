"""A process that writes until it is killed: `python -m tests.crash.writer STORE`.

It appends what `made` makes, one after the other from where the store ends, and prints each
append's number once it returned.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.crash.history import History
from tests.crash.workload import append, made, open_log

__all__ = ["grown"]


def grown(history: History, appends: int) -> History:
    """The history, with appends added until it has that many."""
    for number in range(len(history.ends) - 1, appends):
        history.add(*made(number))
    return history


def main() -> None:
    """Write for ever."""
    log = open_log(Path(sys.argv[1]))
    history, number = History(), 0
    while history.ends[-1] < log.head():
        number += 1
        grown(history, number)
    while True:
        append(log, number)
        number += 1
        os.write(1, b"%d\n" % number)


if __name__ == "__main__":
    main()
