"""Looks domains over: those of a store, or those of documents that are in none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from lineage.doctor.disks import disks
from lineage.doctor.finding import CODES, Finding
from lineage.doctor.links import current, links
from lineage.doctor.names import names
from lineage.ingest import Progress, Report, ingest
from lineage.log.memory import MemoryLog
from lineage.past import replay
from lineage.sources import Source
from lineage.store import Store

__all__ = ["examine", "examine_documents"]

_REMEDIES: Final = {
    "several-current": "say which one is (lineage record current)",
    "duplicates": "keep one of them",
}


def examine(store: Store, domain: str) -> list[Finding]:
    """Say what is wrong with a domain's snapshots, nothing if all is well.

    Args:
        domain: see `lineage.store.Store`.

    Raises:
        NotFound, Ambiguous: see `Store.tree`.
        Damaged: what is stored is not what was recorded.
    """
    tree = store.tree(domain)
    findings = [link.finding for link in links(tree, lambda: replay(store.log, tree.stream))]
    findings += current(tree)
    findings += disks(tree, store.log)
    findings += names(tree)
    return findings


def examine_documents(sources: Iterable[Source], progress: Progress | None = None) -> list[Finding]:
    """Say what is wrong with the snapshots of directories, files and archives: no store is used.

    Args:
        sources: together they are what an import would make of them.
        progress: see `lineage.ingest.ingest`.
    """
    with Store.over(MemoryLog()) as store:
        report = ingest(lambda: store.log, sources, progress=progress)
        findings = list(_unreadable(report))
        names = {info.stream: info.name for info in store.domains()}
        for note in report.notes:
            if note.code in _REMEDIES:
                findings.append(
                    Finding(
                        note.code,
                        CODES[note.code][0],
                        note.message,
                        _REMEDIES[note.code],
                        note.label,
                        names.get(note.label),
                    )
                )
        for stream in names:
            findings += examine(store, stream)
    return findings


def _unreadable(report: Report) -> Iterator[Finding]:
    severity, _ = CODES["unreadable"]
    for failure in report.failures:
        where = "" if failure.offset is None else f", byte {failure.offset}"
        message = f"{failure.label}: {failure.message} ({failure.code}{where})"
        yield Finding("unreadable", severity, message, "find another copy of it")
