"""Equivalent rewritings of what libvirt prints: the same document in other bytes.

`benchmarks.scramble` moves attributes and siblings and changes quotes, blanks, references and
declarations. Here comes what it leaves alone: comments, processing instructions and CDATA
sections in the middle of a value, and the tags and texts inside ``<metadata>``.
"""

from __future__ import annotations

import random
import re
from typing import Final

from benchmarks.scramble import scramble

__all__ = ["rewritten"]

_METADATA: Final = re.compile(r"<metadata(?=[\s>])[^>]*(?<!/)>.*?</metadata>", re.DOTALL)
_TOKEN: Final = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<(?:[^>'\"]|'[^']*'|\"[^\"]*\")*>|[^<]+", re.DOTALL
)
_ATTRIBUTE: Final = re.compile(r"\s+([^\s=]+)=\"([^\"]*)\"")
_PIECE: Final = re.compile(r"&[^;]*;|.", re.DOTALL)
_INSIDE: Final = ("<!-- in -->", "<!---->", "<?in it?>", "<![CDATA[]]>")


def rewritten(xml: str, rng: random.Random) -> str:
    """The document rewritten; what it says is the same.

    Args:
        xml: a document that libvirt printed.
        rng: where the choices come from.
    """
    told = scramble(xml.encode(), rng).decode()
    out: list[str] = []
    place = 0
    for match in _METADATA.finditer(told):
        out += [_values(told[place : match.start()], rng), _metadata(match.group(), rng)]
        place = match.end()
    return "".join([*out, _values(told[place:], rng)])


def _values(text: str, rng: random.Random) -> str:
    """Values interrupted; blanks between tags stay what they are."""
    tokens = _TOKEN.findall(text)
    for number, token in enumerate(tokens):
        between = number and number + 1 < len(tokens)
        if token.startswith("<") or not token.strip() or not between or rng.random() < 0.8:
            continue
        pieces = _PIECE.findall(token)
        cut = rng.randrange(len(pieces) + 1)
        tokens[number] = "".join([*pieces[:cut], rng.choice(_INSIDE), *pieces[cut:]])
    return "".join(tokens)


def _metadata(text: str, rng: random.Random) -> str:
    """Tags and texts of another spelling; not one blank more or less between them."""
    tokens = _TOKEN.findall(text)
    out = [_tag(token, rng) if token.startswith("<") else token for token in tokens]
    for at in range(1, len(tokens) - 1):
        if _is_whole_content(tokens[at - 1 : at + 2]) and rng.random() < 0.3:
            out[at] = "".join(_referenced(piece, rng) for piece in _PIECE.findall(tokens[at]))
    return "".join(out)


def _is_whole_content(tokens: list[str]) -> bool:
    """A text alone in its element: a reference in another would decide which blanks stay."""
    before, text, after = tokens
    opened = before.startswith("<") and not before.startswith(("</", "<!", "<?"))
    return opened and not before.endswith("/>") and text[0] != "<" and after.startswith("</")


def _tag(token: str, rng: random.Random) -> str:
    if token.startswith(("<!", "<?")):
        return token
    if token.startswith("</"):
        return token[:-1] + rng.choice(("", " ", "\n")) + ">"
    return _ATTRIBUTE.sub(lambda match: _attribute(match, rng), token)


def _attribute(match: re.Match[str], rng: random.Random) -> str:
    name, value = match.groups()
    quote = rng.choice("'\"") if "'" not in value else '"'
    blank = rng.choice((" ", "  ", "\n", "\t"))
    return f"{blank}{name}{rng.choice(('=', ' = '))}{quote}{value}{quote}"


def _referenced(piece: str, rng: random.Random) -> str:
    """A character as a reference, now and then; a blank stays one, for it may be dropped."""
    if len(piece) > 1 or piece.isspace() or rng.random() < 0.7:
        return piece
    return rng.choice((f"&#{ord(piece)};", f"&#x{ord(piece):X};"))
