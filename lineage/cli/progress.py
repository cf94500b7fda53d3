"""Progress on stderr while something long runs, if a person is watching."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import click

__all__ = ["Percentage", "Show", "ShowBytes", "bytes_done", "percentage", "progress"]

Show = Callable[[int, int | None, int], None]
"""Called with bytes done, bytes in all of what is being read, and documents so far."""

ShowBytes = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""


@contextmanager
def progress(total: int | None) -> Iterator[Show | None]:
    """Show how far an import is while the block runs.

    Args:
        total: bytes to come; None if unknown: then documents are counted.

    Yields:
        What to call with the progress made; None without a terminal.
    """
    if not _watched():
        yield None
    elif total:
        with _bar(total, "importing") as show:
            yield show
    else:
        yield _count
        click.echo(err=True)


@contextmanager
def bytes_done(label: str) -> Iterator[ShowBytes | None]:
    """Show how many bytes are done while the block runs.

    Yields:
        What to call with the progress made; None without a terminal.
    """
    if not _watched():
        yield None
        return
    with ExitStack() as stack:
        bar: Show | None = None

        def show(done: int, total: int) -> None:
            nonlocal bar
            if bar is None:
                bar = stack.enter_context(_bar(total, label))
            bar(done, total, 0)

        yield show


def _watched() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def _bar(total: int, label: str) -> Iterator[Show]:
    steps = max(1, total // 500)
    with click.progressbar(
        length=total, label=label, file=sys.stderr, update_min_steps=steps
    ) as bar:
        done = 0

        def show(now: int, _total: int | None, _documents: int) -> None:
            nonlocal done
            step, done = max(0, now - done), max(now, done)
            bar.update(step)

        yield show
        show(total, total, 0)


def _count(_done: int, _total: int | None, documents: int) -> None:
    click.echo(f"\rimporting: {documents} documents", err=True, nl=False)


class Percentage:
    """A line that says how much is done.

    Attributes:
        show: to be called with how much is done, and how much there is; None without a terminal.
    """

    def __init__(self, label: str, *, watched: bool) -> None:
        self.show = self._show if watched else None
        self._label = label
        self._shown = ""

    def _show(self, done: int, total: int) -> None:
        line = f"{self._label}: {100 * done // total if total else 100} %"
        if line != self._shown:
            click.echo(f"\r{line}", err=True, nl=False)
            self._shown = line

    def clear(self) -> None:
        """Make room for a line of something else."""
        if self._shown:
            click.echo(f"\r{' ' * len(self._shown)}\r", err=True, nl=False)
            self._shown = ""


@contextmanager
def percentage(label: str) -> Iterator[Percentage]:
    """Show how much is done while the block runs, and leave no trace of it."""
    line = Percentage(label, watched=_watched())
    try:
        yield line
    finally:
        line.clear()
