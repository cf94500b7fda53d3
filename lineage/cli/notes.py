"""What a report has to say beside its figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from lineage.cli import terminal
from lineage.cli.text import safe, utf8

__all__ = ["Remark", "label", "print_notes", "records"]

_SHOWN: Final = 20  # an old archive may have a note for each of its documents


class Remark(NamedTuple):
    """A note: what it is about, a stable short name, and words."""

    about: str
    code: str
    message: str


def label(text: str) -> str:
    """Return a file's label, safe to show: those of sources are escaped already."""
    return text if text.isprintable() else safe(text)


def print_notes(notes: Sequence[Remark]) -> None:
    """Write the first notes to stderr and count the rest."""
    for note in notes[:_SHOWN]:
        terminal.complain(f"lineage: note: {label(note.about)}: {safe(note.message)}")
    if len(notes) > _SHOWN:
        terminal.complain(f"lineage: and {len(notes) - _SHOWN} more notes (--json has them all)")


def records(notes: Sequence[Remark]) -> list[dict[str, Any]]:
    """Return all notes for JSON."""
    return [
        {"about": utf8(note.about), "code": note.code, "message": utf8(note.message)}
        for note in notes
    ]
