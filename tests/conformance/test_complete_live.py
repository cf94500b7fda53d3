"""A completed request is the document that libvirt's test driver stores, byte for byte."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Final

import pytest

import lineage
from lineage.errors import SnapshotError

from .libvirt_child import LiveLibvirt, Refused
from .test_align_live import EXTERNAL, NOT_LISTED, World, disk, listed

pytestmark = pytest.mark.live

CDROM: Final = "<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/><readonly/></disk>"
MEMORIES: Final = ("", "<memory snapshot='no'/>", "<memory snapshot='internal'/>", EXTERNAL)


@pytest.fixture
def world(live: LiveLibvirt, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(live, tmp_path_factory.mktemp("images"))


def both(
    world: World, request: str, *, running: bool, current: str | None = None
) -> tuple[str | None, str | None]:
    """The document that libvirt stores, and ours; None: it is refused."""
    theirs = ours = None
    now = 1
    with suppress(Refused):
        name = world.live.call("create", request)
        theirs = world.live.call("xml", name)
        now = int(re.search("<creationTime>([0-9]+)<", theirs)[1])  # type: ignore[index]
    state = "running" if running else "shutoff"
    domain = world.live.call("domain_xml")
    with suppress(SnapshotError):
        ours = lineage.complete(
            request, domain, now=now, current=current, profile="test", state=state
        ).decode()
    return theirs, ours


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("asked", [NOT_LISTED, None, "no", "internal", "external"])
@pytest.mark.parametrize("says", [None, "no", "external"])
def test_what_is_made_is_what_libvirt_stores(
    world: World, running: bool, memory: str, asked: str | None, says: str | None
) -> None:
    disks = disk("vda", world.image("a.img"), says) + disk("vdb", world.image("b.qcow2"))
    world.define(disks, running=running)
    wanted = "" if asked == NOT_LISTED else f"<disks>{listed('vda', asked)}</disks>"
    theirs, ours = both(
        world, f"<domainsnapshot>{memory}{wanted}</domainsnapshot>", running=running
    )
    world.live.call("open")
    assert ours == theirs


def test_what_a_request_may_not_say_is_not_read(world: World) -> None:
    world.define(disk("vda", world.image("a.img")), running=False)
    request = (
        "<domainsnapshot><description>a &amp; b</description><state>running</state>"
        "<parent><name>x</name></parent><creationTime>7</creationTime><active>1</active>"
        "<cookie><c/></cookie><foo/><name>mine</name><domain type='kvm'/>"
        "<disks><disk name='vda' snapshot='internal'><foo/></disk></disks></domainsnapshot>"
    )
    theirs, ours = both(world, request, running=False)
    assert theirs is not None
    assert ours == theirs
    again = "<domainsnapshot><name>kid</name></domainsnapshot>"
    theirs, ours = both(world, again, running=False, current="mine")
    world.live.call("open")
    assert "<parent>" in (theirs or "")
    assert ours == theirs


def test_a_request_with_a_source_of_its_own(world: World) -> None:
    world.define(disk("vda", world.image("a.img")) + CDROM, running=True)
    request = (
        f"<domainsnapshot><name>s</name>{EXTERNAL}<disks><disk name='vda'><driver type='qed'/>"
        "<source file='/x/y'><seclabel model='dac' relabel='no'/></source></disk></disks>"
        "</domainsnapshot>"
    )
    theirs, ours = both(world, request, running=True)
    world.live.call("open")
    assert theirs is not None
    assert ours == theirs


def test_a_name_that_is_there_is_refused(world: World) -> None:
    world.define("", running=False)
    request = "<domainsnapshot><name>s</name></domainsnapshot>"
    assert None not in both(world, request, running=False)
    assert both(world, request, running=False, current="s") == (None, None)
    world.live.call("open")
