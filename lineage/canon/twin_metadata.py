"""The twin's <metadata>: read, pruned and printed as libvirt does it with libxml2 2.9.14.

libvirt has libxml2 drop ignorable blanks while parsing, takes out what it does not allow
directly below <metadata>, copies the subtree and lets libxml2 print the copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lineage.canon.twin_read import (
    XML_NAMESPACE,
    Comment,
    Element,
    Instruction,
    Node,
    Text,
    unescape,
)

__all__ = ["write_metadata"]

BLANKS = " \t\n"
MAX_INDENT = 60

# How libxml2 sees blanks in an element: told by xml:space, or by the text met so far.
PRESERVE = 1
DEFAULT = 0
UNTOLD = -1
TEXT_SEEN = -2


def write_metadata(element: Element, path: list[Element], out: list[str]) -> None:
    """Append the lines of a ``<metadata>`` that stands inside the elements of `path`."""
    space = UNTOLD
    for ancestor in path:
        space = inherited(ancestor, space)
    copy = without_blanks(element, space)
    scope = dict(namespace for ancestor in path for namespace in declared(ancestor))
    copy.attributes += missing_declarations(copy, scope)
    sanitise(copy, scope)
    out.append("  " * len(path))
    Printer(copy, out).element(copy, len(path), space, pretty=True)
    out.append("\n")


def inherited(element: Element, space: int) -> int:
    """What `element` says about blanks, `space` being what its parent says."""
    for name, value in element.attributes:
        if name == "xml:space" and value in ("preserve", "default"):
            return PRESERVE if value == "preserve" else DEFAULT
    return UNTOLD if space == TEXT_SEEN else space


# ---- reading


class Blanks:
    """libxml2's decision which blanks to keep, for the text directly inside one element."""

    def __init__(self, space: int) -> None:
        self.space = space
        self.first: Node | None = None
        self.last: Node | None = None

    def text(self, source: str, *, at_end: bool) -> str:
        """The characters that stay of a run of text; `at_end`: the end tag follows.

        It is looked at as it will be printed, so that it makes no difference how a character
        was spelt; only blanks that stay for being references are printed as one.
        """
        value = unescape(source)
        printed = escape(value)
        if not self.keeps(value, at_end):
            if "&" not in source:
                return ""
            printed = f"&#{ord(value[0])};{value[1:]}"
        for piece in re.findall(r"&[^;]*;|[^&]+", printed):
            # A run that begins with a non-blank ASCII character goes unnoticed.
            noticed = not piece.startswith("&") and (piece[0] in BLANKS or not piece.isascii())
            if noticed and self.space == UNTOLD:
                self.space = TEXT_SEEN
        return value

    def keeps(self, piece: str, at_end: bool) -> bool:
        """Whether a run stays that reaches from one tag to the next."""
        return (
            piece.strip(BLANKS) != ""
            or self.space in (PRESERVE, TEXT_SEEN)
            or (self.first is None and at_end)
            or is_text(self.first)
            or is_text(self.last)
        )

    def add(self, node: Node) -> None:
        """Note a node that stays."""
        self.first = self.first or node
        self.last = node


def is_text(node: Node | None) -> bool:
    """Text, but no CDATA section: libxml2 does not count those here."""
    return isinstance(node, Text) and not node.cdata


def without_blanks(element: Element, space: int) -> Element:
    """A copy of the subtree as libxml2 holds it."""
    copy = Element(element.name, list(element.attributes), [], element.offset)
    space = inherited(element, space)
    blanks = Blanks(space)
    for number, child in enumerate(element.children, 1):
        node = child
        if isinstance(child, Element):
            node = without_blanks(child, space)
        elif isinstance(child, Text) and not child.cdata:
            node = Text(blanks.text(child.source, at_end=number == len(element.children)))
            if not node.value:
                continue
        elif isinstance(child, Text) and isinstance(blanks.last, Text) and blanks.last.cdata:
            blanks.last.value += child.value
            continue
        elif isinstance(child, Text):
            node = Text(child.value, cdata=True)
        blanks.add(node)
        copy.children.append(node)
    return copy


# ---- pruning


def is_declaration(attribute: str) -> bool:
    """A namespace declaration."""
    return attribute == "xmlns" or attribute.startswith("xmlns:")


def declared(element: Element) -> Iterator[tuple[str, str]]:
    """The namespaces that an element declares: prefix, URI."""
    for name, value in element.attributes:
        if is_declaration(name):
            yield name.partition(":")[2], value


def prefix_of(name: str) -> str:
    return name.rpartition(":")[0]


