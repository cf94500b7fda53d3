"""The installed libvirt's test driver, asked in a child process: libvirt 9.0 can crash.

Run as a program this file is the child: one JSON request a line on standard input, one
answer a line on standard output. `LiveLibvirt` is the parent's end.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any, Final

DEFAULT: Final = "test:///default"
PATIENCE: Final = 60  # seconds for one answer


class Refused(Exception):
    """libvirt raised an error. `domain` and `code` are its VIR_FROM_... and VIR_ERR_... numbers."""

    def __init__(self, domain: int, code: int, message: str) -> None:
        super().__init__(domain, code, message)
        self.domain, self.code, self.message = domain, code, message


class Died(Exception):
    """The child ended or hung before it answered; the message says what it wrote last."""


class LiveLibvirt:
    """A child process with one libvirt connection; started when needed, also after it died."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (`close` closes it)

    def call(self, method: str, *args: Any) -> Any:
        """Have `World.method(*args)` done in the child; all values are JSON.

        Raises:
            Refused: libvirt raised an error.
            Died: the child did. The next call starts another, whose world is a fresh one.
        """
        child = self._started()
        if child.stdin is None or child.stdout is None:
            raise Died("no pipes")
        try:
            child.stdin.write(json.dumps([method, *args]).encode() + b"\n")
            child.stdin.flush()
            ready = select.select([child.stdout], [], [], PATIENCE)[0]
            line = child.stdout.readline() if ready else b""
        except BrokenPipeError:
            line = b""
        if not line.endswith(b"\n"):
            raise Died(f"{method}: {self._last_words()}")
        answer = json.loads(line)
        if "refused" in answer:
            raise Refused(*answer["refused"])
        return answer["result"]

    def printed(self, xml: str) -> str | None:
        """What libvirt prints of a snapshot, which it forgets again; None if it refuses it."""
        try:
            name = self.call("redefine", xml)
        except Refused:
            return None
        text = str(self.call("xml", name))
        self.call("delete", name)
        return text

    def close(self) -> None:
        """End the child."""
        self._end()
        self._errors.close()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, str(Path(__file__).resolve())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={**os.environ, "LIBVIRT_DEBUG": "4"},  # errors only
            )
        return self._child

    def _end(self) -> int | None:
        child, self._child = self._child, None
        if child is None:
            return None
        child.kill()
        child.communicate()
        return child.returncode

    def _last_words(self) -> str:
        try:
            if self._child is not None:
                self._child.wait(timeout=1)  # it is ending: leave it its own exit status
        except subprocess.TimeoutExpired:
            pass
        status = self._end()
        self._errors.seek(0)
        written = self._errors.read().decode(errors="replace").strip()
        self._errors.truncate(0)
        return f"exit status {status}: {written.rpartition(chr(10))[2]}"


