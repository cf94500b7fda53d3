"""Lays out rows of text in columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

__all__ = ["table"]

WIDEST: Final = 40  # one long name does not push every row's other columns away


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; the text must already be safe.

    A cell wider than `WIDEST` keeps its text and moves the rest of its own row only.
    """
    measured = [[(cell, _width(cell)) for cell in row] for row in (titles, *rows)]
    columns = [0] * len(titles)
    for row in measured:
        for index, (_, width) in enumerate(row):
            columns[index] = max(columns[index], min(WIDEST, width))
    for row in measured:
        padded = [
            cell + " " * (column - width)
            for (cell, width), column in zip(row, columns, strict=True)
        ]
        yield "  ".join(padded).rstrip(" ")


def _width(text: str) -> int:
    """Columns that a terminal gives the text."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )
