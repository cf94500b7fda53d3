"""Grammar of snapshot documents: their fields, good and at fault, and disks that fit the domain."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from benchmarks.scramble import scramble
from tests.property import source_fragments

from .grammar import Dice, FairDice, Grammar, Terminal
from .grammar_machine import Machine, machine
from .grammar_storage import SOURCES
from .terminals import TERMINALS

__all__ = ["PARENTS", "Document", "documents", "fair_documents", "faulty_documents"]

# Snapshots that are there, for others to name as their parent: their names as XML.
PARENTS: Final = ("p", " q&amp;r")
_TEXTS: Final = (
    *("x", " a b ", "a&amp;b", "&lt;&#65;&gt;", "<![CDATA[a&b]]>c", "a<b>c<d/></b>e", "a<!--c-->"),
    *("\u00e9\U0001f600", "'\"", "a\nb", "a\r\nb", "&#10;", "&#9;", "]]&gt;", "\x7f", "  ", "%2e"),
    *("<![CDATA[<]]><![CDATA[>]]>", "<?p i?>a", "\ufeff", "\u2028\u0085", "&#x1F600;", "../x"),
)
_EMPTY: Final = ("", "<b/>", "<!-- c -->", "<![CDATA[]]>")
_NOT_XML: Final = (
    *("a&#0;", "a\x01", "&", "&nbsp;", "<b>", "]]>", "&#xD800;", "&#65534;", "\ufffe", "<a b=c/>"),
    *("<a b='1' b='2'/>", "<!-- -- -->", "<![CDATA[x", "<1/>", "</b>", "<?xml version='1.0'?>"),
)
_PROLOGUE: Final = re.compile(r"^\ufeff?(<\?xml[^>]*>\n)?")
_BETWEEN: Final = ("", "", "", "\n  ", "<!-- c -->", "<?p i?>", " text ", "<![CDATA[x]]>")
_STATES: Final = ("running", "paused", "blocked", "shutdown", "crashed", "pmsuspended")
_TIMES: Final = (
    *("5", "-1", "+7", "007", " 8", "<b>1</b>2", "&#50;", "9223372036854775807", "\t\n5"),
    *("-9223372036854775808", "1<!--c-->2", "<![CDATA[5]]>", "&#13;5"),
)
# Behind or before the field of this name: the first that is not empty counts.
_REPEATS: Final = (
    *("<name>t</name>", "<name/>", "<description>z</description>", "<description/>", "<memory/>"),
    *("<state/>", "<state>paused</state>", "<creationTime>8</creationTime>", "<creationTime/>"),
    *("<parent/>", "<parent><name/></parent>", "<parent>p</parent>", "<active>2</active>"),
)
_MEMORY: Final = {
    "memory_off": "[<memory[ snapshot='no'](/>|>x</memory>)|<memory/>]",
    "memory_on": """
        [<memory[ snapshot='(internal|no)'](/>|>x</memory>)|<memory/><memory snapshot='x'/>]""",
    "memory_external": "<memory[ snapshot='external'] file='{!path}'/>",
}
_DISKS: Final = {
    "disk_internal": "[ snapshot='internal'](/>|><!--c--></disk>)",
    "disk_external": """
        ( snapshot='external'|)( type='file'|)>{format}{source_file}</disk>|
        ( snapshot='external'|) type='block'>{format}{source_block}</disk>|
        ( snapshot='external'|) type='network'>{format}{source_network}</disk>""",
    "host": "<host name='h{!unique}.example' port='{!port}'/>",
    "cookies": "",  # libvirt loses these, and the labels of a network source
    "source_end": "(/>|>{disk_label}{source_rest}</source>)",
    "source_rest": """
        [<slices><slice type='storage' offset='{0..9999}' size='{1..9999}'/></slices>]
        {auth}{encryption}[<reservations managed='yes'/>|<reservations managed='no'>
        <source type='unix' path='{!path}' mode='client'/></reservations>]""",
    "auth": """
        [<auth username='{!token}'>
        <secret type='(ceph|iscsi)' (usage='{!token}'|uuid='{!plain_uuid}')/></auth>]""",
    "encryption": """
        [<encryption format='luks'[ engine='(qemu|librbd)']>
        <secret type='passphrase' (uuid='{!plain_uuid}'|usage='{!token}')/></encryption>|
        <encryption format='(qcow|default)'/>]""",
    "format": """
        [<driver type='(raw|qcow2|qed|vmdk|vdi|fat|dmg)'(/>|>{metadata_cache}</driver>)]""",
}
# A field, and what is said in its place: one row a code at least, each as likely.
_FAULTS: Final = (
    ("name", "[<name(/>|>{!empty}</name>)]"),
    ("creationTime", "[<creationTime>{!empty}</creationTime>]"),
    (
        "creationTime",
        "<creationTime>(5 |5.5|1e3|0x10|9223372036854775808|--1|\u00a05|x)</creationTime>",
    ),
    ("state", "[<state>{!empty}</state>]"),
    ("state", "<state>(on|running |nostate|Running|last| )</state>"),
    ("memory", "<memory snapshot='(x|default||No)'[ file='/m']/>"),
    ("memory", "<memory snapshot='manual'[ file='/m']/>"),
    ("memory", "<memory snapshot='(no|internal)' file='(/m|)'/>"),
    ("memory", "<memory snapshot='external'/>"),
    ("memory", "<memory[ snapshot='external'] file='(m|)'/>"),
    ("offline", "<state>(shutoff|disk-snapshot)</state><memory (snapshot='internal'|file='/m')/>"),
    ("disks", "<disks><disk[ snapshot='no'][ type='block']/></disks>"),
    ("disks", "<disks><disk name='vda' snapshot='(x|default|| no)'[ type='x']/></disks>"),
    ("disks", "<disks><disk name='vda' type='(x||none)'/></disks>"),
    ("disks", "<disks><disk name='vda' type='(dir|volume)'/></disks>"),
    ("disks", "<disks><disk name='vda'><driver type='(x|none|Raw)'/></disk></disks>"),
    ("disks", "<disks><disk name='vda'><driver type='raw'>{cache}</driver></disk></disks>"),
    ("disks", "<disks><disk name='vda'><source file='(x|./a)'/></disk></disks>"),
    ("disks", "<disks><disk name='vda' type='network'><source name='n'/></disk></disks>"),
    (
        "disks",
        "<disks><disk name='vda' type='network'><source protocol='(x|)' name='n'/></disk></disks>",
    ),
    ("domain", "{!no_uuid}"),
    ("inactiveDomain", "{!no_uuid}"),
    ("root", "(a|domainsnapshots|snapshot)"),
    ("description", "{!not_xml}"),
    ("unknown", "{!not_xml}"),
    ("disks", "<disks><disk name='(|hda)'/></disks>"),  # for the alignment to find
    *(("disks", f"<disks>{disk}</disks>") for _, disk in source_fragments.FAULTS),
)
_CACHE: Final = {
    "cache": """
        <metadata_cache><max_size( unit='(zb|Ki)'>1|>x|>-1|>1.5|>5 | unit='EiB'>16)</max_size>
        </metadata_cache>""",
}
_WORDS: Final[dict[str, Terminal]] = {
    **TERMINALS,
    "empty": lambda dice: dice.pick(_EMPTY),
    "not_xml": lambda dice: f"<x>{dice.pick(_NOT_XML)}</x>",
    "no_uuid": lambda dice: dice.pick(("x", "{}0", "{{{}}}", "urn:uuid:{}", "-", "{}{}")),
}
_GRAMMAR: Final = Grammar(
    {**SOURCES, **_MEMORY, **_DISKS, **_CACHE, **{text: text for _, text in _FAULTS}}, _WORDS
)
_REQUIRED: Final = ("name", "creationTime", "state")


@dataclass(frozen=True)
class Document:
    """A snapshot's XML, and the field in it that was made at fault, if any."""

    xml: str
    fault: str | None = None


