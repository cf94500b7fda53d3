"""What looking a log over may find, and how the work is divided."""

from __future__ import annotations

import msgspec

__all__ = ["WHOLE", "Part", "Problem"]


class Part(msgspec.Struct, frozen=True, gc=False):
    """The n-th of m parts of a log. All parts together are the whole of it.

    Attributes:
        number: n, from 1.
        parts: m.
    """

    number: int = 1
    parts: int = 1

    @property
    def first(self) -> bool:
        """Whether what cannot be divided belongs to this part."""
        return self.number == 1

    def has(self, number: int) -> bool:
        """Whether the stream, body or request of this number, from 1, belongs to this part."""
        return (number - 1) % self.parts == self.number - 1


WHOLE = Part()


class Problem(msgspec.Struct, frozen=True, gc=False):
    """Something that is not what was written.

    Attributes:
        code: stable short name of the kind, see `lineage.check.CODES`.
        message: says what, and where it lies in the log.
        stream: key of the stream that it concerns, None if of none or unknown.
        position, version: of the event that it concerns, or the first of several.
    """

    code: str
    message: str
    stream: str | None = None
    position: int | None = None
    version: int | None = None
