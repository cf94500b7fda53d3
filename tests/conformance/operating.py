"""An operator beside a live libvirt: snapshots that it is given, and `lineage` run against it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from .libvirt_child import DEFAULT, LiveLibvirt

NOON: Final = 1_700_000_000
MACHINE: Final = "<memory>8388608</memory><os><type>hvm</type></os>"


class Operator:
    """Works on the test driver's domain ``test``, with a store of one's own.

    Attributes:
        live: libvirt, in a fresh world.
        uuid: the domain's.
    """

    def __init__(self, live: LiveLibvirt, store: Path) -> None:
        self.live = live
        self.store = store
        self.uuid: str = live.call("open")

    def lineage(self, command: str, *args: str | Path, status: int = 0) -> str:
        """Run a command that talks to libvirt; it must end with this status."""
        return self.plain(command, *args, "--connect", DEFAULT, status=status)

    def plain(self, command: str, *args: str | Path, status: int = 0) -> str:
        """Run a command that asks the store alone."""
        given = [command, *map(str, args), "--store", str(self.store)]
        done = self.live.call("lineage", *given)
        assert done["status"] == status, done["output"]
        return str(done["output"])

    def told(self, command: str, *args: str | Path, status: int = 0) -> Any:
        """Run a command that talks to libvirt with ``--json``."""
        return json.loads(self.lineage(command, *args, "--json", status=status))

    def document(
        self,
        name: str,
        parent: str | None = None,
        created: int = NOON,
        *,
        state: str = "shutoff",
        devices: str = "",
        text: str = "",
    ) -> str:
        """A snapshot of the domain."""
        above = f"<parent><name>{escape(parent)}</name></parent>" if parent else ""
        return (
            f"<domainsnapshot><name>{escape(name)}</name><description>{text}</description>"
            f"<state>{state}</state>{above}<creationTime>{created}</creationTime>"
            f"<domain type='test'><name>test</name><uuid>{self.uuid}</uuid>{MACHINE}"
            f"<devices>{devices}</devices></domain></domainsnapshot>"
        )

    def chain(self, names: Sequence[str]) -> dict[str, str]:
        """Documents of a line of snapshots, each the child of the one before."""
        parents = (None, *names)
        return {name: self.document(name, parents[n], NOON + n) for n, name in enumerate(names)}

    def kept(self) -> bool:
        """Whether the store has any snapshot of the domain."""
        return json.loads(self.plain("list", "test", "--json")) != []

    def fresh_world(self) -> None:
        """Another libvirt, with the same domain and without snapshots."""
        assert self.live.call("open") == self.uuid

    def seen(self) -> Any:
        """Everything that libvirt tells of the domain's snapshots."""
        return self.live.call("everything")


def write_files(directory: Path, documents: Iterable[tuple[str, str]]) -> Path:
    """Loose files, as somebody kept them: each named by its snapshot."""
    directory.mkdir()
    for name, text in documents:
        (directory / f"{name}.xml").write_text(text, encoding="utf-8")
    return directory
