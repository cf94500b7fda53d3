"""Four times the document takes less than eight times the time, whatever its shape."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable

import pytest

from lineage import canon
from lineage.errors import DocumentError
from tests.property.source_fragments import nbd

from .canon_samples import request

TRIES = 5
PREFIXED = " p:a{}=''"
DECLARED = " xmlns:p{}='u'"


def metadata(inside: str, attributes: str = "") -> str:
    return f"<domain><metadata><p:a xmlns:p='u'{attributes}>{inside}</p:a></metadata></domain>"


def backwards(depth: int) -> str:
    """Nested elements, the known children of each in the wrong order."""
    return (
        "<disk><target/>"
        + "<backingStore><z/>" * depth
        + "<source file='/a'/><format type='raw'/></backingStore>" * depth
        + "<driver/></disk>"
    )


def pins(numbers: Iterable[int]) -> str:
    """Siblings that are sorted by number."""
    return "".join(f"<vcpupin vcpu='{number}'/>" for number in numbers)


def attributes(number: int, form: str = " a{}='&#38;'") -> str:
    """That many attributes, the last first."""
    return "".join(form.format(n) for n in range(number, 0, -1))


def siblings(one: str, around: str = "z") -> Callable[[int], str]:
    """A request whose one element holds many of these."""
    return lambda n: request(f"<{around}>" + one * n + f"</{around}>")


# The number makes the smaller document take about a millisecond.
SHAPES: dict[str, tuple[int, Callable[[int], str]]] = {
    "attributes, unknown": (10, lambda n: request(("<z" + attributes(1024) + "/>") * n)),
    "attributes, of a disk of the domain": (
        10,
        lambda n: "<domain><devices>" + f"<disk{attributes(1024)}/>" * n + "</devices></domain>",
    ),
    "attributes, of one namespace": (
        10,
        lambda n: request(f"<z xmlns:p='u'{attributes(1023, PREFIXED)}/>" * n),
    ),
    "attributes, of a snapshot's disks": (
        10,
        lambda n: siblings(f"<d name='a'{attributes(1023)}/>", "disks")(n),
    ),
    "values, in one set": (
        5000,
        lambda n: f"<domain><vcpu cpuset='{'0-16383,' * n}'>1</vcpu></domain>",
    ),
    "values, in many sets": (
        1000,
        lambda n: "<domain><cputune>" + "<emulatorpin cpuset='01'/>" * n + "</cputune></domain>",
    ),
    "values, of elements with many attributes": (
        10,
        lambda n: (
            "<domain><devices><disk>"
            + f"<address type='pci' slot='1'{attributes(1020)}/>" * n
            + "</disk></devices></domain>"
        ),
    ),
    "attributes, in metadata": (10, lambda n: metadata(f"<b{attributes(1024)}/>" * n)),
    "declarations, nested": (
        5,
        lambda n: request(f"<z{attributes(20 * n, DECLARED)}>" * 200 + "</z>" * 200),
    ),
    "declarations, shadowed and used": (
        10,
        lambda n: request(
            f"<z{attributes(1024, DECLARED)}>" + "<p1:a xmlns:p1='v' p2:b=''/>" * 200 * n + "</z>"
        ),
    ),
    "declarations, in metadata": (
        500,
        lambda n: (
            "<domain><metadata>"
            + "".join(f"<p:a xmlns:p='u{k}'/>" for k in range(n))
            + "</metadata></domain>"
        ),
    ),
    "one namespace again and again in metadata": (
        2000,
        lambda n: "<domain><metadata>" + "<p:a xmlns:p='u'/>" * n + "</metadata></domain>",
    ),
    "nesting": (10, lambda n: request(("<z>" * 250 + "</z>" * 250) * n)),
    "nesting, in metadata": (50, lambda n: metadata(("<z>" * 250 + "</z>" * 250) * n)),
    "nesting, in a name": (50, siblings("<z>" * 250 + "x" + "</z>" * 250, "name")),
    "mixed at every level, as shows at the end": (
        1,
        lambda n: request(
            "<z>" * 60 * n + "<a>" + "&#65;" * 20_000 * n + "</a>" + "x</z>" * 60 * n
        ),
    ),
    "mixed at every level, each beginning another": (
        10,
        lambda n: request(("<z><m><i/>x</m>" * 120 + "<y/>" * 500 + "</z>" * 120) * n),
    ),
    "wrong order at every level": (
        3,
        lambda n: f"<domain><devices>{backwards(200) * n}</devices></domain>",
    ),
    "wrong order of many siblings": (
        2000,
        lambda n: f"<domain><devices>{'<shmem/><z/><disk/><emulator/>' * n}</devices></domain>",
    ),
    "values in reverse order": (
        2_000,
        lambda n: f"<domain><cputune>{pins(range(n, 0, -1))}</cputune></domain>",
    ),
    "values in no order": (
        2_000,
        lambda n: f"<domain><cputune>{pins(k * 7919 % n for k in range(n))}</cputune></domain>",
    ),
    "values in reverse order, among others": (
        1_000,
        lambda n: (
            "<domain><devices>"
            + "<video/><disk/><video><x/><model primary='yes'/></video><z/>" * n
            + "</devices></domain>"
        ),
    ),
    "values in reverse order, but for one": (
        2_000,
        lambda n: f"<domain><cputune>{pins(range(n, 0, -1))}<vcpupin/></cputune></domain>",
    ),
    "wrong order of repeated fields": (2000, lambda n: request("<cookie/><state/><name/>" * n)),
    "references in text": (20_000, siblings("&#65;&amp;", "name")),
    "references in an attribute": (20_000, lambda n: request(f"<z a='{'&#x10FFFF;' * n}'/>")),
    "references in metadata": (20_000, lambda n: metadata("&#13;&lt;" * n)),
    "references of blanks in metadata": (20_000, lambda n: metadata("&#32;<b/>" * n)),
    "leading zeros of one reference": (
        100_000,
        lambda n: request(f"<name>&#{'0' * n}65;</name>"),
    ),
    "CDATA sections": (10_000, siblings("<![CDATA[a]]>", "name")),
    "CDATA sections in metadata": (10_000, lambda n: metadata("<![CDATA[a]]>" * n)),
    "comments": (10_000, lambda n: request("<!-- c --><?p i?>" * n)),
    "comments in text": (10_000, siblings("a<!-- c -->", "name")),
    "blanks": (500_000, lambda n: request(" " * n)),
    "escapes": (100_000, lambda n: request('<z a="' + "'" * n + '"/>')),
    "unknown siblings": (25_000, lambda n: request("<z/>" * n)),
    "unknown siblings with text": (10_000, siblings("<b/>x")),
    "siblings in metadata": (25_000, lambda n: metadata("<b/>" * n)),
    "siblings between text in metadata": (25_000, lambda n: metadata("<b/> x " * n)),
    "blanks between siblings in metadata": (
        25_000,
        lambda n: metadata(" <b/>" * n, " xml:space='preserve'"),
    ),
    "disks": (5_000, siblings("<disk name='a'/>", "disks")),
    "lists of disks": (
        5_000,
        lambda n: request("<disks xmlns:p='u'><disk name='a'><p:z/></disk></disks>" * n),
    ),
    "sources of one disk": (
        5_000,
        lambda n: request(f"<disks><disk name='a'>{'<source/><z/>' * n}</disk></disks>"),
    ),
    "names of one parent": (10_000, siblings("<name/><z/>", "parent")),
    "one long name": (12_000, lambda n: request(f"<{'n' * n}/>" * 50)),
    "zeros of a time": (200_000, lambda n: request(f"<creationTime>{'0' * n}1</creationTime>")),
    "cache sizes in a namespace": (
        2000,
        lambda n: request(
            f"<disks><disk name='a'><driver><metadata_cache a='{'x' * 200 * n}'>"
            + "<max_size xmlns='u'/>" * n
            + "</metadata_cache></driver></disk></disks>"
        ),
    ),
    "hosts of one source": (
        5_000,
        lambda n: request("<disks>" + nbd("<host name='h'/>" * n) + "</disks>"),
    ),
    "labels of one source": (
        3_000,
        lambda n: request(
            "<disks><disk name='a'><source file='/a'>"
            + "".join(f"<seclabel model='{i}'/>" for i in range(n))
            + "</source></disk></disks>"
        ),
    ),
    "refused at the end": (25_000, lambda n: "<domain>" + "<z/>" * n),
    "refused for a comment": (200_000, lambda n: request("<!-- " + "- " * n)),
    "refused for a CDATA section": (200_000, lambda n: request("<![CDATA[" + "]] " * n)),
    "refused for every disk": (10_000, siblings("<disk/>", "disks")),
}


def seconds(xml: bytes) -> float:
    """What one reading takes of the processor, however busy the machine is."""
    begun = time.thread_time()
    with contextlib.suppress(DocumentError):
        canon.canonicalize(xml, mode="create")
    return time.thread_time() - begun


def grows_in_proportion(small: bytes, large: bytes) -> bool:
    """Whether the larger, of four times the size, took less than eight times as long."""
    best = [float("inf"), float("inf")]
    for _ in range(TRIES):
        best = [min(had, seconds(xml)) for had, xml in zip(best, (small, large), strict=True)]
    return best[1] < 8 * best[0]


@pytest.mark.parametrize("shape", SHAPES)
def test_time_grows_no_faster_than_the_document(shape: str) -> None:
    number, make = SHAPES[shape]
    small, large = make(number).encode(), make(4 * number).encode()
    assert 3 * len(small) < len(large) < 5 * len(small)
    # A busy machine may spoil one comparison, not all.
    assert any(grows_in_proportion(small, large) for _ in range(3))


def test_records_of_many_disks_are_made_and_printed_in_proportion() -> None:
    def took(number: int) -> float:
        xml = siblings("<d name='a'><source file='/a'/></d>", "disks")(number)
        best = float("inf")
        for _ in range(TRIES):
            begun = time.thread_time()
            canon.format(canon.parse(xml, mode="create"))
            best = min(best, time.thread_time() - begun)
        return best

    assert any(took(20_000) < 8 * took(5_000) for _ in range(3))
