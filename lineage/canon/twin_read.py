"""The twin's reader: bytes to a tree of nodes as they stand in the source.

lxml judges whether the document is well-formed, and every element read here is compared with
lxml's own; what lxml forgets (prefixes, the order of namespace declarations, which blanks
were references, CDATA) comes from the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
NAME = r"[^ \t\r\n<>/=&'\"]+"
ATTRIBUTE = re.compile(rf"""({NAME}){S}*={S}*(?:"([^"]*)"|'([^']*)')""")
TOKEN = re.compile(
    rf"""(?P<text>[^<]+)
    |</(?P<end>{NAME}){S}*+>
    |<(?P<start>(?![!?]){NAME})
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
    rf"""(?:{S}+standalone{S}*={S}*(?:"(?:yes|no)"|'(?:yes|no)'))?{S}*\?>"""
)


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
    """

    name: str
    attributes: list[tuple[str, str]] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)
    offset: int = 0

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

    def first(self, name: str) -> Element | None:
        """The first child element of that name."""
        return next((child for child in self.elements() if child.name == name), None)

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
        XMLError: not UTF-8, not well-formed, namespace-ill, with a DOCTYPE, or over a limit.
    """
    data, text, shift = _decode(xml)
    root = _nodes(text, shift)
    _compare(root, _judge(data, text, shift))
    return root


def unescape(source: str) -> str:
    """Resolve the references in `source`.

    Raises:
        XMLError: a reference that XML without a DTD does not define.
    """
    if "&" not in source:
        return source
    return re.sub(r"&([^;]*);?", _resolve, source)


def _resolve(match: re.Match[str]) -> str:
    name = match[1]
    if number := re.fullmatch(r"#(?:x0*([0-9a-fA-F]{1,6})|0*([0-9]{1,7}))", name):
        code = int(number[1], 16) if number[1] else int(number[2])
        if 0 < code <= 0x10FFFF:
            return chr(code)
    if name not in ENTITIES or not match[0].endswith(";"):
        raise XMLError("malformed", 0, "undefined reference")
    return ENTITIES[name]


def _decode(xml: bytes | str) -> tuple[bytes, str, int]:
    """The UTF-8 bytes, their text with a declaration blanked out, and the length of a BOM."""
    try:
        data = xml.encode() if isinstance(xml, str) else bytes(xml)
        if len(data) > MAX_SIZE:
            raise XMLError("limit-size", MAX_SIZE, "document is larger than 64 MiB")
        shift = len(BOM) if data.startswith(BOM) else 0
        text = data[shift:].decode()
    except UnicodeEncodeError as error:
        offset = len(error.object[: error.start].encode())
        raise XMLError("encoding", offset, "lone surrogate") from None
    except UnicodeDecodeError as error:
        offset = shift + error.start
        raise XMLError("encoding", offset, "not UTF-8") from None
    if text.startswith("\ufeff"):
        raise XMLError("malformed", shift, "second byte order mark")
    if "\0" in text:
        raise XMLError("malformed", shift + text.index("\0"), "NUL byte")
    return data, _without_declaration(text, shift), shift


def _without_declaration(text: str, shift: int) -> str:
    if not re.match(rf"<\?xml{S}", text):
        return text
    match = DECLARATION.match(text)
    if match is None:
        raise XMLError("malformed", shift, "malformed XML declaration")
    if match["version"][1:-1] != "1.0":
        raise XMLError("xml-version", shift, "XML version is not 1.0")
    if match["encoding"] and match["encoding"][1:-1].lower() not in ("utf-8", "utf8"):
        raise XMLError("encoding", shift, "declared encoding is not UTF-8")
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
    if len(path) != 1 or len(roots) != 1:
        raise XMLError("malformed", offset, "not exactly one root element")
    return roots[0]


def _take(match: re.Match[str], path: list[Element], offset: int) -> None:
    """Add one token below the innermost open element, the last of `path`."""
    inside = path[-1].children
    if match["text"] is not None:
        source = _line_ends(match["text"])
        inside.append(Text(unescape(source), source))
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
    element = Element(match["start"], _attributes(match["attributes"], offset), [], offset)
    _limit_name(element.name, offset)
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
        attributes.append((match[1], unescape(value)))
    return attributes


def _instruction(source: str, offset: int) -> Instruction:
    match = re.fullmatch(r"([^ \t\n]+)(?:[ \t\n]+(.*))?", source, re.DOTALL)
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


def _judge(data: bytes, text: str, shift: int) -> etree._Element:
    """Have lxml parse the document.

    Complaints that leave it well-formed are passed over: about namespace names that are not
    URIs (any string may be one), and about xml:id, which only a DTD would make binding.
    """
    source = text.encode()
    parser = _parser(recover=False)
    try:
        return etree.fromstring(source, parser)
    except etree.XMLSyntaxError:
        log = list(parser.error_log)
    fatal = [entry for entry in log if entry.level_name == "FATAL"]
    namespace = [entry for entry in log if entry.type_name.startswith("NS_ERR_")]
    for code, entries in (("malformed", fatal), ("namespace", namespace)):
        if entries:
            lines = data.split(b"\n", entries[0].line)[: entries[0].line - 1]
            offset = sum(len(line) + 1 for line in lines) + max(entries[0].column - 1, shift)
            raise XMLError(code, min(offset, len(data)), f"lxml: {entries[0].type_name}")
    if not log:
        raise XMLError("malformed", shift, "lxml refused the document")
    return etree.fromstring(source, _parser(recover=True))


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
