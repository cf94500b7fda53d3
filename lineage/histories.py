"""Which documents a snapshot ever had, by digest."""

from __future__ import annotations

__all__ = ["History", "digests"]

History = tuple[bytes, "History | None", "History | None"]
"""A digest, the history before it, and one that a rename joined. Never changed once made, so
that a rename shares it instead of copying."""


def digests(history: History | None) -> frozenset[bytes]:
    """Every digest in a history."""
    found: set[bytes] = set()
    visited: set[int] = set()
    waiting = [history]
    while waiting:
        past = waiting.pop()
        while past is not None and id(past) not in visited:
            visited.add(id(past))
            digest, past, joined = past
            found.add(digest)
            waiting.append(joined)
    return frozenset(found)
