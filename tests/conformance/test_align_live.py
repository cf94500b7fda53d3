"""The disks of a snapshot come out aligned as libvirt's test driver stores them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage import canon
from lineage.errors import AlignmentError
from lineage.model import Disk, Snapshot
from lineage.rules.align import align, default_location
from lineage.rules.disks import DomainDisk, domain_disks

from .libvirt_child import LiveLibvirt, Refused

pytestmark = pytest.mark.live

# libvirt's words for each refusal, as far as they do not name anything.
WORDS: Final = {
    "missing domain in snapshot": "disks-no-domain",
    "too many disk snapshot requests": "disks-too-many",
    "no disk named": "disk-unknown",
    "specified twice": "disk-twice",
    "must use snapshot mode 'internal'": "disk-not-internal",
    "requires use of external snapshot mode": "disk-file-not-external",
    "' device": "disk-name-type",
    "without source": "disk-name-no-source",
    "is not a regular file": "disk-name-not-a-file",
    "collision with disk": "disk-name-collision",
}
LOCATIONS: Final = ("no", "internal", "external", "manual")
NOT_LISTED: Final = "-"
EXTERNAL: Final = "<memory snapshot='external' file='/m'/>"

# What a redefined disk is, by what the domain says of it and what the document does: not listed,
# listed without a location, then each location. None: refused, another disk location is internal.
SHUT_OFF: Final[dict[str | None, tuple[str | None, ...]]] = {
    None: ("internal", "internal", None, "internal", "external", None),
    "no": ("no", "no", "no", "internal", "external", None),
    "internal": ("internal", "internal", None, "internal", "external", None),
    "external": ("external", "internal", None, "internal", "external", None),
    "manual": ("manual", "internal", None, "internal", "external", None),
}
DISK_ONLY: Final[dict[str | None, tuple[str | None, ...]]] = {
    says or None: (says or "external", says or "external", *LOCATIONS) for says in ("", *LOCATIONS)
}
MATRIX: Final = [
    (state, says, asked, outcome)
    for state, rows in (("shutoff", SHUT_OFF), ("disk-snapshot", DISK_ONLY))
    for says, row in rows.items()
    for asked, outcome in zip((NOT_LISTED, None, *LOCATIONS), row, strict=True)
]


class World:
    """A domain of the test driver's, and a directory with images."""

    def __init__(self, live: LiveLibvirt, images: Path) -> None:
        self.live, self.images = live, images
        self.uuid = live.call("open")

    def image(self, name: str) -> str:
        """Make an image; its path."""
        path = self.images / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return str(path)

    def document(self, disks: str, listed: str, *, state: str = "shutoff", name: str = "S") -> str:
        """A snapshot with a domain that has these disks."""
        return (
            f"<domainsnapshot><name>{name}</name><state>{state}</state><creationTime>1"
            f"</creationTime>{listed and f'<disks>{listed}</disks>'}"
            f"<domain type='test'><name>test</name><uuid>{self.uuid}</uuid><memory>1024</memory>"
            f"<os><type>hvm</type></os><devices>{disks}</devices></domain></domainsnapshot>"
        )

    def define(self, disks: str, *, running: bool) -> None:
        """Have a domain with these disks, running or not."""
        self.live.call(
            "define_domain",
            f"<domain type='test'><name>made</name><memory>1024</memory><os><type>hvm</type></os>"
            f"<devices>{disks}</devices></domain>",
        )
        if running:
            self.live.call("start")

    def made(self, request: str) -> tuple[Disk, ...] | str:
        """The disks of a snapshot that libvirt makes, or our code for its refusal."""
        return self._stored("create", request)

    def outcome(self, document: str) -> tuple[Disk, ...] | str:
        """The disks that libvirt stores, or our code for its refusal."""
        return self._stored("redefine", document)

    def _stored(self, call: str, document: str) -> tuple[Disk, ...] | str:
        try:
            name = self.live.call(call, document)
        except Refused as refused:
            (code,) = (code for words, code in WORDS.items() if words in refused.message)
            return code
        # What it makes of a domain that does not run may have memory, which it would not read.
        snapshot = canon.parse(self.live.call("xml", name), mode="create")
        self.live.call("delete", name)
        assert isinstance(snapshot, Snapshot)
        return snapshot.disks or ()


