"""Two canonical documents as lines, in the form of ``diff -u``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, Final

from lineage.canon import secrets

__all__ = ["unified"]

_CONTEXT: Final = 3
# More lines than a document of libvirt's has between its first and last difference; what is
# longer is replaced as a whole, since comparing it could take quadratic time.
_MOST: Final = 4000
_Code = tuple[Any, int, int, int, int]


def unified(old: bytes, new: bytes, old_name: str, new_name: str) -> Iterator[str]:
    """Yield the lines of a unified diff, none if the documents are equal.

    Documents are compared as they are, and then shown with ``***`` for every secret.

    Args:
        old_name, new_name: what the first two lines call them.
    """
    if old == new:
        return
    matcher = _Matcher(_lines(old), _lines(new))
    # masking leaves lines in their places
    before, after = ([line.decode() for line in _lines(secrets.masked(x))] for x in (old, new))
    yield f"--- {old_name}"
    yield f"+++ {new_name}"
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        (_, a, _, b, _), (_, _, a_end, _, b_end) = group[0], group[-1]
        yield f"@@ -{_range(a, a_end)} +{_range(b, b_end)} @@"
        for tag, i, i_end, j, j_end in group:
            if tag == "equal":
                yield from (f" {line}" for line in before[i:i_end])
                continue
            yield from (f"-{line}" for line in before[i:i_end])
            yield from (f"+{line}" for line in after[j:j_end])


def _range(start: int, end: int) -> str:
    count = end - start
    if count == 1:
        return str(start + 1)
    return f"{start + 1 if count else start},{count}"


def _lines(document: bytes) -> list[bytes]:
    return document.removesuffix(b"\n").split(b"\n")


class _Matcher(SequenceMatcher[bytes]):
    """Compares what is between the first and the last difference."""

    def __init__(self, old: Sequence[bytes], new: Sequence[bytes]) -> None:
        shorter = min(len(old), len(new))
        head = 0
        while head < shorter and old[head] == new[head]:
            head += 1
        tail = 0
        while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
            tail += 1
        self._head, self._tail = head, tail
        self._ends = len(old), len(new)
        super().__init__(None, old[head : len(old) - tail], new[head : len(new) - tail])

    def get_opcodes(self) -> list[_Code]:
        head, (old, new) = self._head, self._ends
        a_tail, b_tail = old - self._tail, new - self._tail
        middle: list[_Code] = [("replace", head, a_tail, head, b_tail)]
        if max(a_tail, b_tail) - head <= _MOST:
            middle = [
                (tag, a + head, a_end + head, b + head, b_end + head)
                for tag, a, a_end, b, b_end in super().get_opcodes()
            ]
        codes: list[_Code] = [("equal", 0, head, 0, head), *middle]
        codes.append(("equal", a_tail, old, b_tail, new))
        return [code for code in codes if code[1] < code[2] or code[3] < code[4]]
