"""Grammar of snapshot documents: their fields, good and at fault, and disks that fit the domain."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from benchmarks.scramble import scramble

from .grammar import Dice, Grammar, Terminal
from .grammar_machine import Machine, machine
from .grammar_storage import SOURCES
from .terminals import TERMINALS

__all__ = ["PARENTS", "Document", "documents"]

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
    "format": """
        [<driver type='(raw|qcow2|qed|vmdk|vdi|fat|dmg)'(/>|>{metadata_cache}</driver>)]""",
}
# One of these in the place of a good field.
_FAULTS: Final[dict[str, str]] = {
    "name": "[<name(/>|>{!empty}</name>)]",
    "creationTime": """[<creationTime>({!empty}|5 |5.5|1e3|0x10|9223372036854775808|--1|\u00a05|x)
        </creationTime>]""",
    "state": "[<state>({!empty}|on|running |nostate|Running|last| )</state>]",
    "memory": """
        <memory snapshot='(external|x|manual|default||No)'/>|<memory file='(m|)'/>|
        <memory snapshot='(no|internal|manual)' file='/m'/>|<memory snapshot='external' file='m'/>|
        <memory snapshot='internal'/>""",
    "disks": """
        <disks><disk(/>| snapshot='no'/>| name='' type='block'/>|
         name='vda' snapshot='(x|default|| no)'/>| name='vda' type='(x||none)'/>|
         name='vda' type='(dir|volume)'/>|
         name='vda'><driver type='(x|none|Raw)'/></disk>|
         name='vda'><source file='(x|./a)'/></disk>| name='vda' type='block'><source dev='x'/></disk>|
         name='vda' type='network'><source name='n'/></disk>|
         name='vda' type='network'><source protocol='(x|)' name='n'/></disk>|
         name='vda'><driver type='raw'><metadata_cache><max_size( unit='zb'>1| unit='Ki'>1|
        >x|>-1|>1.5|>5 | unit='EiB'>16)</max_size></metadata_cache></driver></disk>)</disks>""",
}
# What has many ways to be at fault comes more often.
_KINDS_OF_FAULT: Final = (
    *("root", "name", "creationTime", "state", "uuid"),
    *(["memory"] * 3 + ["disks"] * 7 + ["text"] * 2),
)
_WORDS: Final[dict[str, Terminal]] = {
    **TERMINALS,
    "empty": lambda dice: dice.pick(_EMPTY),
}
_GRAMMAR: Final = Grammar({**SOURCES, **_MEMORY, **_DISKS, **_FAULTS}, _WORDS)
_REQUIRED: Final = ("name", "creationTime", "state")


@dataclass(frozen=True)
class Document:
    """A snapshot's XML, and the field in it that was made at fault, if any."""

    xml: str
    fault: str | None = None


@st.composite
def documents(draw: DrawFn, uuid: str) -> Document:
    """Documents of the domain with this UUID, most of them such as libvirt takes."""
    dice = Dice(draw)
    made = machine(dice, uuid)
    fields = _fields(dice, made)
    fault = None
    if dice.number(0, 3) == 3:
        fault = dice.pick(_KINDS_OF_FAULT)
        _break(dice, fields, fault, uuid)
    parts = [part for part in fields.values() if part]
    random.Random(dice.number(0, 2**32)).shuffle(parts)
    inside = "".join(part + dice.pick(_BETWEEN) for part in parts)
    root = "domainsnapshot" if fault != "root" else dice.pick(("a", "domainsnapshots", "snapshot"))
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


def _break(dice: Dice, fields: dict[str, str], fault: str, uuid: str) -> None:
    """Put the fault in."""
    if fault == "uuid":
        wrong = dice.pick(("x", uuid[:-1], "{" + uuid + "}", uuid + "0", "urn:uuid:" + uuid))
        field = dice.pick(("domain", "inactiveDomain"))
        fields[field] = fields["domain"].replace(uuid, wrong).replace("domain", field)
    elif fault == "text":
        field = dice.pick(("name", "description", "unknown"))
        fields[field] = f"<{field}>{dice.pick(_NOT_XML)}</{field}>"
    elif fault != "root":
        fields[fault] = _GRAMMAR.draw(dice, fault)
