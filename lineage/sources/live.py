"""A running libvirt as a source of documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lineage.errors import HypervisorError
from lineage.hypervisor import Hypervisor
from lineage.sources.base import Document, SourceError
from lineage.sources.paths import label

__all__ = ["LiveSource"]

_END: Final = b"</domainsnapshot>"


class LiveSource:
    """All snapshots of some domains, or of all, as libvirt would keep them on disk.

    The documents have ``<active>`` and their passwords, as in libvirt's own files; they are not
    given without them, since nothing in a document says that it lacks some (`lineage.capture`
    records that).

    Args:
        hypervisor: an open connection, asked by each iteration.
        domains: names or UUIDs; none: all.

    Raises:
        NotFound: libvirt has no such domain.
        HypervisorError: libvirt cannot be asked.
    """

    def __init__(self, hypervisor: Hypervisor, *domains: str) -> None:
        chosen = [hypervisor.domain(word) for word in domains]
        self._domains = chosen or hypervisor.domains()
        self.name = f"libvirt+{hypervisor.uri}"
        self.total: int | None = None

    def __iter__(self) -> Iterator[Document]:
        """Yield every snapshot, its label ``DOMAIN/SNAPSHOT``; see `Source`."""
        done = 0
        for domain in self._domains:
            try:
                look = domain.look()
            except HypervisorError as error:
                failure = SourceError("unreadable", error.message)
                yield Document(label(domain.name.encode()), b"", domain.name, failure, done)
                continue
            for shot in look.snapshots:
                place = label(f"{domain.name}/{shot.name}".encode())
                if not shot.secure:
                    failure = SourceError("unreadable", "libvirt denies its passwords")
                    yield Document(place, b"", domain.name, failure, done)
                    continue
                active = b"  <active>%d</active>\n" % (shot.name == look.current)
                before, _, behind = shot.xml.rpartition(_END)
                done += len(shot.xml)
                data = before + active + _END + behind
                yield Document(place, data, domain.name, None, done)
