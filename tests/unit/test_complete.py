"""``lineage.complete``: the document that becomes of a request."""

from __future__ import annotations

import re
import time
from typing import Any, Final

import pytest

import lineage
from lineage.errors import AlignmentError, SnapshotError
from tests.unit.store_samples import A

DISK: Final = (
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/i/a.img'/>"
    "<target dev='vda' bus='virtio'/></disk>"
)
DOMAIN: Final = (
    f"<domain type='kvm'><name>vm</name><uuid>{A}</uuid><memory unit='KiB'>1024</memory>"
    f"<devices>{DISK}</devices></domain>"
)
EMPTY: Final = "<domainsnapshot/>"


def complete(request: str = EMPTY, domain: str = DOMAIN, **options: Any) -> lineage.Snapshot:
    """The document, taken apart."""
    given = {"now": 1351000000, "regular": lambda path: True, **options}
    made = lineage.parse(lineage.complete(request, domain, **given), mode="create")
    assert isinstance(made, lineage.Snapshot)
    return made


def test_what_the_request_does_not_say_is_filled_in() -> None:
    made = complete(current="before")
    assert (made.name, made.creation_time, made.parent) == ("1351000000", 1351000000, "before")
    assert (made.state, made.memory) == ("shutoff", lineage.Memory("no"))
    assert [(disk.name, disk.snapshot) for disk in made.disks or ()] == [("vda", "internal")]
    assert made.domain is not None
    assert b"<name>vm</name>" in made.domain


def test_it_can_be_redefined_and_is_its_own_canonical_form() -> None:
    for options in ({}, {"state": "running"}, {"state": "paused", "disk_only": True}):
        xml = lineage.complete(EMPTY, DOMAIN, now=1, regular=lambda path: True, **options)
        assert lineage.canonicalize(xml) == xml
        with lineage.Store.over(_log()) as store:
            store.record(xml, strict=True)
            assert store.xml(A, "1") == xml


def _log() -> Any:
    from lineage.log.memory import MemoryLog

    return MemoryLog()


def test_a_running_domain_is_known_by_its_id_which_is_left_out() -> None:
    made = complete(domain=DOMAIN.replace("<domain type='kvm'", "<domain type='kvm' id='7'"))
    assert (made.state, made.memory) == ("running", lineage.Memory("internal"))
    assert b"id='7'" not in (made.domain or b"")


def test_disk_only_makes_overlays_named_after_the_snapshot() -> None:
    made = complete(state="running", disk_only=True)
    assert (made.state, made.memory) == ("disk-snapshot", lineage.Memory("no"))
    (disk,) = made.disks or ()
    assert (disk.snapshot, disk.path, disk.format) == ("external", "/i/a.1351000000", "qcow2")


def test_a_format_that_was_asked_for_stays() -> None:
    asked = EMPTY.replace("/>", "><disks><disk name='vda'><driver type='qed'/></disk></disks>")
    asked += "</domainsnapshot>"
    (disk,) = complete(asked, state="running", disk_only=True).disks or ()
    assert disk.format == "qed"


def test_without_a_time_it_is_now() -> None:
    before = int(time.time())
    made = complete(now=None)
    assert made.creation_time is not None
    assert before <= made.creation_time <= int(time.time())


def test_the_definition_for_the_next_start_is_kept() -> None:
    made = complete(state="running", inactive=DOMAIN.replace("vda", "vdz"))
    assert made.inactive_domain is not None
    assert made.inactive_domain.startswith(b"<inactiveDomain type='kvm'>")
    assert b"vdz" in made.inactive_domain
    assert made.inactive_domain.endswith(b"</inactiveDomain>")


def test_qemu_11_3_says_nothing_of_memory_where_it_does_not() -> None:
    asked = "<domainsnapshot><disks><disk name='vda' snapshot='external'/></disks></domainsnapshot>"
    assert complete(asked, profile="qemu-11.3").memory is None
    with pytest.raises(SnapshotError, match="request-refused"):
        complete(asked, profile="qemu-9.0")


@pytest.mark.parametrize(
    ("code", "request_", "options"),
    [
        ("request-refused", "<domainsnapshot><memory snapshot='internal'/></domainsnapshot>", {}),
        ("request-refused", EMPTY, {"profile": "test", "disk_only": True}),
        ("name-exists", "<domainsnapshot><name>s</name></domainsnapshot>", {"current": "s"}),
        ("name-exists", "<domainsnapshot><name>s</name></domainsnapshot>", {"names": ["s"]}),
        ("name-qemu", "<domainsnapshot><name>a/b</name></domainsnapshot>", {}),
        ("name-qemu", "<domainsnapshot><name>.a</name></domainsnapshot>", {}),
        ("not-a-request", DOMAIN, {}),
    ],
)
def test_a_refusal_has_a_code(code: str, request_: str, options: dict[str, Any]) -> None:
    with pytest.raises(SnapshotError) as caught:
        complete(request_, **options)
    assert caught.value.code == code


def test_what_is_wrong_with_a_disk_names_it() -> None:
    asked = "<domainsnapshot><disks><disk name='vdx'/></disks></domainsnapshot>"
    with pytest.raises(AlignmentError) as caught:
        complete(asked, profile="test")
    assert (caught.value.code, caught.value.disk) == ("disk-unknown", "vdx")


@pytest.mark.parametrize("options", [{"state": "off"}, {"profile": "qemu-1.0"}])
def test_unknown_words_are_value_errors(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="none of"):
        complete(**options)


def test_it_asks_whether_the_image_is_there() -> None:
    asked: list[str] = []
    complete(state="running", disk_only=True, regular=lambda path: bool(asked.append(path)) or True)
    assert asked == ["/i/a.img"]
    assert re.fullmatch(r"/i/a\.img", asked[0])
