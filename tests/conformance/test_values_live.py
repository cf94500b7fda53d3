"""Values of a domain: the installed libvirt prints what the core and its twin print."""

from __future__ import annotations

import random
import re
import tomllib
from collections import Counter
from collections.abc import Callable
from importlib.resources import files
from typing import Any, Final

import pytest

from lineage import canon
from lineage.canon import twin

from .libvirt_child import Died, LiveLibvirt, Refused

pytestmark = pytest.mark.live

TABLE: Final[dict[str, Any]] = tomllib.loads(files(canon).joinpath("values.toml").read_text())
CASES: Final = [
    pytest.param(rule["inside"], given, printed, id=f"{rule['name']}-{number}")
    for rule in TABLE["rule"]
    for number, (given, printed) in enumerate(rule["cases"])
]
TRIES: Final = 250  # values of a kind
MEMORY: Final = "<memory unit='KiB'>1048576</memory>"
# What every domain needs, unless the test brings its own.
NEEDED: Final = {
    "vcpu": "<vcpu placement='static'>1</vcpu>",
    "os": "<os><type arch='x86_64'>hvm</type></os>",
}


def domain(inside: str, element: str) -> str:
    text = inside.replace("{}", element)
    needed = "".join(xml for name, xml in NEEDED.items() if not re.search(rf"<{name}[ >]", text))
    devices = "" if "<devices>" in text else "<devices/>"
    return f"<domain type='test'><name>v</name>{MEMORY}{needed}{text}{devices}</domain>"


def start_of(element: str) -> str:
    """The line on which an element starts."""
    return element if "><" not in element else element[: element.index(">") + 1]


def lines(text: str | bytes) -> list[str]:
    text = text.decode() if isinstance(text, bytes) else text
    return [line.strip() for line in text.split("\n")]


@pytest.mark.parametrize(("inside", "given", "printed"), CASES)
def test_libvirt_prints_each_case_of_the_table(
    live: LiveLibvirt, inside: str, given: str, printed: str
) -> None:
    for element in (given, printed):
        live.call("open")
        assert start_of(printed) in lines(live.call("define_domain", domain(inside, element)))


# ---- random values: {} is the value, in an element whose line shows it

Make = Callable[[random.Random], str]
EDGES: Final = (0, 1, 2, 7, 8, 9, 10, 15, 16, 31, 32, 255, 256, 1023, 1024, 1025, 65535, 65536)


def number(rng: random.Random, most: int, base: int = 10) -> str:
    """A number as somebody may write it."""
    value = min(most + (rng.random() < 0.05), rng.choice((*EDGES, rng.randrange(most + 1), most)))
    forms = [str(value), f"0{value}", f"+{value}", f" {value}", f"&#9;+00{value}"]
    if base != 10:
        forms = [f"{value:#x}", f"0X{value:X}", f"{value:#06x}", f" +{value:#x}", f"{value:x}"]
        forms += [f"0{value:o}", str(value)] if base == 0 else [f"0{value:X}"]
    if rng.random() < 0.1:
        forms = [
            f"{value} ",
            f"-{value}",
            "",
            "+",
            "0x",
            f"{value}.0",
            f"{value}x",
            "x",
            f"--{value}",
        ]
    return rng.choice(forms)


def size(rng: random.Random) -> str:
    units = ["", "b", "byte", "Bytes", "k", "K", "KiB", "kib", "KB", "m", "MiB", "MB", "G", "GB"]
    units += ["t", "TiB", "P", "E", "eib", "PB", "zz", " KiB", "Ki", "bytes "]
    unit = rng.choice(units)
    most = 1 << rng.choice((10, 20, 33))
    return f"{number(rng, most)}' unit='{unit}" if rng.random() < 0.9 else number(rng, most)


def numbers(rng: random.Random) -> str:
    blank = lambda: rng.choice(("", "", "", " ", "  "))  # noqa: E731
    parts = []
    for _ in range(rng.randint(1, 7)):
        low = rng.choice((rng.randrange(12), rng.randrange(70), rng.randrange(16400)))
        high = low + rng.randint(-1, 9)
        item = rng.choice((f"{low}", f"0{low}", f"^{low}", f"{low}{blank()}-{blank()}{high}"))
        item = f"{low}-+{high}" if rng.random() < 0.03 else item
        parts.append(blank() + item + blank())
    text = ",".join(parts)
    if rng.random() < 0.1:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(",^-+ x") + text[at:]
    return text


