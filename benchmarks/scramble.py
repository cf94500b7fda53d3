"""Equivalent rewritings: the same document to libvirt, in other bytes.

Reads only what libvirt prints (attributes quoted, every value escaped), which takes a few
regular expressions and no XML parser.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from benchmarks import dice

__all__ = ["scramble"]

# Below metadata everything is data and is copied as it stands; the order of what stands in
# interconnects has a meaning of its own.
_RAW: Final = "metadata"
_RAW_TAG: Final = re.compile(rf"<{_RAW}[\s/>]")
_SEQUENCE: Final = "interconnects"
_TOKEN: Final = re.compile(r"<[^>]*>|[^<]+")
_ATTRIBUTE: Final = re.compile(r"""([^\s=]+)=('[^']*'|"[^"]*")""")
_ENTITY: Final = re.compile(r"&(amp|lt|gt|quot|apos);")
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_DECLARATIONS: Final = (
    "", "", "", "\ufeff", "<?xml version='1.0'?>\n", '<?xml version="1.0" encoding="UTF-8"?>\n',
)  # fmt: skip
_COMMENTS: Final = ("<!-- edited -->", "<!---->", "<!-- <a b='c'> & d -->", "<?note here?>")
_BLANKS: Final = ("", "", "\n", "\n  ", "\n\t", " ", "\n\n    ", "\r\n  ")
_GAPS: Final = (" ", " ", " ", "  ", "\n", "\t", "\n        ")


@dataclass
class _Element:
    tag: str
    attrs: list[tuple[str, str]] = field(default_factory=list)
    kids: list[_Element] = field(default_factory=list)
    text: str = ""  # escaped, as it stood
    source: str = ""  # of metadata: all of it


def scramble(xml: bytes, rng: random.Random) -> bytes:
    """Rewrite a document that libvirt printed, without changing what it says.

    Attributes and differently named siblings change places, siblings of one name keep their
    order; quotes, white space, references, CDATA, comments, empty elements, the XML
    declaration and the byte order mark vary.

    Args:
        xml: a document as libvirt prints it: without comments, CDATA or a declaration of
            its own outside ``<metadata>``.
    """
    out = [dice.pick(rng, _DECLARATIONS)]
    _write(out, _read(xml.decode()), rng)
    out.append(dice.pick(rng, ("", "\n", "\n<!-- end -->\n")))
    return "".join(out).encode()


def _read(xml: str) -> _Element:
    top = _Element("")
    stack = [top]
    for token in _tokens(xml):
        if not token.startswith("<"):
            stack[-1].text += token
        elif token.startswith("</"):
            stack.pop()
        else:
            element = _start(token)
            stack[-1].kids.append(element)
            if not element.source and not token.endswith("/>"):
                stack.append(element)
    return top.kids[0]


def _tokens(xml: str) -> Iterator[str]:
    """Tags and texts; a whole metadata element is one tag."""
    place = 0
    while match := _TOKEN.match(xml, place):
        token, place = match.group(), match.end()
        if _RAW_TAG.match(token) and not token.endswith("/>"):
            place = xml.index(f"</{_RAW}>", place) + len(f"</{_RAW}>")
            token = xml[match.start() : place]
        yield token


def _start(token: str) -> _Element:
    if _RAW_TAG.match(token):
        return _Element(_RAW, source=token)
    tag, _, rest = token[1:-1].removesuffix("/").partition(" ")
    return _Element(tag, [(name, value[1:-1]) for name, value in _ATTRIBUTE.findall(rest)])


def _write(out: list[str], root: _Element, rng: random.Random) -> None:
    """Append the element's new bytes; a stack, not recursion, so that depth costs nothing."""
    todo: list[_Element | str] = [root]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            out.append(item)
            continue
        if item.source:
            out.append(item.source)
            continue
        out.append(_opening(item, rng))
        closing = f"</{item.tag}{dice.pick(rng, ('', '', '', ' '))}>"
        if item.kids:
            todo.append(closing)
            for kid in reversed(_reordered(item, rng)):
                todo += [_gap(rng), kid]
        elif item.text:
            out += [_rewritten_text(item.text, rng), closing]
        elif dice.chance(rng, 0.8):
            out[-1] = out[-1][:-1] + "/>"
        else:
            out.append(closing)


def _opening(element: _Element, rng: random.Random) -> str:
    parts = [f"<{element.tag}"]
    for name, value in dice.shuffled(rng, element.attrs):
        quote = dice.pick(rng, "'\"")
        equals = dice.pick(rng, ("=", "=", "=", " = "))
        value = _rewritten_value(value, quote, rng)
        parts.append(f"{dice.pick(rng, _GAPS)}{name}{equals}{quote}{value}{quote}")
    return "".join([*parts, dice.pick(rng, ("", "", "", " ")), ">"])


def _reordered(element: _Element, rng: random.Random) -> list[_Element]:
    if element.tag == _SEQUENCE:
        return element.kids
    classes: dict[str, list[_Element]] = {}
    for kid in element.kids:
        classes.setdefault(kid.tag, []).append(kid)
    if dice.chance(rng, 0.5):
        return dice.merge(rng, list(classes.values()))
    return [kid for group in dice.shuffled(rng, list(classes.values())) for kid in group]


def _gap(rng: random.Random) -> str:
    blank = dice.pick(rng, _BLANKS)
    return dice.pick(rng, _COMMENTS) + blank if dice.chance(rng, 0.02) else blank


def _rewritten_text(text: str, rng: random.Random) -> str:
    if dice.chance(rng, 0.05) and "&#" not in text:
        plain = _ENTITY.sub(lambda match: _ENTITIES[match.group(1)], text)
        if "]]>" not in plain:
            return f"<![CDATA[{plain}]]>"
    return _rewritten(text, {"apos": "'", "quot": '"'}, rng)


def _rewritten_value(value: str, quote: str, rng: random.Random) -> str:
    free = {"gt": ">", "apos": "'"} if quote == '"' else {"gt": ">", "quot": '"'}
    return _rewritten(value, free, rng)


def _rewritten(value: str, free: dict[str, str], rng: random.Random) -> str:
    """Entities that need not be entities become characters; a character, a reference."""
    if "&" in value:
        value = _ENTITY.sub(
            lambda match: (
                free.get(match.group(1), match.group()) if dice.chance(rng, 0.5) else match.group()
            ),
            value,
        )
    if "&" in value or not value or dice.chance(rng, 0.95):
        return value
    place = dice.below(rng, len(value))
    code = ord(value[place])
    reference = f"&#{code};" if dice.chance(rng, 0.5) else f"&#x{code:x};"
    return value[:place] + reference + value[place + 1 :]
