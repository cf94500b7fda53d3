"""Every limit holds exactly: the greatest value passes, one more is refused with its code."""

from __future__ import annotations

import pytest

from lineage import canon
from lineage.errors import XMLError

from .canon_samples import inside, refusal, request

pytestmark = pytest.mark.usefixtures("canonicalizer")

MIB64 = 64 << 20


def nested(depth: int) -> str:
    """A request that is `depth` elements deep, its root included."""
    return request("<z>" * (depth - 1) + "</z>" * (depth - 1))


def test_256_elements_deep_are_read_and_257_refused() -> None:
    assert canon.canonicalize(nested(256), mode="create").count(b"<z") == 255
    error = refusal(nested(257), "create")
    assert (type(error), error.code) == (XMLError, "limit-depth")
    assert error.offset == len("<domainsnapshot>") + 255 * len("<z>")


def test_ten_million_deep_is_the_same_error_as_257() -> None:
    deep, deeper = refusal("<z>" * 257), refusal("<z>" * 10_000_000)
    assert (deeper.code, deeper.offset) == (deep.code, deep.offset) == ("limit-depth", 768)


@pytest.mark.parametrize("what", ["a{}=''", "xmlns:a{}='u'"])
@pytest.mark.parametrize(
    "where", ["<zork {}/>", "<disks><disk name='a'/></disks><name {}>x</name>"]
)
def test_1024_attributes_are_read_and_1025_refused(where: str, what: str) -> None:
    def flooded(number: int) -> str:
        return request(where.format(" ".join(what.format(n) for n in range(number))))

    kept = canon.canonicalize(flooded(1024), mode="create")
    assert kept.count(what.partition("{")[0].encode()) >= 1024
    error = refusal(flooded(1025), "create")
    assert (type(error), error.code) == (XMLError, "limit-attributes")


def test_namespace_declarations_count_as_attributes() -> None:
    half = " ".join(f"a{n}='' xmlns:p{n}='u'" for n in range(512))
    assert len(inside(f"<zork {half}/>")) == 1
    assert refusal(request(f"<zork {half} b=''/>"), "create").code == "limit-attributes"


def test_an_attribute_value_has_at_most_ten_million_bytes() -> None:
    most = "é" * 5_000_000
    assert inside(f"<zork a='{most}'/>") == [f"<zork a='{most}'/>"]
    error = refusal(request(f"<zork a='{most}x'/>"), "create")
    assert (type(error), error.code) == (XMLError, "limit-value")


def test_text_may_be_longer_than_an_attribute_value() -> None:
    text = "x" * 12_000_000
    assert inside(f"<description>{text}</description>") == [f"<description>{text}</description>"]


@pytest.mark.parametrize("form", ["<{}/>", "<zork {}=''/>", "<zork xmlns:p='u' p:{}=''/>"])
def test_a_name_has_at_most_50000_bytes(form: str) -> None:
    prefix = 2 if "p:{" in form else 0  # a prefix is part of the name
    most = "n" * (50_000 - prefix)
    assert inside(form.format(most)) == [form.format(most)]
    error = refusal(request(form.format(most + "n")), "create")
    assert (type(error), error.code) == (XMLError, "limit-name")


def test_a_document_has_at_most_64_mib() -> None:
    empty = b"<domain/>"
    assert canon.canonicalize(empty + b" " * (MIB64 - len(empty))) == b"<domain/>\n"
    error = refusal(empty + b" " * (MIB64 - len(empty) + 1))
    assert (type(error), error.code) == (XMLError, "limit-size")


def test_its_canonical_form_has_at_most_64_mib() -> None:
    quotes = "<domain><name>" + "'" * (12 << 20) + "</name></domain>"
    error = refusal(quotes)
    assert (type(error), error.code) == (XMLError, "limit-size")
    assert len(canon.canonicalize(quotes.replace("''", "' "))) > 36 << 20


def test_namespaces_handed_down_to_many_disks_stay_within_the_limit() -> None:
    declared = "".join(f" xmlns:p{n}='{'u' * 100}'" for n in range(1000))
    many = "<disk name='a'/>" * 2000
    xml = request(f"<disks/><disks{declared}>{many}</disks>")
    assert refusal(xml, "create").code == "limit-size"


def test_a_mixed_form_is_measured_as_it_is_printed_not_as_it_would_be_laid_out() -> None:
    depth, many = 250, 140_000  # laid out, 70 MB of blanks
    inside = "<z>" * depth + "<a/>" * many + "x</z>" * depth
    assert canon.canonicalize(request(inside), mode="create") == (
        f"<domainsnapshot>\n  {inside}\n</domainsnapshot>\n".encode()
    )
    laid_out = "<z>" * depth + "<a/>" * many + "</z>" * depth + "<z>x<b/></z>"
    assert refusal(request(laid_out), "create").code == "limit-size"
