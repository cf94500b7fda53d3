"""Names that are taken for something else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lineage.doctor.finding import Finding, found
from lineage.tree import Tree

__all__ = ["names"]

_NUMBER: Final = re.compile(r"[0-9]+")
_TROUBLE: Final = (
    (re.compile(r"/"), "a slash, which separates directories"),
    (re.compile(r"\A\."), "a dot in front, as hidden files and .. have"),
    (re.compile(r"\A-"), "a dash in front, as options have"),
    (re.compile(r"\s"), "blanks"),
)
_RENAME: Final = "give it another name (in libvirt, then lineage record rename)"


def names(tree: Tree) -> Iterator[Finding]:
    """Yield the names that scripts, shells and qemu's tools take for something else."""
    for name in tree:
        if _NUMBER.fullmatch(name):
            message = "a number is its name, and internal snapshots have numbers too"
            yield found(tree, "numeric-name", name, message, _RENAME)
        trouble = [words for pattern, words in _TROUBLE if pattern.search(name)]
        if not all(char.isprintable() or char.isspace() for char in name):
            trouble.append("characters that cannot be seen")
        if trouble:
            message = f"its name has {', and '.join(trouble)}"
            yield found(tree, "hostile-name", name, message, _RENAME)
