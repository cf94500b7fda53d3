"""libvirt: the only module that imports it, and not before a connection is asked for.

Everything that libvirt refuses is a `HypervisorError` with libvirt's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from lineage.errors import HypervisorError, NotFound

__all__ = ["Hypervisor", "LiveDomain", "LiveSnapshot", "Look"]

_LOOKS: Final = 4  # how often to list again because somebody made or deleted a snapshot
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_PASSWORD: Final = re.compile(r"(?<=://)([^/@:]*):[^/@]*@")


class LiveSnapshot(msgspec.Struct, frozen=True, gc=False):
    """A snapshot as libvirt prints it.

    Attributes:
        xml: the document, without ``<active>``.
        secure: it was dumped with its passwords.
    """

    name: str
    xml: bytes
    secure: bool


class Look(msgspec.Struct, frozen=True):
    """All of a domain's snapshots at one moment.

    Attributes:
        snapshots: parents before their children.
        current: name of the current one, None if there is none.
    """

    snapshots: list[LiveSnapshot]
    current: str | None


class Hypervisor:
    """A connection to libvirt. Use it in one thread, and close it.

    Opening one registers an error handler with libvirt that does nothing, since libvirt prints
    errors to stderr otherwise; that is one handler for the whole process. Who has a connection,
    and a handler, uses `over`.

    Attributes:
        uri: what it is connected to; a password in it is shown as ``***``.

    Args:
        uri: as of virsh, such as ``qemu:///system``.
        readonly: libvirt then permits no change, and gives out no passwords.

    Raises:
        HypervisorError: ``no-libvirt``: libvirt-python is not there; ``connection``: libvirt
            cannot connect.
    """

    def __init__(self, uri: str, *, readonly: bool = False) -> None:
        library = _library()
        library.registerErrorHandler(_ignore, None)
        try:
            opened = (library.openReadOnly if readonly else library.open)(uri)
        except library.libvirtError as error:
            shown, reason = _shown(uri), _message(error)
            raise HypervisorError("connection", f"no connection to {shown}: {reason}") from None
        self._begin(library, opened, owned=True)

    @classmethod
    def over(cls, connection: Any) -> Self:
        """Use a virConnect that somebody else made, and closes."""
        hypervisor = cls.__new__(cls)
        hypervisor._begin(_library(), connection, owned=False)
        return hypervisor

    def _begin(self, library: Any, connection: Any, *, owned: bool) -> None:
        self._library = library
        self._connection = connection
        self._owned = owned
        self.secrets = True  # until libvirt denies them
        with self.asking():
            self.uri = _shown(str(connection.getURI()))

    def close(self) -> None:
        """End the connection. Closing twice is harmless."""
        connection, self._connection = self._connection, None
        if connection is not None and self._owned:
            with suppress(self._library.libvirtError):  # it is gone already
                connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def alive(self) -> bool:
        """Whether the connection still is one."""
        with suppress(self._library.libvirtError):
            return bool(self._connection.isAlive())
        return False

    def domains(self) -> list[LiveDomain]:
        """Every domain, defined or running, by name, then by UUID.

        Raises:
            HypervisorError: libvirt refuses.
        """
        with self.asking():
            found = [LiveDomain(self, each) for each in self._connection.listAllDomains()]
        return sorted(found, key=lambda domain: (domain.name, domain.uuid))

    def domain(self, word: str) -> LiveDomain:
        """The domain of that name or UUID.

        Raises:
            NotFound: there is none.
            HypervisorError: libvirt refuses.
        """
        connection = self._connection
        lookups = [connection.lookupByName]
        if _UUID.fullmatch(word):
            lookups.insert(0, connection.lookupByUUIDString)
        for lookup in lookups:
            with self.asking(self._library.VIR_ERR_NO_DOMAIN):
                return LiveDomain(self, lookup(word))
        raise NotFound(f"libvirt has no domain {word!r} at {self.uri}")

    @contextmanager
    def asking(self, *accepted: int) -> Iterator[None]:
        """Turn what libvirt raises into a `HypervisorError`, but for some codes: they pass."""
        try:
            yield
        except self._library.libvirtError as error:
            if error.get_error_code() not in accepted:
                raise HypervisorError("libvirt", _message(error)) from None

    def dump(self, handle: Any) -> tuple[str, bool]:
        """A snapshot's XML, with its passwords if libvirt permits that, and whether it does.

        Raises:
            libvirtError: whatever libvirt raises.
        """
        library = self._library
        if self.secrets:
            try:
                return handle.getXMLDesc(library.VIR_DOMAIN_SNAPSHOT_XML_SECURE), True
            except library.libvirtError as error:
                denied = library.VIR_ERR_OPERATION_DENIED, library.VIR_ERR_ACCESS_DENIED
                if error.get_error_code() not in denied:
                    raise
        text: str = handle.getXMLDesc(0)
        self.secrets = False
        return text, False


class LiveDomain:
    """A domain that libvirt has.

    Attributes:
        name: its name.
        uuid: its UUID, canonical.
    """

    def __init__(self, hypervisor: Hypervisor, handle: Any) -> None:
        self._hypervisor = hypervisor
        self._library = hypervisor._library
        self._handle = handle
        self.name = str(handle.name())
        self.uuid = str(handle.UUIDString())

    def __repr__(self) -> str:
        return f"<LiveDomain {self.name!r} {self.uuid}>"

    def look(self) -> Look:
        """All snapshots, as of one moment: if they change meanwhile it looks again.

        Raises:
            HypervisorError: libvirt refuses; they kept changing.
        """
        for _ in range(_LOOKS):
            before = self._names_and_current()
            snapshots = self._dumped()
            if self._names_and_current() == before and before[0] == {s.name for s in snapshots}:
                return Look(snapshots, before[1])
        raise HypervisorError("busy", f"the snapshots of {self.name!r} keep changing")

    def current(self) -> str | None:
        """Name of the current snapshot, None if there is none.

        Raises:
            HypervisorError: libvirt refuses.
        """
        with self._asking(self._library.VIR_ERR_NO_DOMAIN_SNAPSHOT):
            if self._handle.hasCurrentSnapshot():
                return str(self._handle.snapshotCurrent().getName())
        return None

    def redefine(self, xml: bytes, *, current: bool = False) -> bytes:
        """Define a snapshot by its document (REDEFINE), and give what libvirt prints of it then.

        Args:
            current: make it the current one.

        Raises:
            HypervisorError: libvirt refuses.
        """
        flags = self._library.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
        if current:
            flags |= self._library.VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT
        with self._asking():
            handle = self._handle.snapshotCreateXML(xml.decode(), flags)
            return self._hypervisor.dump(handle)[0].encode()

    def _asking(self, *accepted: int) -> Any:
        return self._hypervisor.asking(*accepted)

    def _names_and_current(self) -> tuple[set[str], str | None]:
        with self._asking():
            names = {str(each.getName()) for each in self._handle.listAllSnapshots()}
        return names, self.current()

    def _dumped(self) -> list[LiveSnapshot]:
        with self._asking():
            order = self._library.VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL
            handles = self._handle.listAllSnapshots(order)
        snapshots: list[LiveSnapshot] = []
        for handle in handles:
            with self._asking(self._library.VIR_ERR_NO_DOMAIN_SNAPSHOT):
                xml, secure = self._hypervisor.dump(handle)
                snapshots.append(LiveSnapshot(str(handle.getName()), xml.encode(), secure))
        return snapshots


def _library() -> Any:
    try:
        import libvirt
    except ImportError:
        message = "libvirt-python is not installed: pip install 'lineage-store[libvirt]'"
        raise HypervisorError("no-libvirt", message) from None
    return libvirt


def _ignore(_context: object, _error: object) -> None:
    """Take the place of libvirt's handler, which prints."""


def _message(error: Any) -> str:
    return str(error.get_error_message() or error)


def _shown(uri: str) -> str:
    return _PASSWORD.sub(r"\1:***@", uri)
