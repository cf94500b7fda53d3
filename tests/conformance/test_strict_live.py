"""A strict store takes and refuses redefinitions as libvirt's test driver does."""

from __future__ import annotations

import itertools
from typing import Final

import pytest

from lineage.errors import SnapshotError

from .libvirt_child import LiveLibvirt, Refused
from .stories import UUIDS
from .telling import in_memory

pytestmark = pytest.mark.live

UUID: Final = UUIDS[0]
STATES: Final = (
    *("running", "blocked", "paused", "shutdown"),
    *("shutoff", "crashed", "pmsuspended", "disk-snapshot"),
)
ADDRESS: Final = "<address type='pci' domain='0x0000' bus='0x00' slot='0x04' function='0x0'/>"
CELL: Final = "<numa><cell id='0' cpus='0-3' memory='204800' unit='KiB'/></numa>"
TUNNEL: Final = (
    "<interface type='bridge'><mac address='52:54:00:00:00:01'/><source bridge='br0'/>"
    "<model type='virtio'/></interface>"
)
SHARE: Final = (
    "<filesystem type='mount' accessmode='passthrough'><source dir='/s'/><target dir='tag'/>"
    "</filesystem>"
)
RNG: Final = "<rng model='virtio'><backend model='random'>/dev/random</backend></rng>"
TPM: Final = (
    "<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>"
)
VSOCK: Final = "<vsock model='virtio'><cid auto='no' address='3'/></vsock>"
PARALLEL: Final = "<parallel type='pty'><target port='0'/></parallel>"
HOSTDEV: Final = (
    "<hostdev mode='subsystem' type='usb' managed='no'><source><vendor id='0x0204'/>"
    "<product id='0x6025'/></source></hostdev>"
)
SCSI: Final = "<controller type='scsi' index='0' model='lsilogic'/>"
SECOND: Final = (
    "<disk type='file' device='disk'><source file='/b'/><target dev='vdb' bus='virtio'/></disk>"
)
THIRD: Final = "<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/><readonly/></disk>"
DOMAIN: Final = (
    f"<domain type='test'><name>n</name><uuid>{UUID}</uuid>"
    "<genid>43dc0cf8-809b-4adb-9bea-a9abb5f3d90e</genid><title>t</title>"
    "<maxMemory slots='4' unit='KiB'>4096000</maxMemory><memory unit='KiB'>204800</memory>"
    "<currentMemory unit='KiB'>102400</currentMemory>"
    "<vcpu placement='static' current='2'>4</vcpu><iothreads>2</iothreads>"
    "<sysinfo type='smbios'><bios><entry name='vendor'>L</entry></bios></sysinfo>"
    "<os><type arch='i686' machine='pc'>hvm</type><boot dev='hd'/><smbios mode='sysinfo'/></os>"
    "<features><acpi/><apic/><pae/></features>"
    "<cpu mode='custom' match='exact'><model fallback='allow'>qemu64</model>"
    f"<topology sockets='2' dies='1' cores='2' threads='1'/>{CELL}</cpu>"
    "<clock offset='utc'><timer name='rtc' tickpolicy='catchup'/>"
    "<timer name='hpet' present='no'/></clock>"
    "<on_crash>destroy</on_crash><devices><emulator>/e</emulator>"
    "<disk type='file' device='disk'><driver name='q' type='qcow2' cache='none'/>"
    "<source file='/a'/><target dev='vda' bus='virtio'/><serial>S1</serial>"
    f"<wwn>5000c50015ea71ac</wwn>{ADDRESS}</disk>"
    f"{SECOND}{THIRD}{SCSI}{SHARE}{TUNNEL}<serial type='pty'><target port='0'/></serial>{PARALLEL}"
    "<channel type='unix'><target type='virtio' name='c1'/></channel>"
    f"<input type='tablet' bus='usb'/>{TPM}<graphics type='vnc' port='-1' autoport='yes'/>"
    "<sound model='ich6'/><video><model type='cirrus' vram='16384' heads='1' primary='yes'/>"
    f"</video>{HOSTDEV}<redirdev bus='usb' type='spicevmc'/><hub type='usb'/>"
    f"<watchdog model='i6300esb' action='reset'/><memballoon model='virtio'/>{RNG}"
    f"<panic model='isa'/>{VSOCK}</devices></domain>"
)
# One thing each that libvirt lets change.
FREE: Final = {
    "title": ("<title>t", "<title>u"),
    "placement": (" placement='static' current", " current"),
    "iothreads": ("<iothreads>2", "<iothreads>3"),
    "boot": ("<boot dev='hd'/>", "<boot dev='cdrom'/>"),
    "fallback": ("fallback='allow'", "fallback='forbid'"),
    "clock": ("offset='utc'", "offset='localtime'"),
    "tickpolicy": ("catchup", "delay"),
    "on_crash": ("<on_crash>destroy", "<on_crash>restart"),
    "emulator": ("/e<", "/f<"),
    "format": ("type='qcow2'", "type='raw'"),
    "cache": ("cache='none'", "cache='directsync'"),
    "source": ("'/a'", "'/z'"),
    "snapshot": ("<source file='/b'/>", "<shareable/><source file='/b'/>"),
    "share": ("dir='/s'", "dir='/t'"),
    "bridge": ("br0", "br1"),
    "channel type": ("<channel type='unix'>", "<channel type='pty'>"),
    "graphics": ("type='vnc' port='-1' autoport='yes'", "type='sdl'"),
    "hostdev": ("0x6025", "0x6026"),
    "watchdog action": ("'reset'", "'none'"),
    "random": (">/dev/random", ">/dev/urandom"),
    "cid": ("address='3'", "address='4'"),
    "order of the disks": (
        SECOND + THIRD,
        THIRD + SECOND,
    ),
}
# One thing each that it does not, and the rule.
HELD: Final = {
    "type": ("abi-type", "type='test'", "type='kvm'"),
    "name": ("abi-name", "<name>n<", "<name>m<"),
    "genid": ("abi-genid", "43dc0cf8", "43dc0cf9"),
    "memory": ("abi-memory", "'KiB'>204800", "'KiB'>304800"),
    "currentMemory": ("abi-memory", "102400", "112400"),
    "maxMemory": ("abi-memory", "4096000", "5096000"),
    "slots": ("abi-memory", "slots='4'", "slots='5'"),
    "vcpus": ("abi-vcpus", "current='2'>4", "current='2'>5"),
    "vcpus current": ("abi-vcpus", "current='2'>4", "current='3'>4"),
    "os": ("abi-os", ">hvm<", ">xen<"),
    "arch": ("abi-os", "arch='i686'", "arch='x86_64'"),
    "machine": ("abi-os", "machine='pc'", "machine='q35'"),
    "smbios": ("abi-os", "mode='sysinfo'", "mode='emulate'"),
    "acpi": ("abi-features", "<acpi/>", ""),
    "apic": ("abi-features", "<apic/>", ""),
    "privnet": ("abi-features", "<pae/>", "<pae/><privnet/>"),
    "viridian": ("abi-features", "<pae/>", "<pae/><viridian/>"),
    "pae": ("abi-features", "<pae/>", ""),
    "cpu": ("abi-cpu", ">qemu64<", ">qemu32<"),
    "topology": ("abi-cpu", "sockets='2' dies='1' cores='2'", "sockets='1' dies='1' cores='4'"),
    "cell": ("abi-cpu", "cpus='0-3'", "cpus='0-2'"),
    "cell's memory": ("abi-cpu", "memory='204800'", "memory='304800'"),
    "timer": ("abi-timers", "<timer name='hpet' present='no'/>", ""),
    "presence": ("abi-timers", "present='no'", "present='yes'"),
    "target": ("abi-disks", "'vdb'", "'vdd'"),
    "bus": ("abi-disks", "'vdb' bus='virtio'", "'vdb' bus='scsi'"),
    "device": (
        "abi-disks",
        "device='cdrom'><target dev='hdc' bus='ide'/>",
        "device='disk'><source file='/c'/><target dev='hdc' bus='ide'/>",
    ),
    "serial": ("abi-disks", "S1", "S2"),
    "no serial": ("abi-disks", "<serial>S1</serial>", ""),
    "wwn": ("abi-disks", "71ac", "71ad"),
    "readonly": ("abi-disks", "<source file='/b'/>", "<readonly/><source file='/b'/>"),
    "slot": ("abi-disks", "slot='0x04'", "slot='0x09'"),
    "a disk more": (
        "abi-disks",
        "</emulator>",
        "</emulator><disk type='file' device='disk'><source file='/c'/>"
        "<target dev='vdc' bus='virtio'/></disk>",
    ),
    "controller": ("abi-devices", "lsilogic", "buslogic"),
    "share's name": ("abi-devices", "dir='tag'", "dir='gat'"),
    "no share": ("abi-devices", SHARE, ""),
    "mac": ("abi-devices", "00:00:01", "00:00:02"),
    "network card": ("abi-devices", "type='virtio'/></interface>", "type='e1000'/></interface>"),
    "mtu": ("abi-devices", "</interface>", "<mtu size='1500'/></interface>"),
    "no network card": ("abi-devices", TUNNEL, ""),
    "port": (
        "abi-devices",
        "<serial type='pty'><target port='0'",
        "<serial type='pty'><target port='1'",
    ),
    "no parallel": ("abi-devices", PARALLEL, ""),
    "channel": ("abi-devices", "c1", "c2"),
    "input": ("abi-devices", "tablet", "mouse"),
    "input's bus": ("abi-devices", "'tablet' bus='usb'", "'tablet' bus='virtio'"),
    "tpm": ("abi-devices", "tpm-tis", "tpm-crb"),
    "no tpm": ("abi-devices", TPM, ""),
    "sound": ("abi-devices", "ich6", "ac97"),
    "no sound": ("abi-devices", "<sound model='ich6'/>", ""),
    "video": ("abi-devices", "cirrus", "vga"),
    "vram": ("abi-devices", "16384", "32768"),
    "heads": ("abi-devices", "heads='1'", "heads='2'"),
    "no hostdev": ("abi-devices", HOSTDEV, ""),
    "redirdev": ("abi-devices", "spicevmc", "pty"),
    "no redirdev": ("abi-devices", "<redirdev bus='usb' type='spicevmc'/>", ""),
    "no hub": ("abi-devices", "<hub type='usb'/>", ""),
    "watchdog": ("abi-devices", "i6300esb", "ib700"),
    "memballoon": ("abi-devices", "<memballoon model='virtio'", "<memballoon model='none'"),
    "no rng": ("abi-devices", RNG, ""),
    "panic": ("abi-devices", "model='isa'", "model='pseries'"),
    "no vsock": ("abi-devices", VSOCK, ""),
    "iommu": ("abi-devices", VSOCK, f"<iommu model='intel'/>{VSOCK}"),
    "no uuid": ("uuid-missing", f"<uuid>{UUID}</uuid>", ""),
    "another uuid": ("domain-mismatch", UUID, UUIDS[1]),
}
# What it refuses to see changed and documents do not tell: a driver may have filled it in.
UNTOLD: Final = {
    "sysinfo": ("<entry name='vendor'>L", "<entry name='vendor'>M"),
    "no address": (ADDRESS, ""),
    "a controller less": (SCSI, ""),
    "no input": ("<input type='tablet' bus='usb'/>", ""),
    "no watchdog": ("<watchdog model='i6300esb' action='reset'/>", ""),
    "no memballoon": ("<memballoon model='virtio'/>", ""),
    "no panic": ("<panic model='isa'/>", ""),
}


