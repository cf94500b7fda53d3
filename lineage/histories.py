"""Which documents the snapshots of each name ever had."""

from __future__ import annotations

__all__ = ["Histories"]

# Every digest a name ever had: (digest, the history before it, a history joined by a rename).
# Never changed once made, so that a rename shares it instead of copying.
_History = tuple[bytes, "_History | None", "_History | None"]


class Histories:
    """Digests by name. Deleting and undefining forget nothing; renaming takes them along."""

    def __init__(self) -> None:
        self._last: dict[str, _History] = {}

    def add(self, name: str, digest: bytes) -> None:
        """A snapshot of that name got a document."""
        past = self._last.get(name)
        if past is None or past[0] != digest:
            self._last[name] = (digest, past, None)

    def rename(self, old: str, new: str) -> None:
        """A snapshot got another name; the document that came last was its."""
        past = self._last[old]
        self._last[new] = (past[0], past, self._last.get(new))

    def of(self, name: str) -> frozenset[bytes]:
        """Digest of every document that a snapshot of this name ever had."""
        digests: set[bytes] = set()
        visited: set[int] = set()
        waiting = [self._last.get(name)]
        while waiting:
            past = waiting.pop()
            while past is not None and id(past) not in visited:
                visited.add(id(past))
                digest, past, joined = past
                digests.add(digest)
                waiting.append(joined)
        return frozenset(digests)