def ours(document: str) -> tuple[Disk, ...] | str:
    """The same as `World.outcome`, without libvirt."""
    snapshot = canon.parse(document)
    assert isinstance(snapshot, Snapshot)
    assert snapshot.domain is not None
    of_domain = domain_disks(snapshot.domain)
    default = default_location(snapshot)
    try:
        disks = align(snapshot.disks, of_domain, default, snapshot.name or "")
    except AlignmentError as error:
        return error.code
    printed = canon.parse(canon.format(msgspec.structs.replace(snapshot, disks=disks)))
    assert isinstance(printed, Snapshot)
    return printed.disks or ()


@pytest.fixture(scope="module")
def world(live: LiveLibvirt, tmp_path_factory: pytest.TempPathFactory) -> World:
    images = tmp_path_factory.mktemp("d.ir")
    return World(live, images)


def disk(target: str, path: str | None, says: str | None = None, bus: str = "virtio") -> str:
    """A disk of the domain."""
    image = f"<source file='{path}'/>" if path else ""
    attribute = f" snapshot='{says}'" if says else ""
    return (
        f"<disk type='file' device='disk'{attribute}>{image}<target dev='{target}' bus='{bus}'/>"
        "</disk>"
    )


def listed(name: str, says: str | None = None, inside: str = "", kind: str = "") -> str:
    """A disk that a document lists."""
    attribute = f" snapshot='{says}'" if says else ""
    storage = f" type='{kind}'" if kind else ""
    return f"<disk name='{name}'{attribute}{storage}>{inside}</disk>"


@pytest.mark.parametrize(("state", "says", "asked", "outcome"), MATRIX)
def test_every_cell_of_the_matrix(
    world: World, state: str, says: str | None, asked: str | None, outcome: str | None
) -> None:
    given_disk = "" if asked == NOT_LISTED else listed("vda", asked)
    document = world.document(disk("vda", world.image("a.img"), says), given_disk, state=state)
    theirs = world.outcome(document)
    assert ours(document) == theirs
    location = theirs if isinstance(theirs, str) else theirs[0].snapshot
    assert location == (outcome or "disk-not-internal")


@pytest.mark.parametrize(
    ("image", "name", "made_up"),
    [
        ("a.img", "S", "a.S"),
        ("x.y.img", "S", "x.y.S"),
        ("noext", "S", "noext.S"),
        ("d.ir/plain", "S", "d.ir/plain.S"),
        (".hidden", "S", ".S"),
        ("end.", "S", "end.S"),
        ("a.img", "a/b", "a.a/b"),
        ("a.img", "été 名", "a.été 名"),
        ("été.img", "&lt;&amp;", "été.<&"),
    ],
)
def test_a_name_is_made_up_from_the_image_and_the_snapshot(
    world: World, image: str, name: str, made_up: str
) -> None:
    document = world.document(disk("vda", world.image(image)), listed("vda", "external"), name=name)
    aligned = world.outcome(document)
    assert ours(document) == aligned
    assert not isinstance(aligned, str)
    assert aligned[0].path == str(world.images / made_up)


def cases(world: World) -> dict[str, tuple[str, str]]:
    """By what is refused, disks of the domain and listed ones."""
    a, b = world.image("a.img"), world.image("b.img")
    one, two = disk("vda", a), disk("vda", a) + disk("vdb", b)
    return {
        "disks-too-many": (one, listed("vda") + listed("zzz")),
        "disk-unknown": (one, listed("vdb")),
        "disk-twice": (two, listed("vda") + listed(a)),
        "disk-not-internal": (two, listed("vda", "no") + listed("zzz")),
        "disk-file-not-external": (one, listed("vda", "internal", f"<source file='{b}'/>")),
        "disk-name-type": (one, listed("vda", "external", kind="block")),
        "disk-name-no-source": (disk("vda", None), listed("vda", "external")),
        "disk-name-not-a-file": (
            disk("vda", str(world.images)) + disk("vdb", b),
            listed("vdb", "external") + listed("vda"),
        ),
        "disk-name-collision": (
            disk("vda", a) + disk("vdb", world.image("a.qcow2")),
            listed("vda", "external") + listed("vdb", "external"),
        ),
    }


