"""A machine as libvirt prints its domain."""

from __future__ import annotations

from typing import Final

from benchmarks.devices_xml import print_devices
from benchmarks.machines import GIB, Machine
from benchmarks.printer import Printer

__all__ = ["cookie_xml", "domain_xml"]

LIBOSINFO: Final = "http://libosinfo.org/xmlns/libvirt/domain/1.0"
NOVA: Final = "http://openstack.org/xmlns/libvirt/nova/1.1"
OVIRT: Final = "http://ovirt.org/vm/1.0"


def domain_xml(machine: Machine, level: int = 1, tag: str = "domain") -> str:
    """The ``<domain>`` of a snapshot document, or its ``<inactiveDomain>``.

    Args:
        level: how deep it stands; 0 for a document of its own.
    """
    out = Printer(level)
    driver = machine.driver or ("qemu" if machine.style == "plain" else "kvm")
    with out.element(tag, type=driver):
        _print_identity(out, machine)
        _print_resources(out, machine)
        _print_system(out, machine)
        _print_features(out, machine)
        _print_cpu(out, machine)
        _print_clock(out, machine)
        with out.element("devices"):
            print_devices(out, machine)
        if machine.label:
            out.leaf("seclabel", type="dynamic", model=machine.label, relabel="yes")
    return out.result()


def cookie_xml(machine: Machine) -> str:
    """The qemu driver's ``<cookie>`` in a snapshot of a running machine."""
    out = Printer(1)
    with out.element("cookie"):
        _print_cpu(out, machine, check="full")
        if machine.style == "plain":
            out.leaf("slirpHelper")
    return out.result()


def _print_identity(out: Printer, machine: Machine) -> None:
    out.text("name", machine.name)
    out.text("uuid", machine.uuid)
    if machine.title:
        out.text("title", machine.title)
    if machine.description:
        out.text("description", machine.description)
    if machine.style != "plain":
        out.line("<metadata>")
        for line in _metadata(machine):
            out.line("  " + line)
        out.line("</metadata>")


def _metadata(machine: Machine) -> list[str]:
    """The lines below ``<metadata>``: libxml2 prints them, with double quotes."""
    if machine.style == "cloud":
        return [
            f'<nova:instance xmlns:nova="{NOVA}">',
            f'  <nova:package version="26.{machine.revision}.0"/>',
            f"  <nova:name>{machine.name}</nova:name>",
            f'  <nova:flavor name="m1.x{machine.vcpus}">',
            f"    <nova:memory>{machine.memory // 1024}</nova:memory>",
            f"    <nova:vcpus>{machine.vcpus}</nova:vcpus>",
            "  </nova:flavor>",
            "</nova:instance>",
        ]
    if machine.style == "managed":
        return [
            f'<ovirt-vm:vm xmlns:ovirt-vm="{OVIRT}">',
            f'  <ovirt-vm:minGuaranteedMemoryMb type="int">{machine.memory // 1024}'
            "</ovirt-vm:minGuaranteedMemoryMb>",
            f'  <ovirt-vm:startTime type="float">{1690000000 + machine.revision * 977}.25'
            "</ovirt-vm:startTime>",
            "</ovirt-vm:vm>",
        ]
    return [
        f'<libosinfo:libosinfo xmlns:libosinfo="{LIBOSINFO}">',
        f'  <libosinfo:os id="{machine.system}"/>',
        "</libosinfo:libosinfo>",
    ]


def _print_resources(out: Printer, machine: Machine) -> None:
    managed = machine.style == "managed"
    if managed:
        out.text("maxMemory", machine.memory + 16 * GIB, slots=16, unit="KiB")
    out.text("memory", machine.memory, unit="KiB")
    out.text("currentMemory", machine.memory, unit="KiB")
    if "hugepages" in machine.extras:
        with out.element("memoryBacking"), out.element("hugepages"):
            out.leaf("page", size=2048, unit="KiB")
    out.text("vcpu", machine.vcpus, placement="static")
    if managed:
        out.text("iothreads", 1)
    if machine.shares or machine.pins:
        with out.element("cputune"):
            if machine.shares:
                out.text("shares", machine.shares)
            for vcpu, cpus in enumerate(machine.pins):
                out.leaf("vcpupin", vcpu=vcpu, cpuset=cpus)
    if "partition" in machine.extras:
        with out.element("resource"):
            out.text("partition", f"/tenants/{machine.name.partition('-')[0]}")


def _print_system(out: Printer, machine: Machine) -> None:
    if machine.style == "cloud":
        with out.element("sysinfo", type="smbios"), out.element("system"):
            out.text("entry", "OpenStack Foundation", name="manufacturer")
            out.text("entry", "OpenStack Nova", name="product")
            out.text("entry", machine.uuid, name="uuid")
            out.text("entry", "Virtual Machine", name="family")
    chipset = "pc-q35" if machine.chipset == "q35" else "pc-i440fx"
    with out.element("os"):
        out.text("type", "hvm", arch="x86_64", machine=f"{chipset}-{machine.release}")
        if machine.efi:
            out.text("loader", "/usr/share/OVMF/OVMF_CODE.fd", readonly="yes", type="pflash")
            out.text("nvram", f"/var/lib/libvirt/qemu/nvram/{machine.name}_VARS.fd")
        for device in machine.boot:
            out.leaf("boot", dev=device)
        if machine.style == "cloud":
            out.leaf("smbios", mode="sysinfo")


def _print_features(out: Printer, machine: Machine) -> None:
    with out.element("features"):
        out.leaf("acpi")
        out.leaf("apic")
        windows = "microsoft" in machine.system and machine.style == "desktop"
        if windows or "hyperv" in machine.extras:
            with out.element("hyperv", mode="custom"):
                out.leaf("relaxed", state="on")
                out.leaf("vapic", state="on")
                out.leaf("spinlocks", state="on", retries=8191)
        if machine.style == "desktop":
            out.leaf("vmport", state="off")


def _print_cpu(out: Printer, machine: Machine, check: str = "partial") -> None:
    if machine.cpu is None:
        out.leaf("cpu", mode="host-passthrough", check="none", migratable="on")
        return
    with out.element("cpu", mode="custom", match="exact", check=check):
        out.text("model", machine.cpu, fallback="forbid" if check == "full" else "allow")
        if machine.style == "managed":
            out.leaf("topology", sockets=machine.vcpus, dies=1, cores=1, threads=1)
        for policy, name in machine.features:
            out.leaf("feature", policy=policy, name=name)


def _print_clock(out: Printer, machine: Machine) -> None:
    windows = "microsoft" in machine.system
    with out.element("clock", offset="localtime" if windows else "utc"):
        out.leaf("timer", name="rtc", tickpolicy="catchup")
        out.leaf("timer", name="pit", tickpolicy="delay")
        out.leaf("timer", name="hpet", present="no")
        if windows:
            out.leaf("timer", name="hypervclock", present="yes")
    out.text("on_poweroff", "destroy")
    out.text("on_reboot", "restart")
    out.text("on_crash", "destroy" if machine.style == "cloud" else "restart")
    if machine.style == "desktop":
        with out.element("pm"):
            out.leaf("suspend-to-mem", enabled="no")
            out.leaf("suspend-to-disk", enabled="no")
