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

MODES: Final = ("redefine", "create", "internal")

BLANKS: Final = ("", "", "", " ", "\n  ", "\t", "\r\n", "&#32;", "<!--c-->", "<?p i?>")
TEXTS: Final = (
    *("x", "a b", " a ", "1", "-1", "+7", "007", "&amp;", "&lt;b&gt;", "a&#13;b", "&#10;", "é"),
    *("<![CDATA[a&b]]>", "<![CDATA[]]>", "a<!--c-->b", "a<b>c</b>d", "<b/>", ">", "'\"", "\U0001f600"),
    *("a\r\nb", "\x7f", "&#x41;", "]]&gt;", "<?p?>", "  ", "9223372036854775807", "", "q<b> </b>"),
)  # fmt: skip
VALUES: Final = (
    *("", "x", "yes", "a&#10;b", "a\tb", "&quot;", "&apos;", ">", "&lt;&amp;", "é", "/a", "&#9;"),
    *("qcow2", "raw", "external", "internal", "no", "hostdev", "bridge", "network", "file", "block"),
)  # fmt: skip
UUIDS: Final = (
    *("6695eb01-f6a4-8304-79aa-97f2502e193f", "6695EB01f6a4830479aa97f2502e193F", "x", ""),
    *(" 66 95eb01-f6a4-8304-79aa-97f2502e193f\n", "<![CDATA[6695EB01f6a4830479aa97f2502e193f]]>"),
    *("&#54;695eb01f6a4830479aa97f2502e193f", "66<!---->95eb01f6a4830479aa97f2502e193f"),
    *("66<b/>95eb01f6a4830479aa97f2502e193f", "-6695eb01f6a4830479aa97f2502e193f"),
)
METADATA: Final = (
    "<metadata>&#32;<q:a xmlns:q='b'> <b/> t <c/> </q:a>x<q/></metadata>",
    "<metadata a='1'><q:a xmlns:q='b' xml:space='preserve'> <b/> </q:a><r:a xmlns:r='b'/></metadata>",
    "<metadata xmlns='u'>text <b/></metadata>",
    "<metadata>text</metadata>",
    "<metadata><a xmlns='u'><![CDATA[x]]><!--c--><?p?>&#13;</a></metadata>",
    "<metadata/>",
    "<metadata><p:a><b>\u00e9 <c/></b></p:a></metadata>",
)
DISKS: Final = (
    "<disk name='a'/>",
    "<disk name='&#47;b' snapshot='no'/>",
    "<disk snapshot='external' name='vda'><source file='/a'/><driver type='qcow2'/></disk>",
    "<x name='a' type='block'><source dev='/d' index='1'/><snapshotDeleteInProgress a='1'/></x>",
    "<disk name='a' type='network'><source name='n' protocol='nbd'><z/><host name='h'/></source>"
    "</disk>",
    "<disk type='file' z='1' name='a' y='2'><z/><source/><source file='/b'/><driver/></disk>",
    "<disk name='a'><source file=''><encryption/></source><driver type=''/><driver type='raw'/></disk>",
    "<disk name='a' type='nvme'><source namespace='1' type='pci'><address bus='1' domain='0'/>"
    "</source></disk>",
    "<disk name='a'><driver><metadata_cache a='1'><max_size unit='KiB' z='1'>3</max_size></metadata_cache>"
    "</driver></disk>",
    "<disk name='a'><driver><metadata_cache/><metadata_cache><z/><max_size y='1'> +07</max_size><max_size>"
    "2</max_size></metadata_cache></driver></disk>",
    "<disk name='a'><driver><metadata_cache><max_size xmlns='u'>1</max_size><max_size unit='gb'>2<z/>"
    "</max_size></metadata_cache></driver></disk>",
    "<q:disk xmlns:q='u' name='a'><q:source file='r'/></q:disk>",
    "<disk xmlns='u' name='a'><source file='r'/></disk>",
    "<disk/>",
    "<disk name='a'><driver><metadata_cache><max_size unit='x'>3</max_size></metadata_cache></driver></disk>",
    "<disk name='a'><driver><metadata_cache><max_size>-1</max_size></metadata_cache></driver></disk>",
    "<disk name='a' snapshot='x'/>",
    "<disk name='a' type=''/>",
    "<disk name='a' type='dir'/>",
    "<disk name='a' type='x'/>",
    "<disk name='a' type='network'><source/></disk>",
    "<disk name='a' type='network'><source protocol='x'/></disk>",
    "<disk name='a'><driver type='x'/></disk>",
    "<disk name='a'><source file='x'/></disk>",
)  # fmt: skip
MEMORIES: Final = (
    *("", " snapshot='no'", " snapshot='internal'", " file='/m'", " file='/m' snapshot='external'"),
    *(" z='1'", " file='/m' y='1' snapshot='external' z='2'", " snapshot='external'", " file='m'"),
    *(" snapshot='manual'", " snapshot='x'", " snapshot='no' file='/m'", " unit='KiB'", " file=''"),
)
PARENTS: Final = (
    *("", "<name>p</name>", "<name/>", "<z/><name>p</name><name>q</name><y/>", "<z/>"),
    *("<name z='1'>p<b>q</b></name>", "<name xmlns='u'>p</name>", "<q:name xmlns:q='u'>p</q:name>"),
)
STATES: Final = (
    *("running", "shutoff", "disk-snapshot", "paused", "pmsuspended", "<b>shutdown</b>", "x"),
    *("nostate", "", "<![CDATA[crashed]]>", "blo&#99;ked", " running"),
)
ODD: Final = (
    *("<zork/>", "<zork> </zork>", "<zork a='&#10;'>x<b/>y</zork>", "<zork>x</zork>", "<z:z/>"),
    *("<zork><b/><c> </c></zork>", "<zork> <b/>\n</zork>", "<zork><name/><devices><os/></devices></zork>"),
    *("<p:a b='1' p:c='2'/>", "<zork xmlns='u'><name>x</name></zork>", "<![CDATA[ x]]>", "<!--c-->"),
    *("stray", "&#13;", "&#32;", "<?p q?>", "<devices/>", "<os><boot dev='a'/><type>b</type></os>"),
    *("<interface type='hostdev'><source/><driver/></interface>", "<name>q</name>", "<disk/>"),
    *("<model>a<b c='1'/></model>", "<loader type='a' readonly='b'>x<b/></loader>", "<cookie/>"),
    *("<interconnects><latency/><bandwidth/><latency/></interconnects>", "<memory/>"),
    *("<domain><metadata>x</metadata></domain>", "<inactiveDomain><metadata/></inactiveDomain>"),
)  # fmt: skip
ODD_ATTRIBUTES: Final = (
    *(" z='1'", " xmlns:q='u'", " xmlns='u'", " xmlns=''", " q:a='1'", " p:a='1'", ' xml:space="preserve"'),
    *(" type='file'", " snapshot='external'", " a='1' a='2'", ' b="\'&quot;"', " id='7'", " xmlns:p='u'"),
    *(" xmlns:p=''", " xmlns:xml='u'", "\n  c\t=\r\n'1'", " xmlns:p='&#117;' xmlns:q='u' p:d='' q:d=''"),
)  # fmt: skip
SCRAPS: Final = (
    *("</zork>", "<", ">", "&", "]]>", "<![CDATA[", "-->", "<!--", "\x00", "\x01", "\ufffe", "/>"),
    *("&nbsp;", "&#0;", "&#xD800;", "&#1114112;", "<!DOCTYPE a>", "'", '"', "=", "<?xml?>", "?>"),
    *("<a:b:c/>", "<:a/>", "<a:/>", "<1/>", "<\u00d7/>", "<\u00e9/>", "<a b=c/>", "<a b/>", "</", "\ufeff"),
)  # fmt: skip
BYTES: Final = (b"\xc3", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82")
HEADS: Final = (
    *("", "", "", "\ufeff", "<?xml version='1.0'?>", '<?xml version="1.0" encoding="utf-8"?>\n'),
    *("<!-- c -->\n", "<?xml version='1.0' standalone='yes' ?><?p?>", "<?xml version='1.1'?>", " "),
    *("<?xml version='1.0' encoding='latin1'?>", "<?xml?>", "<!DOCTYPE a>", "x", "\ufeff\ufeff"),
)


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
    attributes = "".join(f" {each}='{rng.choice(VALUES)}'" for each in chosen)
    if rng.random() < 0.05:
        attributes += rng.choice(ODD_ATTRIBUTES)
    kids = [each for each in facts.get("kids", ()) if ":" not in each]
    parts = []
    if name == "uuid":
        parts.append(rng.choice(UUIDS))
    elif kids and depth and rng.random() < 0.9:
        parts = [element(rng, rng.choice(kids), depth - 1) for _ in range(rng.randint(0, 4))]
    elif rng.random() < 0.6:
        parts.append(rng.choice(TEXTS))
    if rng.random() < 0.08:
        parts.insert(rng.randint(0, len(parts)), rng.choice(ODD))
    if name in ("domain", "inactiveDomain", "devices", "cookie") and rng.random() < 0.3:
        parts.insert(rng.randint(0, len(parts)), rng.choice(METADATA))
    if not parts and rng.random() < 0.7:
        return f"<{name}{attributes}/>"
    inside = "".join(part + rng.choice(BLANKS) for part in parts)
    return f"<{name}{attributes}>{inside}</{name}>"


def domain(rng: random.Random, name: str = "domain") -> str:
    return element(rng, name, 4)


def disks(rng: random.Random, name: str) -> str:
    count = len(DISKS) if rng.random() < 0.2 else 13  # bad ones are the last ones
    inside = [rng.choice(DISKS[:count]) for _ in range(rng.choice((0, 1, 1, 2, 3)))]
    attributes = rng.choice(("", "", "", *ODD_ATTRIBUTES[:6]))
    return f"<{name}{attributes}>{''.join(inside)}</{name}>"


FIELDS: Final[dict[str, Callable[[random.Random], str]]] = {
    "name": lambda rng: f"<name>{rng.choice(TEXTS)}</name>",
    "description": lambda rng: f"<description>{rng.choice(TEXTS)}</description>",
    "state": lambda rng: f"<state>{rng.choice(STATES[:6] if rng.random() < 0.9 else STATES)}</state>",
    "creationTime": lambda rng: (
        f"<creationTime>{rng.choice(('5', '-1', ' +7', '0', '007', '<b>1</b>2', '', '5 ', 'x'))}</creationTime>"
    ),
    "parent": lambda rng: f"<parent>{rng.choice(PARENTS)}</parent>",
    "memory": lambda rng: f"<memory{rng.choice(MEMORIES)}>{rng.choice(('', '', '<z/>', 'x'))}</memory>",
    "disks": lambda rng: disks(rng, "disks"),
    "revertDisks": lambda rng: disks(rng, "revertDisks"),
    "domain": domain,
    "inactiveDomain": lambda rng: domain(rng, "inactiveDomain"),
    "cookie": lambda rng: element(rng, "cookie", 3),
    "active": lambda rng: f"<active>{rng.choice(('1', '0', ' 2', '', 'x', '2147483648'))}</active>",
}  # fmt: skip
REQUIRED: Final = ("<name>s</name>", "<state>running</state>", "<creationTime>5</creationTime>")


def made_up(rng: random.Random) -> str:
    """A small document; most are accepted in some mode."""
    head = rng.choice(HEADS[:8] if rng.random() < 0.95 else HEADS)
    if rng.random() < 0.15:
        return head + domain(rng)
    fields = [*REQUIRED, "<active>1</active>"] if rng.random() < 0.7 else []
    fields += [FIELDS[rng.choice(tuple(FIELDS))](rng) for _ in range(rng.randint(0, 6))]
    fields += [rng.choice(ODD) for _ in range(rng.choice((0, 0, 1, 2)))]
    rng.shuffle(fields)
    if rng.random() < 0.2:
        place = rng.randrange(len(fields) + 1)
        fields[place:place] = [rng.choice(METADATA)]
    attributes = "".join(rng.sample(ODD_ATTRIBUTES, rng.choice((0, 0, 0, 1)))) + " xmlns:p='p'"
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
        return text[:at] + rng.choice(ODD_ATTRIBUTES) + text[at:]
    at = _boundary(text, rng)
    if kind == 1:
        return text[:at] + rng.choice(ODD) + text[at:]
    if kind == 2:
        return text[:at] + FIELDS[rng.choice(tuple(FIELDS))](rng) + text[at:]
    if kind == 3:  # a line again, somewhere else
        lines = text.split("\n")
        lines.insert(rng.randrange(len(lines)), rng.choice(lines))
        return "\n".join(lines)
    return text[:at] + rng.choice((*METADATA, *TEXTS)) + text[at:]


def _damage(text: str, rng: random.Random) -> str:
    """One change that breaks the document, mostly."""
    kind, at = rng.randrange(5), rng.randrange(len(text) + 1)
    if kind == 0:
        return text[:at] + rng.choice(SCRAPS) + text[at:]
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
        data = data[:at] + rng.choice(BYTES) + data[at:]
    return data
