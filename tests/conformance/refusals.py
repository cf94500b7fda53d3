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
_STORAGE: Final = 18
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
_FIELDS: Final = (
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
# What the source of a snapshot's disk may be refused for, in libvirt's order.
_SOURCE: Final = (
    Rule(_DOMAIN, _XML_ERROR, "missing name for disk source", "disk-source-name-missing"),
    Rule(_XML, _XML_ERROR, "'tls' in element 'source'", "disk-tls-invalid"),
    Rule(_XML, _XML_ERROR, "'tlsFromConfig' in element 'source'", "disk-tls-config-invalid"),
    Rule(_DOMAIN, _XML_ERROR, "can't split path", "disk-source-pool-missing"),
    Rule(_DOMAIN, _UNSUPPORTED, "unknown protocol transport", "disk-host-transport-invalid"),
    Rule(_DOMAIN, _XML_ERROR, "missing socket for unix", "disk-host-socket-missing"),
    Rule(_DOMAIN, _XML_ERROR, "does not support socket", "disk-host-socket-unsupported"),
    Rule(_DOMAIN, _XML_ERROR, "missing name for host", "disk-host-name-missing"),
    Rule(_NONE, _INVALID_ARG, "failed to parse port number", "disk-host-port-invalid"),
    Rule(_NONE, _INVALID_ARG, "port '.*' out of range", "disk-host-port-invalid"),
    Rule(_XML, _XML_ERROR, "'verify' in element 'ssl'", "disk-ssl-invalid"),
    Rule(_DOMAIN, _XML_ERROR, "missing cookie name", "disk-cookie-incomplete"),
    Rule(_DOMAIN, _XML_ERROR, "missing value for cookie", "disk-cookie-incomplete"),
    Rule(_STORAGE, _XML_ERROR, "cookie .* contains invalid", "disk-cookie-invalid"),
    Rule(_STORAGE, _XML_ERROR, "duplicate cookie", "disk-cookie-twice"),
    Rule(_DOMAIN, _XML_ERROR, "invalid readahead size or timeout", "disk-readahead-invalid"),
    Rule(_DOMAIN, _XML_ERROR, "invalid readahead size or timeout", "disk-timeout-invalid"),
    Rule(_DOMAIN, _XML_ERROR, "missing 'type' attribute", "disk-source-type-missing"),
    Rule(_DOMAIN, _XML_ERROR, "unsupported source type", "disk-source-type-invalid"),
    Rule(_DOMAIN, _XML_ERROR, "invalid 'type' attribute", "disk-source-type-invalid"),
    Rule(_DOMAIN, _XML_ERROR, "missing 'path' attribute", "disk-source-path-missing"),
    Rule(_DOMAIN, _XML_ERROR, "missing 'namespace' attribute", "disk-namespace-missing"),
    Rule(_DOMAIN, _XML_ERROR, "malformed namespace", "disk-namespace-invalid"),
    Rule(_XML, _XML_ERROR, "'managed' in element 'source'", "disk-managed-invalid"),
    Rule(_DOMAIN, _XML_ERROR, "NVMe disk source is missing address", "disk-address-missing"),
    Rule(_NONE, _XML_ERROR, "Invalid PCI address", "disk-address-invalid"),
    Rule(_XML, _XML_ERROR, "in element '(address|zpci)'", "disk-address-invalid"),
    Rule(_XML, _XML_ERROR, "in element 'reconnect'", "disk-reconnect-invalid"),
    Rule(_STORAGE, _XML_ERROR, "missing username for auth", "disk-auth-username-missing"),
    Rule(_STORAGE, _UNSUPPORTED, "unknown auth type", "disk-auth-type-invalid"),
    Rule(_STORAGE, _XML_ERROR, "Missing <secret> element", "disk-auth-secret-missing"),
    Rule(_NONE, _XML_ERROR, "missing secret uuid or usage", "disk-secret-missing"),
    Rule(_NONE, _XML_ERROR, "either secret uuid or usage", "disk-secret-twice"),
    Rule(_NONE, _XML_ERROR, "invalid secret uuid", "disk-secret-uuid-invalid"),
    Rule(_STORAGE, _XML_ERROR, "encryption format$", "disk-encryption-format-missing"),
    Rule(_STORAGE, _UNSUPPORTED, "encryption format type", "disk-encryption-format-invalid"),
    Rule(_XML, _XML_ERROR, "in element 'encryption'", "disk-encryption-engine-invalid"),
    Rule(_STORAGE, _XML_ERROR, "secret type$", "disk-encryption-secret-type-missing"),
    Rule(_STORAGE, _UNSUPPORTED, "secret type", "disk-encryption-secret-type-invalid"),
    Rule(_STORAGE, _XML_ERROR, "cipher info missing 'name'", "disk-cipher-name-missing"),
    Rule(_XML, _XML_ERROR, "'size' in element 'cipher'", "disk-cipher-size-invalid"),
    Rule(_STORAGE, _XML_ERROR, "but cipher is missing", "disk-ivgen-without-cipher"),
    Rule(_STORAGE, _XML_ERROR, "missing ivgen info name", "disk-ivgen-name-missing"),
    Rule(_XML, _XML_ERROR, "in element 'reservations'", "disk-reservations-managed-invalid"),
    Rule(_STORAGE, _XML_ERROR, "missing .* <reser", "disk-reservations-source-incomplete"),
    Rule(_STORAGE, _XML_ERROR, "unsupported .* <reser", "disk-reservations-source-invalid"),
    Rule(_DOMAIN, _XML_ERROR, "missing offset or size .* slice", "disk-slice-incomplete"),
    Rule(_DOMAIN, _XML_ERROR, "malformed value .* of slice", "disk-slice-invalid"),
    Rule(_DOMAIN, _XML_DETAIL, "seclabel for model .* already", "disk-seclabel-twice"),
    Rule(_XML, _XML_ERROR, "in element 'seclabel'", "disk-seclabel-invalid"),
    Rule(_DOMAIN, _XML_ERROR, "label if relabelling is turned off", "disk-seclabel-label"),
)
PARSERS: Final = _FIELDS + _SOURCE
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
