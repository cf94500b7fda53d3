"""XML as libvirt prints it: one element a line, two spaces a level, single quotes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["Printer", "escape"]

_ENTITIES: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
)


def escape(value: str) -> str:
    """The value with libvirt's five entities, the same in text and in attributes."""
    return value.translate(_ENTITIES)


class Printer:
    """Collects the lines of a document.

    Attributes are keyword arguments in printing order; those that are None are left out.
    """

    def __init__(self, level: int = 0) -> None:
        self._lines: list[str] = []
        self._level = level

    def leaf(self, tag: str, **attrs: object) -> None:
        """An element without content."""
        self.line(f"<{tag}{_attributes(attrs)}/>")

    def text(self, tag: str, value: object, **attrs: object) -> None:
        """An element with text."""
        self.line(f"<{tag}{_attributes(attrs)}>{escape(str(value))}</{tag}>")

    @contextmanager
    def element(self, tag: str, **attrs: object) -> Iterator[None]:
        """An element; what is printed inside the with-block becomes its content."""
        self.line(f"<{tag}{_attributes(attrs)}>")
        self._level += 1
        yield
        self._level -= 1
        self.line(f"</{tag}>")

    def line(self, text: str) -> None:
        """A line as it is, indented. The way to print metadata, which libvirt quotes otherwise."""
        self._lines.append("  " * self._level + text)

    def paste(self, text: str) -> None:
        """Whole lines that are indented already."""
        self._lines.append(text.removesuffix("\n"))

    def result(self) -> str:
        """Everything printed, with a final newline."""
        return "\n".join([*self._lines, ""])


def _attributes(attrs: dict[str, object]) -> str:
    return "".join(
        f" {name}='{escape(str(value))}'" for name, value in attrs.items() if value is not None
    )
