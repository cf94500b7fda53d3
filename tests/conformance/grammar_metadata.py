"""Grammar of a domain's ``<metadata>``: the subtree that libvirt leaves to libxml2.

Left out is where canonical text differs on purpose (FORMAT.md, "Metadata"): blanks given as
references, children on lines under xml:space='preserve', quotes and line ends in namespaces.
"""

from __future__ import annotations

from typing import Final

from .grammar import Terminal

__all__ = ["METADATA", "METADATA_WORDS"]

METADATA: Final = {
    "metadata": """
        <metadata[ a='{!attribute}'][ xmlns:o='urn:o']>{!line_end}{entry}{!gap}{entry*}</metadata>|
        <metadata>{entry}</metadata>|<metadata/>|<metadata>{!gap}</metadata>""",
    "entry": """
        <a:x xmlns:a='urn:{1..9}'[ b='{!attribute}'][ a:c='{!attribute}']>{content}</a:x>{!gap}|
        <y xmlns='urn:{1..9}'[ b='{!attribute}']>{content}</y>{!gap}|
        <z xmlns='urn:z&amp;{1..9}'/>{!gap}|<none>{content}</none>|<!--c-->|<?p i?>|text""",
    "content": "|{!words}|{!words}|{piece}|{piece}{piece}|{piece}{piece}{piece}{piece}",
    "piece": """
        {!gap}|{!gap}|{!words}|<!--c-->|<?p i?>|<?p?>|{!cdata}|
        <e(/>|>{content}</e>)|<e xmlns='urn:i' f='{!attribute}'>{content}</e>|
        <q:e xmlns:q='urn:q' q:f='1'(/>|>{content}</q:e>)|<e xml:lang='de'>{!words}</e>""",
}


def _pick(*choices: str) -> Terminal:
    return lambda dice: dice.pick(choices)


METADATA_WORDS: Final[dict[str, Terminal]] = {
    "gap": _pick("", " ", "\n  ", "\t"),
    "line_end": _pick("", "\r\n", "\r\n\t", "\r"),
    "words": _pick(
        *("text", " text ", "a b", "\u00e9", " \u00e9", "&#233;", "a&amp;&lt;b&gt;", "\"'", "a\nb"),
        *("x&#13;y", "&#65;", "]]&gt;", "\U0001f600"),
    ),
    "attribute": _pick(
        *("v", "", "a b", "a\tb", "&#9;&#10;&#13;", "\u00e9\U0001f600", "&lt;&gt;&amp;&quot;&apos;")
    ),
    "cdata": _pick("<![CDATA[x]]>", "<![CDATA[<&>]]>", "<![CDATA[]]>", "<![CDATA[ ]]>"),
}
