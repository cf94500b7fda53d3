"""Made-up fields of a snapshot: libvirt and the canonicalizer agree on each document.

What libvirt prints is a fixed point, and what it accepts has the same text here above the
disks. Left out is where the two differ on purpose: namespaces, DOCTYPE, declarations.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Final

import pytest

from benchmarks.generate import scramble
from lineage import canon
from lineage.errors import DocumentError

from .libvirt_child import LiveLibvirt, Refused

pytestmark = pytest.mark.live

DOCUMENTS: Final = 3000
TEXTS: Final = (
    *("x", " a b ", "a&amp;b", "&lt;&#65;&gt;", "<![CDATA[a&b]]>c", "a<b>c<d/></b>e", "a<!--c-->"),
    *("\u00e9\U0001f600", "'\"", "a\nb", "a\r\nb\rc", "&#10;", "&#9;", "a&#13;b", "]]&gt;", "\x7f"),
    *("", "<b/>", "<!-- c -->", "<?p i?>", "  ", "a&#0;", "a\x01", "&", "&nbsp;", "<b>", "]]>"),
)
STATES: Final = ("running", "shutoff", "disk-snapshot", "paused", "pmsuspended", "crashed")
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "name": TEXTS,
    "description": TEXTS,
    "state": (*STATES * 4, "blo<b>ck</b>ed", "&#112;aused", "<![CDATA[shutdown]]>", "", "on", "x "),
    "creationTime": (
        *("5", "-1", "+7", "007", " 8", "<b>1</b>2", "&#50;", "9223372036854775807") * 2,
        *("0", "", "5 ", "5.5", "1e3", "0x10", "9223372036854775808", "--1"),
    ),
    "parent": ("<name>p</name>", "<name> q&amp;<b>r</b></name>", "<name/>", "", "p", "<x/>"),
    "active": ("0", "1", "x", ""),
}
REQUIRED: Final = ("name", "state", "creationTime")
MEMORIES: Final = (
    *("", " snapshot='no'", " snapshot='internal'", " file='/m'", " unit='KiB'", " file=''"),
    *(" file='/&lt;m' snapshot='external'", " snapshot='external'", " file='m'", " snapshot='x'"),
    *(" snapshot='no' file='/m'", " snapshot='manual'", " snapshot=''", ' snapshot="&#110;o"'),
)
BETWEEN: Final = ("", "", "", "\n  ", "<!-- c -->", "<?p i?>", " text ", "<zork a='1'>b</zork>")


def field(rng: random.Random, name: str) -> str:
    if name == "memory":
        return f"<memory{rng.choice(MEMORIES)}>{rng.choice(('', '', 'x', '<y/>'))}</memory>"
    # Mostly one of the first, which are good.
    texts = FIELDS[name][:10] if rng.random() < 0.8 else FIELDS[name]
    return f"<{name}>{rng.choice(texts)}</{name}>"


def made_up(rng: random.Random, body: str) -> str:
    names = [name for name in REQUIRED if rng.random() < 0.97]
    names += [rng.choice((*FIELDS, "memory")) for _ in range(rng.randint(0, 4))]
    parts = [*(field(rng, name) for name in names), body]
    rng.shuffle(parts)
    inside = "".join(part + rng.choice(BETWEEN) for part in parts)
    return f"<domainsnapshot>{inside}</domainsnapshot>"


@pytest.fixture(scope="module")
def body(live: LiveLibvirt) -> str:
    """A domain that has the two parents of which the fields speak."""
    uuid = live.call("open")
    text = (
        f"<domain type='test'><name>test</name><uuid>{uuid}</uuid><memory>1024</memory>"
        "<os><type>hvm</type></os></domain>"
    )
    live.call("define_domain", text)
    for name in ("p", " q&amp;r"):
        live.call(
            "redefine",
            f"<domainsnapshot><name>{name}</name><state>shutoff</state>"
            f"<creationTime>1</creationTime>{text}</domainsnapshot>",
        )
    return text


def above_disks(text: str) -> str:
    return text.partition("\n  <disks>")[0].partition("\n  <domain ")[0]


def as_libvirt_prints(text: str) -> str:
    """Our text above the disks less what libvirt loses: FORMAT.md, "Differences"."""
    text = above_disks(text).replace("\n  <creationTime>0</creationTime>", "")
    for unknown in ("\n  <zork a='1'>b</zork>", "\n    <y/>", "\n    <x/>"):
        text = text.replace(unknown, "")
    text = text.replace(" unit='KiB'", "").replace(">\n  </memory>", "/>")
    return text.replace("&#13;", "\r")


def test_the_same_documents_are_accepted_and_printed(live: LiveLibvirt, body: str) -> None:
    met: Counter[str] = Counter()
    for seed in range(DOCUMENTS):
        rng = random.Random(seed)
        xml = made_up(rng, body)
        try:
            ours = canon.canonicalize(xml).decode()
        except DocumentError as error:
            met[error.code] += 1
            with pytest.raises(Refused):
                live.call("redefine", xml)
            continue
        met["accepted"] += 1
        name = live.call("redefine", xml)
        printed = str(live.call("xml", name))
        live.call("delete", name)
        assert above_disks(printed) == as_libvirt_prints(ours), xml
        if "\r" in printed or "<creationTime>" not in printed:
            continue  # libvirt would not read this back as it is
        assert canon.canonicalize(printed).decode() == printed
        assert canon.canonicalize(scramble(printed.encode(), rng)).decode() == printed
    assert met["accepted"] > DOCUMENTS / 2
    assert len(met) > 15
