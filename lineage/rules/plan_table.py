"""The planner's tables: what becomes of a request to make a snapshot, for every combination.

`2012` is the plan in the message of libvirt's commit "snapshot: new XML for external system
checkpoint" (2012-10-23): 25 rows for the 64 combinations, ``*`` where it meant to write new code,
``+`` where old code was to be reached in a new way. The others are what the qemu driver of
libvirt 9.0 and 11.3 answers to each combination, under the numbers of the commit's rows.

A row of text is a row of `Row`: this file is the only place that knows the outcomes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

import msgspec

__all__ = ["COMBINATIONS", "LOCATIONS", "PROFILES", "STATES", "Combination", "Row", "lookup"]

Combination = tuple[str, str, str, bool]
"""State of the domain, memory, disk, disk-only."""

STATES: Final = ("offline", "online")
LOCATIONS: Final = ("omit", "no", "internal", "external")
COMBINATIONS: Final[tuple[Combination, ...]] = tuple(
    itertools.product(STATES, LOCATIONS, LOCATIONS, (False, True))
)

_COMMIT: Final = """
 #  domain   memory   disk    disk-only |  result
 1  offline  omit     omit    any       |  mem=no disk=int, qemu-img
 2  offline  no       omit    any       |+ mem=no disk=int, qemu-img
 3  offline  omit/no  no      any       |  invalid (nothing to snapshot)
 4  offline  omit/no  int     any       |+ mem=no disk=int, qemu-img
 5  offline  omit/no  ext     any       |* mem=no disk=ext, qemu-img
 6  offline  int/ext  any     any       |  invalid (no memory to save)
 7  online   omit     omit    off       |  mem=int disk=int, savevm
 8  online   omit     omit    on        |  mem=no disk=default, transaction
 9  online   omit     no/ext  off       |  unsupported (memory needs internal disks)
10  online   omit     no      on        |  invalid (nothing to snapshot)
11  online   omit     ext     on        |  mem=no disk=ext, transaction
12  online   omit     int     off       |+ mem=int disk=int, savevm
13  online   omit     int     on        |  unsupported (internal disks without memory)
14  online   no       omit    any       |+ mem=no disk=default, transaction
15  online   no       no      any       |  invalid (nothing to snapshot)
16  online   no       int     any       |  unsupported (internal disks without memory)
17  online   no       ext     any       |+ mem=no disk=ext, transaction
18  online   int/ext  any     on        |  invalid (disk-only vs. memory)
19  online   int      omit    off       |+ mem=int disk=int, savevm
20  online   int      no/ext  off       |  unsupported (memory needs internal disks)
21  online   int      int     off       |+ mem=int disk=int, savevm
22  online   ext      omit    off       |* mem=ext disk=default, migrate+transaction
23  online   ext      no      off       |+ mem=ext disk=no, migrate
24  online   ext      int     off       |  unsupported (external memory, internal disks)
25  online   ext      ext     off       |* mem=ext disk=ext, migrate+transaction
"""

_QEMU_9_0: Final = """
 #  domain   memory   disk    disk-only |  result
 1  offline  omit     omit    off       |  mem=no disk=int, qemu-img
 1  offline  omit     omit    on        |  mem=no disk=ext, qemu-img
 2  offline  no       omit    off       |  mem=no disk=int, qemu-img
 2  offline  no       omit    on        |  mem=no disk=ext, qemu-img
 3  offline  omit/no  no      off       |  unsupported (every disk internal)
 3  offline  omit/no  no      on        |  invalid (nothing to snapshot)
 4  offline  omit/no  int     any       |  mem=no disk=int, qemu-img
 5  offline  omit/no  ext     off       |  unsupported (every disk internal)
 5  offline  omit/no  ext     on        |  mem=no disk=ext, qemu-img
 6  offline  int/ext  any     any       |  invalid (no memory to save)
 7  online   omit     omit    off       |  mem=int disk=int, savevm
 8  online   omit     omit    on        |  mem=no disk=ext, transaction
 9  online   omit     no/ext  off       |  unsupported (every disk internal)