def uuid(rng: random.Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    pairs = [digits[i : i + 2] for i in range(0, 32, 2)]
    text = "".join(pair + rng.choice(("", "", "-", " ", "--")) for pair in pairs)
    text = rng.choice(("", " ", "-")) + rng.choice((text, text.upper())) + rng.choice(("", " "))
    return text.rstrip("-") if rng.random() < 0.9 else text[: rng.randrange(len(text))]


def mac(rng: random.Random) -> str:
    parts = [rng.choice((f"{rng.randrange(256):x}", f"{rng.randrange(256):02X}")) for _ in range(6)]
    if rng.random() < 0.8:
        parts[0] = rng.choice(("52", "0", "A", "fE"))
    text = ":".join(parts)
    return rng.choice(
        (text, text, text, f"{text} ", f" {text}", f"{text}:", text.replace(":", "-"))
    )


def ports(rng: random.Random) -> str:
    parts = [number(rng, rng.choice((9, 300))) for _ in range(rng.randint(1, 5))]
    return ".".join(parts)


def version(rng: random.Random) -> str:
    return f"{number(rng, 99)}.{number(rng, rng.choice((9, 99)))}"


def loadparm(rng: random.Random) -> str:
    return "".join(rng.choices("aAzZ09. ", k=rng.randint(1, 9))) + rng.choice(("", "", "", "-"))


HOSTDEV: Final = (
    "<devices><hostdev mode='subsystem' type='usb' managed='no'>"
    "<source>{}</source></hostdev></devices>"
)
CONTROLLER: Final = (
    "<devices><controller type='scsi' index='0' model='virtio-scsi'>{}</controller></devices>"
)
FILTER: Final = "<devices><redirfilter>{}</redirfilter></devices>"
CELL: Final = "<cell id='0' cpus='0' memory='{}'/>"
KINDS: Final[dict[str, tuple[str, str, Make]]] = {
    "kib": ("<cpu><numa>{}</numa></cpu>", CELL, size),
    "bytes": (
        "<devices><filesystem type='mount' accessmode='passthrough'><source dir='/a'/>"
        "<target dir='x'/>{}</filesystem></devices>",
        "<space_hard_limit>{}</space_hard_limit>",
        lambda rng: number(rng, 1 << 50),
    ),
    "mib-pretty": ("<features><smm state='on'>{}</smm></features>", "<tseg>{}</tseg>",
                   lambda rng: number(rng, 1 << 22)),
    "kib-pretty": (
        "<cputune><cachetune vcpus='0'>{}</cachetune></cputune>",
        "<cache id='0' level='3' type='both' size='{}'/>",
        size,
    ),
    "set": ("<cputune>{}</cputune>", "<emulatorpin cpuset='{}'/>", numbers),
    "uuid": ("", "<genid>{}</genid>", uuid),
    "mac": ("<devices><interface type='user'>{}</interface></devices>", "<mac address='{}'/>", mac),
    "ports": (CONTROLLER, "<address type='usb' bus='0' port='{}'/>", ports),
    "version": (FILTER, "<usbdev version='{}' allow='yes'/>", version),
    "usb-class": (FILTER, "<usbdev class='{}' allow='yes'/>", lambda rng: number(rng, 255, 0)),
    "usb-id": (FILTER, "<usbdev vendor='{}' allow='yes'/>", lambda rng: number(rng, 1 << 31, 0)),
    "file-mode": (
        "<devices>{}</devices>",
        "<filesystem type='mount' accessmode='passthrough' fmode='{}'><source dir='/a'/>"
        "<target dir='x'/></filesystem>",
        lambda rng: number(rng, 0o1000),
    ),
    "loadparm": (
        "<devices><interface type='user'><mac address='52:54:00:00:00:01'/>{}</interface>"
        "</devices>",
        "<boot order='1' loadparm='{}'/>",
        loadparm,
    ),
    "int": (CONTROLLER, "<address type='drive' unit='{}'/>", lambda rng: number(rng, 0x7FFFFFFF)),
    "any-int": (HOSTDEV, "<address bus='1' device='{}'/>", lambda rng: number(rng, 0x7FFFFFFF, 0)),
    "signed-long": (
        "",
        "<clock offset='variable' adjustment='{}' basis='utc'/>",
        lambda rng: rng.choice(("", "-", " -0")) + number(rng, 1 << 40),
    ),
    "pci": (
        CONTROLLER,
        "<address type='pci' bus='{}' slot='1'/>",
        lambda rng: number(rng, 255, 0),
    ),
    "pci-domain": (
        CONTROLLER,
        "<address type='pci' domain='{}' slot='1'/>",
        lambda rng: number(rng, 0xFFFFFFFF, 0),
    ),
    "pci-slot": (
        CONTROLLER,
        "<address type='pci' bus='1' slot='{}'/>",
        lambda rng: number(rng, 31, 0),
    ),
    "from-hex-8": (CONTROLLER, "<address type='spapr-vio' reg='{}'/>",
                   lambda rng: number(rng, (1 << 64) - 1, 16)),
}  # fmt: skip
# libvirt drops these, or makes something up for them; an adjustment that is no number is 0 to it.
DROPPED: Final = {
    "bytes": "<space_hard_limit(/>| unit='bytes'>0<)",
    "mib-pretty": "<tseg/>",
    "file-mode": "fmode='0000'",
    "usb-class": "class='-1'",
    "usb-id": "vendor='-[0-9]+'",
    "version": "version='.*[.]( |&#9;)?-0+'",
    "uuid": "<genid/>",
    "ports": "port='(.*[.])?( |&#9;)?[+]?0+([.].*)?'",
    "signed-long": "adjustment='(?!(0|-?[1-9][0-9]*)')",
}


@pytest.mark.parametrize("kind", KINDS)
def test_random_values(live: LiveLibvirt, kind: str) -> None:
    inside, element, make = KINDS[kind]
    rng = random.Random(kind)
    verdicts: Counter[str] = Counter()
    for _ in range(TRIES):
        xml = domain(inside or "{}", element.replace("{}", make(rng)))
        read = canon.canonicalize(xml)
        assert twin.canonicalize(xml) == read
        assert canon.canonicalize(read) == read
        name = re.match(r"<\w+", element)
        assert name
        ours = [line for line in lines(read) if re.match(rf"{name[0]}[ />]", line)][-1]
        live.call("open")
        try:
            printed = lines(live.call("define_domain", xml))
        except (Refused, Died):
            verdicts["refused"] += 1
            continue
        if ours not in printed and kind in DROPPED:
            verdicts["dropped"] += 1
            assert re.search(DROPPED[kind], ours), xml
            continue
        assert ours in printed, xml
        verdicts["agreed"] += 1
    assert verdicts["agreed"] > TRIES // 3, verdicts
    assert verdicts["refused"] + verdicts["dropped"], verdicts
