"""The fold and the installed libvirt agree after every step of the same story."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.events import CurrentChanged, Defined, Deleted, EventData, Redefined, Undefined
from lineage.model import Head
from lineage.tree import Tree

from .libvirt_child import LiveLibvirt, Refused

pytestmark = pytest.mark.live

SCOPES: Final = {"single": (), "children": ("CHILDREN",), "children-only": ("CHILDREN_ONLY",)}


class Envelope(msgspec.Struct, frozen=True, gc=False):
    position: int
    version: int
    recorded_at: int


class Both:
    """One domain's snapshots in libvirt and in the fold. A domain's title stands for its XML."""

    def __init__(self, live: LiveLibvirt) -> None:
        self.live = live
        self.uuid = live.call("open")
        self.titles = itertools.count()
        self.tree = Tree(self.uuid)
        live.call("define_domain", self.domain())

    def domain(self) -> str:
        return (
            f"<domain type='test'><name>test</name><uuid>{self.uuid}</uuid>"
            f"<title>t{next(self.titles)}</title><memory>1024</memory>"
            "<os><type>hvm</type></os></domain>"
        )

    def fold(self, data: EventData) -> None:
        n = self.tree.version + 1
        self.tree.apply(Envelope(n, n, n), data)

    def define(self, name: str, parent: str | None, *, domain: bool = True) -> None:
        xml = self.domain() if domain else ""
        above = f"<parent><name>{parent}</name></parent>" if parent else ""
        self.live.call(
            "redefine",
            f"<domainsnapshot><name>{name}</name><state>shutoff</state>{above}"
            f"<creationTime>1</creationTime>{xml}</domainsnapshot>",
        )
        self.fold_document(name, parent, xml)

    def fold_document(self, name: str, parent: str | None, xml: str) -> None:
        head = Head(name=name, state="shutoff", parent=parent, creation_time=1)
        event = Redefined if name in self.tree else Defined
        self.fold(event(name, msgspec.msgpack.encode(head), b"digest", domain=title(xml)))

    def create(self, name: str) -> None:
        parent = self.tree.current
        self.live.call("create", f"<domainsnapshot><name>{name}</name></domainsnapshot>")
        self.fold_document(name, parent, self.live.call("xml", name))
        self.fold(CurrentChanged(name))

    def delete(self, name: str, scope: str) -> None:
        self.live.call("delete", name, *SCOPES[scope])
        self.fold(Deleted(name, scope))

    def make_current(self, name: str) -> None:
        self.live.call("revert", name)
        self.fold(CurrentChanged(name))

    def undefine(self) -> None:
        self.live.call("undefine")
        self.fold(Undefined())
        self.live.call("define_domain", self.domain())

    def agree(self) -> None:
        tree = self.tree
        names = [node.name for node in tree.topological()]
        assert self.live.call("tree") == {
            "roots": [node.name for node in tree.roots()],
            "children": {name: [node.name for node in tree.children(name)] for name in names},
            "below": {name: [node.name for node in tree.descendants(name)] for name in names},
            "parents": {name: tree[name].parent for name in names},
            "current": tree.current,
        }


def title(xml: str) -> bytes | None:
    found = re.search("<title>(.*?)</title>", xml)
    return found[1].encode() if found else None


def redefine(both: Both, name: str, pick: int, *, domain: bool) -> None:
    """Give a snapshot another parent that libvirt accepts: none, or one not below it."""
    below = {node.name for node in both.tree.descendants(name)} | {name}
    above = [None, *sorted(set(both.tree) - below)]
    both.define(name, above[pick % len(above)], domain=domain)


def act(both: Both, step: tuple[str, int, int]) -> None:
    """One step; the numbers pick among the snapshots that there are."""
    kind, one, other = step
    names = sorted(both.tree)
    name = names[one % len(names)] if names else ""
    fresh = f"s{both.tree.version}"
    if kind == "define":
        above = [None, *names]
        both.define(fresh, above[other % len(above)])
    elif kind == "create" or not names:
        both.create(fresh)
    elif kind == "redefine":
        redefine(both, name, other, domain=other % 3 > 0)
    elif kind == "current":
        both.make_current(name)
    elif kind == "undefine":
        both.undefine()
    else:
        both.delete(name, kind)


picks = st.integers(0, 59)
steps = st.lists(
    st.tuples(
        st.sampled_from(["define"] * 4 + ["create", "redefine", "redefine", "current", *SCOPES]),
        picks,
        picks,
    )
    | st.tuples(st.sampled_from(["define", "define", "undefine"]), picks, picks),
    min_size=6,
    max_size=30,
)


@settings(max_examples=150)
@given(story=steps)
def test_any_story_makes_the_same_tree(
    live: LiveLibvirt, story: list[tuple[str, int, int]]
) -> None:
    both = Both(live)
    for step in story:
        act(both, step)
        both.agree()
    for name in both.tree:
        assert title(live.call("xml", name)) == both.tree[name].domain


SMALL: Final = {"a": None, "b": "a", "c": "b", "d": "b", "e": "d", "f": "a"}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("victim", SMALL)
def test_deleting_any_snapshot_moves_children_and_current_alike(
    live: LiveLibvirt, victim: str, scope: str
) -> None:
    for current in (None, *SMALL):
        both = Both(live)
        for name, parent in SMALL.items():
            both.define(name, parent)
        if current is not None:
            both.make_current(current)
        both.delete(victim, scope)
        both.agree()


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (lambda both: both.define("a", "nowhere"), 8),
        (lambda both: both.define("a", "e"), 8),
        (lambda both: both.delete("nowhere", "single"), 72),
    ],
)
def test_what_libvirt_refuses_changes_nothing(
    live: LiveLibvirt, step: Callable[[Both], Any], code: int
) -> None:
    both = Both(live)
    for name, parent in SMALL.items():
        both.define(name, parent)
    with pytest.raises(Refused) as refused:
        step(both)
    assert refused.value.code == code
    both.agree()
