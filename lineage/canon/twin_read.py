"""The twin's reader: bytes to a tree of nodes as they stand in the source.

lxml judges whether the document is well-formed, and every element read here is compared with
lxml's own; what lxml forgets (prefixes, the order of namespace declarations, which blanks
were references, CDATA) comes from the source.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from lxml import etree

from lineage.errors import XMLError

__all__ = ["Comment", "Element", "Instruction", "Node", "Text", "read", "unescape"]

MAX_DEPTH = 256
MAX_ATTRIBUTES = 1024
MAX_VALUE = 10_000_000
MAX_NAME = 50_000
MAX_SIZE = 64 << 20

XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"
ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
BOM = b"\xef\xbb\xbf"

S = r"[ \t\r\n]"
# A name of XML 1.0, fifth edition.
START = (
    ":A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
NAME = rf"[{START}][{START}.0-9\xb7\u0300-\u036f\u203f\u2040-]*+"
ATTRIBUTE = re.compile(rf"""({NAME}){S}*={S}*(?:"([^"]*)"|'([^']*)')""")
TOKEN = re.compile(
    rf"""(?P<text>[^<]+)
    |</(?P<end>{NAME}){S}*+>
    |<(?P<start>{NAME})
      (?P<attributes>(?:{S}++{NAME}{S}*+={S}*+(?:"[^"<]*+"|'[^'<]*+'))*+){S}*+(?P<empty>/?)>
    |<!--(?P<comment>.*?)-->
    |<!\[CDATA\[(?P<cdata>.*?)\]\]>
    |<\?(?P<pi>.*?)\?>
    |(?P<doctype><!DOCTYPE)""",
    re.DOTALL | re.VERBOSE,
)
DECLARATION = re.compile(
    rf"""<\?xml{S}+version{S}*={S}*(?P<version>"[^"<&]*"|'[^'<&]*')"""
    rf"""(?:{S}+encoding{S}*={S}*(?P<encoding>"[^"<&]*"|'[^'<&]*'))?"""
    rf"""(?P<rest>(?:{S}+standalone{S}*={S}*(?:"(?:yes|no)"|'(?:yes|no)'))?{S}*\?>)?"""
)
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Text:
    """Character data between two tags.

    Attributes:
        value: the characters, references resolved.
        source: as written, with LF line ends; empty when there was no source.
        cdata: it stood in a CDATA section.
    """

    value: str
    source: str = ""
    cdata: bool = False


@dataclass(slots=True)
class Comment:
    """A comment."""

    data: str


@dataclass(slots=True)
class Instruction:
    """A processing instruction; `data` is None when nothing follows the target."""

    target: str
    data: str | None


@dataclass(slots=True)
class Element:
    """An element; names keep their prefixes, attributes their order, xmlns ones included.

    Attributes:
        offset: byte of its ``<`` in the document.
        foreign: a name without prefix is in some namespace here.
        arranged: attributes and children stand as they are to be printed.
    """

    name: str
    attributes: list[tuple[str, str]] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)
    offset: int = 0
    foreign: bool = False
    arranged: bool = False

    def elements(self) -> list[Element]:
        """The child elements."""
        return [child for child in self.children if isinstance(child, Element)]

    def text(self) -> str:
        """The character data directly inside."""
        if not self.children:
            return ""
        return "".join(child.value for child in self.children if isinstance(child, Text))

    def get(self, name: str) -> str | None:
        """The value of an attribute, None if it is absent."""
        return next((value for key, value in self.attributes if key == name), None)

    def named(self, name: str) -> list[Element]:
        """The child elements of that name that are in no namespace."""
        return [each for each in self.elements() if each.name == name and not each.foreign]

    def first(self, name: str) -> Element | None:
        """The first of `named`."""
        return next(iter(self.named(name)), None)

    def string(self) -> str:
        """All character data inside, markup left out: XPath's string()."""
        parts = []
        for child in self.children:
            if isinstance(child, Text):
                parts.append(child.value)
            elif isinstance(child, Element):
                parts.append(child.string())
        return "".join(parts)


Node = Element | Text | Comment | Instruction


def read(xml: bytes | str) -> Element:
    """Read a document and return its root.

    Raises:
        XMLError: not UTF-8, not well-formed, namespace-ill, with a DOCTYPE, or over a limit;
            of several such errors the first in the document.
    """
    text, shift = _decode(xml)
    errors = []
    try:
        root = _nodes(text, shift)
    except XMLError as error:
        errors.append(error)
    try:
        theirs = _judge(text, shift)
    except XMLError as error:
        errors.insert(0, error)
    if errors:
        # At one place lxml may just have met what is known more exactly here.
        raise min(errors, key=lambda error: (error.offset, error.code == "malformed"))
    _compare(root, theirs)
    return root


