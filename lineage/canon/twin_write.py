"""The twin's writer: the canonical form of elements that are known by their names only."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Literal, TypeVar

from lineage.canon.twin_metadata import write_metadata
from lineage.canon.twin_read import Element, Text
from lineage.canon.twin_siblings import KeyFacts, by_value
from lineage.canon.twin_values import respelled

__all__ = ["by_rank", "write"]

INDENT = "  "
BLANKS = " \t\r\n"
# Elsewhere <metadata> is just a name.
RAW_PLACES = ("domain/metadata", "inactiveDomain/metadata")

Item = TypeVar("Item")
Ranks = Mapping[str, int]


@dataclass(frozen=True)
class Context:
    """What an element's entry in order.toml says."""

    key: str
    kids: Ranks
    attributes: Ranks
    sequence: bool = False
    orders: Mapping[str, Sequence[KeyFacts]] = field(default_factory=dict)


NONE = Context("", {}, {})


@dataclass(frozen=True)
class Order:
    """order.toml, indexed."""

    contexts: Mapping[str, Context]
    alias: Mapping[str, str]
    parent_keyed: frozenset[str]
    type_keyed: frozenset[str]
    raw: frozenset[str]
    text: frozenset[str]
    also_container: frozenset[str]
    open_close: frozenset[str]
    known: frozenset[str]

    def context(self, element: Element, place: str) -> Context:
        """The entry of `element`, which is listed as `place`; one without names if none is."""
        by_type = f"{element.name}[@type='{element.get('type')}']"
        if place in self.parent_keyed:
            key = place
        elif by_type in self.type_keyed:
            key = by_type
        else:
            key = element.name
        return self.contexts.get(self.alias.get(key, key), NONE)


@functools.cache
def order() -> Order:
    """Read order.toml, once."""
    facts = tomllib.loads(files(__package__).joinpath("order.toml").read_text())
    contexts = {
        key: Context(
            key,
            {name: rank for rank, name in enumerate(entry.get("kids", []))},
            {name: rank for rank, name in enumerate(entry.get("attrs", []))},
            key in facts["sequence"],
            {
                place.removeprefix(f"{key}/"): keys
                for place, keys in facts["same_name"].items()
                if place.rpartition("/")[0] == key
            },
        )
        for key, entry in facts["ctx"].items()
    }
    kids = {name for context in contexts.values() for name in context.kids}
    sets = ("parent_keyed", "type_keyed", "raw", "text", "also_container", "open_close")
    return Order(
        contexts=contexts,
        alias=facts["alias"],
        known=frozenset(kids | contexts.keys() | facts["alias"].keys()) - set(facts["raw"]),
        **{name: frozenset(facts[name]) for name in sets},
    )


def by_rank(items: Iterable[Item], name: Callable[[Item], str], ranks: Ranks) -> list[Item]:
    """Sort by rank; what has none stays behind the last one that has."""
    ranked: list[tuple[int, Item]] = []
    last = -1
    for item in items:
        last = ranks.get(name(item), last)
        ranked.append((last, item))
    return [item for _, item in sorted(ranked, key=lambda pair: pair[0])]


def foreign(element: Element, parent: Element) -> bool:
    """Somebody else's element that only shares the name; matters at the snapshot level only."""
    return element.foreign and (parent.arranged or element.name in order().raw)


def of_snapshot_disk(path: list[Element]) -> bool:
    """What stands in these elements belongs to the snapshot's own disks, not to a domain."""
    lists = ("disks", "revertDisks")
    return (
        len(path) > 2
        and path[0].name == "domainsnapshot"
        and path[1].name in lists
        and not foreign(path[1], path[0])
    )


def as_printed(element: Element, path: list[Element], around: Context) -> Element:
    """`element`, which stands inside those of `path`, with the values that it is printed with."""
    inside = content(element)
    if element.name not in around.kids or foreign(element, path[-1]):
        return element
    if element.arranged or inside == "mixed" or of_snapshot_disk(path):
        return element
    return respelled(element, around.key, inside == "text")