class Both:
    """libvirt and a strict store, given the same documents."""

    def __init__(self, live: LiveLibvirt) -> None:
        live.call("open")
        live.call(
            "define_domain",
            f"<domain type='test'><name>mine</name><uuid>{UUID}</uuid><memory>1024</memory>"
            "<os><type>hvm</type></os></domain>",
        )
        self.live, self.store = live, in_memory()

    def redefine(self, document: str) -> tuple[str | None, str | None]:
        """What libvirt says against it, and the code of the store; None: it is taken."""
        theirs = ours = None
        try:
            self.live.call("redefine", document)
        except Refused as refused:
            theirs = refused.message
        try:
            self.store.record(document, domain=UUID, strict=True)
        except SnapshotError as error:
            ours = error.code
        return theirs, ours


@pytest.fixture
def both(live: LiveLibvirt) -> Both:
    return Both(live)


def document(domain: str, *, state: str = "shutoff", name: str = "s", disks: str = "") -> str:
    """A snapshot with this domain."""
    return (
        f"<domainsnapshot><name>{name}</name><state>{state}</state><creationTime>1</creationTime>"
        f"{disks}{domain}</domainsnapshot>"
    )


@pytest.mark.parametrize(("old", "new"), list(itertools.product(STATES, STATES)))
def test_every_change_of_state_is_decided_alike(both: Both, old: str, new: str) -> None:
    assert both.redefine(document(DOMAIN, state=old, disks=INTERNAL)) == (None, None)
    theirs, ours = both.redefine(document(DOMAIN, state=new, disks=INTERNAL))
    assert (theirs is None) == (ours is None), theirs
    ran, runs = (state in ("running", "paused") for state in (old, new))
    only, stays = (state == "disk-snapshot" for state in (old, new))
    expected = "state-online" if ran != runs else "state-disk-only" if only != stays else None
    assert ours == expected


