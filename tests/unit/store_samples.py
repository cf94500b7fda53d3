"""Snapshot documents as libvirt prints them, and archives of them, for the store's tests."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

from lineage.sources import Document

A = "0b5c3a52-6d5e-4b0e-8f60-3f1f1d0c9a01"
B = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
NOON = 1_351_000_000


def body(uuid: str | None = A, domain: str = "vm", memory: int = 1048576) -> str:
    """A `<domain>` as it stands in a snapshot."""
    known = "" if uuid is None else f"    <uuid>{uuid}</uuid>\n"
    return (
        f"  <domain type='kvm'>\n    <name>{escape(domain)}</name>\n{known}"
        f"    <memory unit='KiB'>{memory}</memory>\n  </domain>\n"
    )


def snapshot(
    name: str = "s1",
    parent: str | None = None,
    created: int = NOON,
    *,
    description: str = "",
    domain: str | None = body(),
    active: int | None = None,
) -> bytes:
    """A canonical document, with the domain's XML as `body` gives it."""
    words = f"  <description>{escape(description)}</description>\n" if description else ""
    above = f"  <parent>\n    <name>{escape(parent)}</name>\n  </parent>\n" if parent else ""
    current = "" if active is None else f"  <active>{active}</active>\n"
    return (
        f"<domainsnapshot>\n  <name>{escape(name)}</name>\n{words}  <state>shutoff</state>\n"
        f"{above}  <creationTime>{created}</creationTime>\n  <memory snapshot='no'/>\n"
        f"{domain or ''}{current}</domainsnapshot>\n"
    ).encode()


def chain(*names: str, active: str = "") -> list[bytes]:
    """Documents of a line of snapshots, each the child of the one before."""
    parents = (None, *names)
    return [
        snapshot(name, parents[n], NOON + n, active=int(name == active))
        for n, name in enumerate(names)
    ]


class Papers:
    """A source of documents that a test makes up.

    A document without a label of its own gets its number; `hint` is the directory of all.
    """

    def __init__(self, documents: Iterable[bytes | Document], hint: str | None = None) -> None:
        self.name = "papers"
        self.documents = [
            each if isinstance(each, Document) else Document(f"{n}.xml", each, hint, None, n + 1)
            for n, each in enumerate(documents)
        ]
        self.total: int | None = len(self.documents)

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.documents)


def tar(files: Mapping[str, bytes]) -> bytes:
    """A plain tar archive of these files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()
