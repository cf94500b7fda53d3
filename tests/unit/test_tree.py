"""Stories of one domain's snapshot tree, each told by its events."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from lineage.errors import Damaged, NotFound
from lineage.events import (
    CurrentChanged,
    Defined,
    Deleted,
    Renamed,
    Undefined,
)
from lineage.model import Head
from lineage.tree import Tree
from lineage.treenode import Outline

from .tree_events import UUID, chain, defined, more, redefined, told


def drawn(tree: Tree) -> list[str]:
    return ["  " * depth + node.name for node, depth in tree.walk()]


def names(tree: Tree, parent: str | None = None) -> list[str]:
    nodes = tree.roots() if parent is None else tree.children(parent)
    return [node.name for node in nodes]


def test_an_empty_stream_is_an_empty_tree() -> None:
    tree = told()
    assert (len(tree), tree.current, tree.version, tree.position) == (0, None, 0, 0)
    assert (tree.roots(), list(tree.walk()), tree.undefined) == ([], [], False)


def test_a_chain_is_walked_from_its_root() -> None:
    assert drawn(told(*chain(3))) == ["s0", "  s1", "    s2"]


def test_a_star_prints_by_creation_time_and_lists_newest_first() -> None:
    tree = told(
        defined("hub"),
        defined("b", "hub", at=2),
        defined("c", "hub", at=2),
        defined("a", "hub", at=9),
    )
    assert drawn(tree) == ["hub", "  b", "  c", "  a"]
    assert names(tree, "hub") == ["a", "c", "b"]


def test_a_comb_keeps_each_tooth_under_its_spine() -> None:
    teeth = [defined(f"t{n}", f"s{n}", at=100) for n in range(3)]
    tree = told(*chain(3), *teeth)
    assert drawn(tree) == ["s0", "  s1", "    s2", "      t2", "    t1", "  t0"]
    assert [node.name for node in tree.topological()] == ["s0", "s1", "s2", "t2", "t1", "t0"]


def test_a_forest_has_all_its_roots() -> None:
    tree = told(defined("x", at=5), defined("y", at=1), defined("y1", "y", at=3))
    assert names(tree) == ["y", "x"]
    assert list(tree) == ["y", "y1", "x"]
    assert "y1" in tree
    assert "z" not in tree


def test_descendants_come_depth_first_newest_first() -> None:
    pairs = ["A", "BA", "CB", "DB", "EA", "FA"]
    tree = told(defined("top"), *(defined(p[0], p[1:] or "top") for p in pairs))
    assert "".join(node.name for node in tree.descendants("top")) == "AFEBDC"


def test_a_missing_snapshot_is_not_found() -> None:
    tree = told(defined("a"))
    for ask in (tree.__getitem__, tree.children, tree.descendants):
        with pytest.raises(NotFound):
            ask("b")


def test_the_position_of_a_node_is_that_of_its_document() -> None:
    tree = told(defined("a"), defined("b"), CurrentChanged("a"))
    assert (tree["b"].position, tree["b"].version, tree["b"].recorded_at) == (20, 2, 2000)
    assert (tree.position, tree.version) == (30, 3)


def test_a_missing_parent_makes_a_root_that_keeps_its_name() -> None:
    tree = told(defined("child", "gone"), defined("grandchild", "child"))
    assert drawn(tree) == ["child", "  grandchild"]
    assert tree["child"].parent == "gone"
    assert tree.missing_parents() == {"child": "gone"}


def test_a_missing_parent_may_come_later() -> None:
    tree = told(defined("child", "late"), defined("late"))
    assert drawn(tree) == ["late", "  child"]
    assert tree.missing_parents() == {}


def test_deleting_a_root_with_a_missing_parent_leaves_roots_without_one() -> None:
    tree = told(defined("b", "gone"), defined("c", "b"), CurrentChanged("b"), Deleted("b"))
    assert (names(tree), tree["c"].parent, tree.current) == (["c"], None, None)
    assert tree.missing_parents() == {}


def test_a_snapshot_can_be_its_own_parent() -> None:
    tree = told(defined("me", "me"), defined("child", "me"))
    assert drawn(tree) == ["me", "  child"]
    assert (tree["me"].parent, tree.cycle_roots()) == ("me", {"me": "me"})
    assert drawn(more(tree, Deleted("me"))) == ["child"]
    assert tree["child"].parent is None


def test_the_least_of_a_cycle_is_its_root() -> None:
    ring = [defined("a", "c", at=2), defined("b", "a", at=1), defined("c", "b", at=1)]
    for order in itertools.permutations(ring):
        tree = told(*order)
        assert drawn(tree) == ["b", "  c", "    a"]
        assert tree.cycle_roots() == {"b": "a"}
        assert tree.missing_parents() == {}


def test_deleting_in_a_cycle_breaks_it_where_it_was_broken() -> None:
    ring = [defined("a", "c"), defined("b", "a"), defined("c", "b")]
    assert drawn(told(*ring, Deleted("a"))) == ["b", "  c"]
    tree = told(*ring, Deleted("c"))
    assert (drawn(tree), tree["a"].parent) == (["a", "  b"], "c")
    tree = told(*ring, Deleted("b", "children"))
    assert (drawn(tree), tree.missing_parents()) == (["a"], {"a": "c"})
    tree = told(*ring, Deleted("b"))
    assert (drawn(tree), tree.cycle_roots()) == (["a", "  c"], {"a": "c"})


def test_a_redefinition_can_close_and_open_a_cycle() -> None:
    tree = told(*chain(3), redefined(defined("s0", "s2", at=0)))
    assert tree.cycle_roots() == {"s0": "s2"}
    more(tree, redefined(defined("s0", at=0)))
    assert (drawn(tree), tree.cycle_roots()) == (["s0", "  s1", "    s2"], {})


def test_a_new_creation_time_can_make_another_root_of_a_cycle() -> None:
    tree = told(defined("a", "b", at=1), defined("b", "a", at=2))
    assert drawn(tree) == ["a", "  b"]
    assert drawn(more(tree, redefined(defined("b", "a", at=0)))) == ["b", "  a"]


def test_a_cycle_longer_than_any_climb_is_found() -> None:
    tree = told(*chain(2000), redefined(defined("s0", "s1999")))
    assert tree.cycle_roots() == {"s0": "s1999"}
    assert len(list(tree.walk())) == 2000


@pytest.mark.parametrize(
    ("current", "scope", "left", "then"),
    [
        ("b", "single", ["a", "  c", "    d", "  e"], "a"),
        ("c", "single", ["a", "  c", "    d", "  e"], "c"),
        ("b", "children", ["a", "  e"], "a"),
        ("d", "children", ["a", "  e"], "a"),
        ("e", "children", ["a", "  e"], "e"),
        ("b", "children-only", ["a", "  b", "  e"], "b"),
        ("d", "children-only", ["a", "  b", "  e"], "b"),
        ("e", "children-only", ["a", "  b", "  e"], "e"),
    ],
)
def test_deleting_moves_current_as_libvirt_does(
    current: str, scope: str, left: list[str], then: str
) -> None:
    events = [defined("a"), defined("b", "a"), defined("c", "b"), defined("d", "c")]
    tree = told(*events, defined("e", "a", at=1), CurrentChanged(current), Deleted("b", scope))
    assert (drawn(tree), tree.current) == (left, then)


def test_deleting_a_current_root_leaves_no_current() -> None:
    for scope in ("single", "children"):
        tree = told(defined("a"), defined("b", "a"), CurrentChanged("a"), Deleted("a", scope))
        assert tree.current is None
        assert all(node.parent is None for node, _ in tree.walk())


def test_a_deleted_snapshots_children_come_first_in_their_order() -> None:
    events = [defined("a"), defined("x", "a"), defined("b", "a"), defined("y", "a")]
    tree = told(*events, defined("c", "b"), defined("d", "b"), Deleted("b"))
    assert names(tree, "a") == ["d", "c", "y", "x"]
    assert {tree[name].parent for name in "cdxy"} == {"a"}


def test_a_redefined_snapshot_comes_first_and_keeps_its_children() -> None:
    events = [defined("a"), defined("b", "a"), defined("c", "a"), defined("b1", "b")]
    tree = told(*events, redefined(defined("b", "a", text="again")))
    assert (names(tree, "a"), names(tree, "b")) == (["b", "c"], ["b1"])
    assert (tree["b"].head.description, tree["b"].version) == ("again", 5)


def test_a_redefinition_without_domain_inherits_it_and_nothing_else() -> None:
    first = redefined(defined("a"), inactive_domain=b"inactive", cookie=b"cookie")
    tree = told(defined("a"), first)
    assert not tree["a"].rewritten
    more(tree, redefined(defined("a", domain=None)), redefined(defined("a", domain=None)))
    node = tree["a"]
    assert (node.domain, node.inactive_domain, node.cookie) == (b"domain", None, None)
    assert node.rewritten
    assert node.definition.domain is None


def test_a_domain_without_a_type_is_inherited_by_none_that_has_one() -> None:
    bare = redefined(defined("a", domain=b"first"), bare=True)
    tree = told(bare, redefined(defined("a", domain=b"second"), bare=True))
    assert (tree["a"].domain, tree["a"].has_domain) == (b"second", False)
    more(tree, redefined(defined("a", domain=None)))
    assert (tree["a"].domain, tree["a"].has_domain) == (b"second", False)
    more(tree, redefined(defined("a", domain=b"whole")), bare)
    assert (tree["a"].domain, tree["a"].has_domain, tree["a"].rewritten) == (b"whole", True, True)


def test_the_last_current_event_decides() -> None:
    tree = told(defined("a"), defined("b"), CurrentChanged("a"), CurrentChanged("b"))
    assert tree.current == "b"
    assert more(tree, CurrentChanged(None)).current is None


def test_a_current_snapshot_may_come_later() -> None:
    tree = told(CurrentChanged("a"))
    assert tree.current is None
    assert more(tree, defined("a")).current == "a"


def test_a_rename_takes_children_current_and_place_along() -> None:
    events = [defined("a"), defined("b", "a"), defined("c", "a"), defined("b1", "b")]
    tree = told(*events, CurrentChanged("b"), Renamed("b", "z"))
    assert (names(tree, "a"), names(tree, "z")) == (["c", "z"], ["b1"])
    assert (tree.current, tree["b1"].parent, "b" in tree) == ("z", "z", False)
    assert (tree["z"].head.name, tree["b1"].head.parent) == ("z", "z")
    assert tree["z"].rewritten
    assert tree["b1"].rewritten
    assert not tree["a"].rewritten


def test_a_renamed_snapshot_takes_in_those_that_waited_for_its_name() -> None:
    tree = told(defined("a"), defined("kid", "a"), defined("orphan", "z"), Renamed("a", "z"))
    assert names(tree, "z") == ["kid", "orphan"]
    tree = told(defined("a"), defined("orphan", "z"), Renamed("a", "z"))
    assert names(tree, "z") == ["orphan"]


def test_a_rename_onto_its_own_missing_parent_makes_it_its_own() -> None:
    tree = told(defined("a", "z"), defined("kid", "a"), Renamed("a", "z"))
    assert (drawn(tree), tree.cycle_roots()) == (["z", "  kid"], {"z": "z"})


def test_undefining_takes_every_snapshot_away_until_one_is_defined() -> None:
    tree = told(defined("a", domain_name="vm"), CurrentChanged("a"), Undefined())
    assert (len(tree), tree.current, tree.undefined, tree.domain_name) == (0, None, True, "vm")
    more(tree, defined("a", "lost"))
    assert (drawn(tree), tree.current, tree.undefined) == (["a"], None, False)


def test_events_that_do_not_fit_change_nothing() -> None:
    tree = told(defined("a"), defined("b", "a"), CurrentChanged("b"))
    more(tree, Deleted("x"), Deleted("a", "all"), Renamed("x", "y"), Renamed("a", "b"))
    assert (drawn(tree), tree.current, tree.version) == (["a", "  b"], "b", 7)


def test_defining_twice_redefines_and_redefining_the_unknown_defines() -> None:
    tree = told(redefined(defined("a")), defined("a", "b", domain=None), defined("b"))
    assert drawn(tree) == ["b", "  a"]
    assert tree["a"].domain == b"domain"


@pytest.mark.parametrize("head", [b"\xc1", b"\x95\xc0\xc0\xc0\xa1\xff\x01", b"\x91" * 100_000])
def test_a_damaged_head_is_named_and_leaves_the_tree_alone(head: bytes) -> None:
    tree = told(defined("a"))
    with pytest.raises(Damaged, match="event 20 "):
        more(tree, Defined("b", head, b"digest"))
    assert (drawn(tree), tree.version) == (["a"], 1)


@pytest.mark.parametrize("memory", [b"\xa6memory", b"\x91\xa1\xff"])
def test_a_head_damaged_behind_what_the_fold_reads_is_named_when_read(memory: bytes) -> None:
    head = b"\x96" + msgspec.msgpack.encode(["b", None, "shutoff", None, 1])[1:] + memory
    tree = told(Defined("b", head, b"digest"))
    with pytest.raises(Damaged, match="event 10 "):
        print(tree["b"].head)


def test_every_digest_of_a_name_is_remembered() -> None:
    one, two, three = (defined("a", text=text) for text in ("1", "2", "3"))
    tree = told(one, redefined(two), redefined(one))
    assert tree.seen("a") == {one.digest, two.digest}
    more(tree, Renamed("a", "b"), three)
    assert tree.seen("b") == {one.digest, two.digest}
    assert tree.seen("a") == {one.digest, two.digest, three.digest}
    more(tree, Deleted("a"), Undefined())
    assert tree.seen("a") == {one.digest, two.digest, three.digest}
    assert tree.seen("c") == frozenset()


def test_a_rename_joins_the_histories_of_both_names() -> None:
    old, new = defined("old", text="o"), defined("new", text="n")
    tree = told(old, new, Deleted("new"), Renamed("old", "new"))
    assert tree.seen("new") == {old.digest, new.digest}
    assert tree.seen("old") == {old.digest}


def test_a_stream_is_a_uuid_or_a_name() -> None:
    assert (told().uuid, told().domain_name) == (UUID, None)
    tree = told(defined("a"), stream="name:web:1")
    assert (tree.uuid, tree.domain_name, tree.stream) == (None, "web:1", "name:web:1")


def test_the_newest_snapshot_names_the_domain_in_any_order() -> None:
    documents = [
        defined("a", at=1, domain_name="before"),
        defined("b", at=3, domain_name="after"),
        defined("c", at=2, domain_name="before"),
        defined("d", at=9, domain=None),
    ]
    for order in itertools.permutations(documents):
        assert told(*order).domain_name == "after"
    tree = told(*documents, redefined(defined("b", at=0, domain_name="renamed")))
    assert tree.domain_name == "renamed"
    more(tree, Renamed("b", "z"), redefined(defined("z", at=0, domain_name="again")))
    assert tree.domain_name == "again"


def test_the_outline_is_the_beginning_of_a_head() -> None:
    assert Head.__struct_fields__[: len(Outline.__struct_fields__)] == Outline.__struct_fields__