INTERNAL: Final = (
    "<disks><disk name='vda' snapshot='internal'/><disk name='vdb' snapshot='internal'/></disks>"
)


@pytest.mark.parametrize("what", FREE)
def test_what_libvirt_lets_change_may_change(both: Both, what: str) -> None:
    old, new = FREE[what]
    assert old in DOMAIN
    assert both.redefine(document(DOMAIN)) == (None, None)
    assert both.redefine(document(DOMAIN.replace(old, new, 1))) == (None, None)


@pytest.mark.parametrize("what", HELD)
def test_what_libvirt_does_not_let_change_is_refused_by_its_rule(both: Both, what: str) -> None:
    code, old, new = HELD[what]
    assert old in DOMAIN
    assert both.redefine(document(DOMAIN)) == (None, None)
    theirs, ours = both.redefine(document(DOMAIN.replace(old, new)))
    assert theirs is not None
    assert ours == code, theirs


@pytest.mark.parametrize("what", HELD)
def test_the_same_holds_against_what_libvirt_printed(both: Both, what: str) -> None:
    """Its driver has filled in a lot by then; the new document is as its author wrote it."""
    code, old, new = HELD[what]
    both.live.call("redefine", document(DOMAIN))
    both.store.record(both.live.call("xml", "s"), strict=True)
    assert both.redefine(document(DOMAIN)) == (None, None)
    theirs, ours = both.redefine(document(DOMAIN.replace(old, new)))
    assert theirs is not None
    assert ours == code, theirs


