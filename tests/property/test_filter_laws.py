"""Filters say of any tree what the fold says, cycles and missing parents included."""

from __future__ import annotations

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from lineage.events import EventData
from lineage.filters import Filter
from lineage.listing import lines_of
from lineage.past import replay
from lineage.tree import Tree, fold
from tests.property.test_kept_trees import STREAM, log_of, stories


def names(tree: Tree, wanted: Filter) -> list[str]:
    """What a filter lets through."""
    return [line.name for line in wanted.chosen([lines_of(tree)])]


def grown(story: list[EventData]) -> Tree:
    """The tree of a story."""
    return fold(STREAM, replay(log_of(story), STREAM))


@given(story=stories)
def test_all_roots_leaves_and_order_are_those_of_the_tree(story: list[EventData]) -> None:
    tree = grown(story)
    every = [node.name for node in tree.topological()]
    assert names(tree, Filter(topological=True)) == every
    assert sorted(names(tree, Filter())) == sorted(every)
    roots = {node.name for node in tree.roots()}
    assert set(names(tree, Filter(roots=True))) == roots
    leaves = {name for name in every if not tree.children(name)}
    assert set(names(tree, Filter(leaves=True))) == leaves
    assert set(names(tree, Filter(no_leaves=True))) == set(every) - leaves
    assert names(tree, Filter(leaves=True, no_leaves=True, topological=True)) == every


@given(story=stories, data=st.data())
def test_what_is_below_a_snapshot_is_what_the_tree_has_there(
    story: list[EventData], data: st.DataObject
) -> None:
    tree = grown(story)
    if not len(tree):
        return
    top = data.draw(st.sampled_from(list(tree)))
    below = {node.name for node in tree.descendants(top)}
    order = [node.name for node in tree.topological() if node.name in below]
    assert names(tree, Filter(from_=top, descendants=True, topological=True)) == order
    found = names(tree, Filter(from_=top, descendants=True))
    assert len(found) == len(below) == len(set(found) & below)
    children = {node.name for node in tree.children(top)}
    assert set(names(tree, Filter(from_=top))) == children
    current = tree.current
    expected = {node.name for node in tree.children(current)} if current else set()
    assert set(names(tree, Filter(current=True))) == expected


@given(story=stories)
def test_groups_of_which_all_is_asked_for_filter_nothing(story: list[EventData]) -> None:
    tree = grown(story)
    every = names(tree, Filter())
    status = [names(tree, Filter(**{word: True})) for word in ("inactive", "active", "disk_only")]
    assert sorted(chain(*status)) == sorted(every)
    places = [names(tree, Filter(**{word: True})) for word in ("internal", "external")]
    assert sorted(chain(*places)) == sorted(every)
    everything = Filter(inactive=True, active=True, disk_only=True, internal=True, external=True)
    assert names(tree, everything) == every
    assert names(tree, Filter(metadata=True)) == every
    assert names(tree, Filter(no_metadata=True)) == []
    assert names(tree, Filter(metadata=True, no_metadata=True)) == every