10  online   omit     no      on        |  invalid (nothing to snapshot)
11  online   omit     ext     on        |  mem=no disk=ext, transaction
12  online   omit     int     off       |  mem=int disk=int, savevm
13  online   omit     int     on        |  unsupported (internal disks without memory)
14  online   no       omit    off       |  unsupported (memory left out)
14  online   no       omit    on        |  mem=no disk=ext, transaction
15  online   no       no      off       |  unsupported (memory left out)
15  online   no       no      on        |  invalid (nothing to snapshot)
16  online   no       int     off       |  unsupported (memory left out)
16  online   no       int     on        |  unsupported (internal disks without memory)
17  online   no       ext     off       |  unsupported (memory left out)
17  online   no       ext     on        |  mem=no disk=ext, transaction
18  online   int/ext  any     on        |  invalid (disk-only vs. memory)
19  online   int      omit    off       |  mem=int disk=int, savevm
20  online   int      no/ext  off       |  unsupported (every disk internal)
21  online   int      int     off       |  mem=int disk=int, savevm
22  online   ext      omit    off       |  mem=ext disk=ext, migrate+transaction
23  online   ext      no      off       |  mem=ext disk=no, migrate
24  online   ext      int     off       |  unsupported (external memory, internal disks)
25  online   ext      ext     off       |  mem=ext disk=ext, migrate+transaction
"""

# Instead of the rows of these numbers in the table above.
_QEMU_11_3: Final = """
 #  domain   memory   disk    disk-only |  result
 5  offline  omit     ext     off       |  mem=no disk=ext, qemu-img, unsaid
 5  offline  no       ext     off       |  mem=no disk=ext, qemu-img
 5  offline  omit/no  ext     on        |  mem=no disk=ext, qemu-img
"""

_WORDS: Final = {"int": "internal", "ext": "external"}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a profile's table.

    Attributes:
        number: of the row in the commit's table.
        state, memory, disk, disk_only: as the table abbreviates them, ``omit/no`` for either and
            ``any`` for all.
        mark: ``*``, ``+`` or a blank.
        verdict: ``ok`` or ``refused``.
        result_memory, result_disk: locations, None if refused.
        mechanism: what takes the snapshot, None if refused.
        kind: of a refusal, ``invalid`` or ``unsupported``.
        reason: of a refusal, in the few words of the table.
        unsaid: the stored XML will have no ``<memory>``.
    """

    number: int
    state: str
    memory: str
    disk: str
    disk_only: str
    mark: str = " "
    verdict: str = "ok"
    result_memory: str | None = None
    result_disk: str | None = None
    mechanism: str | None = None
    kind: str | None = None
    reason: str | None = None
    unsaid: bool = False

    def combinations(self) -> Iterator[Combination]:
        """Yield the combinations that the row is about."""
        switch = {"any": (False, True), "off": (False,), "on": (True,)}[self.disk_only]
        memory, disk = _locations(self.memory), _locations(self.disk)
        yield from itertools.product((self.state,), memory, disk, switch)


def _locations(cell: str) -> tuple[str, ...]:
    if cell == "any":
        return LOCATIONS
    return tuple(_WORDS.get(word, word) for word in cell.split("/"))


def _row(line: str) -> Row:
    left, _, result = line.partition("|")
    number, state, memory, disk, disk_only = left.split()
    mark, result = result[0], result[1:].strip()
    kind, _, reason = result.partition(" (")
    if kind in ("invalid", "unsupported"):
        outcome = {"verdict": "refused", "kind": kind, "reason": reason.removesuffix(")")}
        unsaid = False
    else:
        saved, mechanism, *more = result.split(", ")
        words = dict(part.split("=") for part in saved.split())
        unsaid = more == ["unsaid"]
        outcome = {
            "result_memory": _WORDS.get(words["mem"], words["mem"]),
            "result_disk": _WORDS.get(words["disk"], words["disk"]),
            "mechanism": mechanism,
        }
    return Row(
        number=int(number),
        state=state,
        memory=memory,
        disk=disk,
        disk_only=disk_only,
        mark=mark,
        unsaid=unsaid,
        **outcome,
    )


def _rows(text: str) -> tuple[Row, ...]:
    return tuple(map(_row, text.strip("\n").splitlines()[1:]))


def _replaced(rows: tuple[Row, ...], others: tuple[Row, ...]) -> tuple[Row, ...]:
    numbers = {row.number for row in others}
    kept = [row for row in rows if row.number not in numbers]
    return tuple(sorted([*kept, *others], key=lambda row: row.number))


PROFILES: Final = MappingProxyType(
    {
        "2012": _rows(_COMMIT),
        "qemu-9.0": _rows(_QEMU_9_0),
        "qemu-11.3": _replaced(_rows(_QEMU_9_0), _rows(_QEMU_11_3)),
    }
)
"""The rows of each profile, in the order of the table."""

_BY_COMBINATION: Final = {
    profile: {each: row for row in rows for each in row.combinations()}
    for profile, rows in PROFILES.items()
}


def lookup(profile: str, combination: Combination) -> Row:
    """Give the row that decides a combination."""
    return _BY_COMBINATION[profile][combination]
