"""Siblings of one name: libvirt prints some in an order of its own, and so does the canonicalizer.

Where libvirt's order depends on something else, or is not what it prints itself, they stay.
"""

from __future__ import annotations

import random
import re
import tomllib
from importlib.resources import files

import pytest
from lxml import etree

from lineage import canon

from .libvirt_child import LiveLibvirt

pytestmark = pytest.mark.live

ORDERS = tomllib.loads(files(canon).joinpath("order.toml").read_text())["same_name"]
SHUFFLES = 6
MEMORY_CELLS = "".join(
    f"<cell id='{n}' cpus='{n}' memory='65536'><distances>"
    + "".join(f"<sibling id='{other}' value='{10 + 5 * abs(n - other)}'/>" for other in range(4))
    + "</distances></cell>"
    for n in range(4)
)
NUMA = (
    "<numatune><memory mode='strict' nodeset='0'/>"
    + "".join(f"<memnode cellid='{n}' mode='strict' nodeset='0'/>" for n in (2, 0, 3, 1))
    + f"</numatune><cpu><numa>{MEMORY_CELLS}</numa></cpu>"
)
UDP = (
    "<source mode='connect' host='a' service='1'/><source mode='bind' host='b' service='2'/>",
    "<source host='a' service='1'/><source mode='bind' host='b' service='2'/>",
)
CACHES = (
    "<cachetune vcpus='0-1'>"
    + "".join(
        f"<cache id='{id}' level='{level}' type='{kind}' size='3' unit='MiB'/>"
        for level, kind, id in (
            *((3, "data", 0), (3, "both", 10), (3, "both", 2), (2, "code", 4), (2, "data", 1)),
            *((2, "both", 7), (1, "both", 9), (2, "code", 3)),
        )
    )
    + "</cachetune>"
)
PARAMETERS = "".join(
    f"<parameter name='{name}' value='{value}'/>"
    for value, name in enumerate(("b", "a_", "B", "a", "a1", "aZ", "Z", "_", "ab"), 1)
)


def named(element: str, row: str, form: str) -> str:
    """The element with an entry for each word of the row, the last first."""
    words = reversed(ORDERS[row][0]["as"])
    return f"<{element}>" + "".join(form.format(word) for word in words) + f"</{element}>"


def smbios(part: str) -> str:
    """``<sysinfo>`` with all entries of one part but those whose values have a form."""
    entries = named(part, f"{part}/entry", "<entry name='{0}'>{0}</entry>")
    entries = entries.replace(">date<", ">12/31/2020<").replace(">release<", ">1.2<")
    entries = entries.replace("<entry name='uuid'>uuid</entry>", "")
    return f"<sysinfo type='smbios'>{entries}</sysinfo>"


# What stands in the domain, and in its <devices>.
INSIDE = {
    "cachetune/cache": f"<cputune>{CACHES}</cputune>",
    "cputune/vcpupin": "<cputune>"
    + "".join(f"<vcpupin vcpu='{n}' cpuset='{n % 3}'/>" for n in (3, 10, 0, 2, 11))
    + "</cputune>",
    "cputune/vcpusched": "<cputune>"
    + "".join(
        f"<vcpusched vcpus='{n}' scheduler='{scheduler}'/>"
        for n, scheduler in (
            *((7, "rr' priority='3"), (6, "fifo' priority='2"), (10, "fifo' priority='1")),
            *((4, "batch"), (3, "idle"), (1, "idle"), (0, "fifo' priority='2")),
        )
    )
    + "</cputune>",
    "memorytune/node": "<cputune><memorytune vcpus='0-1'>"
    + "".join(f"<node id='{n}' bandwidth='{n + 10}'/>" for n in (2, 10, 0))
    + "</memorytune></cputune>",
    "distances/sibling": NUMA,
    "numa/cell": NUMA,
    "numatune/memnode": NUMA,
    "firmware/feature": named("firmware", "firmware/feature", "<feature enabled='no' name='{}'/>"),
    "keywrap/cipher": named("keywrap", "keywrap/cipher", "<cipher name='{}' state='on'/>"),
    "perf/event": named("perf", "perf/event", "<event name='{}' enabled='yes'/>"),
    **{row: smbios(row.partition("/")[0]) for row in ORDERS if row.endswith("/entry")},
    "vcpus/vcpu": "<vcpus>"
    + "".join(
        f"<vcpu id='{n}' enabled='yes' hotpluggable='no' order='{12 - n}'/>" for n in range(12)
    )
    + "</vcpus>",
}
DEVICES = {
    "backend/source": "<rng model='virtio'><backend model='egd' type='udp'>{}</backend></rng>",
    "channel/source": "<channel type='udp'>{}<target type='virtio' name='x'/></channel>",
    "console/source": "<console type='udp'>{}<target type='virtio'/></console>",
    "parallel/source": "<parallel type='udp'>{}</parallel>",
    "redirdev/source": "<controller type='usb' model='ich9-ehci1'/>"
    "<redirdev bus='usb' type='udp'>{}</redirdev>",
    "serial/source": "<serial type='udp'>{}</serial>",
    "smartcard/source": "<smartcard mode='passthrough' type='udp'>{}</smartcard>",
    "devices/video": "<video><model type='vga'/></video><video><model type='cirrus' primary='yes'/>"
    "</video>",
    "filterref/parameter": "<interface type='network'><mac address='52:54:00:11:22:33'/>"
    f"<source network='default'/><filterref filter='x'>{PARAMETERS}</filterref></interface>",
    "graphics/channel": named(
        "graphics", "graphics/channel", "<channel name='{}' mode='secure'/>"
    ).replace("<graphics>", "<graphics type='spice' autoport='yes'>"),
}


