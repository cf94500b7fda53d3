"""``lineage tree``: draw the snapshot trees."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import click

from lineage.cli import terminal
from lineage.cli.drawing import draw
from lineage.cli.options import (
    At,
    at_option,
    domains_argument,
    open_for_reading,
    store_option,
)
from lineage.cli.selection import trees

__all__ = ["command"]


@click.command("tree")
@domains_argument
@store_option
@at_option
def command(domains: Sequence[str], store_path: Path | None, at: At) -> None:
    """Draw the snapshot trees of DOMAIN (name or UUID, or either with @{WHEN}), or of every one.

    A line below another in the same column is its child; siblings stand in order of creation.
    The current snapshot is marked *, the others o. A parent that is not in the store
    stands as "? (missing parent NAME)".
    """
    with open_for_reading(store_path) as store:
        for number, tree in enumerate(trees(store, domains, at)):
            terminal.write_lines(chain([""] if number else [], draw(tree)))