@pytest.mark.parametrize("what", UNTOLD)
def test_what_a_driver_may_have_filled_in_is_left_to_libvirt(both: Both, what: str) -> None:
    old, new = UNTOLD[what]
    assert old in DOMAIN
    assert both.redefine(document(DOMAIN)) == (None, None)
    theirs, ours = both.redefine(document(DOMAIN.replace(old, new, 1)))
    assert theirs is not None
    assert ours is None


@pytest.mark.parametrize(
    "domain", ["", "<domain/>", f"<domain><uuid>{UUID}</uuid></domain>"], ids=["no", "bare", "uuid"]
)
def test_a_first_document_without_a_domain_is_refused_and_a_later_one_inherits(
    both: Both, domain: str
) -> None:
    theirs, ours = both.redefine(document(domain))
    assert "missing domain in snapshot" in (theirs or "")
    assert ours == "disks-no-domain"
    assert both.redefine(document(DOMAIN)) == (None, None)
    assert both.redefine(document(domain, disks=INTERNAL)) == (None, None)
    for xml in (both.store.xml(UUID, "s").decode(), both.live.call("xml", "s")):
        assert "<domain type='test'>" in xml
        assert "<title>t</title>" in xml


@pytest.mark.parametrize(
    ("code", "listed"),
    [
        ("disk-unknown", "<disk name='vdx'/>"),
        ("disk-twice", "<disk name='vda'/><disk name='/a'/>"),
        ("disks-too-many", "<disk name='vda'/>" * 4),
        ("disk-not-internal", "<disk name='vda' snapshot='no'/>"),
    ],
)
def test_disks_that_are_not_the_domain_s_are_refused(both: Both, code: str, listed: str) -> None:
    theirs, ours = both.redefine(document(DOMAIN, disks=f"<disks>{listed}</disks>"))
    assert theirs is not None
    assert ours == code, theirs


def test_a_first_definition_may_differ_from_the_live_domain_in_all_but_the_uuid(both: Both) -> None:
    assert both.redefine(document(DOMAIN)) == (None, None)
    theirs, ours = both.redefine(document(DOMAIN.replace(UUID, UUIDS[1]), name="other"))
    assert "must use uuid" in (theirs or "")
    assert ours == "domain-mismatch"
