"""Says in words where a document does not follow `domainsnapshot.rng`, and what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from importlib import resources
from itertools import count
from typing import Final
from xml.parsers import expat

import msgspec
from lxml import etree

from lineage.rules import patterns as pt
from lineage.rules.patterns import Pattern

__all__ = ["Problem", "explain", "place"]

_RNG: Final = "{http://relaxng.org/ns/structure/1.0}"
_MOST: Final = 100  # problems that are told of one document
_LONGEST: Final = 64  # characters of a value that are told
_BLANK: Final = re.compile(r"[ \t\r\n]*\Z")
_WORDS: Final = {
    "/.+": "an absolute path",
    "(/|[A-Za-z]:\\\\).+": "an absolute path",
    "[0-9]+": "a number",
}


class Problem(msgspec.Struct, frozen=True):
    """One way in which a document is not as it has to be.

    Attributes:
        line, column: from 1, of the tag that it is about, or of the text's end; the column in
            characters.
        message: what is wrong.
        expected: what could be there instead.
    """

    line: int
    column: int
    message: str
    expected: tuple[str, ...]

    def __str__(self) -> str:
        wanted = f"; expected {' or '.join(self.expected)}" if self.expected else ""
        return f"{self.message}{wanted}"


class _Grammar:
    """The schema as patterns."""

    def __init__(self) -> None:
        text = resources.files("lineage.rules").joinpath("domainsnapshot.rng").read_bytes()
        root = etree.fromstring(text, etree.XMLParser(remove_comments=True))
        self._defines = {each.get("name"): each for each in root.iter(f"{_RNG}define")}
        self._contents: list[list[etree._Element]] = []
        self._made: dict[int, Pattern] = {}
        start = root.find(f"{_RNG}start")
        self.start = self._all(start if start is not None else (), pt.group)
        self.content = self._all(self._defines["content"], pt.group)

    def _content(self, key: int) -> Pattern:
        if key not in self._made:
            self._made[key] = self._all(self._contents[key], pt.group)
        return self._made[key]

    def _all(
        self, nodes: Iterable[etree._Element], join: Callable[[Pattern, Pattern], Pattern]
    ) -> Pattern:
        made = [self._pattern(node) for node in nodes]
        result: Pattern = made.pop() if made else pt.EMPTY
        while made:
            result = join(made.pop(), result)
        return result

    def _pattern(self, node: etree._Element) -> Pattern:
        tag = node.tag.removeprefix(_RNG)
        match tag:
            case "element" | "attribute":
                return self._named(node, tag)
            case "optional":
                return pt.choice(self._all(node, pt.group), pt.EMPTY)
            case "zeroOrMore":
                return pt.choice(pt.Many(self._all(node, pt.group)), pt.EMPTY)
            case "oneOrMore":
                return pt.Many(self._all(node, pt.group))
            case "choice":
                return self._all(node, pt.choice)
            case "interleave":
                return self._all(node, pt.interleave)
            case "group":
                return self._all(node, pt.group)
            case "ref":
                return self._all(self._defines[node.get("name")], pt.group)
            case "value":
                return pt.Value(node.text or "")
            case "data":
                return pt.Data(node[0].text or "")
        return pt.TEXT if tag == "text" else pt.EMPTY

    def _named(self, node: etree._Element, tag: str) -> Pattern:
        inside = list(node)
        if "name" in node.attrib:
            name = pt.Name(node.get("name"))
        else:
            any_name = inside.pop(0)
            name = pt.Name(None, tuple(each.text or "" for each in any_name.iter(f"{_RNG}name")))
        if tag == "attribute":
            return pt.Attribute(name, self._all(inside, pt.group) if inside else pt.TEXT)
        self._contents.append(inside)
        return pt.Element(name, len(self._contents) - 1, self._content)


@cache
def _grammar() -> _Grammar:
    return _Grammar()


def explain(data: bytes) -> list[Problem]:
    """Give the problems of a well-formed document, in its order; none if it is valid.

    Behind a problem it goes on as if that tag, attribute or text were not there.
    """
    reader = _Reader(data)
    reader.read()
    return reader.problems


def place(data: bytes, number: int) -> tuple[int, int]:
    """Give line and column of a start tag of a well-formed document, the first one being 0."""
    found: list[tuple[int, int]] = []
    parser = expat.ParserCreate()
    columns = _Columns(data)
    seen = count()

    def start(name: str, attributes: dict[str, str]) -> None:
        if next(seen) == number:
            found.append(columns.of(parser))

    parser.StartElementHandler = start
    parser.Parse(data, True)
    return found[0]


class _Enough(Exception):
    """No more problems are told."""


class _Columns:
    """Turns a parser's place into line and column in characters."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def of(self, parser: expat.XMLParserType) -> tuple[int, int]:
        end = parser.CurrentByteIndex
        begin = self._data.rfind(b"\n", 0, end) + 1
        column = len(self._data[begin:end].decode("utf-8", "replace"))
        return parser.CurrentLineNumber, column + 1


