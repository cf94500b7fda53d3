"""``<disks>`` and ``<revertDisks>`` by libvirt's rules (virDomainSnapshotDiskDefParseXML)."""

from __future__ import annotations

import pytest

from .canon_samples import inside, refusal, request, verdict

pytestmark = pytest.mark.usefixtures("canonicalizer")

FORMATS = [
    *("raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop", "cow"),
    *("qcow", "qcow2", "qed", "vmdk"),
]
PROTOCOLS = [
    *("none", "nbd", "rbd", "sheepdog", "gluster", "iscsi", "http", "https", "ftp", "ftps"),
    *("tftp", "ssh", "vxhs", "nfs"),
]


@pytest.fixture(params=["disks", "revertDisks"])
def of(request: pytest.FixtureRequest) -> str:
    """Both lists have the same rules."""
    return str(request.param)


def listed(disk: str, of: str = "disks") -> list[str] | str:
    """The lines of a list that holds this, or the code that refuses it."""
    found = verdict(f"<{of}>{disk}</{of}>")
    if isinstance(found, str) or not found:
        return found
    assert (found[0], found[-1]) == (f"<{of}>", f"</{of}>")
    return [line.removeprefix("  ") for line in found[1:-1]]


DEFAULTS = [
    ("<disk name='a'/>", ["<disk name='a'/>"]),
    ("<disk name='a' type='block'/>", ["<disk name='a' type='block'/>"]),
    (
        "<disk name='a'><source file='/a'/></disk>",
        ["<disk name='a' snapshot='external' type='file'>", "  <source file='/a'/>", "</disk>"],
    ),
    (
        "<disk name='a'><driver type='qcow2'/></disk>",
        ["<disk name='a' snapshot='external' type='file'>", "  <driver type='qcow2'/>", "</disk>"],
    ),
    (
        "<disk type='block' name='a'><source dev='/d'/></disk>",
        ["<disk name='a' snapshot='external' type='block'>", "  <source dev='/d'/>", "</disk>"],
    ),
    (
        "<disk type='network' name='a'><source name='p/n' protocol='rbd'/></disk>",
        [
            "<disk name='a' snapshot='external' type='network'>",
            *("  <source protocol='rbd' name='p/n'/>", "</disk>"),
        ],
    ),
    (
        "<disk name='a' snapshot='no'><source file='/a'/></disk>",
        ["<disk name='a' snapshot='no' type='file'>", "  <source file='/a'/>", "</disk>"],
    ),
    # An empty path, another type's path, an empty format: nothing is stored there.
    (
        "<disk name='a'><source file=''/></disk>",
        ["<disk name='a'>", "  <source file=''/>", "</disk>"],
    ),
    (
        "<disk name='a'><source dev='d'/></disk>",
        ["<disk name='a'>", "  <source dev='d'/>", "</disk>"],
    ),
    (
        "<disk name='a'><driver type=''/></disk>",
        ["<disk name='a'>", "  <driver type=''/>", "</disk>"],
    ),
    (
        "<disk type='vhostuser' name='a'><source path='/p' type='unix'/></disk>",
        ["<disk name='a' type='vhostuser'>", "  <source type='unix' path='/p'/>", "</disk>"],
    ),
]


@pytest.mark.parametrize(("disk", "expected"), DEFAULTS)
def test_location_and_type_are_filled_in_where_something_is_stored(
    disk: str, expected: list[str], of: str
) -> None:
    assert listed(disk, of) == expected


@pytest.mark.parametrize("location", ["no", "internal", "external", "manual"])
def test_every_location_is_kept(location: str, of: str) -> None:
    disk = f"<disk name='a' snapshot='{location}'/>"
    assert listed(disk, of) == [disk]


@pytest.mark.parametrize("kind", ["file", "block", "network", "nvme", "vhostuser", "vhostvdpa"])
def test_every_type_is_kept(kind: str, of: str) -> None:
    disk = f"<disk name='a' type='{kind}'/>"
    assert listed(disk, of) == [disk]


