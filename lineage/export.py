"""Export: snapshots as libvirt keeps them on disk, ``snapshot/DOMAIN/NAME.xml``."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from lineage import documents, filenames
from lineage.sinks import Sink, open_sink
from lineage.store import Store
from lineage.tree import Tree
from lineage.views import At

__all__ = ["COMMENT", "ExportNote", "ExportReport", "export"]

# What libvirt writes before each document, and the same in every version.
COMMENT: Final = b"""\
<!--
WARNING: THIS IS AN AUTO-GENERATED FILE. CHANGES TO IT ARE LIKELY TO BE
OVERWRITTEN AND LOST. Changes to this xml configuration should be made using:
  virsh snapshot-edit
or other application using the libvirt API.
-->

"""


class ExportNote(msgspec.Struct, frozen=True, gc=False):
    """Something that the user may want to know.

    Attributes:
        domain: key of the domain's events.
        code: ``same-name``: another domain has that name, and the directory;
            ``same-file``: another snapshot has that file name; ``no-snapshots``: the domain
            was named and has none then.
        message: the same in words.
    """

    domain: str
    code: str
    message: str


class ExportReport(msgspec.Struct):
    """What was written.

    Attributes:
        domains: how many have a directory.
        snapshots: how many files. 0: nothing was created.
    """

    domains: int = 0
    snapshots: int = 0
    notes: list[ExportNote] = []


def export(
    store: Store,
    target: str | os.PathLike[str],
    domains: Iterable[str] | Mapping[str, At | None] | None = None,
    at: At | None = None,
) -> ExportReport:
    """Write snapshots in libvirt's layout: its leading comment, and ``<active>`` in each.

    Files hold exactly what libvirt would have written, passwords included; their mode is
    0600. Names that cannot be file names are encoded as `lineage.filenames` says. Of domains
    with one name the first by UUID has the directory ``NAME``, the others ``NAME~UUID``.

    Args:
        target: a directory that is empty or not there, or a file ``*.tar`` that is not there.
        domains: names or UUIDs; or a mapping of them to moments of their own, which hold in
            place of `at`; None: all.
        at: as of this moment, see `Store.tree`.

    Raises:
        LineageError: there is something at the target; nothing was written.
        NotFound, Ambiguous, ValueError: see `Store.tree`; nothing was written. ValueError also
            for two moments of one domain.
        Damaged: a document is not what was recorded; nothing was written.
    """
    report = ExportReport()
    named = None if domains is None else _moments(store, domains, at)
    streams = [info.stream for info in store.domains()]
    with open_sink(target) as sink:
        folders: set[str] = set()
        for stream in streams:
            if named is not None and stream not in named:
                continue
            tree = store.tree(stream, at if named is None else named[stream])
            if len(tree):
                _write(store, tree, _folder(tree, folders, report), sink, report)
            elif named is not None:
                report.notes.append(ExportNote(stream, "no-snapshots", "no snapshots then"))
        sink.commit()
    return report


def _moments(
    store: Store, domains: Iterable[str] | Mapping[str, At | None], at: At | None
) -> dict[str, At | None]:
    """As of when each stream is wanted."""
    wanted = domains if isinstance(domains, Mapping) else dict.fromkeys(domains, at)
    found: dict[str, At | None] = {}
    for domain, moment in wanted.items():
        if found.setdefault(store.resolve(domain), moment) != moment:
            raise ValueError(f"two moments of domain {domain!r}")
    return found


def _write(store: Store, tree: Tree, folder: str, sink: Sink, report: ExportReport) -> None:
    current, used = tree.current, set[str]()
    for node, _ in tree.walk():
        file = filenames.encode(node.name)
        if file in used:
            # A name can look like the cut form of another one.
            file = hashlib.sha256(node.name.encode()).hexdigest()
            message = f"its file is {file}.xml, since another snapshot has its file name"
            report.notes.append(ExportNote(tree.stream, "same-file", message))
        used.add(file)
        xml = documents.document(store.log, node, active=node.name == current)
        sink.add(folder, f"{file}.xml", COMMENT + xml, node.creation_time)
    report.domains += 1
    report.snapshots += len(tree)


def _folder(tree: Tree, used: set[str], report: ExportReport) -> str:
    """A directory name of the domain's own."""
    name = tree.domain_name or tree.stream
    wanted = folder = filenames.encode(name, suffix="")
    tries = 0
    while folder in used:
        other = f"{name}~{tree.stream}" if tries == 0 else f"{tree.stream}~{tries}"
        folder, tries = filenames.encode(other, suffix=""), tries + 1
    if folder != wanted:
        message = f"its directory is {folder}, since another domain has its name"
        report.notes.append(ExportNote(tree.stream, "same-name", message))
    used.add(folder)
    return folder
