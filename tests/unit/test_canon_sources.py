"""Sources of snapshot disks by the rules of libvirt's storage source parser."""

from __future__ import annotations

import re

import pytest

from lineage import canon
from tests.property import source_fragments as parts

from .canon_samples import inside, refusal, request, snapshot, verdict

pytestmark = pytest.mark.usefixtures("canonicalizer")


def source(kind: str, attributes: str, inner: str) -> str:
    """What becomes of the inside of a source, in one line; or the code that refuses it."""
    found = verdict(f"<disks>{parts.disk(kind, attributes, inner)}</disks>")
    if isinstance(found, str):
        return found
    text = "".join(line.strip() for line in found)
    match = re.search("<source [^>]*[^/]>(.*)</source>", text)
    return match[1] if match else ""


@pytest.mark.parametrize("mode", ["redefine", "internal"])
@pytest.mark.parametrize("of", ["disks", "revertDisks"])
@pytest.mark.parametrize(("code", "disk"), parts.FAULTS)
def test_every_fault_of_a_source_is_refused_at_its_disk(
    code: str, disk: str, of: str, mode: str
) -> None:
    xml = snapshot(f"<active>0</active><{of}><disk name='z'/>{disk}<disk/></{of}>")
    if mode == "internal" and "labelskip=''" in disk:
        assert refusal(xml, mode).code == "disk-name-missing"  # not looked at there
        return
    error = refusal(xml, mode)
    assert (error.code, error.offset) == (code, xml.index(disk))


def test_a_request_may_say_anything_in_tls_from_config() -> None:
    disk = parts.disk("network", "protocol='nbd' name='n' tlsFromConfig='x'")
    assert isinstance(verdict(f"<disks>{disk}</disks>"), list)


@pytest.mark.parametrize(("kind", "attributes", "given", "expected"), parts.RESPELT)
def test_values_in_a_source_are_spelt_as_libvirt_spells_them(
    kind: str, attributes: str, given: str, expected: str
) -> None:
    assert source(kind, attributes, given) == expected
    assert source(kind, attributes, expected) == expected


@pytest.mark.parametrize(
    ("protocol", "port"),
    [
        *[("nbd", "10809"), ("sheepdog", "7000"), ("gluster", "24007"), ("iscsi", "3260")],
        *[("http", "80"), ("https", "443"), ("ftp", "21"), ("ftps", "990"), ("tftp", "69")],
        *[("ssh", "22"), ("vxhs", "9999"), ("rbd", None), ("nfs", None), ("none", None)],
    ],
)
def test_a_host_without_a_port_gets_that_of_its_protocol(protocol: str, port: str | None) -> None:
    said = f" port='{port}'" if port else ""
    found = source("network", f"protocol='{protocol}' name='p/i'", "<host name='h'/>")
    assert found == f"<host name='h'{said}/>"


def test_a_namespace_is_a_number_of_64_bits_and_a_negative_one_counts_from_the_end() -> None:
    for given, printed in (("-1", 2**64 - 1), (" +01", 1), ("0", 0), ("-0", 0)):
        disk = parts.disk("nvme", f"type='pci' namespace='{given}'", parts.ADDRESS)
        assert f"    <source type='pci' namespace='{printed}'>" in inside(f"<disks>{disk}</disks>")


def test_what_is_unknown_keeps_its_place_beside_what_is_filled_in() -> None:
    host = "<host b='1' name='h' c='2' transport='tcp' d='3'><z/></host>"
    assert source("network", "protocol='nbd' name='n'", host) == (
        "<host b='1' name='h' c='2' port='10809' d='3'><z/></host>"
    )
    assert source("nvme", parts.NVME, "<address z='1' bus='1' y='2'/>") == (
        "<address z='1' domain='0x0000' bus='0x01' y='2' slot='0x00' function='0x0'/>"
    )


def test_what_libvirt_does_not_look_at_is_left_alone() -> None:
    hosts = "<host port='x' transport='unix' socket='/s'/><q:host xmlns:q='u'/><host xmlns='u'/>"
    kept = source("network", "protocol='nbd' name='n'", hosts + "<ssl verify='x'/>")
    assert kept == (
        "<host port='x' transport='unix' socket='/s'/><q:host xmlns:q='u'/><host xmlns='u'/>"
        "<ssl verify='x'/>"
    )
    for odd in (
        "<host/>",
        "<address bus='x'/>",
        "<reconnect enabled='x'/>",
        "<timeout seconds='x'/>",
    ):
        assert source("file", "file='/a'", odd) == odd
    twice = "<auth username='u'><secret usage='x'/><secret/></auth><auth/>"
    assert source("file", "file='/a'", twice) == twice