@pytest.mark.parametrize("image", FORMATS)
def test_every_format_of_libvirt_is_read(image: str) -> None:
    assert listed(f"<disk name='a'><driver type='{image}'/></disk>") == [
        *("<disk name='a' snapshot='external' type='file'>", f"  <driver type='{image}'/>"),
        "</disk>",
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_of_libvirt_is_read(protocol: str) -> None:
    source = f"<source protocol='{protocol}' name='p/i'/>"
    disk = f"<disk name='a' snapshot='external' type='network'>{source}</disk>"
    assert listed(disk) == [disk.removesuffix(f"{source}</disk>"), f"  {source}", "</disk>"]


def test_children_have_libvirts_order_and_the_first_of_each_counts(of: str) -> None:
    disk = (
        "<disk name='a'><source file='/a'/><driver type='raw'/><snapshotDeleteInProgress/>"
        "<source file='b'/><driver type='x'/><snapshotDeleteInProgress z='1'/></disk>"
    )
    assert listed(disk, of) == [
        "<disk name='a' snapshot='external' type='file'>",
        *("  <snapshotDeleteInProgress/>", "  <driver type='raw'/>", "  <source file='/a'/>"),
        "</disk>",
    ]


def test_any_element_is_a_disk(of: str) -> None:
    odd = "<x name='a'/><q:disk xmlns:q='u' name='b'/><name name='c'/>"
    assert listed(odd, of) == [
        *("<disk name='a'/>", "<disk xmlns:q='u' name='b'/>", "<disk name='c'/>")
    ]


def test_several_lists_are_one_with_the_attributes_of_the_first(of: str) -> None:
    first, second = "<disk name='a'/>", "<disk name='b'/>"
    given = f"<{of} y='1'>{first}</{of}><name>s</name><{of}/><{of} z='2'>{second}</{of}>"
    assert inside(given) == [
        *("<name>s</name>", f"<{of} y='1'>", f"  {first}", f"  {second}", f"</{of}>")
    ]


@pytest.mark.parametrize("nothing", ["", " ", "text", "<!-- c -->"])
def test_a_list_without_a_disk_is_no_list(nothing: str, of: str) -> None:
    assert inside(f"<{of} z='1'>{nothing}</{of}>") == []


def test_a_disk_and_its_order_are_never_judged_against_the_domain(of: str) -> None:
    twice = "<disk name='vdb'/><disk name='vda'/><disk name='vdb' snapshot='no'/>"
    assert len(listed(twice, of)) == 3


def test_a_network_source_is_kept_whole_in_libvirts_order() -> None:
    source = (
        "<source name='p/i' tls='yes' query='q' protocol='https'><auth username='u'>"
        "<secret usage='x' type='iscsi'/></auth><timeout seconds='6'/><config file='/c'/>"
        "<host port='1' name='h'/><host socket='/s' transport='unix'/><snapshot name='n'/></source>"
    )
    assert listed(f"<disk type='network' name='a'>{source}</disk>") == [
        "<disk name='a' snapshot='external' type='network'>",
        "  <source protocol='https' name='p/i' query='q' tls='yes'>",
        *("    <host name='h' port='1'/>", "    <host transport='unix' socket='/s'/>"),
        *("    <snapshot name='n'/>", "    <config file='/c'/>", "    <timeout seconds='6'/>"),
        *("    <auth username='u'>", "      <secret type='iscsi' usage='x'/>", "    </auth>"),
        *("  </source>", "</disk>"),
    ]


# In libvirt's order of checks: each disk has its fault and all that come later.
FAULTS = [
    ("name", "disk-name-missing"),
    ("snapshot", "disk-snapshot-invalid"),
    ("type", "disk-type-unsupported"),
    ("driver", "disk-driver-invalid"),
    ("path", "disk-path-relative"),
]


@pytest.mark.parametrize("place", range(len(FAULTS)))
def test_the_first_fault_of_a_disk_is_reported(place: int, of: str) -> None:
    wrong = {fault for fault, _ in FAULTS[place:]}
    disk = "<disk" + ("" if "name" in wrong else " name='a'")
    disk += f" snapshot='{'default' if 'snapshot' in wrong else 'no'}'"
    disk += f" type='{'dir' if 'type' in wrong else 'file'}'>"
    disk += f"<driver type='{'none' if 'driver' in wrong else 'raw'}'/><source file='x'/></disk>"
    xml = request(f"<{of}><disk name='z'/>{disk}<disk/></{of}>")
    error = refusal(xml, "create")
    assert (error.code, error.offset) == (FAULTS[place][1], xml.index(disk))


@pytest.mark.parametrize(
    ("disk", "code"),
    [
        ("<disk name='a' snapshot=''/>", "disk-snapshot-invalid"),
        ("<disk name='a' snapshot=' no'/>", "disk-snapshot-invalid"),
        ("<disk name='a' type='none'/>", "disk-type-invalid"),
        ("<disk name='a' type=''/>", "disk-type-invalid"),
        ("<disk name='a' type='volume'/>", "disk-type-unsupported"),
        ("<disk name='a' type='network'><source/></disk>", "disk-protocol-missing"),
        ("<disk name='a' type='network'><source protocol=''/></disk>", "disk-protocol-invalid"),
        ("<disk name='a' type='network'><source protocol='NBD'/></disk>", "disk-protocol-invalid"),
        ("<disk name='a'><driver type='QCOW2'/></disk>", "disk-driver-invalid"),
        ("<disk name='a' type='block'><source dev='d'/></disk>", "disk-path-relative"),
    ],
)
def test_bad_values_of_a_disk_are_refused(disk: str, code: str, of: str) -> None:
    assert listed(disk, of) == code


def test_an_empty_name_is_a_name() -> None:
    assert listed("<disk name=''/>") == ["<disk name=''/>"]


def cached(size: str) -> list[str] | str:
    driver = f"<driver><metadata_cache>{size}</metadata_cache></driver>"
    found = listed(f"<disk name='a'>{driver}</disk>")
    return found if isinstance(found, str) else [line.strip() for line in found[3:-3]]


@pytest.mark.parametrize(
    ("number", "unit", "size"),
    [
        *[("5", None, 5), ("5", "", 5), ("5", "b", 5), ("5", "byte", 5), ("5", "BYTES", 5)],
        *[("+07", None, 7), (" 7", None, 7), ("0", "KiB", 0)],
        *[("2", "k", 2 << 10), ("2", "KiB", 2 << 10), ("2", "kb", 2000), ("2", "KB", 2000)],
        *[("3", "M", 3 << 20), ("3", "mib", 3 << 20), ("3", "MB", 3_000_000)],
        *[("1", "g", 1 << 30), ("1", "T", 1 << 40), ("1", "PiB", 1 << 50), ("1", "e", 1 << 60)],
        *[("1", "GB", 10**9), ("1", "TB", 10**12), ("1", "PB", 10**15), ("1", "EB", 10**18)],
        *[("18446744073709551615", None, 2**64 - 1), ("15", "EiB", 15 << 60)],
    ],
)
def test_the_size_of_a_metadata_cache_is_in_bytes(number: str, unit: str | None, size: int) -> None:
    said = "" if unit is None else f" unit='{unit}'"
    expected = [f"<max_size unit='bytes'>{size}</max_size>"]
    assert cached(f"<max_size{said}>{number}</max_size>") == expected


@pytest.mark.parametrize(
    "size",
    [
        *("<max_size>x</max_size>", "<max_size>-1</max_size>", "<max_size>1.5</max_size>"),
        *("<max_size>5 </max_size>", "<max_size>0x10</max_size>", "<max_size> </max_size>"),
        *("<max_size>18446744073709551616</max_size>", "<max_size unit='EiB'>16</max_size>"),
        *("<max_size unit='x'>1</max_size>", "<max_size unit='Ki'>1</max_size>"),
        *("<max_size unit='zb'>1</max_size>", "<max_size unit=' k'>1</max_size>"),
    ],
)
def test_what_is_no_size_is_refused_at_its_element(size: str) -> None:
    assert cached(size) == "disk-cache-invalid"
    disk = f"<disk name='a'><driver><metadata_cache>{size}</metadata_cache></driver></disk>"
    xml = request(f"<disks>{disk}</disks>")
    assert refusal(xml, "create").offset == xml.index("<max_size")


def test_only_the_first_size_is_read_and_an_empty_one_is_none() -> None:
    assert cached("<max_size unit='KiB'>1</max_size><max_size>x</max_size>") == [
        *("<max_size unit='bytes'>1024</max_size>", "<max_size>x</max_size>")
    ]
    assert cached("<max_size unit='x'/>") == ["<max_size unit='x'/>"]
