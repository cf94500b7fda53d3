"""A stand-in for libvirt's module, for what the real one does only with bad luck.

It decides nothing about snapshots: what it has is what a test put there. What libvirt accepts and
prints is for the tests of `tests/conformance`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from .store_samples import A

VIR_ERR_OPERATION_DENIED = 29
VIR_ERR_NO_DOMAIN = 42
VIR_ERR_NO_DOMAIN_SNAPSHOT = 72
VIR_ERR_ACCESS_DENIED = 88
VIR_ERR_INTERNAL_ERROR = 1
SECURE = 1


class libvirtError(Exception):
    """As libvirt raises it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self._code, self._message = code, message

    def get_error_code(self) -> int:
        return self._code

    def get_error_message(self) -> str:
        return self._message


class Snapshot:
    """A handle of a snapshot, which may be gone when it is used."""

    def __init__(self, domain: Domain, name: str) -> None:
        self._domain, self._name = domain, name

    def getName(self) -> str:
        return self._name

    def getXMLDesc(self, flags: int) -> str:
        self._domain.connection.happen()
        if flags & SECURE and self._domain.connection.denied:
            raise libvirtError(self._domain.connection.denied, "no passwords for you")
        if self._name not in self._domain.documents:
            raise libvirtError(VIR_ERR_NO_DOMAIN_SNAPSHOT, f"no snapshot {self._name}")
        return self._domain.documents[self._name]


class Domain:
    """A domain: `documents` by name, parents first, and the `current` one."""

    def __init__(self, connection: Connection, name: str, uuid: str) -> None:
        self.connection, self._name, self._uuid = connection, name, uuid
        self.documents: dict[str, str] = {}
        self.current: str | None = None
        self.broken = False

    def name(self) -> str:
        return self._name

    def UUIDString(self) -> str:
        return self._uuid

    def listAllSnapshots(self, flags: int = 0) -> list[Snapshot]:
        self.connection.happen()
        if self.broken:
            raise libvirtError(VIR_ERR_INTERNAL_ERROR, f"{self._name} is locked")
        return [Snapshot(self, name) for name in self.documents]

    def hasCurrentSnapshot(self) -> bool:
        return self.current is not None

    def snapshotCurrent(self) -> Snapshot:
        if self.current is None:
            raise libvirtError(VIR_ERR_NO_DOMAIN_SNAPSHOT, "no current snapshot")
        return Snapshot(self, self.current)


class Connection:
    """What `open` gives.

    Attributes:
        domains: it has these.
        denied: the code with which it denies passwords; 0: it does not.
        events: each call to libvirt takes one of them, and does it first.
    """

    def __init__(self) -> None:
        self.domains = [Domain(self, "vm", A)]
        self.denied = 0
        self.alive = True
        self.closed = False
        self.events: list[Callable[[], object]] = []

    def happen(self) -> None:
        if not self.alive:
            raise libvirtError(VIR_ERR_INTERNAL_ERROR, "the connection was closed")
        if self.events:
            self.events.pop(0)()

    def getURI(self) -> str:
        return "fake://admin:geheim@host/system"

    def isAlive(self) -> bool:
        return self.alive

    def close(self) -> None:
        self.closed = True

    def listAllDomains(self) -> list[Domain]:
        self.happen()
        return list(self.domains)

    def lookupByName(self, name: str) -> Domain:
        return self._found([each for each in self.domains if each.name() == name])

    def lookupByUUIDString(self, uuid: str) -> Domain:
        return self._found([each for each in self.domains if each.UUIDString() == uuid])

    def _found(self, domains: list[Domain]) -> Domain:
        if not domains:
            raise libvirtError(VIR_ERR_NO_DOMAIN, "no such domain")
        return domains[0]


class Module:
    """The module: everything that `lineage.hypervisor` takes from it."""

    libvirtError = libvirtError
    VIR_ERR_OPERATION_DENIED = VIR_ERR_OPERATION_DENIED
    VIR_ERR_ACCESS_DENIED = VIR_ERR_ACCESS_DENIED
    VIR_ERR_NO_DOMAIN = VIR_ERR_NO_DOMAIN
    VIR_ERR_NO_DOMAIN_SNAPSHOT = VIR_ERR_NO_DOMAIN_SNAPSHOT
    VIR_DOMAIN_SNAPSHOT_XML_SECURE = SECURE
    VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL = 1024

    def __init__(self) -> None:
        self.connection = Connection()
        self.opened: list[str] = []
        self.handlers = 0

    def registerErrorHandler(self, handler: object, context: object) -> None:
        self.handlers += 1

    def open(self, uri: str) -> Connection:
        self.opened.append(uri)
        if not self.connection.alive:
            raise libvirtError(VIR_ERR_INTERNAL_ERROR, "connection refused")
        return self.connection

    openReadOnly = open


def installed(monkeypatch: pytest.MonkeyPatch) -> Module:
    """Put the stand-in in the place of libvirt."""
    module = Module()
    monkeypatch.setitem(sys.modules, "libvirt", module)  # type: ignore[arg-type]
    return module
