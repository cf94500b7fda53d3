"""Stories find what is wrong with a fold: each of these mistakes is noticed, and where it shows."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

import pytest

from lineage.tree import Tree
from lineage.treenode import Siblings, TreeNode

from .side_by_side import Worlds
from .stories import Teller
from .telling import Told, in_memory, shortest, tell

pytestmark = pytest.mark.live

STORIES: Final = 30  # one of them must fail
Patch = pytest.MonkeyPatch

_push, _delete, _define, _undefine = Siblings.push, Tree._delete, Tree._define, Tree._undefine
_heir, _made = Tree._heir, TreeNode.__init__


def orphans_come_last(patch: Patch) -> None:
    def append(children: Siblings, others: Siblings) -> None:
        for node in list(others)[::-1]:
            others.remove(node)
            _push(children, node)
        others.merged = children

    patch.setattr(Siblings, "append", append)


def orphans_are_roots(patch: Patch) -> None:
    patch.setattr(Tree, "_heir", lambda tree, node: None)


def the_last_defined_comes_last(patch: Patch) -> None:
    def push(siblings: Siblings, node: TreeNode) -> None:
        others = list(siblings)
        _push(siblings, node)
        for other in others[::-1]:
            siblings.remove(other)
            _push(siblings, other)

    patch.setattr(Siblings, "push", push)


def a_redefined_one_stays_in_its_place(patch: Patch) -> None:
    def define(tree: Tree, stored: Any, data: Any) -> None:
        old = tree._nodes.get(data.name)
        before = list(Siblings.of(old)) if old is not None else []
        _define(tree, stored, data)
        node = tree._nodes[data.name]
        if old in before and Siblings.of(node) is Siblings.of(old):
            for other in before[: before.index(old)][::-1]:
                Siblings.of(node).remove(other)
                _push(Siblings.of(node), other)

    patch.setattr(Tree, "_define", define)


def no_current_after_deleting_it(patch: Patch) -> None:
    def delete(tree: Tree, data: Any) -> None:
        current = tree._current
        _delete(tree, data)
        if tree._current != current:
            tree._current = None

    patch.setattr(Tree, "_delete", delete)


def current_goes_to_the_parent_of_who_stays(patch: Patch) -> None:
    def delete(tree: Tree, data: Any) -> None:
        node = tree._nodes.get(data.name)
        current = tree._current
        _delete(tree, data)
        if node is not None and data.scope == "children-only" and tree._current != current:
            tree._current = _heir(tree, node)

    patch.setattr(Tree, "_delete", delete)


def what_is_redefined_is_current(patch: Patch) -> None:
    def define(tree: Tree, stored: Any, data: Any) -> None:
        _define(tree, stored, data)
        tree._current = data.name

    patch.setattr(Tree, "_define", define)


def current_outlives_the_domain(patch: Patch) -> None:
    def undefine(tree: Tree) -> None:
        current = tree._current
        _undefine(tree)
        tree._current = current

    patch.setattr(Tree, "_undefine", undefine)


def no_domain_is_inherited(patch: Patch) -> None:
    def made(node: TreeNode, data: Any, stored: Any, brief: Any, old: Any = None) -> None:
        _made(node, data, stored, brief)

    patch.setattr(TreeNode, "__init__", made)


def a_domain_without_a_type_counts(patch: Patch) -> None:
    patch.setattr(TreeNode, "has_domain", False)


def a_domain_is_inherited_for_ever(patch: Patch) -> None:
    def made(node: TreeNode, data: Any, stored: Any, brief: Any, old: Any = None) -> None:
        _made(node, data, stored, brief, old)
        if old is not None:
            node._domain, node._domain_at = old._domain, old._domain_at

    patch.setattr(TreeNode, "__init__", made)


def children_keep_the_name_of_who_is_gone(patch: Patch) -> None:
    def rewritten(node: TreeNode) -> bool:
        return node.domain != node.definition.domain

    patch.setattr(TreeNode, "rewritten", property(rewritten))


def tell_many(worlds: Worlds) -> None:
    for seed in range(STORIES):
        tell(worlds, Teller(random.Random(seed)), in_memory())


@pytest.mark.parametrize(
    ("mistake", "shows"),
    [
        (orphans_come_last, "roots|children"),
        (orphans_are_roots, "roots|children|parents"),
        (the_last_defined_comes_last, "roots|children"),
        (a_redefined_one_stays_in_its_place, "roots|children"),
        (no_current_after_deleting_it, "current"),
        (current_goes_to_the_parent_of_who_stays, "current"),
        (what_is_redefined_is_current, "current"),
        (current_outlives_the_domain, "current"),
        (no_domain_is_inherited, "xml"),
        (a_domain_without_a_type_counts, "xml|the store refuses"),
        (a_domain_is_inherited_for_ever, "xml"),
        (children_keep_the_name_of_who_is_gone, "xml"),
    ],
)
def test_a_mistake_of_the_fold_is_noticed(
    worlds: Worlds, monkeypatch: Patch, mistake: Callable[[Patch], None], shows: str
) -> None:
    mistake(monkeypatch)
    with pytest.raises(Told, match=rf"^({shows})\b"):
        tell_many(worlds)


def test_a_story_that_fails_is_cut_to_what_matters(worlds: Worlds, monkeypatch: Patch) -> None:
    what_is_redefined_is_current(monkeypatch)
    with pytest.raises(Told) as told:
        tell(worlds, Teller(random.Random(1)), in_memory())
    assert len(shortest(worlds, told.value).story) == 1