class World:
    """What the child can be asked. With no domain chosen a question opens a fresh world."""

    def __init__(self) -> None:
        import libvirt

        libvirt.registerErrorHandler(lambda *_: None, None)
        self._lib = libvirt
        self._connection: Any = None
        self._chosen: Any = None

    @property
    def _domain(self) -> Any:
        if self._chosen is None:
            self.open()
        return self._chosen

    def _flags(self, names: list[str]) -> int:
        flags = 0
        for name in names:
            flags |= getattr(self._lib, f"VIR_DOMAIN_{name}")
        return flags

    def version(self) -> int:
        """libvirt's version: 9000000 is 9.0.0."""
        return int(self._lib.getVersion())

    def open(self, uri: str = DEFAULT) -> str:
        """Open a fresh world and choose its first domain; its UUID. Nothing of the old is left."""
        self._chosen = None
        if self._connection is not None:
            self._connection.close()
        self._connection = self._lib.open(uri)
        self._chosen = self._connection.listAllDomains()[0]
        return str(self._chosen.UUIDString())

    def choose(self, uuid: str) -> None:
        """Choose a domain that was defined."""
        self._chosen = self._connection.lookupByUUIDString(uuid)

    def stop(self) -> None:
        """Stop the chosen domain if it runs."""
        if self._domain.isActive():
            self._domain.destroy()

    def define_domain(self, xml: str) -> str:
        """Stop the chosen domain, define one and choose it; its XML as libvirt prints it."""
        if self._connection is None:
            self.open()
        if self._chosen is not None:
            self.stop()
        self._chosen = self._connection.defineXML(xml)
        return self.domain_xml()

    def start(self) -> None:
        """Start the chosen domain."""
        self._domain.create()

    def domain_xml(self) -> str:
        """The chosen domain's inactive XML."""
        return str(self._domain.XMLDesc(self._flags(["XML_INACTIVE", "XML_SECURE"])))

    def undefine(self) -> None:
        """Undefine the chosen domain with its snapshots' metadata; then none is chosen."""
        self._domain.undefineFlags(self._flags(["UNDEFINE_SNAPSHOTS_METADATA"]))
        self._chosen = None

    def create(self, xml: str, *flags: str) -> str:
        """snapshotCreateXML with flags by name, such as ``REDEFINE``; the snapshot's name."""
        names = [f"SNAPSHOT_CREATE_{flag}" for flag in flags]
        return str(self._domain.snapshotCreateXML(xml, self._flags(names)).getName())

    def redefine(self, xml: str, *flags: str) -> str:
        """`create` with REDEFINE."""
        return self.create(xml, "REDEFINE", *flags)

    def xml(self, name: str, secure: bool = True) -> str:
        """A snapshot as libvirt prints it, secrets included or not."""
        flags = self._flags(["SNAPSHOT_XML_SECURE"] if secure else [])
        return str(self._domain.snapshotLookupByName(name).getXMLDesc(flags))

    def delete(self, name: str, *flags: str) -> None:
        """Delete a snapshot; flags by name: ``CHILDREN``, ``CHILDREN_ONLY``."""
        names = [f"SNAPSHOT_DELETE_{flag}" for flag in flags]
        self._domain.snapshotLookupByName(name).delete(self._flags(names))

    def revert(self, name: str) -> None:
        """Revert to a snapshot, which makes it current."""
        self._domain.revertToSnapshot(self._domain.snapshotLookupByName(name))

    def tree(self) -> dict[str, Any]:
        """Roots and children in libvirt's own order, parents, the current snapshot."""
        domain, below = self._domain, self._flags(["SNAPSHOT_LIST_DESCENDANTS"])
        every = domain.listAllSnapshots()
        roots = domain.listAllSnapshots(self._flags(["SNAPSHOT_LIST_ROOTS"]))
        return {
            "roots": [s.getName() for s in roots],
            "children": {s.getName(): [c.getName() for c in s.listAllChildren()] for s in every},
            "below": {s.getName(): [c.getName() for c in s.listAllChildren(below)] for s in every},
            "parents": {s.getName(): self._parent(s) for s in every},
            "current": domain.snapshotCurrent().getName() if domain.hasCurrentSnapshot() else None,
        }

    def listed(self, flags: list[str], below: str | None = None) -> list[str]:
        """Names of the domain's snapshots, or of those below one; flags by name: ``LEAVES``."""
        wanted = self._flags([f"SNAPSHOT_LIST_{flag}" for flag in flags])
        if below is None:
            return [s.getName() for s in self._domain.listAllSnapshots(wanted)]
        top = self._domain.snapshotLookupByName(below)
        return [s.getName() for s in top.listAllChildren(wanted)]

    def everything(self) -> dict[str, Any]:
        """`tree`, the names parents first, and every snapshot's XML, secrets included."""
        domain, secure = self._domain, self._flags(["SNAPSHOT_XML_SECURE"])
        ordered = domain.listAllSnapshots(self._flags(["SNAPSHOT_LIST_TOPOLOGICAL"]))
        return {
            **self.tree(),
            "ordered": [s.getName() for s in ordered],
            "xml": {s.getName(): s.getXMLDesc(secure) for s in ordered},
        }

    def lineage(self, *args: str) -> dict[str, Any]:
        """Run the command in here, where ``--connect test:///default`` is this very world."""
        from click.testing import CliRunner

        from lineage.cli.group import cli

        done = CliRunner().invoke(cli, args)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return {"status": done.exit_code, "output": done.output}

    def ingest(self, path: str) -> list[int]:
        """Import everything from this very world; how many snapshots were added, and are equal."""
        from lineage.hypervisor import Hypervisor
        from lineage.sources.live import LiveSource
        from lineage.store import Store

        with Hypervisor(DEFAULT) as hypervisor, Store(path) as store:
            report = store.ingest(LiveSource(hypervisor))
        return [report.added, report.equal]

    def _parent(self, snapshot: Any) -> str | None:
        try:
            return str(snapshot.getParent().getName())
        except self._lib.libvirtError as error:
            if error.get_error_code() != self._lib.VIR_ERR_NO_DOMAIN_SNAPSHOT:
                raise
            return None

    def answer(self, request: list[Any]) -> dict[str, Any]:
        """Do what a request asks for."""
        method, *args = request
        try:
            return {"result": getattr(self, method)(*args)}
        except self._lib.libvirtError as error:
            text = error.get_error_message()
            return {"refused": [error.get_error_domain(), error.get_error_code(), text]}


def main() -> None:
    """Answer until standard input ends."""
    world = World()
    for line in sys.stdin:
        print(json.dumps(world.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
