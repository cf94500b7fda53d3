"""What an import decided: kept until it is on disk, since it may have to be decided again."""

from __future__ import annotations

import msgspec

from lineage.intake.settling import Candidate
from lineage.log.base import NewEvent

__all__ = ["Decision", "MadeCurrent", "Mirrored", "Outcome", "Placed", "Settled"]


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of one snapshot's documents that had to wait, in numbers."""

    added: int
    new: int
    known: int
    equal: int
    rivals: int


class Placed(msgspec.Struct, frozen=True, gc=False):
    """A document was new to its snapshot; its event tells all of it but this."""

    stream: str
    event: NewEvent
    active: int | None
    label: str


class Settled(msgspec.Struct, frozen=True):
    """It was decided which of several documents is a snapshot's present one."""

    stream: str
    name: str
    candidates: list[Candidate]


class Mirrored(msgspec.Struct, frozen=True):
    """It was decided which snapshots of a domain are gone."""

    stream: str
    gone: frozenset[str]


class MadeCurrent(msgspec.Struct, frozen=True, gc=False):
    """It was decided which snapshot is current."""

    stream: str


Decision = Placed | Settled | Mirrored | MadeCurrent
