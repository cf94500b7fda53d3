"""Odd documents for the canonicalizer's tests: made up from order.toml's names, or mutated.

The same random numbers give the same document.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import lineage.canon
from benchmarks.generate import documents, scramble

from . import canon_fragments as parts

MODES: Final = ("redefine", "create", "internal")
Maker = Callable[[random.Random], str]
REQUIRED: Final = ("<name>s</name>", "<creationTime>5</creationTime>", "<active>1</active>")


@cache
def contexts() -> dict[str, dict[str, list[str]]]:
    """Every context of order.toml."""
    path = Path(lineage.canon.__file__).with_name("order.toml")
    found: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))["ctx"]
    return found


@cache
def generated() -> list[bytes]:
    """Some documents as libvirt prints them."""
    return list(documents(60, seed=11))


def element(rng: random.Random, name: str, depth: int) -> str:
    """An element of the domain format with some of what order.toml knows in it, and odd things."""
    facts = contexts().get(name, {})
    names = [each for each in facts.get("attrs", ()) if ":" not in each]
    chosen = rng.sample(names, min(len(names), rng.choice((0, 0, 1, 2, 3))))
    attributes = "".join(f" {each}='{rng.choice(parts.VALUES)}'" for each in chosen)
    if rng.random() < 0.05:
        attributes += rng.choice(parts.ODD_ATTRIBUTES)
    kids = [each for each in facts.get("kids", ()) if ":" not in each]
    found = []
    if name == "uuid":
        found.append(rng.choice(parts.UUIDS))
    elif kids and depth and rng.random() < 0.9:
        found = [element(rng, rng.choice(kids), depth - 1) for _ in range(rng.randint(0, 4))]
    elif rng.random() < 0.6:
        found.append(rng.choice(parts.TEXTS))
    if rng.random() < 0.08:
        found.insert(rng.randint(0, len(found)), rng.choice(parts.ODD))
    if name in ("domain", "inactiveDomain", "devices", "cookie") and rng.random() < 0.3:
        found.insert(rng.randint(0, len(found)), rng.choice(parts.METADATA))
    if not found and rng.random() < 0.7:
        return f"<{name}{attributes}/>"
    inside = "".join(part + rng.choice(parts.BLANKS) for part in found)
    return f"<{name}{attributes}>{inside}</{name}>"


def domain(rng: random.Random, name: str = "domain") -> str:
    return element(rng, name, 4)


def disks(rng: random.Random, name: str) -> str:
    choice = parts.DISKS if rng.random() < 0.8 else parts.DISKS + parts.BAD_DISKS
    inside = "".join(rng.choice(choice) for _ in range(rng.choice((0, 1, 1, 2, 3))))
    attributes = rng.choice(("", "", "", *parts.ODD_ATTRIBUTES[:6]))
    return f"<{name}{attributes}>{inside}</{name}>"


def field(name: str, texts: Sequence[str]) -> Maker:
    """A field of text; the texts of which one is taken."""
    return lambda rng: f"<{name}>{rng.choice(texts)}</{name}>"


def memory(rng: random.Random) -> str:
    return f"<memory{rng.choice(parts.MEMORIES)}>{rng.choice(('', '', '<z/>', 'x'))}</memory>"


FIELDS: Final[dict[str, Maker]] = {
    "name": field("name", parts.TEXTS),
    "description": field("description", parts.TEXTS),
    "state": field("state", parts.STATES[:6] * 8 + parts.STATES),
    "creationTime": field("creationTime", parts.TIMES),
    "parent": field("parent", parts.PARENTS),
    "memory": memory,
    "disks": lambda rng: disks(rng, "disks"),
    "revertDisks": lambda rng: disks(rng, "revertDisks"),
    "domain": domain,
    "inactiveDomain": lambda rng: domain(rng, "inactiveDomain"),
    "cookie": lambda rng: element(rng, "cookie", 3),
    "active": field("active", ("1", "0", " 2", "", "x", "2147483648")),
}


def made_up(rng: random.Random) -> str:
    """A small document; most are accepted in some mode."""
    head = rng.choice(parts.HEADS if rng.random() < 0.98 else parts.BAD_HEADS)
    if rng.random() < 0.15:
        return head + domain(rng)
    fields = []
    if rng.random() < 0.7:
        fields = [*REQUIRED, f"<state>{rng.choice(('running', 'running', 'shutoff'))}</state>"]
    fields += [FIELDS[rng.choice(tuple(FIELDS))](rng) for _ in range(rng.randint(0, 6))]
    fields += [rng.choice(parts.ODD) for _ in range(rng.choice((0, 0, 1, 2)))]
    rng.shuffle(fields)
    if rng.random() < 0.2:
        place = rng.randrange(len(fields) + 1)
        fields[place:place] = [rng.choice(parts.METADATA)]
    attributes = (
        "".join(rng.sample(parts.ODD_ATTRIBUTES, rng.choice((0, 0, 0, 1)))) + " xmlns:p='p'"
    )
    blanks = rng.choice(("", "\n  "))
    return f"{head}<domainsnapshot{attributes}>{blanks.join(fields)}</domainsnapshot>{blanks}"


def _tag_end(text: str, rng: random.Random) -> int:
    """A place where an attribute can be put, or 0."""
    starts = [at for at, byte in enumerate(text) if byte == "<" and text[at + 1 : at + 2].isalpha()]
    if not starts:
        return 0
    end = text.find(">", rng.choice(starts))
    return max(0, end - (text[end - 1] == "/"))


def _boundary(text: str, rng: random.Random) -> int:
    """A place behind a tag, or 0."""
    return text.find(">", rng.randrange(len(text) + 1)) + 1


def _rewrite(text: str, rng: random.Random) -> str:
    """One change that keeps the document well-formed, mostly."""
    kind = rng.randrange(5)
    if kind == 0:
        at = _tag_end(text, rng)
        return text[:at] + rng.choice(parts.ODD_ATTRIBUTES) + text[at:]
    at = _boundary(text, rng)
    if kind == 1:
        return text[:at] + rng.choice(parts.ODD) + text[at:]
    if kind == 2:
        return text[:at] + FIELDS[rng.choice(tuple(FIELDS))](rng) + text[at:]
    if kind == 3:  # a line again, somewhere else
        lines = text.split("\n")
        lines.insert(rng.randrange(len(lines)), rng.choice(lines))
        return "\n".join(lines)
    return text[:at] + rng.choice((*parts.METADATA, *parts.TEXTS)) + text[at:]


def _damage(text: str, rng: random.Random) -> str:
    """One change that breaks the document, mostly."""
    kind, at = rng.randrange(6), rng.randrange(len(text) + 1)
    if kind == 0:
        return text[:at] + rng.choice(parts.SCRAPS) + text[at:]
    if kind == 5:
        at = _boundary(text, rng)
        return text[:at] + rng.choice(parts.SCRAPS) + text[at:]
    if kind == 1:
        return text[:at] + text[at + rng.randint(1, 20) :]
    if kind == 2:
        return text[:at] + chr(rng.randrange(128)) + text[at + 1 :]
    if kind == 3:
        other = rng.randrange(len(text) + 1)
        return text[:at] + text[other : other + rng.randint(1, 60)] + text[at:]
    return text[:at]


def _start(rng: random.Random) -> str:
    if rng.random() < 0.8:
        return made_up(rng)
    document = rng.choice(generated())
    return (scramble(document, rng) if rng.random() < 0.5 else document).decode()


def _times(rng: random.Random, weights: Sequence[int]) -> int:
    return rng.choices(range(len(weights)), weights)[0]


def mutant(rng: random.Random) -> bytes:
    """A document, rewritten and broken here and there."""
    text = _start(rng)
    for _ in range(_times(rng, (6, 3, 2, 1))):
        text = _rewrite(text, rng)
    for _ in range(_times(rng, (7, 2, 1))):
        text = _damage(text, rng)
    data = text.encode()
    if rng.random() < 0.02:
        at = rng.randrange(len(data) + 1)
        data = data[:at] + rng.choice(parts.BYTES) + data[at:]
    return text.encode(rng.choice(("utf-16", "utf-16-le"))) if rng.random() < 0.002 else data


def bytewise(rng: random.Random) -> bytes:
    """A document with bytes flipped, cut out, and spliced in from another one."""
    data = bytearray(mutant(rng) if rng.random() < 0.7 else rng.choice(generated()))
    for _ in range(rng.randint(1, 4)):
        kind, at = rng.randrange(5), rng.randrange(len(data) + 1)
        if kind < 2 and at < len(data):
            data[at] = data[at] ^ 1 << rng.randrange(8) if kind else rng.randrange(256)
        elif kind == 2:
            del data[at : at + rng.randint(1, 30)]
        elif kind == 3:
            other = mutant(rng)
            start = rng.randrange(len(other) + 1)
            data[at:at] = other[start : start + rng.randint(1, 80)]
        else:
            del data[at:]
    return bytes(data)


def neighbours(rng: random.Random) -> list[bytes]:
    """Documents that differ in one place or not at all, in some order."""
    text = _start(rng)
    root = text.find("<domainsnapshot") + len("<domainsnapshot")
    texts = [text, text, _rewrite(text, rng), _rewrite(text, rng), _damage(text, rng)]
    texts += [text[:root] + attribute + text[root:] for attribute in rng.sample(parts.AROUND, 2)]
    rng.shuffle(texts)
    return [each.encode() for each in texts]
