"""A machine's devices as libvirt prints them, with their PCI addresses."""

from __future__ import annotations

from benchmarks.machines import Disk, Machine, Nic
from benchmarks.printer import Printer

__all__ = ["print_devices"]

_DRIVE_TARGETS = {"sd": "sata", "hd": "ide", "vd": "virtio"}


class _Slots:
    """Hands out PCI addresses: a root port each on q35, a slot of bus 0 each on pc."""

    def __init__(self, chipset: str) -> None:
        self.q35 = chipset == "q35"
        self.used = 0

    def take(self, out: Printer) -> None:
        """Print the address of the next free place."""
        self.used += 1
        if self.q35:
            _pci(out, bus=self.used, slot=0)
        else:
            _pci(out, bus=0, slot=self.used + 2)


def print_devices(out: Printer, machine: Machine) -> None:
    """Print everything inside ``<devices>``."""
    slots = _Slots(machine.chipset)
    out.text("emulator", "/usr/bin/qemu-system-x86_64")
    for disk in machine.disks:
        _print_disk(out, machine, disk, slots)
    _print_controllers(out, machine, slots)
    if "shared" in machine.extras:
        with out.element("filesystem", type="mount", accessmode="mapped"):
            out.leaf("source", dir=f"/srv/share/{machine.name}")
            out.leaf("target", dir="share")
            slots.take(out)
    for nic in machine.nics:
        _print_nic(out, nic, slots)
    _print_characters(out, machine)
    _print_inputs(out)
    if machine.tpm:
        with out.element("tpm", model="tpm-crb"):
            out.leaf("backend", type="emulator", version="2.0")
    _print_screen(out, machine)
    for number in range(machine.redirections):
        with out.element("redirdev", bus="usb", type="spicevmc"):
            out.leaf("address", type="usb", bus=0, port=2 + number)
    if machine.watchdog:
        with out.element("watchdog", model="i6300esb", action=machine.watchdog):
            slots.take(out)
    with out.element("memballoon", model="virtio"):
        if machine.style == "cloud":
            out.leaf("stats", period=10)
        slots.take(out)
    if machine.rng:
        with out.element("rng", model="virtio"):
            out.text("backend", "/dev/urandom", model="random")
            slots.take(out)
    if "panic" in machine.extras:
        out.leaf("panic", model="isa")
    if "vsock" in machine.extras:
        with out.element("vsock", model="virtio"):
            out.leaf("cid", auto="yes", address=3 + len(machine.name))
            slots.take(out)


def _pci(out: Printer, bus: int, slot: int, function: int = 0, multi: str | None = None) -> None:
    out.leaf(
        "address",
        type="pci",
        domain="0x0000",
        bus=f"0x{bus:02x}",
        slot=f"0x{slot:02x}",
        function=f"0x{function:x}",
        multifunction=multi,
    )


def _print_disk(out: Printer, machine: Machine, disk: Disk, slots: _Slots) -> None:
    with out.element("disk", type=disk.kind, device="cdrom" if disk.cdrom else "disk"):
        threads = 1 if machine.style == "managed" and disk.target.startswith("vd") else None
        out.leaf("driver", name="qemu", type=disk.format, cache=disk.cache, iothread=threads)
        _print_disk_source(out, disk)
        out.leaf("target", dev=disk.target, bus=_DRIVE_TARGETS[disk.target[:2]])
        if disk.iops:
            with out.element("iotune"):
                out.text("total_iops_sec", disk.iops)
        if disk.cdrom:
            out.leaf("readonly")
        if disk.serial:
            out.text("serial", disk.serial)
        if disk.target.startswith("vd"):
            slots.take(out)
        else:
            place = ord(disk.target[2]) - ord("a")
            bus, unit = divmod(place, 2) if disk.target.startswith("hd") else (0, place)
            out.leaf("address", type="drive", controller=0, bus=bus, target=0, unit=unit)


def _print_disk_source(out: Printer, disk: Disk) -> None:
    if disk.kind == "network":
        with out.element("source", protocol="rbd", name=disk.path):
            for last in (11, 12, 13):
                out.leaf("host", name=f"192.0.2.{last}", port=6789)
    elif disk.path:
        out.leaf("source", **{"dev" if disk.kind == "block" else "file": disk.path})
    _print_chain(out, disk.chain)


def _print_chain(out: Printer, chain: tuple[str, ...]) -> None:
    if not chain:
        return
    with out.element("backingStore", type="file"):
        out.leaf("format", type="qcow2")
        out.leaf("source", file=chain[0])
        if len(chain) == 1:
            out.leaf("backingStore")
        _print_chain(out, chain[1:])