def unescape(source: str, offset: int = 0) -> str:
    """Resolve the references in `source`, which stands at the byte `offset`.

    Raises:
        XMLError: a reference that XML without a DTD does not define.
    """

    def resolve(match: re.Match[str]) -> str:
        name, end = match.groups()
        if number := re.fullmatch(r"#(?:x0*([0-9a-fA-F]{1,6})|0*([0-9]{1,7}))", name):
            code = int(number[1], 16) if number[1] else int(number[2])
            if end and code <= sys.maxunicode and not FORBIDDEN.match(chr(code)):
                return chr(code)
        if not end or name not in ENTITIES:
            raise XMLError("malformed", offset, "undefined reference")
        return ENTITIES[name]

    return re.sub(r"&([^;]*)(;?)", resolve, source) if "&" in source else source


def _decode(xml: bytes | str) -> tuple[str, int]:
    """The text with a declaration blanked out, and the length of a BOM."""
    try:
        data = xml.encode() if isinstance(xml, str) else bytes(xml)
        shift = len(BOM) if data.startswith(BOM) else 0
        if data[:2] in (b"<\0", b"\0<"):
            raise XMLError("encoding", 0, "UTF-16")
        if len(data) - shift > MAX_SIZE:
            raise XMLError("limit-size", MAX_SIZE, "document is larger than 64 MiB")
        text = data[shift:].decode()
    except UnicodeEncodeError as error:
        offset = len(error.object[: error.start].encode())
        raise XMLError("encoding", offset, "lone surrogate") from None
    except UnicodeDecodeError as error:
        raise XMLError("encoding", shift + error.start, "not UTF-8") from None
    if match := FORBIDDEN.search(text):
        offset = shift + len(text[: match.start()].encode())
        raise XMLError("malformed", offset, "a character that XML forbids")
    if text.startswith("\ufeff"):
        raise XMLError("malformed", shift, "second byte order mark")
    return _without_declaration(text, shift), shift


def _without_declaration(text: str, shift: int) -> str:
    if not re.match(rf"<\?xml{S}", text):
        return text
    match = DECLARATION.match(text)
    if match is None:
        raise XMLError("malformed", shift, "malformed XML declaration")
    if match["version"][1:-1] != "1.0":
        raise XMLError("malformed", shift, "XML version is not 1.0")
    if match["encoding"] and match["encoding"][1:-1].lower() != "utf-8":
        raise XMLError("encoding", shift, "declared encoding is not UTF-8")
    if match["rest"] is None:
        raise XMLError("malformed", shift, "malformed XML declaration")
    return re.sub(r"[^\n]", " ", match[0]) + text[match.end() :]


def _nodes(text: str, shift: int) -> Element:
    """Read the tokens of `text` into a tree."""
    document = Element("")
    path = [document]
    at, offset = 0, shift
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise XMLError("malformed", offset, "not a tag, comment or text")
        _take(match, path, offset)
        at = match.end()
        offset += len(match[0].encode())
    roots = document.elements()
    if len(path) != 1 or len(roots) != 1 or document.text().strip(" \t\r\n"):
        raise XMLError("malformed", offset, "not exactly one root element and nothing else")
    return roots[0]


def _take(match: re.Match[str], path: list[Element], offset: int) -> None:
    """Add one token below the innermost open element, the last of `path`."""
    inside = path[-1].children
    if match["text"] is not None:
        source = _line_ends(match["text"])
        inside.append(Text(unescape(source, offset), source))
    elif match["start"] is not None:
        _open(match, path, offset)
    elif match["end"] is not None:
        if match["end"] != path.pop().name:
            raise XMLError("malformed", offset, "end tag does not match")
    elif match["comment"] is not None:
        inside.append(Comment(_line_ends(match["comment"])))
    elif match["cdata"] is not None:
        content = _line_ends(match["cdata"])
        inside.append(Text(content, content, cdata=True))
    elif match["pi"] is not None:
        inside.append(_instruction(_line_ends(match["pi"]), offset))
    else:
        raise XMLError("doctype", offset, "document type declarations are refused")


def _open(match: re.Match[str], path: list[Element], offset: int) -> None:
    attributes = _attributes(match["attributes"], offset)
    _limit_name(match["start"], offset)
    namespace = dict(attributes).get("xmlns")
    foreign = path[-1].foreign if namespace is None else namespace != ""
    element = Element(match["start"], attributes, [], offset, foreign)
    path[-1].children.append(element)
    if len(path) > MAX_DEPTH:
        raise XMLError("limit-depth", offset, "more than 256 open elements")
    if not match["empty"]:
        path.append(element)


