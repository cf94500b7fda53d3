"""What an import says of itself."""

from __future__ import annotations

import msgspec

__all__ = ["Failure", "Note", "Report"]


class Failure(msgspec.Struct, frozen=True, gc=False):
    """A document, or a whole source, that was not imported.

    Attributes:
        label: the file, as its source names it.
        code: stable short name of the reason.
        offset: byte of the document's UTF-8 form, None where there is no such place.
        message: the reason in words. Holds nothing of the document.
    """

    label: str
    code: str
    offset: int | None
    message: str


class Note(msgspec.Struct, frozen=True, gc=False):
    """Something that the user may want to know, and that is no failure.

    Attributes:
        label: a file, a directory of the source, or the key of a domain's events.
        code: ``known``: this document was the snapshot's before and is not now.
            ``duplicates``: one snapshot had several documents.
            ``several-current``: several snapshots of a domain claimed to be current.
            ``no-uuid``: documents without a domain's UUID; the message says where they went.
            ``missing-parent``: a snapshot whose parent the domain does not have.
            ``cycle``: snapshots that descend from each other.
            ``same-name``: a domain new to the store that is called like another one.
            ``mirror-incomplete``: a mirror deleted nothing of a domain, since not all of its
            documents could be read.
        message: the same in words.
    """

    label: str
    code: str
    message: str


class Report(msgspec.Struct):
    """What became of the documents of one import.

    Attributes:
        documents: snapshot documents found, the failed ones included. 0: there was nothing
            to import.
        added: snapshots that the domain did not have.
        redefined: documents that redefined a snapshot.
        equal: documents that were present already, or came twice.
        known: documents that were in the history and are not present.
        deleted: snapshots that a mirror recorded as deleted.
        failed: documents, and sources, that could not be read.
        passed: domain documents passed over: libvirt keeps ``DOMAIN.xml`` near snapshots.
        events: events appended to the log.
        domains: domains that the documents belong to.
        failures: one for each that failed, in the order of reading.
        notes: what else there is to say.
    """

    documents: int = 0
    added: int = 0
    redefined: int = 0
    equal: int = 0
    known: int = 0
    deleted: int = 0
    failed: int = 0
    passed: int = 0
    events: int = 0
    domains: int = 0
    failures: list[Failure] = []
    notes: list[Note] = []