@st.composite
def documents(draw: DrawFn, uuid: str) -> Document:
    """Documents of the domain with this UUID, most of them such as libvirt takes."""
    return _document(Dice(draw), uuid)


def fair_documents(rng: random.Random, uuid: str, count: int) -> Iterator[Document]:
    """As many documents, chosen such that all of the grammar is in them."""
    dice = FairDice(rng)
    for _ in range(count):
        dice.used.clear()
        yield _document(dice, uuid)


def faulty_documents(rng: random.Random, uuid: str) -> Iterator[Document]:
    """A document for every row of faults."""
    dice = FairDice(rng)
    for row in _FAULTS:
        dice.used.clear()
        yield _document(dice, uuid, row)


def _document(dice: Dice, uuid: str, row: tuple[str, str] | None = None) -> Document:
    made = machine(dice, uuid)
    fields = _fields(dice, made)
    root, fault = "domainsnapshot", None
    if row is None and dice.number(0, 3) == 3:
        row = _FAULTS[dice.choice(_FAULTS, len(_FAULTS))]
    if row is not None:
        fault, rule = row
        told = _GRAMMAR.draw(dice, rule)
        root = told if fault == "root" else root
        _break(fields, fault, told, uuid)
    parts = [part for part in fields.values() if part]
    random.Random(dice.number(0, 2**32)).shuffle(parts)
    inside = "".join(part + dice.pick(_BETWEEN) for part in parts)
    return Document(f"<{root}>{inside}</{root}>", fault)


