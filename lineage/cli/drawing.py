"""Draws a snapshot tree as lines of text.

A node's only child stands below it in the same column, so that a chain of any length stays
narrow; only where a tree branches does it move to the right, and of very deep branching the
innermost columns are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from lineage.cli import terminal
from lineage.cli.text import moment, quoted

if TYPE_CHECKING:
    from lineage.tree import Tree, TreeNode

__all__ = ["draw", "title"]

SHOWN: Final = 32  # branch columns that are drawn; a line stays linear in its name


class _Row(NamedTuple):
    depth: int
    node: TreeNode | None
    missing: str = ""


class _Glyphs(NamedTuple):
    child: str
    last_child: str
    passing: str
    nothing: str


_BOXES: Final = _Glyphs("├─", "└─", "│ ", "  ")
_ASCII: Final = _Glyphs("|-", "`-", "| ", "  ")


def title(tree: Tree) -> str:
    """Return the line above a tree: the domain's name and UUID."""
    name = "(no name)" if tree.domain_name is None else quoted(tree.domain_name)
    remark = "  (undefined)" if tree.undefined else ""
    return f"{name}  {tree.uuid or '(no uuid)'}{remark}"


def draw(tree: Tree, top: TreeNode | None = None, depth: int | None = None) -> Iterator[str]:
    """Yield the tree's lines: title, then a line a snapshot, siblings by creation time and name.

    Text is safe to show. A missing parent has a line of its own above its children.

    Args:
        top: draw only this snapshot and what is below it.
        depth: draw only so many generations below `top`; None: all.
    """
    yield title(tree)
    glyphs = _BOXES if terminal.can_draw("".join(_BOXES)) else _ASCII
    rows = _rows(tree) if top is None else _rows_below(tree, top, depth)
    if not rows:
        yield "(no snapshots)"
        return
    cut = tree.cycle_roots()
    for prefix, row in _indent(rows, glyphs):
        if row.node is None:
            yield f"{prefix}? (missing parent {quoted(row.missing)})"
        else:
            yield prefix + _label(row.node, tree.current, cut)


def _rows(tree: Tree) -> list[_Row]:
    """Depth-first rows; subtrees below the same missing parent stand together."""
    missing = tree.missing_parents()
    groups: dict[tuple[bool, str], list[_Row]] = {}
    group: list[_Row] = []
    shift = 0
    for node, depth in tree.walk():
        if depth == 0:
            parent = missing.get(node.name)
            shift = 0 if parent is None else 1
            key = (parent is not None, node.name if parent is None else parent)
            group = groups.setdefault(key, [] if parent is None else [_Row(0, None, parent)])
        group.append(_Row(depth + shift, node))
    return [row for rows in groups.values() for row in rows]


def _rows_below(tree: Tree, top: TreeNode, depth: int | None) -> list[_Row]:
    """The rows of one snapshot and of those below it."""
    rows: list[_Row] = []
    start = 0
    for node, level in tree.walk():
        if node is top:
            start = level
        elif not rows or level <= start:
            if rows:
                break
            continue
        if depth is None or level - start <= depth:
            rows.append(_Row(level - start, node))
    return rows


def _later_siblings(rows: list[_Row]) -> list[bool]:
    """Whether each row has a sibling further down."""
    later = [False] * len(rows)
    seen: list[bool] = []  # by depth: a node there whose parent is still open above
    for index in range(len(rows) - 1, -1, -1):
        depth = rows[index].depth
        del seen[depth + 1 :]
        seen.extend([False] * (depth + 1 - len(seen)))
        later[index] = seen[depth]
        seen[depth] = True
    return later


def _indent(rows: list[_Row], glyphs: _Glyphs) -> Iterator[tuple[str, _Row]]:
    """Yield each row with what is drawn before it."""
    later = _later_siblings(rows)
    columns: list[str] = []  # what passes through, outermost first
    used: list[int] = []  # by depth: columns of a node's children
    above = -1
    for row, more in zip(rows, later, strict=True):
        first = row.depth == above + 1
        above = row.depth
        del used[row.depth :]
        start = used[-1] if used else 0
        del columns[start:]
        hidden = max(0, start - SHOWN)
        prefix = "".join(columns[hidden:])
        if hidden:
            prefix = f"+{hidden} {prefix}"
        if more or not first:
            prefix += glyphs.child if more else glyphs.last_child
            columns.append(glyphs.passing if more else glyphs.nothing)
        used.append(len(columns))
        yield prefix, row


def _label(node: TreeNode, current: str | None, cut: dict[str, str]) -> str:
    brief = node.brief
    parts = [
        f"{'*' if node.name == current else 'o'} {quoted(node.name)}",
        moment(node.creation_time) or str(node.creation_time),
        str(brief.state),
        "external" if brief.external else "internal",
    ]
    if node.name == current:
        parts.append("(current)")
    if node.name in cut:
        parts.append(f"(in a cycle: its parent is {quoted(cut[node.name])})")
    return "  ".join(parts)