def arrange(element: Element, path: list[Element], context: Context) -> list[Element]:
    """The child elements in canonical order; `path` leads to them."""
    if context.sequence or element.arranged:
        return element.elements()

    def bearer(child: Element, name: str | None) -> Element | None:
        if name is None:
            return as_printed(child, path, context)
        inside = order().context(child, f"{element.name}/{child.name}")
        first = next((each for each in child.elements() if each.name == name), None)
        return first and as_printed(first, [*path, child], inside)

    def name(child: Element) -> str:
        return "" if foreign(child, element) else child.name

    children = by_rank(element.elements(), name, context.kids)
    return by_value(children, lambda child: name(child) in context.kids, context.orders, bearer)


def content(element: Element) -> Literal["text", "elements", "mixed"]:
    """Which part of an element's content counts."""
    blank = not element.text().strip(BLANKS)
    parent = bool(element.elements())
    if element.name in order().also_container:
        return "elements" if parent or blank else "text"
    if element.name in order().text:
        return "mixed" if parent else "text"
    if element.name in order().known:
        return "elements"
    if not parent:
        return "text"
    return "elements" if blank else "mixed"


def is_pair(element: Element, place: str) -> bool:
    """Whether `element`, which is listed as `place`, is never self-closed."""
    keyed = (f"{place}[@{name}='{value}']" for name, value in element.attributes)
    return not order().open_close.isdisjoint({element.name, place, *keyed})


def write(element: Element, path: list[Element], out: list[str], around: Context = NONE) -> None:
    """Append the canonical lines of `element`, which stands inside the elements of `path`.

    Args:
        around: the entry of the element around it.
    """
    indent = INDENT * len(path)
    place = ""
    if element.name in around.kids and not foreign(element, path[-1]):
        place = f"{path[-1].name}/{element.name}"
    if place in RAW_PLACES:
        write_metadata(element, path, out)
        return
    context = order().context(element, place)
    inside = content(element)
    free = element.arranged or inside == "mixed"
    if place:
        element = as_printed(element, path, around)
    out.append(indent + start_tag(element, {} if free else context.attributes))
    if inside == "elements" and element.elements():
        out.append(">\n")
        path.append(element)
        for child in arrange(element, path, context):
            write(child, path, out, context)
        path.pop()
        out.append(f"{indent}</{element.name}>\n")
    elif inside == "mixed":
        out.append(">")
        write_verbatim(element, out)
        out.append(f"</{element.name}>\n")
    elif inside == "text" and element.text():
        out.append(f">{escape(element.text())}</{element.name}>\n")
    elif is_pair(element, place):
        out.append(f">\n{indent}</{element.name}>\n")
    else:
        out.append("/>\n")


def write_verbatim(element: Element, out: list[str]) -> None:
    """Append the content of `element` as it stands, but for comments and instructions."""
    for child in element.children:
        if isinstance(child, Text):
            out.append(escape(child.value))
        elif isinstance(child, Element):
            out.append(start_tag(child, {}))
            if child.text() or child.elements():
                out.append(">")
                write_verbatim(child, out)
                out.append(f"</{child.name}>")
            else:
                out.append("/>")


def start_tag(element: Element, ranks: Ranks) -> str:
    """A start tag but for its closing bracket."""
    attributes = by_rank(element.attributes, lambda attribute: attribute[0], ranks)
    return f"<{element.name}" + "".join(
        f" {name}='{escape_attribute(value)}'" for name, value in attributes
    )


def escape(value: str) -> str:
    """Escape as libvirt does, and CR, which would be read back as LF."""
    for character, entity in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ('"', "&quot;"),
        ("'", "&apos;"),
        ("\r", "&#13;"),
    ):
        value = value.replace(character, entity)
    return value


def escape_attribute(value: str) -> str:
    """Escape also what would be read back as blanks."""
    return escape(value).replace("\t", "&#9;").replace("\n", "&#10;")