def test_an_unlabelled_source_may_turn_relabelling_off() -> None:
    for label in ("<label/>", "<label></label>", f"<label>{'x' * 4097}</label>"):
        assert source("file", "file='/a'", f"<seclabel relabel='no'>{label}</seclabel>") != (
            "disk-seclabel-label"
        )


def test_the_image_of_a_pool_is_what_makes_a_source_stored() -> None:
    for name, stored in (("p/i", " snapshot='external'"), ("p/", "")):
        disk = f"<disk name='a' type='network'><source protocol='rbd' name='{name}'/></disk>"
        assert inside(f"<disks>{disk}</disks>")[1] == f"  <disk name='a'{stored} type='network'>"


# Faults of one source, each with all that libvirt meets later.
CHAIN = [
    ("<host/>", "disk-host-name-missing"),
    ("<ssl verify='x'/>", "disk-ssl-invalid"),
    ("<cookies><cookie/></cookies>", "disk-cookie-incomplete"),
    ("<readahead size='x'/>", "disk-readahead-invalid"),
    ("<timeout seconds='x'/>", "disk-timeout-invalid"),
    ("<auth/>", "disk-auth-username-missing"),
    ("<encryption/>", "disk-encryption-format-missing"),
    ("<reservations/>", "disk-reservations-managed-invalid"),
    ("<slices><slice type='storage'/></slices>", "disk-slice-incomplete"),
    ("<seclabel relabel='x'/>", "disk-seclabel-invalid"),
]


@pytest.mark.parametrize("place", range(len(CHAIN)))
def test_the_first_fault_in_libvirts_order_counts_wherever_it_stands(place: int) -> None:
    faults = [fault for fault, _ in CHAIN[place:]]
    for order in (faults, faults[::-1]):
        assert source("network", "protocol='https' name='n'", "".join(order)) == CHAIN[place][1]


@pytest.mark.parametrize(
    ("cookies", "code"),
    [
        ("<cookie name='a'>1</cookie><cookie name='a'>2</cookie><cookie/>", "incomplete"),
        (
            "<cookie name='a'>1</cookie><cookie name='b b'>2</cookie><cookie name='a'>1</cookie>",
            "twice",
        ),
        (
            "<cookie name='b b'>1</cookie><cookie name='a'>1</cookie><cookie name='a'>2</cookie>",
            "invalid",
        ),
    ],
)
def test_a_cookie_is_compared_with_all_others_before_the_next_is_looked_at(
    cookies: str, code: str
) -> None:
    found = source("network", "protocol='http' name='n'", f"<cookies>{cookies}</cookies>")
    assert found == f"disk-cookie-{code}"


def test_a_domains_metadata_in_a_source_is_not_taken_for_tags() -> None:
    raw = '<p:a xmlns:p=\'u/>"\' b="1">t<!-- < --><?pi > <?><![CDATA[</z>]]><p:c/></p:a>'
    given = f"<domain><metadata>{raw}</metadata></domain><slices/>"
    assert source("file", "file='/a'", given) == given
    hosts = source("network", "protocol='nbd' name='n'", f"<host name='h'/>{given}")
    assert sorted(hosts) == sorted(f"<host name='h' port='10809'/>{given}")


def test_every_host_and_every_label_is_looked_at() -> None:
    labels = "".join(f"<seclabel model='{n % 299}'/>" for n in range(300))
    assert source("file", "file='/a'", labels) == "disk-seclabel-twice"
    disk = parts.nbd("<host name='h'/>" * 500)
    text = canon.canonicalize(request(f"<disks>{disk}</disks>"), mode="create")
    assert text.count(b"<host name='h' port='10809'/>\n") == 500


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        *[("network", "disk-protocol-missing"), ("nvme", "disk-source-type-missing")],
        *[("vhostuser", "disk-source-type-missing"), ("file", None), ("block", None)],
    ],
)
def test_a_source_in_libvirts_own_layout_is_looked_into_by_its_type(
    kind: str, code: str | None
) -> None:
    xml = (
        "<domainsnapshot>\n  <name>s</name>\n  <state>running</state>\n"
        "  <creationTime>1</creationTime>\n  <memory snapshot='no'/>\n  <disks>\n"
        f"    <disk name='a' snapshot='no' type='{kind}'>\n      <source file='/a'/>\n"
        "    </disk>\n  </disks>\n</domainsnapshot>\n"
    )
    if code is None:
        assert canon.canonicalize(xml).decode() == xml
    else:
        assert (refusal(xml).code, refusal(xml).offset) == (code, xml.index("<disk "))