def _print_controllers(out: Printer, machine: Machine, slots: _Slots) -> None:
    if machine.chipset == "q35":
        with out.element("controller", type="usb", index=0, model="qemu-xhci", ports=15):
            slots.take(out)
        out.leaf("controller", type="pci", index=0, model="pcie-root")
        _print_ports(out, _ports(machine))
    else:
        with out.element("controller", type="usb", index=0, model="piix3-uhci"):
            _pci(out, bus=0, slot=1, function=2)
        out.leaf("controller", type="pci", index=0, model="pci-root")
    kinds = {disk.target[:2] for disk in machine.disks}
    if "hd" in kinds:
        with out.element("controller", type="ide", index=0):
            _pci(out, bus=0, slot=1, function=1)
    if "sd" in kinds:
        with out.element("controller", type="sata", index=0):
            _pci(out, bus=0, slot=0x1F, function=2)
    if machine.style != "plain":
        with out.element("controller", type="virtio-serial", index=0):
            slots.take(out)


def _ports(machine: Machine) -> int:
    """How many root ports the machine's devices need."""
    virtio = sum(disk.target.startswith("vd") for disk in machine.disks)
    serial = machine.style != "plain"
    extras = len({"shared", "vsock"} & set(machine.extras))
    return virtio + len(machine.nics) + serial + bool(machine.watchdog) + machine.rng + extras + 2


def _print_ports(out: Printer, count: int) -> None:
    for index in range(1, count + 1):
        slot, function = divmod(index - 1, 8)
        with out.element("controller", type="pci", index=index, model="pcie-root-port"):
            out.leaf("model", name="pcie-root-port")
            out.leaf("target", chassis=index, port=f"0x{index + 15:x}")
            _pci(out, bus=0, slot=slot + 2, function=function, multi=None if function else "on")


def _print_nic(out: Printer, nic: Nic, slots: _Slots) -> None:
    with out.element("interface", type="bridge" if nic.bridge else "network"):
        out.leaf("mac", address=nic.mac)
        out.leaf("source", **{"bridge" if nic.bridge else "network": nic.network})
        if nic.port:
            with out.element("virtualport", type="openvswitch"):
                out.leaf("parameters", interfaceid=nic.port)
        if nic.average:
            with out.element("bandwidth"):
                out.leaf("inbound", average=nic.average)
                out.leaf("outbound", average=nic.average)
        out.leaf("model", type=nic.model)
        if not nic.up:
            out.leaf("link", state="down")
        if nic.port:
            out.leaf("mtu", size=1450)
        slots.take(out)


def _print_characters(out: Printer, machine: Machine) -> None:
    with out.element("serial", type="pty"):
        if machine.style == "cloud":
            out.leaf("log", file=f"/var/lib/nova/{machine.uuid}/console.log", append="off")
        with out.element("target", type="isa-serial", port=0):
            out.leaf("model", name="isa-serial")
    with out.element("console", type="pty"):
        if machine.style == "cloud":
            out.leaf("log", file=f"/var/lib/nova/{machine.uuid}/console.log", append="off")
        out.leaf("target", type="serial", port=0)
    if machine.style == "plain":
        return
    _print_channel(out, "unix", "org.qemu.guest_agent.0", 1)
    if machine.style == "desktop":
        _print_channel(out, "spicevmc", "com.redhat.spice.0", 2)


def _print_channel(out: Printer, kind: str, name: str, port: int) -> None:
    with out.element("channel", type=kind):
        out.leaf("target", type="virtio", name=name)
        out.leaf("address", type="virtio-serial", controller=0, bus=0, port=port)


def _print_inputs(out: Printer) -> None:
    with out.element("input", type="tablet", bus="usb"):
        out.leaf("address", type="usb", bus=0, port=1)
    out.leaf("input", type="mouse", bus="ps2")
    out.leaf("input", type="keyboard", bus="ps2")


def _print_screen(out: Printer, machine: Machine) -> None:
    spice = machine.style == "desktop"
    address = "127.0.0.1" if spice else "0.0.0.0"
    with out.element(
        "graphics",
        type="spice" if spice else "vnc",
        port=machine.port if machine.port > 0 or not spice else None,
        autoport="no" if machine.port > 0 else "yes",
        listen=address,
        passwd=machine.password,
    ):
        out.leaf("listen", type="address", address=address)
        if spice:
            out.leaf("image", compression="off")
    if spice:
        with out.element("sound", model="ich9"):
            _pci(out, bus=0, slot=0x1B)
    out.leaf("audio", id=1, type="spice" if spice else "none")
    with out.element("video"):
        _print_video_model(out, machine)
        _pci(out, bus=0, slot=1 if machine.chipset == "q35" else 2)


def _print_video_model(out: Printer, machine: Machine) -> None:
    if machine.style == "desktop":
        out.leaf("model", type="qxl", ram=65536, vram=65536, vgamem=16384, heads=1, primary="yes")
    elif machine.chipset == "q35":
        out.leaf("model", type="virtio", heads=1, primary="yes")
    else:
        out.leaf("model", type="cirrus", vram=16384, heads=1, primary="yes")
