"""Records what libvirt's qemu driver answers to requests for snapshots.

    python -m tests.conformance.record_qemu DIRECTORY > tests/golden/qemu-9.0.txt

needs the driver, `qemu-system-x86_64`, `qemu-img` and an account other than root; everything is
made in DIRECTORY, and no daemon is asked. The plans are held against the recording, since the
test driver knows neither disk-only nor how disks may be combined.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import libvirt

LOCATIONS: Final = ("omit", "no", "internal", "external", "manual")
MEMORY: Final = ("omit", "no", "internal", "external")
STATES: Final = ("offline", "online")
KINDS: Final = ("no", "internal", "external", "manual", "empty-cdrom", "cdrom", "readonly")

Request = tuple[str, bool, tuple[str, ...]]
"""Memory, disk-only, and what is asked of each disk."""


def domains() -> Iterator[tuple[tuple[str, ...], list[Request]]]:
    """Yield what a domain says of each of its disks, with the requests to make of it."""
    every = list(itertools.product(MEMORY, (False, True)))
    for count in range(3):
        asked = list(itertools.product(LOCATIONS, repeat=count))
        yield ("plain",) * count, [(*each, disks) for each in every for disks in asked]
    for kind in KINDS:
        asked = [(location,) for location in LOCATIONS]
        yield (kind,), [(*each, disks) for each in every for disks in asked]
        asked = [(location, "omit") for location in LOCATIONS]
        yield ("plain", kind), [(*each, disks) for each in every for disks in asked]


class Recorder:
    """A driver of its own, and the images it works on."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._count = directory, 0
        settings = directory / "etc" / "qemu.conf"
        settings.parent.mkdir(parents=True)
        settings.write_text('stdio_handler = "file"\nsecurity_driver = "none"\n')
        self.connection = libvirt.open(f"qemu:///embed?root={directory}")

    def answers(self, state: str, kinds: tuple[str, ...], asked: list[Request]) -> Iterator[str]:
        """Yield the answer to each request; a domain is used until one is granted."""
        domain = None
        for request in asked:
            if domain is None:
                domain = self._defined(state, kinds)
            try:
                made = self._create(domain, *request)
            except libvirt.libvirtError as error:
                message = " ".join(error.get_error_message().split())
                yield "refused: " + re.sub(r"^[^:]*: ", "", message)
            else:
                yield made
                domain = self._removed(domain)
        if domain is not None:
            self._removed(domain)

    def _defined(self, state: str, kinds: tuple[str, ...]) -> Any:
        self._count += 1
        disks = "".join(map(self._disk, ("vda", "vdb"), kinds))
        domain = self.connection.defineXML(
            f"<domain type='qemu'><name>d{self._count}</name><memory unit='MiB'>16</memory>"
            "<os><type arch='x86_64' machine='pc'>hvm</type></os>"
            f"<devices>{disks}</devices></domain>"
        )
        if state == "online":
            domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        return domain

    def _disk(self, target: str, kind: str) -> str:
        if kind == "empty-cdrom":
            return f"<disk device='cdrom'><target dev='{target}' bus='ide'/></disk>"
        form = "raw" if kind in ("cdrom", "readonly") else "qcow2"
        path = self._directory / f"{self._count}-{target}.{form}"
        subprocess.run(["qemu-img", "create", "-q", "-f", form, path, "1M"], check=True)
        device, bus = ("cdrom", "ide") if kind == "cdrom" else ("disk", "virtio")
        says = f" snapshot='{kind}'" if kind in LOCATIONS else ""
        readonly = "<readonly/>" if kind == "readonly" else ""
        return (
            f"<disk type='file' device='{device}'{says}><driver name='qemu' type='{form}'/>"
            f"<source file='{path}'/><target dev='{target}' bus='{bus}'/>{readonly}</disk>"
        )

    def _create(self, domain: Any, memory: str, disk_only: bool, disks: tuple[str, ...]) -> str:
        says = {"omit": "", "external": f" file='{self._directory}/{self._count}.memory'"}
        at = f"<memory snapshot='{memory}'{says.get(memory, '')}/>" if memory != "omit" else ""
        listed = "".join(
            f"<disk name='{target}' snapshot='{location}'/>"
            for target, location in zip(("vda", "vdb"), disks, strict=False)
            if location != "omit"
        )
        flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY if disk_only else 0
        xml = f"<domainsnapshot><name>s</name>{at}<disks>{listed}</disks></domainsnapshot>"
        text = domain.snapshotCreateXML(xml, flags).getXMLDesc().partition("<domain ")[0]
        saved = re.findall(r"<(?:memory|disk name='\w+') snapshot='(\w+)'", text)
        return " ".join(saved)

    def _removed(self, domain: Any) -> None:
        if domain.isActive():
            domain.destroy()
        domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA)


def main(directory: str) -> None:
    """Print a line a request: state, memory, disk-only, the disks of the domain with what is
    asked of each, and behind the bar where memory and disks were saved, or the refusal."""
    libvirt.registerErrorHandler(lambda *_: None, None)
    libvirt.virEventRegisterDefaultImpl()
    events = threading.Thread(target=_run_events, daemon=True)
    events.start()
    recorder = Recorder(Path(directory))
    print(f"# libvirt {_dotted(libvirt.getVersion())}, {_qemu(recorder.connection)}")
    for state in STATES:
        for kinds, asked in domains():
            answers = recorder.answers(state, kinds, asked)
            for (memory, disk_only, disks), answer in zip(asked, answers, strict=True):
                each = " ".join(f"{kind}={at}" for kind, at in zip(kinds, disks, strict=True))
                switch = "on" if disk_only else "off"
                print(f"{state} {memory} {switch} {each} | {answer}", flush=True)


def _run_events() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()


def _dotted(version: int) -> str:
    return f"{version // 1_000_000}.{version // 1000 % 1000}.{version % 1000}"


def _qemu(connection: Any) -> str:
    return f"qemu {_dotted(connection.getVersion())}"


if __name__ == "__main__":
    main(*sys.argv[1:])