def _attributes(source: str, offset: int) -> list[tuple[str, str]]:
    attributes: list[tuple[str, str]] = []
    if not source:
        return attributes
    for match in ATTRIBUTE.finditer(source):
        if len(attributes) == MAX_ATTRIBUTES:
            raise XMLError("limit-attributes", offset, "more than 1,024 attributes")
        value = match[2] if match[2] is not None else match[3]
        if len(value.encode()) > MAX_VALUE:
            raise XMLError("limit-value", offset, "attribute value over 10,000,000 bytes")
        _limit_name(match[1], offset)
        value = re.sub("[\t\n]", " ", _line_ends(value))
        attributes.append((match[1], unescape(value, offset)))
    if len(dict(attributes)) < len(attributes):
        raise XMLError("malformed", offset, "the same attribute twice")
    return attributes


def _instruction(source: str, offset: int) -> Instruction:
    match = re.fullmatch(rf"({NAME})(?:[ \t\n]+(.*))?", source, re.DOTALL)
    if match is None:
        raise XMLError("malformed", offset, "processing instruction without a target")
    _limit_name(match[1], offset)
    return Instruction(match[1], match[2])


def _limit_name(name: str, offset: int) -> None:
    if len(name.encode()) > MAX_NAME:
        raise XMLError("limit-name", offset, "name over 50,000 bytes")


def _line_ends(source: str) -> str:
    return source.replace("\r\n", "\n").replace("\r", "\n")


def _parser(recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=True,
        strip_cdata=False,
        remove_blank_text=False,
        recover=recover,
    )


def _judge(text: str, shift: int) -> etree._Element:
    """Have lxml parse the document.

    Complaints that leave it well-formed are passed over: about namespace names that are not
    URIs (any string may be one), and about xml:id, which only a DTD would make binding. The
    log is read also if lxml accepts, as it does after an error when a warning follows.
    """
    source = text.encode()
    parser = _parser(recover=False)
    tree = None
    with suppress(etree.XMLSyntaxError):
        tree = etree.fromstring(source, parser)
    log = list(parser.error_log)
    for entry in log:
        namespace = entry.type_name.startswith("NS_ERR_")
        if namespace or entry.level_name == "FATAL":
            code = "namespace" if namespace else "malformed"
            raise XMLError(code, shift + _offset(text, entry), f"lxml: {entry.type_name}")
    if tree is None and not log:
        raise XMLError("malformed", shift, "lxml refused the document")
    return etree.fromstring(source, _parser(recover=True)) if tree is None else tree


def _offset(text: str, entry: etree._LogEntry) -> int:
    """About where lxml was when it complained; its columns are characters."""
    lines = text.split("\n", entry.line)[: entry.line - 1]
    before = sum(len(line) + 1 for line in lines)
    return len(text[: before + int(entry.column) - 1].encode())


def _compare(root: Element, theirs: etree._Element) -> None:
    """Hold our reading against lxml's, element by element."""
    for (element, scope), other in zip(_walk(root), theirs.iter("*"), strict=True):
        attributes = {
            _expanded(name, scope, attribute=True): value
            for name, value in element.attributes
            if name != "xmlns" and not name.startswith("xmlns:")
        }
        text = other.text or ""
        if len(other):
            text += "".join(child.tail or "" for child in other)
        ours = (_expanded(element.name, scope), element.text())
        if ours != (other.tag, text) or attributes.items() != set(other.items()):
            raise AssertionError(f"misread the element at byte {element.offset}")


def _walk(root: Element) -> Iterator[tuple[Element, dict[str, str]]]:
    """Elements in document order, each with the namespaces in scope by prefix."""
    stack = [(root, {"xml": XML_NAMESPACE})]
    while stack:
        element, outer = stack.pop()
        scope = outer
        for name, value in element.attributes:
            if name == "xmlns" or name.startswith("xmlns:"):
                scope = scope | {name.partition(":")[2]: value}
        yield element, scope
        if element.children:
            stack.extend((child, scope) for child in reversed(element.elements()))


def _expanded(name: str, scope: dict[str, str], *, attribute: bool = False) -> str:
    """The name in James Clark's notation, as lxml gives it."""
    prefix, _, local = name.rpartition(":")
    if attribute and not prefix:
        return name
    namespace = scope.get(prefix, "")
    return f"{{{namespace}}}{local}" if namespace else local
