"""Several documents for one snapshot in one import: which of them ends as the present one.

All that are new are kept in the history, and the one of greatest (creation time, digest) ends
as present. The order of the events is that of (creation time, digest), so that also what a
document without ``<domain>`` inherits does not depend on the order in which they were read.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

__all__ = ["Candidate", "Settled", "settle"]


class Candidate(msgspec.Struct, frozen=True, order=True, gc=False):
    """A document that wants to be a snapshot's present one, ordered by greatness.

    Attributes:
        number: of its arrival in the spool; -1: it is the present document already.
    """

    creation_time: int
    digest: bytes
    number: int


class Settled(msgspec.Struct, frozen=True, gc=False):
    """What comes of it.

    Attributes:
        events: the documents to define or redefine the snapshot with, in this order; of the
            present one if it has to be put back.
        new: how many of them are new to the snapshot's history.
        known: how many documents are in the history and stay there.
    """

    events: list[Candidate]
    new: int
    known: int


def settle(
    candidates: Sequence[Candidate],
    present: Candidate | None,
    seen: frozenset[bytes],
    *,
    unrecorded: bool = False,
) -> Settled:
    """Decide on one snapshot.

    Args:
        candidates: documents of the import that are not the present one, each once.
        present: the present document, if the import holds it too or has just added it.
        seen: digests that the snapshot ever had. A document of one of these is defined again
            if it is the greatest, and else adds nothing.
        unrecorded: the present document as it is, with the domain it inherits, is none of
            `seen`. Before another takes its place it becomes one, to be known from then on.
    """
    ranked = sorted(candidates)
    greatest = max([*ranked, present]) if present else (ranked[-1] if ranked else None)
    wanted = [each for each in ranked if each.digest not in seen or each is greatest]
    known = len(ranked) - len(wanted)
    if present is None:
        return Settled(wanted, len(wanted), known)
    below = [each for each in wanted if each < present]
    above = wanted[len(below) :]
    back = [present] if below or (above and unrecorded) else []
    return Settled(below + back + above, len(wanted), known)