def sanitise(metadata: Element, scope: dict[str, str]) -> None:
    """Keep of the direct children the first element of each namespace, nothing else."""
    inner = scope | dict(declared(metadata)) | {"xml": XML_NAMESPACE}
    first: dict[str, Element] = {}
    for child in metadata.elements():
        uri = (inner | dict(declared(child))).get(prefix_of(child.name), "")
        if uri:
            first.setdefault(uri, child)
    metadata.children = list(first.values())


def missing_declarations(metadata: Element, scope: dict[str, str]) -> list[tuple[str, str]]:
    """Declarations for the prefixes bound outside and used inside, in the order of use."""
    missing: dict[str, str] = {}

    def visit(element: Element, bound: frozenset[str]) -> None:
        prefixes = [prefix_of(element.name)]
        if element.attributes:
            bound |= {prefix for prefix, _ in declared(element)}
            names = [name for name, _ in element.attributes if not is_declaration(name)]
            prefixes += filter(None, map(prefix_of, names))
        for prefix in prefixes:
            if prefix not in bound and scope.get(prefix):
                missing.setdefault(prefix, scope[prefix])
        for child in element.children:
            if isinstance(child, Element):
                visit(child, bound)

    visit(metadata, frozenset({"xml"}))
    return [(f"xmlns:{prefix}" if prefix else "xmlns", uri) for prefix, uri in missing.items()]


# ---- printing


class Printer:
    """libxml2's printer, made to print nothing that it would not read back."""

    def __init__(self, metadata: Element, out: list[str]) -> None:
        self.metadata = metadata
        self.out = out

    def element(self, element: Element, level: int, space: int, *, pretty: bool) -> None:
        """Append `element`; `pretty`: its children on lines, unless there is text among them."""
        space = inherited(element, space)
        self.out.append("<" + element.name)
        if element.attributes:
            pairs = sorted(element.attributes, key=lambda pair: not is_declaration(pair[0]))
            self.out.extend(map(attribute, pairs))
        if not element.children:
            self.out.append("/>")
            return
        self.out.append(">")
        if pretty and not any(isinstance(child, Text) for child in element.children):
            self.lines(element, level, space)
        else:
            self.inline(element, level, space)
        self.out.append(f"</{element.name}>")

    def lines(self, element: Element, level: int, space: int) -> None:
        """Append the children of `element`, each on a line.

        Under xml:space='preserve' the indentation is read back as text, and what leaves the
        scope of the attribute then stands within text.
        """
        text = space == PRESERVE and element is not self.metadata
        for child in element.children:
            self.out.append("\n" + " " * min(2 * (level + 1), MAX_INDENT))
            if isinstance(child, Element):
                pretty = not text or inherited(child, space) == PRESERVE
                self.element(child, level + 1, space, pretty=pretty)
            else:
                self.out.append(markup(child))
        self.out.append("\n" + " " * min(2 * level, MAX_INDENT))

    def inline(self, element: Element, level: int, space: int) -> None:
        """Append the children of `element` without adding blanks."""
        blanks = Blanks(space)
        for number, child in enumerate(element.children, 1):
            if isinstance(child, Element):
                self.element(child, level, space, pretty=False)
            elif isinstance(child, Text) and not child.cdata:
                at_end = number == len(element.children)
                source = escape(child.value)
                if not blanks.text(source, at_end=at_end):
                    source = f"&#{ord(source[0])};{source[1:]}"
                    blanks.text(source, at_end=at_end)
                self.out.append(source)
            else:
                self.out.append(markup(child))
            blanks.add(child)


def markup(node: Node) -> str:
    """A comment, an instruction or a CDATA section."""
    if isinstance(node, Comment):
        return f"<!--{node.data}-->"
    if isinstance(node, Instruction):
        return f"<?{node.target}?>" if node.data is None else f"<?{node.target} {node.data}?>"
    if isinstance(node, Text):
        sections = node.value.replace("]]>", "]]]]><![CDATA[>")
        return f"<![CDATA[{sections}]]>"
    raise TypeError(node)


def attribute(pair: tuple[str, str]) -> str:
    """One attribute or namespace declaration, with the blank before it."""
    name, value = pair
    if not is_declaration(name):
        value = escape(value).replace('"', "&quot;").replace("\t", "&#9;").replace("\n", "&#10;")
        value = re.sub(r"[^\0-\x7f]", lambda match: f"&#x{ord(match[0]):X};", value)
        return f' {name}="{value}"'
    if name == "xmlns:xml":
        return ""
    value = value.replace("&", "&#38;").replace("<", "&lt;")
    value = value.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")
    if '"' in value and "'" not in value:
        return f" {name}='{value}'"
    value = value.replace('"', "&quot;")
    return f' {name}="{value}"'


def escape(value: str) -> str:
    """Escape text."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;")):
        value = value.replace(character, entity)
    return value
