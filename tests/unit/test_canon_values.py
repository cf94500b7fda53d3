"""Each rule of values.toml, in the core and in its twin; and what no rule touches."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from importlib.resources import files
from typing import Any, Final

import pytest

from lineage import canon
from lineage.canon import twin

TABLE: Final[dict[str, Any]] = tomllib.loads(files(canon).joinpath("values.toml").read_text())
CASES: Final = [
    pytest.param(rule["inside"], given, printed, id=f"{rule['name']}-{number}")
    for rule in TABLE["rule"]
    for number, (given, printed) in enumerate(rule["cases"])
]
KEPT: Final = [
    *("<memory unit='zz'>5</memory>", "<memory unit=' KiB'>5</memory>", "<memory>-1</memory>"),
    *("<memory>5 </memory>", "<memory>1.5</memory>", "<memory>0x10</memory>"),
    *("<memory unit='PiB'>8192</memory>", "<memory>9007199254740992</memory>", "<memory/>"),
    *("<memory unit='b'>9223372036854775807</memory>", f"<memory>{'9' * 30}</memory>"),
    *("<memory unit='EiB'>18446744073709551615</memory>", "<memory unit='bytesx'>5</memory>"),
    *("<vcpu placement='static'>2 </vcpu>", "<vcpu placement='static'>0x2</vcpu>"),
    *("<vcpu placement='static'>4294967295</vcpu>", "<vcpu placement='static'>-1</vcpu>"),
    *("<vcpu placement='static' cpuset=''>1</vcpu>", "<vcpu placement='' cpuset='5-3'>1</vcpu>"),
    *("<vcpu placement='static' cpuset='^1'>1</vcpu>", "<vcpu placement='x' cpuset='+1'>1</vcpu>"),
    *("<vcpu placement='static' cpuset='0-16384'>1</vcpu>", "<genid>x</genid>"),
    *("<vcpu placement='static' cpuset='0-4294967295'>1</vcpu>", "<genid>{0}</genid>"),
    *("<vcpu placement='static' cpuset='1,,2'>1</vcpu>", "<genid> </genid>"),
    *("<vcpu placement='static' cpuset='1-2,^1-2'>1</vcpu>", "<iothreads>x</iothreads>"),
    *("<clock offset='variable' adjustment='reset' basis='utc'/>", "<memory>5k</memory>"),
    "<vcpu placement='static' cpuset='99999999999999999999'>1</vcpu>",
]  # fmt: skip
ADDRESSES: Final = [
    *("type='pci'", "type='pci' multifunction='on'", "type='pci' domain='0x0000'"),
    *("type='pci' function='0x1'", "domain='0' bus='1'", "type='none' bus='010'"),
    *("type='pci' slot='32'", "type='pci' bus='256'", "type='pci' slot='08'"),
    *("type='pci' slot='0x'", "type='' bus='1'"),
    *("type='pci' slot='1 '", "type='pci' slot='-1'", "type='pci' domain='0x100000000'"),
    *("type='ccw' cssid='255'", "type='isa' iobase='123456789'", "type='ccw'", "type='isa'"),
    *("type='usb' bus='0' port='1.'", "type='usb' bus='0' port='1.2.3.4.5'"),
    *("type='usb' bus='0' port='0'", "type='usb' bus='x'", "type='usb' bus='0' port='4294967296'"),
]  # fmt: skip
Read = Callable[..., bytes]


@pytest.fixture(params=[canon.canonicalize, twin.canonicalize], ids=["core", "twin"])
def read(request: pytest.FixtureRequest) -> Read:
    return request.param  # type: ignore[no-any-return]


def domain(inside: str, element: str = "") -> str:
    return f"<domain type='test'>{inside.replace('{}', element)}</domain>"


@pytest.mark.parametrize(("inside", "given", "printed"), CASES)
def test_a_value_is_spelled_as_libvirt_prints_it(
    read: Read, inside: str, given: str, printed: str
) -> None:
    line = printed if "><" not in printed else printed[: printed.index(">") + 1]
    text = read(domain(inside, given)).decode()
    assert line in [each.strip() for each in text.split("\n")]
    assert read(domain(inside, printed)).decode() == text


@pytest.mark.parametrize(("inside", "given", "printed"), CASES)
def test_rules_hold_in_both_bodies_of_a_snapshot(
    read: Read, inside: str, given: str, printed: str
) -> None:
    def snapshot(element: str) -> str:
        body = domain(inside, element)
        inactive = body.replace("domain", "inactiveDomain", 1)[: -len("</domain>")]
        return f"<domainsnapshot>{body}{inactive}</inactiveDomain></domainsnapshot>"

    assert read(snapshot(given), mode="create") == read(snapshot(printed), mode="create")


@pytest.mark.parametrize(("inside", "given", "printed"), CASES)
def test_a_rule_looks_through_the_spelling(
    read: Read, inside: str, given: str, printed: str
) -> None:
    referred = re.sub(r"(?<![A-Za-z0-9])[0-9]", lambda digit: f"&#{ord(digit[0])};", given)
    odd = referred.replace("'", '"').replace(" ", "\n ") if "> " not in given else referred
    assert read(domain(inside, odd)) == read(domain(inside, printed))


@pytest.mark.parametrize("element", KEPT)
def test_what_libvirt_refuses_is_kept_as_it_is(read: Read, element: str) -> None:
    assert f"\n  {element}\n" in read(domain(element)).decode()


@pytest.mark.parametrize("attributes", ADDRESSES)
def test_an_address_that_says_too_little_is_kept_as_it_is(read: Read, attributes: str) -> None:
    element = f"<address {attributes}/>"
    text = read(domain("<devices><controller>{}</controller></devices>", element)).decode()
    assert f"\n      {element}\n" in text


@pytest.mark.parametrize(
    "inside",
    [
        *("<metadata><x:memory xmlns:x='x'>{}</x:memory></metadata>", "<unknown>{}</unknown>"),
        *("<os><memory>05</memory></os>", "<devices><memory>{}</memory></devices>"),
        *("<unknown><address bus='01' type='pci'/></unknown>", "<name>{}</name>"),
    ],
)
def test_the_same_name_elsewhere_is_another_thing(read: Read, inside: str) -> None:
    assert "05" in read(domain(inside, "05")).decode() or "'01'" in read(domain(inside)).decode()


def test_a_value_beside_elements_is_kept_word_for_word(read: Read) -> None:
    mixed = "<vcpu cpuset='2,1'>02<x/></vcpu>"
    assert f"\n  {mixed}\n" in read(domain(mixed)).decode()


def test_comments_in_a_value_do_not_hide_it(read: Read) -> None:
    given = "<memory unit='MiB'>0<!-- c -->1<![CDATA[0]]></memory>"
    assert "<memory unit='KiB'>10240</memory>" in read(domain(given)).decode()


@pytest.mark.parametrize("number", [1023, 1024])
def test_nothing_is_added_to_an_element_that_is_full(read: Read, number: int) -> None:
    others = " ".join(f"a{i}='1'" for i in range(number))
    for element, added in (
        (f"<clock {others}/>", "offset"),
        (f"<memory {others}>1</memory>", "unit"),
    ):
        text = read(domain(element))
        assert (f" {added}='" in text.decode()) == (number < 1024)
        assert read(text) == text


def test_an_attribute_that_is_added_stands_in_its_place(read: Read) -> None:
    text = read(domain("<vcpu x='1' current='1' y='2' cpuset='1'>2</vcpu>")).decode()
    assert "<vcpu x='1' placement='static' cpuset='1' current='1' y='2'>2</vcpu>" in text


def test_an_unusual_order_of_rules_and_units_survives_other_attributes(read: Read) -> None:
    given = "<memory x='&#9;&amp;' unit='&#77;iB' dumpCore=\"on\">5</memory>"
    printed = "<memory x='&#9;&amp;' dumpCore='on' unit='KiB'>5120</memory>"
    assert printed in read(domain(given)).decode()
