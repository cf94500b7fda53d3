"""libvirt's refusals: those of the snapshot's parser, with our code, and all the others.

An error is told by its domain, its code and its text. What the canonicalizer leaves to libvirt
(a domain's semantics, alignment of disks, rules of redefining) is listed below the parser's own.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from .libvirt_child import Refused

__all__ = ["ELSEWHERE", "PARSERS", "Rule", "elsewhere", "our_codes"]

# Numbers of virErrorDomain and virErrorNumber.
_NONE: Final = 0
_XML: Final = 5
_DOMAIN: Final = 20
_CPU: Final = 31
_SNAPSHOT: Final = 35
_INTERNAL: Final = 1
_NO_SOURCE: Final = 19
_XML_ERROR: Final = 27
_XML_DETAIL: Final = 35
_UNSUPPORTED: Final = 67
_OVERFLOW: Final = 82
_INVALID_ARG: Final = 8


class Rule(NamedTuple):
    """A refusal, and what it means."""

    domain: int
    code: int
    text: str
    means: str

    def holds(self, refused: Refused) -> bool:
        """Whether it is this one."""
        told = (refused.domain, refused.code)
        return told == (self.domain, self.code) and bool(re.search(self.text, refused.message))


# The class of an XMLError is told by its name here; of a SnapshotError this is the code. Where
# libvirt has one text for two of our codes, both are here.
PARSERS: Final = (
    Rule(_SNAPSHOT, _XML_DETAIL, "", "XMLError"),
    Rule(_XML, _XML_ERROR, "expecting root element of 'domainsnapshot'", "not-a-snapshot"),
    Rule(_SNAPSHOT, _XML_ERROR, "redefined snapshot must have a name", "name-missing"),
    Rule(_SNAPSHOT, _INTERNAL, "missing creationTime", "creation-time-missing"),
    Rule(_SNAPSHOT, _INTERNAL, "missing creationTime", "creation-time-invalid"),
    Rule(_SNAPSHOT, _XML_ERROR, "missing state", "state-missing"),
    Rule(_SNAPSHOT, _UNSUPPORTED, "Invalid state", "state-invalid"),
    Rule(_DOMAIN, _INTERNAL, "malformed uuid element", "domain-uuid-invalid"),
    Rule(_XML, _XML_ERROR, "'snapshot' in element 'memory'", "memory-snapshot-invalid"),
    Rule(_SNAPSHOT, _XML_ERROR, "'manual' memory snapshot mode", "memory-manual"),
    Rule(_SNAPSHOT, _XML_ERROR, "filename .* requires external", "memory-file-requires-external"),
    Rule(_SNAPSHOT, _XML_ERROR, "require a filename", "memory-external-requires-file"),
    Rule(_SNAPSHOT, _XML_ERROR, "cannot be saved with offline or disk-only", "memory-offline"),
    Rule(_SNAPSHOT, _XML_ERROR, "file path .* must be absolute", "memory-file-relative"),
    Rule(_SNAPSHOT, _INTERNAL, "missing name from disk", "disk-name-missing"),
    Rule(_XML, _XML_ERROR, "'snapshot' in element 'disk'", "disk-snapshot-invalid"),
    Rule(_XML, _XML_ERROR, "'type' in element 'disk'", "disk-type-invalid"),
    Rule(_SNAPSHOT, _XML_ERROR, "unsupported disk snapshot type", "disk-type-unsupported"),
    Rule(_SNAPSHOT, _UNSUPPORTED, "unknown disk snapshot driver", "disk-driver-invalid"),
    Rule(_XML, _XML_ERROR, "attribute './driver/metadata_cache/max_size'", "disk-cache-invalid"),
    Rule(_NONE, _INVALID_ARG, "unknown suffix", "disk-cache-invalid"),
    Rule(_NONE, _OVERFLOW, "value too large", "disk-cache-invalid"),
    Rule(_SNAPSHOT, _XML_ERROR, "image path .* must be absolute", "disk-path-relative"),
    Rule(_XML, _XML_ERROR, "Missing required attribute 'protocol'", "disk-protocol-missing"),
    Rule(_XML, _XML_ERROR, "'protocol' in element 'source'", "disk-protocol-invalid"),
)
# Nothing that the canonicalizer could know: it looks at no device.
ELSEWHERE: Final = (
    Rule(_SNAPSHOT, _UNSUPPORTED, "too many disk snapshot requests", "disks the domain has not"),
    Rule(_SNAPSHOT, _UNSUPPORTED, "no disk named", "disks the domain has not"),
    Rule(_DOMAIN, _UNSUPPORTED, "conflicts with SCSI host device", "two devices at one address"),
)


def our_codes(refused: Refused) -> set[str]:
    """The codes with which the canonicalizer refuses what libvirt's parser refuses so."""
    return {rule.means for rule in PARSERS if rule.holds(refused)}


def elsewhere(refused: Refused) -> str | None:
    """What the refusal means, if it is one of those that are not the snapshot parser's."""
    return next((rule.means for rule in ELSEWHERE if rule.holds(refused)), None)
