"""A ``<domain>`` that came before is not read again: nothing may depend on that."""

from __future__ import annotations

import random
import uuid
from itertools import product

import pytest

from lineage import canon
from lineage.errors import DocumentError

from .canon_samples import UUID, snapshot

FIELDS = ("xml", "head", "domain", "inactive_domain", "cookie", "name", "uuid", "domain_name")


def domain(name: str = "vm", identity: str = UUID, *, inside: str = "") -> str:
    """A domain as libvirt prints it, but for what is `inside`."""
    return (
        f"<domain type='kvm'>\n    <name>{name}</name>\n    <uuid>{identity}</uuid>\n"
        f"{inside}    <memory unit='KiB'>1024</memory>\n  </domain>"
    )


def result(xml: str) -> tuple[object, ...]:
    """All that is made of a document, or why it is refused."""
    try:
        parts = canon.split(xml.encode())
    except DocumentError as error:
        return (error.code, error.offset)
    return tuple(getattr(parts, field) for field in FIELDS)


def forget() -> None:
    """Read more domains than are kept."""
    for number in range(100):
        canon.split(snapshot(domain(f"other {number}")))


def test_many_domains_in_any_order_keep_their_own_names_and_uuids() -> None:
    chance = random.Random(7)
    bodies = {
        domain(f"vm {n:02}", str(uuid.UUID(int=n))): (f"vm {n:02}", str(uuid.UUID(int=n)))
        for n in range(48)
    }
    nameless = "<domain type='kvm'>\n    <memory unit='KiB'>1024</memory>\n  </domain>"
    known: dict[str, tuple[str | None, str | None]] = {**bodies, nameless: (None, None)}
    for body in chance.choices(list(known), k=1000):
        parts = canon.split(snapshot(f"{body}<cookie>\n    <a/>\n  </cookie>"))
        assert parts.domain == body.encode()
        assert (parts.domain_name, parts.uuid) == known[body]
        assert parts.cookie == b"<cookie>\n    <a/>\n  </cookie>"


def around(body: str, attributes: str) -> str:
    """A document of the body whose root has attributes."""
    return snapshot(body).replace("<domainsnapshot", f"<domainsnapshot {attributes}")


PREFIXED = domain(inside="    <a:x/>\n")
# As printed: what is in it depends on what is declared around it.
METADATA = canon.split(
    snapshot(domain(inside="<metadata><a:x xmlns:a='urn:a'>\n <a:y/> </a:x></metadata>"))
).domain.decode()
DOCUMENTS = [
    snapshot(domain()),
    snapshot(f"\n  {domain()}\n"),
    snapshot(domain() + domain("vn")),
    snapshot(domain("vn") + domain()),
    snapshot(f"<inactiveDomain>{domain()[len('<domain') :]}".replace("</d", "</inactiveD")),
    snapshot(f"<!--{domain()}--><description><![CDATA[{domain()}]]></description>"),
    snapshot(f"<disks><disk name='a'>{domain()}</disk></disks>"),
    snapshot(METADATA),
    *(
        around(body, attributes)
        for body in (domain(), METADATA, PREFIXED)
        for attributes in ("xml:space='preserve'", "xmlns='urn:b'", "xmlns:a='urn:a'", "a='b'")
    ),
    snapshot(PREFIXED),
    snapshot(PREFIXED.replace("<domain", "<domain xmlns:a='urn:a'")),
    snapshot(domain()).replace("</domain>", "</domain >"),
    snapshot(domain())[:-30],
    snapshot("<domain/>"),
    snapshot(domain() + "</oops>"),
    snapshot(domain(identity="no uuid")),
]


@pytest.mark.parametrize("first", range(len(DOCUMENTS)))
def test_what_came_before_changes_no_document(first: int) -> None:
    for second in DOCUMENTS:
        forget()
        alone = result(second)
        forget()
        result(DOCUMENTS[first])
        assert result(second) == alone


def test_a_domain_of_any_size_may_come_again() -> None:
    for size, name in product((10, 16_000, 16_384, 70_000), ("a", "b")):
        body = domain(name, inside=f"    <title>{'x' * size}</title>\n")
        for _ in range(3):
            parts = canon.split(snapshot(body))
            assert (parts.domain, parts.domain_name) == (body.encode(), name)