@pytest.fixture(scope="module")
def uuid(live: LiveLibvirt) -> str:
    """The UUID of the one domain of a fresh world."""
    return str(live.call("open"))


def domain(uuid: str, inside: str = "", devices: str = "") -> str:
    os = f"<os firmware='efi'><type>hvm</type>{inside}</os>"
    if not inside.startswith("<firmware"):
        os = f"<os><type>hvm</type></os>{inside}"
    return (
        f"<domain type='test'><name>test</name><uuid>{uuid}</uuid><memory>1048576</memory>"
        f"<vcpu>12</vcpu>{os}<devices>{devices}</devices></domain>"
    )


def shuffled(xml: str, row: str, rng: random.Random) -> str:
    """The document with the siblings of the row in another order; there are some."""
    root, (context, name) = etree.fromstring(xml), row.split("/")
    moved = 0
    for parent in root.iter(context):
        alike = parent.findall(name)
        moved += max(len(alike) - 1, 0)
        order = list(range(len(alike)))
        rng.shuffle(order)
        parent.extend(alike[number] for number in order)
    assert moved
    return etree.tostring(root, encoding="unicode")


def documents(uuid: str, row: str) -> list[str]:
    if row in INSIDE:
        return [domain(uuid, INSIDE[row])]
    forms = UDP if "{}" in DEVICES[row] else ("",)
    return [domain(uuid, devices=DEVICES[row].format(form)) for form in forms]


@pytest.mark.parametrize("row", ORDERS)
def test_what_libvirt_sorts_is_sorted_as_libvirt_does(
    live: LiveLibvirt, uuid: str, row: str
) -> None:
    rng = random.Random(row)
    for xml in documents(uuid, row):
        printed = str(live.call("define_domain", xml))
        assert canon.canonicalize(printed).decode() == printed
        for _ in range(SHUFFLES):
            other = shuffled(printed, row, rng)
            assert live.call("define_domain", other) == printed
            assert canon.canonicalize(other).decode() == printed


def test_of_video_devices_the_primary_comes_first_and_the_others_keep_their_order(
    live: LiveLibvirt, uuid: str
) -> None:
    forms = ("vga'", "qxl' primary='no'", "cirrus' primary='yes'", "vmvga'")
    videos = "".join(f"<video><model type='{form}/></video>" for form in forms)
    xml = domain(uuid, devices=videos)
    for text in (str(live.call("define_domain", xml)), canon.canonicalize(xml).decode()):
        types = re.findall("<model type='([a-z]+)'", text)
        assert types == ["cirrus", "vga", "qxl", "vmvga"]


def test_what_libvirt_prints_out_of_order_stays(live: LiveLibvirt, uuid: str) -> None:
    """Documents that a rule for these siblings would change, though libvirt printed them."""
    threads = "<iothreadids><iothread id='4'/><iothread id='1'/></iothreadids><cputune>{}</cputune>"
    pins = "".join(f"<iothreadpin iothread='{n}' cpuset='0'/>" for n in (1, 4))
    scheds = "".join(f"<iothreadsched iothreads='{n}' scheduler='batch'/>" for n in (1, 4))
    disk = "<disk><source file='/{0}'/><target dev='{0}'{1}/></disk>"
    unbussed = "".join(disk.format(name, "") for name in ("vdb", "vda", "hdc", "vdd"))
    mixed = disk.format("vdb", " bus='virtio'") + disk.format("vda", "")
    scsi = "<controller type='scsi' index='1'/>" + disk.format("sda", " bus='scsi'")
    for inside, devices, seen in (
        (threads.format(pins), "", r"iothreadpin iothread='4'.*iothreadpin iothread='1'"),
        (threads.format(scheds), "", r"iothreads='4'.*iothreads='1'"),
        ("", scsi, "type='scsi' index='1'.*type='scsi' index='0'"),
        ("", unbussed, "'vda' bus='virtio'.*'hdc' bus='ide'.*'vdd' bus='virtio'"),
        ("", mixed, "'vdb' bus='virtio'.*'vda' bus='virtio'"),
    ):
        printed = str(live.call("define_domain", domain(uuid, inside, devices)))
        found = re.search(seen, printed, re.DOTALL)
        assert found, printed
        assert canon.canonicalize(printed).decode() == printed
