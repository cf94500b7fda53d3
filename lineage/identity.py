"""Which domain a word or a document means. A domain is its UUID.

A *word* is what a caller says: a UUID in any form libvirt reads, a stream's key, or a name.
A name means the domain that bears it now and is not undefined; an undefined domain is reached
by its UUID alone, since its name may be another's by now.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from lineage.canon import Parts
from lineage.errors import Ambiguous, NotFound, SnapshotError
from lineage.views import DomainInfo

__all__ = ["named", "resolve", "stream_of", "stream_of_word", "uuid_of"]

_UUID: Final = re.compile(r"(?:[0-9a-fA-F]{2}-?){15}[0-9a-fA-F]{2}")

Infos = Mapping[str, DomainInfo]


def uuid_of(word: str) -> str | None:
    """Give a UUID in canonical form, None if the word is not one.

    As libvirt's virUUIDParse: any case, blanks around it, dashes or none between the bytes.
    """
    text = word.strip()
    if _UUID.fullmatch(text) is None:
        return None
    digits = text.replace("-", "").lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def resolve(infos: Infos, word: str) -> str:
    """Give the stream of the domain that a word means.

    Raises:
        NotFound: none. Undefined domains that bore the name are listed by UUID.
        Ambiguous: several domains bear the name now; carries their UUIDs.
    """
    for key in (uuid_of(word), word):
        if key is not None and key in infos:
            return key
    bearers = named(infos, word)
    if len(bearers) == 1:
        return bearers[0]
    if bearers:
        raise Ambiguous(f"several domains are called {word!r}", tuple(bearers))
    gone = named(infos, word, undefined=True)
    hint = f"; undefined domains that bore the name: {', '.join(gone)}" if gone else ""
    raise NotFound(f"no domain {word!r}{hint}")


def named(infos: Infos, name: str, *, undefined: bool = False) -> list[str]:
    """Give the streams of the domains of that name, sorted."""
    return sorted(
        info.stream for info in infos.values() if info.name == name and info.undefined == undefined
    )


def stream_of(infos: Infos, parts: Parts, word: str | None) -> str:
    """Give the stream that a document belongs to.

    The UUID in the document decides. Without one, the word does: a UUID, also one never seen;
    ``name:NAME``, for a domain whose UUID nobody knows; or the name of a domain that is there.

    Args:
        infos: the domains that are there.
        parts: the document.
        word: what the caller says, None if nothing.

    Raises:
        SnapshotError: ``domain-mismatch``, the word means another domain than the document;
            ``domain-unknown``, neither says whose snapshot this is.
        NotFound, Ambiguous: the document has no UUID, and no domain, or several, bear the
            name.
    """
    if word is None:
        if parts.uuid is None:
            message = "the document has no domain UUID, and no domain was given"
            raise SnapshotError("domain-unknown", 0, message)
        return parts.uuid
    if parts.uuid is not None:
        if not _agrees(infos, parts, word):
            message = f"the document belongs to domain {parts.uuid}, not to the one given"
            raise SnapshotError("domain-mismatch", 0, message)
        return parts.uuid
    return stream_of_word(infos, word)


def stream_of_word(infos: Infos, word: str) -> str:
    """Give the stream that a word means, also one that has no event yet.

    Raises:
        NotFound, Ambiguous: it can only be a name, and no domain, or several, bear it.
    """
    if word.startswith("name:") and len(word) > len("name:"):
        return word
    uuid = uuid_of(word)
    if uuid is not None and word not in {info.name for info in infos.values()}:
        return uuid
    return resolve(infos, word)


def _agrees(infos: Infos, parts: Parts, word: str) -> bool:
    """Whether the word can mean the document's domain: by UUID, or by a name it bears."""
    return (
        uuid_of(word) == parts.uuid or word == parts.domain_name or parts.uuid in named(infos, word)
    )
