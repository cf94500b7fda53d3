"""``<metadata>``: where libvirt prints what it reads back as the same, we print that.

Left out is what FORMAT.md lists as ours: line ends of two characters, and characters beyond
ASCII given by reference, which decide about blanks here only once they are written.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Final

import pytest

from lineage import canon

from .libvirt_child import LiveLibvirt

pytestmark = pytest.mark.live

DOCUMENTS: Final = 3000
TEXTS: Final = (
    *(" ", "\n ", "\t", "x", " x", "x ", "&amp;", "&lt;", "&gt;", "&quot;", '"', "'", "&#13;"),
    *("&#10;", "&#9;", "&#32;", "\u00e9", "\u2028", "\x7f", "&#x7f;", "]]&gt;", "\U0001f600"),
    *("<![CDATA[c]]>", "<![CDATA[ ]]>", "<![CDATA[]]>", "<![CDATA[]]]]><![CDATA[>]]>"),
    *("<!-- c -->", "<!---->", "<?p i?>", "<?p?>"),
)
VALUES: Final = (
    *("1", "", "&amp;", "&lt;", "&gt;", "&quot;", "'", "&#10;", "&#9;", "&#13;", " a ", "\n", "\t"),
    *("\u00e9", "\u2028", "\U0001f600"),
)
NAMESPACES: Final = ("u", "v", "w", "u&amp;x", 'u"x', "u'x", "\u00e9")
PREFIXES: Final = ("m", "n", "q", "r")
Scope = dict[str, str]


def quoted(value: str) -> str:
    return f"'{value}'" if '"' in value else f'"{value}"'


def element(rng: random.Random, depth: int, scope: Scope) -> str:
    """An element; `scope` has the prefixes that are bound around it."""
    said, scope = [], dict(scope)
    if rng.random() < 0.35:
        prefix = rng.choice(PREFIXES)
        scope[prefix] = rng.choice(NAMESPACES)
        said.append(f"xmlns:{prefix}={quoted(scope[prefix])}")
    if rng.random() < 0.12:
        said.append(f"xmlns={quoted(rng.choice(('d', 'e', '')))}")
    if rng.random() < 0.15:
        said.append(f"xml:space='{rng.choice(('preserve', 'default', 'preserve', 'other'))}'")
    for number in range(rng.choice((0, 0, 1, 2))):
        prefix = rng.choice(("", *(f"{bound}:" for bound in scope)))
        said.append(f"{prefix}k{number}={quoted(rng.choice(VALUES))}")
    rng.shuffle(said)
    name = rng.choice(("", *(f"{bound}:" for bound in scope))) + rng.choice("abc")
    inside = content(rng, depth - 1, scope) if depth and rng.random() < 0.75 else ""
    start = " ".join((name, *said))
    return f"<{start}/>" if not inside and rng.random() < 0.7 else f"<{start}>{inside}</{name}>"


def content(rng: random.Random, depth: int, scope: Scope) -> str:
    parts = []
    for _ in range(rng.choice((1, 1, 2, 3, 4, 6))):
        one = element(rng, depth, scope) if rng.random() < 0.5 else rng.choice(TEXTS)
        parts.append(one + rng.choice(("", "", " ", "\n  ")))
    return "".join(parts)


def made_up(rng: random.Random, uuid: str) -> str:
    """A snapshot of a domain with such metadata, and declarations around it."""
    root, domain, own = (
        rng.random() < chance and declared
        for chance, declared in ((0.3, "q"), (0.3, "n"), (0.5, "m"))
    )
    scope = {prefix: prefix for prefix in (root, domain, own) if prefix}
    root_says, domain_says, says = (
        f" xmlns:{prefix}='{prefix}'" if prefix else "" for prefix in (root, domain, own)
    )
    says += rng.choice(("", "", "", " k='1'", " xml:space='preserve'"))
    return (
        f"<domainsnapshot{root_says}><name>s</name><state>shutoff</state>"
        f"<creationTime>7</creationTime><domain type='test'{domain_says}><name>test</name>"
        f"<uuid>{uuid}</uuid><metadata{says}>{content(rng, 4, scope)}</metadata>"
        "<memory>1024</memory><os><type>hvm</type></os></domain></domainsnapshot>"
    )


def metadata(text: str) -> str:
    return text.partition("</uuid>\n")[2].partition("\n    <memory")[0]


@pytest.fixture(scope="module")
def uuid(live: LiveLibvirt) -> str:
    """Of the domain whose snapshots these are."""
    uuid = str(live.call("open"))
    live.call(
        "define_domain",
        f"<domain type='test'><name>test</name><uuid>{uuid}</uuid><memory>1024</memory>"
        "<os><type>hvm</type></os></domain>",
    )
    return uuid


def test_made_up_metadata_is_printed_as_libvirt_prints_it(live: LiveLibvirt, uuid: str) -> None:
    met: Counter[str] = Counter()
    for seed in range(DOCUMENTS):
        xml = made_up(random.Random(seed), uuid)
        ours = canon.canonicalize(xml).decode()
        assert canon.canonicalize(ours).decode() == ours
        theirs = live.printed(xml)
        assert theirs is not None, xml
        if live.printed(theirs) != theirs:
            met["read back as something else"] += 1
            continue
        met["stable"] += 1
        assert canon.canonicalize(theirs).decode() == theirs
        assert metadata(ours) == metadata(theirs), xml
    assert met["stable"] > DOCUMENTS * 3 / 4
    assert met["read back as something else"] < DOCUMENTS / 6