@pytest.mark.parametrize("code", [code for code in WORDS.values() if code != "disks-no-domain"])
def test_what_libvirt_refuses_is_refused(world: World, code: str) -> None:
    document = world.document(*cases(world)[code])
    assert world.outcome(document) == code
    assert ours(document) == code


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("memory", ["", "<memory snapshot='internal'/>", EXTERNAL])
@pytest.mark.parametrize("asked", [NOT_LISTED, None, "no", "internal", "external"])
@pytest.mark.parametrize("says", [None, "no", "internal", "external"])
def test_a_made_snapshot_is_aligned_likewise(
    world: World, running: bool, memory: str, asked: str | None, says: str | None
) -> None:
    """The test driver's default is external where memory is, and internal elsewhere; it makes
    no snapshot that leaves a disk to the user (manual)."""
    of_domain = disk("vda", world.image("a.img"), says) + disk("vdb", world.image("b.img"))
    disks = "" if asked == NOT_LISTED else f"<disks>{listed('vda', asked)}</disks>"
    world.define(of_domain, running=running)
    try:
        theirs = world.made(f"<domainsnapshot><name>S</name>{memory}{disks}</domainsnapshot>")
    finally:
        world.live.call("open")
    default = "external" if memory == EXTERNAL else "internal"
    requested = [] if asked == NOT_LISTED else [Disk("vda", asked)]
    owners = [
        DomainDisk(target="vda", path=world.image("a.img"), snapshot=says),
        DomainDisk(target="vdb", path=world.image("b.img")),
    ]
    try:
        ours: tuple[Disk, ...] | str = align(requested, owners, default, "S")
    except AlignmentError as error:
        ours = error.code
    assert ours == theirs


TARGETS: Final = (
    *(("vda", "virtio"), ("vdb", "virtio"), ("vdaa", "virtio"), ("sda", "scsi"), ("sdb", "sata")),
    *(("hda", "ide"), ("hdb", "ide"), ("vdc", None), ("hdc", None), ("sdc", None), ("vdab", None)),
)
IMAGES: Final = ("a.img", "a.qcow2", "b", "c.d/e", "missing.img", None)


@st.composite
def disks_of_a_domain(draw: st.DrawFn) -> list[tuple[str, str | None, str | None, bool, str]]:
    """Target, bus, image, read-only, and what the domain says of it (or that it is a cdrom)."""
    targets = draw(st.lists(st.sampled_from(TARGETS), unique=True, max_size=5))
    return [
        (
            target,
            bus,
            draw(st.sampled_from(IMAGES)),
            draw(st.booleans()),
            draw(st.sampled_from(("", "", *LOCATIONS, "cdrom"))),
        )
        for target, bus in targets
    ]


@st.composite
def stories(draw: st.DrawFn) -> tuple[str, str, list[tuple[str, str | None, str | None, str]]]:
    """The domain's disks, and listed ones by target or image, mostly of the domain."""
    disks = draw(disks_of_a_domain())
    of_domain = "".join(
        f"<disk type='file' device='{'cdrom' if says == 'cdrom' else 'disk'}'"
        + (f" snapshot='{says}'>" if says in LOCATIONS else ">")
        + (f"<source file='IMAGES/{image}'/>" if image else "")
        + f"<target dev='{target}'"
        + (f" bus='{bus}'/>" if bus else "/>")
        + f"{'<readonly/>' if readonly else ''}</disk>"
        for target, bus, image, readonly, says in disks
    )
    names = [target for target, *_ in disks] + [f"IMAGES/{i}" for _, _, i, _, _ in disks if i]
    chosen = draw(st.lists(st.sampled_from([*names, "vda"]), max_size=max(1, len(disks))))
    listed = [
        (
            name,
            draw(st.sampled_from((None, *LOCATIONS))),
            draw(st.sampled_from((None, None, "/x/y", "IMAGES/a.S"))),
            draw(st.sampled_from(("file", "file", "block", "network"))),
        )
        for name in chosen
    ]
    return draw(st.sampled_from(("shutoff", "disk-snapshot"))), of_domain, listed


def source(path: str | None, kind: str) -> str:
    """A source of each type of storage."""
    if path is None:
        return ""
    if kind == "network":
        return "<source protocol='nbd' name='x'><host name='h'/></source>"
    return f"<source {'file' if kind == 'file' else 'dev'}='{path}'/>"


@settings(max_examples=400, deadline=None)
@given(story=stories())
def test_any_disks_come_out_as_libvirt_stores_them(
    world: World, story: tuple[str, str, list[tuple[str, str | None, str | None, str]]]
) -> None:
    for image in IMAGES:
        if image and image != "missing.img":
            world.image(image)
    state, of_domain, requested = story
    text = "".join(
        listed(name, says, source(path, kind), kind) for name, says, path, kind in requested
    )
    document = world.document(of_domain, text, state=state)
    document = document.replace("IMAGES", str(world.images))
    assert ours(document) == world.outcome(document)