def _fields(dice: Dice, made: Machine) -> dict[str, str]:
    """Fields that go together: a disk at an external place takes the others with it."""
    external = dice.number(0, 2) == 2
    offline = dice.number(0, 2) == 2
    state = dice.pick(_STATES)
    memory = _GRAMMAR.draw(dice, "memory_external" if external else "memory_on")
    if offline:
        state = "disk-snapshot" if external else "shutoff"
        memory = _GRAMMAR.draw(dice, "memory_off")
    parent = dice.pick(("", "", *PARENTS))
    return {
        "name": f"<name>{dice.pick(_TEXTS)}</name>",
        "description": _optional(dice, "description", (*_TEXTS, *_EMPTY)),
        "state": f"<state>{state}</state>",
        "parent": f"<parent><name>{parent}</name></parent>" if parent else "",
        "creationTime": f"<creationTime>{dice.pick(_TIMES)}</creationTime>",
        "memory": memory,
        "disks": _disks(dice, made, external),
        "domain": _rewritten(dice, made.body()),
        "inactiveDomain": _rewritten(dice, made.body("inactiveDomain")) * dice.number(0, 1),
        "active": _optional(dice, "active", ("0", "1", "x", "")),
        "again": dice.pick(_REPEATS) * (dice.number(0, 3) == 3),
        "unknown": dice.pick(("", "", "<zork a='1'>b</zork>")),
    }


def _optional(dice: Dice, name: str, texts: tuple[str, ...]) -> str:
    return f"<{name}>{dice.pick(texts)}</{name}>" if dice.number(0, 1) else ""


def _disks(dice: Dice, made: Machine, external: bool) -> str:
    """With a disk at an external place libvirt wants to hear of each where it goes."""
    rule = "disk_external" if external else "disk_internal"
    targets = made.targets
    if not external:
        targets = targets[: dice.number(0, len(targets))]
    listed = [f"<disk name='{target}'{_GRAMMAR.draw(dice, rule)}" for target in targets]
    return f"<disks>{''.join(listed)}</disks>" if listed or dice.number(0, 1) else ""


def _rewritten(dice: Dice, body: str) -> str:
    """The body as it is, or in another spelling, without what belongs before a document."""
    if "<![CDATA[" in body or "<!--" in body or not dice.number(0, 1):
        return body
    rng = random.Random(dice.number(0, 2**32))
    return _PROLOGUE.sub("", scramble(body.encode(), rng).decode())


def _break(fields: dict[str, str], fault: str, told: str, uuid: str) -> None:
    """Put the fault in."""
    if fault in ("domain", "inactiveDomain"):
        body = fields["domain"].replace(uuid, told.format(uuid, uuid))
        fields[fault] = body.replace("domain", fault) if fault != "domain" else body
    elif fault == "offline":
        fields.update(state=told, memory="")
    elif fault != "root":
        fields[fault] = told