class _Reader:
    """Takes a document's pieces one after the other; what is left to match is `_left`."""

    def __init__(self, data: bytes) -> None:
        self.problems: list[Problem] = []
        self._data = data
        self._columns = _Columns(data)
        self._left: Pattern = _grammar().start
        self._open: list[str] = []
        self._text: list[str] = []
        self._parents: list[bool] = []  # by depth: a child has come
        self._skipping = 0  # depth inside of what is not looked at
        self._in_body = False  # that is an element of which only the inside is not
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.ordered_attributes = True
        self._parser.buffer_text = True

    def read(self) -> None:
        with suppress(_Enough):
            self._parser.Parse(self._data, True)

    def _tell(self, message: str, expected: Sequence[str]) -> None:
        line, column = self._columns.of(self._parser)
        self.problems.append(Problem(line, column, message, tuple(expected)))
        if len(self.problems) == _MOST:
            raise _Enough

    def _characters(self, text: str) -> None:
        if not self._skipping:
            self._text.append(text)

    def _start(self, name: str, attributes: list[str]) -> None:
        if self._skipping:
            self._skipping += 1
            return
        self._take_text(leaf=False)
        if self._parents:
            self._parents[-1] = True
        inside = pt.after_start(self._left, name)
        if inside == pt.NOTHING:
            where = f" in <{self._open[-1]}>" if self._open else ""
            self._tell(f"element <{name}> is not allowed{where} here", self._expected())
            self._skipping = 1
            return
        told = len(self.problems)
        for attribute, value in zip(attributes[::2], attributes[1::2], strict=True):
            inside = self._attribute(inside, name, attribute, value)
        self._left = self._close(inside, name, quietly=len(self.problems) > told)
        self._open.append(name)
        self._parents.append(False)
        if isinstance(self._left, pt.After) and self._left.inside == _grammar().content:
            self._skipping, self._in_body = 1, True  # anything goes

    def _attribute(self, inside: Pattern, element: str, name: str, value: str) -> Pattern:
        left = pt.after_attribute(inside, name, value)
        if left != pt.NOTHING:
            return left
        known = [a for a in pt.firsts(inside) if isinstance(a, pt.Attribute)]
        same = [a for a in known if name in a.name]
        shown = value if len(value) <= _LONGEST else value[:_LONGEST] + "..."
        if same:
            words = _distinct(word for a in same for word in _values(a.value))
            self._tell(f"{name}='{shown}' of <{element}> is not allowed", words)
        else:
            words = _distinct(f"attribute {a.name.name}" for a in known if a.name.name)
            self._tell(f"attribute {name} of <{element}> is not allowed", words)
        return inside

    def _close(self, inside: Pattern, name: str, *, quietly: bool) -> Pattern:
        left = pt.after_attributes(inside)
        if left != pt.NOTHING:
            return left
        if quietly:  # it may be there, with a wrong value
            return pt.forgiving_attributes(inside)
        known = [a for a in pt.firsts(inside) if isinstance(a, pt.Attribute)]
        words = _distinct(f"attribute {a.name.name}" for a in known if a.name.name)
        self._tell(f"<{name}> lacks an attribute", words)
        return pt.forgiving_attributes(inside)

    def _end(self, name: str) -> None:
        if self._skipping:
            self._skipping -= 1
            if self._skipping or not self._in_body:
                return
            self._in_body = False
        self._take_text(leaf=not self._parents[-1])
        left = pt.after_end(self._left)
        if left == pt.NOTHING:
            self._tell(f"<{name}> is not complete", self._expected())
            left = pt.forgiving_end(self._left)
        self._left = left
        self._open.pop()
        self._parents.pop()

    def _take_text(self, *, leaf: bool) -> None:
        """Take the text before a tag; blanks between elements are none."""
        text = "".join(self._text)
        self._text.clear()
        blank = _BLANK.match(text) is not None
        if (blank and not leaf) or not self._open:
            return
        left = pt.after_text(self._left, text)
        if blank:
            self._left = pt.choice(self._left, left)
        elif left == pt.NOTHING:
            words = _distinct(word for each in pt.firsts(self._left) for word in _values(each))
            self._tell(f"text in <{self._open[-1]}> is not allowed", words or self._expected())
            self._left = _without_text(self._left)
        else:
            self._left = left

    def _expected(self) -> list[str]:
        names = _distinct(
            f"<{each.name.name}>"
            for each in pt.firsts(self._left)
            if isinstance(each, pt.Element) and each.name.name
        )
        if self._open and pt.after_end(self._left) != pt.NOTHING:
            names.append(f"</{self._open[-1]}>")
        return names


def _without_text(p: Pattern) -> Pattern:
    """Go on as if the text that had to be there had come."""
    if isinstance(p, pt.Choice):
        return pt.choice(_without_text(p.one), _without_text(p.other))
    if isinstance(p, pt.After) and any(
        isinstance(each, pt.Value | pt.Data) for each in pt.firsts(p.inside)
    ):
        return pt.After(pt.EMPTY, p.rest)
    return p


def _values(p: Pattern) -> list[str]:
    """The words for the texts that a pattern matches."""
    found = []
    for each in pt.firsts(p):
        if isinstance(each, pt.Value):
            found.append(each.text)
        elif isinstance(each, pt.Data):
            found.append(_WORDS.get(each.pattern, f"text like {each.pattern}"))
    return found


def _distinct(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
