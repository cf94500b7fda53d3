"""libvirt itself, in this process: a snapshot is redefined, then printed.

Its test driver is asked: no daemon, no socket and no disk stand between.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import libvirt

__all__ = ["World"]

_UUID: Final = re.compile(rb"<domain .*?<name>(.*?)</name>.*?<uuid>(.*?)</uuid>", re.DOTALL)


class World:
    """A host of the test driver's that has the domains of some documents, and no snapshot yet.

    Args:
        node: where to put the file that describes the host.
        documents: snapshots of domains of type ``test``, a parent before its children.
    """

    def __init__(self, node: Path, documents: Sequence[bytes]) -> None:
        libvirt.registerErrorHandler(lambda *_: None, None)
        self._connection: Any = None
        self._uri = f"test://{node}"
        self._texts = [document.decode() for document in documents]
        self._uuids: list[str] = []
        names: dict[str, str] = {}
        for document in documents:
            found = _UUID.search(document)
            if found is None:
                raise ValueError("a document without a domain")
            self._uuids.append(found[2].decode())
            names[found[2].decode()] = found[1].decode()
        domains = [
            f"<domain type='test'><name>{name}</name><uuid>{uuid}</uuid>"
            "<memory>1024</memory><os><type>hvm</type></os></domain>"
            for uuid, name in names.items()
        ]
        node.write_text(f"<node>{''.join(domains)}</node>")
        self._pairs: list[tuple[Any, str]] = []

    def renew(self) -> None:
        """Open a fresh world, so that snapshots do not pile up."""
        self.close()
        self._connection = libvirt.open(self._uri)
        domains = {each.UUIDString(): each for each in self._connection.listAllDomains()}
        self._pairs = [
            (domains[uuid], text) for uuid, text in zip(self._uuids, self._texts, strict=True)
        ]

    def rewrite(self) -> list[str]:
        """Redefine and print every document, once after each `renew`."""
        flag, secure = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE, libvirt.VIR_DOMAIN_XML_SECURE
        return [
            domain.snapshotCreateXML(text, flag).getXMLDesc(secure) for domain, text in self._pairs
        ]

    def close(self) -> None:
        """Close the connection."""
        self._pairs = []
        if self._connection is not None:
            self._connection.close()
            self._connection = None
