"""Small documents for the canonicalizer's tests, and what became of them."""

from __future__ import annotations

from lineage import canon
from lineage.canon import _core
from lineage.errors import DocumentError, SnapshotError, XMLError

UUID = "6695eb01-f6a4-8304-79aa-97f2502e193f"


def snapshot(inside: str = "", *, state: str = "running") -> str:
    """A document that lacks nothing, with `inside` behind what it must have."""
    return (
        f"<domainsnapshot><name>s</name><state>{state}</state>"
        f"<creationTime>1</creationTime>{inside}</domainsnapshot>"
    )


def request(inside: str) -> str:
    """A document of mode create, which needs nothing."""
    return f"<domainsnapshot>{inside}</domainsnapshot>"


def lines(xml: bytes | str, mode: str = "create") -> list[str]:
    """What stands in the canonical root, a line an item, without the root's indentation."""
    text = canon.canonicalize(xml, mode=mode).decode()
    if text == "<domainsnapshot/>\n":
        return []
    head, *inside, end = text.removesuffix("\n").split("\n")
    assert (head, end) == ("<domainsnapshot>", "</domainsnapshot>")
    return [line.removeprefix("  ") for line in inside]


def inside(fields: str) -> list[str]:
    """`lines` of a request with these fields."""
    return lines(request(fields))


CLASSES = {code: kind for code, kind, _ in _core.error_table()}


def refusal(xml: bytes | str, mode: str = "redefine") -> DocumentError:
    """The error that refuses the document.

    Of an error of the XML the twin tells the class only: then this is the core's.
    """
    try:
        accepted = canon.canonicalize(xml, mode=mode)
    except XMLError as error:
        if error.code in CLASSES and not error.code.startswith("limit"):
            return error
        return exact(error, xml, mode)
    except DocumentError as error:
        return error
    raise AssertionError(f"accepted as {accepted[:200]!r}")


def exact(error: XMLError, xml: bytes | str, mode: str) -> XMLError:
    """The core's error, which must be of the class that the twin gave."""
    known = None
    try:
        _core.canonicalize(xml, mode=mode)
    except XMLError as of_core:
        known = of_core
    assert known is not None, f"the core does not refuse this as {error.code}"
    assert error.code in (CLASSES[known.code], known.code)
    return known


def verdict(fields: str) -> str | list[str]:
    """The code that refuses a request with these fields, or its lines."""
    try:
        return inside(fields)
    except SnapshotError as error:
        return error.code
