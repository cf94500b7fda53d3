"""Siblings of one name that libvirt prints in an order of its own."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from lineage.canon import _core, twin

pytestmark = pytest.mark.parametrize("read", [_core.canonicalize, twin.canonicalize])
Read = Callable[..., bytes]


def inside(read: Read, around: str, text: str) -> list[str]:
    """The lines that stand in the element, which holds `text`, of a domain."""
    xml = read(f"<domain><{around}>{text}</{around}></domain>").decode()
    return [line.strip() for line in xml.split("\n")[2:-3]]


def pins(*numbers: object) -> str:
    return "".join(f"<vcpupin vcpu='{number}'/>" for number in numbers)


def pinned(read: Read, text: str) -> list[str]:
    """What stands in <cputune>: the number of a vcpupin, the name of all else."""
    found = inside(read, "cputune", text)
    return [re.sub(r"<(?:vcpupin vcpu='(.*)'|(\w+)).*", r"\1\2", line) for line in found]


def test_numbers_are_compared_as_numbers(read: Read) -> None:
    assert pinned(read, pins(10, 9, 100, 1)) == ["1", "9", "10", "100"]
    assert pinned(read, pins("010", 9, 4294967295)) == ["9", "10", "4294967295"]


def test_the_same_keys_keep_their_order(read: Read) -> None:
    assert pinned(read, pins("1", "01", 0, "001") + "<u/>" + pins("1")) == [
        *("0", "1", "1", "1", "u", "1")
    ]


@pytest.mark.parametrize("odd", ["", "x", "-1", "1 ", "4294967296", "1" * 30, "1-2"])
def test_one_without_a_key_leaves_all_as_they_are(read: Read, odd: str) -> None:
    for numbers in ((5, 4, odd), (5, odd, 4), (odd, 5, 4)):
        assert pinned(read, pins(*numbers)) == [str(number) for number in numbers]
    assert pinned(read, pins(5, 4) + "<vcpupin/>") == ["5", "4", "vcpupin"]


def test_a_key_may_be_written_by_reference(read: Read) -> None:
    assert pinned(read, pins("&#57;", "&#x38;")) == ["8", "9"]


def test_an_unknown_sibling_goes_where_the_known_one_before_it_goes(read: Read) -> None:
    text = "<u/>" + pins(3) + "<v/><w/>" + pins(2) + "<x/><shares>1</shares><y/>" + pins(1)
    assert pinned(read, text) == ["u", "shares", "y", "1", "2", "x", "3", "v", "w"]


def test_other_names_between_do_not_matter(read: Read) -> None:
    text = pins(2) + "<shares>1</shares>" + pins(1) + "<emulatorpin/>" + pins(0)
    assert pinned(read, text) == ["shares", "0", "1", "2", "emulatorpin"]


def test_caches_are_sorted_by_level_then_type_then_number(read: Read) -> None:
    keys = [(2, "both", 1), (2, "code", 0), (3, "both", 0), (3, "data", 2), (3, "data", 10)]
    lines = [f"<cache id='{id}' level='{level}' type='{kind}'/>" for level, kind, id in keys]
    assert inside(read, "cachetune", "".join(reversed(lines))) == lines


def test_names_are_sorted_by_bytes(read: Read) -> None:
    lines = [f"<parameter name='{name}'/>" for name in ("B", "_", "a", "a1", "aZ", "a_", "ab")]
    assert inside(read, "filterref", "".join(reversed(lines))) == lines
    odd = ["<parameter name='b'/>", "<parameter name='a-'/>"]
    assert inside(read, "filterref", "".join(odd)) == odd


def test_a_word_that_is_not_listed_leaves_all_as_they_are(read: Read) -> None:
    lines = [f"<event name='{name}'/>" for name in ("cmt", "mbmt", "task_clock")]
    assert inside(read, "perf", "".join(reversed(lines))) == lines
    odd = ["<event name='page_faults'/>", "<event name='new'/>", "<event name='cmt'/>"]
    assert inside(read, "perf", "".join(odd)) == odd


def test_a_source_that_does_not_bind_connects(read: Read) -> None:
    lines = ["<source mode='bind' host='a'/>", "<source host='b'/>", "<source mode='connect'/>"]
    assert inside(read, "serial", "".join(lines[1:] + lines[:1])) == lines


def test_only_a_videos_own_model_makes_it_primary(read: Read) -> None:
    nested = "<video><x>&#10;<model primary='yes'/></x></video>"
    mixed = "<video><x>t\n      <model primary='yes'/></x><model primary='no'/></video>"
    second = "<video><model type='a'/><model primary='yes'/></video>"
    primary = "<video><driver/><model primary='yes'/></video>"
    found = inside(read, "devices", nested + mixed + "<video/>" + second + primary)
    first = found.index("</video>")
    assert found[:first] == ["<video>", "<driver/>", "<model primary='yes'/>"]
    assert found[first + 1 :] == inside(read, "devices", f"{nested}{mixed}<video/>{second}")


def test_values_are_looked_at_as_they_are_printed(read: Read) -> None:
    text = (
        "<entry a='&gt;' name='version'>1<b/></entry><entry name='vendor'>\n<![CDATA[<]]></entry>"
    )
    assert inside(read, "bios", text) == [
        *("<entry name='vendor'>", "&lt;</entry>", "<entry a='&gt;' name='version'>1<b/></entry>"),
    ]


def test_what_is_printed_in_an_order_of_something_else_stays(read: Read) -> None:
    for around, lines in (
        ("cputune", ["<iothreadpin iothread='2'/>", "<iothreadpin iothread='1'/>"]),
        ("cputune", ["<iothreadsched iothreads='2'/>", "<iothreadsched iothreads='1'/>"]),
        ("idmap", ["<uid start='5'/>", "<uid start='0'/>", "<gid start='5'/>", "<gid start='0'/>"]),
        ("devices", ["<controller index='1'/>", "<controller index='0'/>"]),
    ):
        assert inside(read, around, "".join(lines)) == lines
