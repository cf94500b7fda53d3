"""Event records, their tags on disk, and the codec.

An event on disk is (tag, schema, payload): small integers and a MessagePack array, never
a Python path. A new layout of an event is a new schema number and an entry in `UPCASTERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from lineage.errors import Damaged
from lineage.model import Secure

__all__ = [
    "SCHEMAS",
    "TAGS",
    "UNREADABLE",
    "UPCASTERS",
    "Annotated",
    "CurrentChanged",
    "Defined",
    "Deleted",
    "EventData",
    "Redefined",
    "Renamed",
    "Undefined",
    "decode",
    "encode",
]


class _Definition(msgspec.Struct, frozen=True, gc=False):
    """What a defined and a redefined event hold.

    Attributes:
        name: the snapshot's name, as in the head.
        head: MessagePack of `lineage.model.Head`.
        digest: SHA-256 of the whole canonical document as given, without ``<active>``.
        domain, inactive_domain, cookie: SHA-256 of the bodies, None where absent.
        domain_name: the domain's name in the body, None where the body has none.
        canon: version of the canonical form.
        bare: `domain` is there and has no type, so that libvirt takes it for none.
    """

    name: str
    head: bytes
    digest: bytes
    domain: bytes | None = None
    inactive_domain: bytes | None = None
    cookie: bytes | None = None
    domain_name: str | None = None
    secure: Secure = Secure.UNKNOWN
    canon: int = 1
    bare: bool = False

    @property
    def bodies(self) -> tuple[bytes, ...]:
        """Digests of the bodies that are there."""
        domain, inactive, cookie = self.domain, self.inactive_domain, self.cookie
        if domain is not None and inactive is cookie is None:
            return (domain,)
        return tuple(d for d in (domain, inactive, cookie) if d is not None)


class Defined(_Definition, frozen=True, gc=False):
    """A snapshot that the domain did not have."""


class Redefined(_Definition, frozen=True, gc=False):
    """Another document for a snapshot that the domain has."""


class _UsualPayload(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A definition as stored: the head as it is, and the name in it alone."""

    head: msgspec.Raw
    digest: bytes
    domain: bytes | None = None
    inactive_domain: bytes | None = None
    cookie: bytes | None = None
    domain_name: str | None = None
    secure: Secure = Secure.UNKNOWN
    canon: int = 1


class _Payload(_UsualPayload, array_like=True, frozen=True, gc=False):
    """All fields: the last is written only where it says something."""

    bare: bool = False


class _Named(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The first field of a head."""

    name: str


class Deleted(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A snapshot went away: ``single``, ``children`` (with descendants) or ``children-only``."""

    name: str
    scope: str = "single"


class CurrentChanged(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Another snapshot became current; None: none is."""

    name: str | None


class Renamed(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A snapshot got another name."""

    old: str
    new: str


class Undefined(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The domain was undefined and its snapshots with it."""


class Annotated(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Words of somebody's own were put to a snapshot, or to the domain.

    Attributes:
        name: of the snapshot; None: it is the domain.
        changes: what each key says now; None: nothing any more.
    """

    name: str | None
    changes: dict[str, str | None]


EventData = Defined | Redefined | Deleted | CurrentChanged | Renamed | Undefined | Annotated

# Tags are for ever: a tag is never given to another event.
TAGS: Final[dict[type[Any], int]] = {
    Defined: 1,
    Redefined: 2,
    Deleted: 3,
    CurrentChanged: 4,
    Renamed: 5,
    Undefined: 6,
    Annotated: 7,
}
SCHEMAS: Final[dict[type[Any], int]] = dict.fromkeys(TAGS, 1)
# What msgspec raises of bytes that are no such record.
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
# (tag, old schema) -> the payload in the next schema, or one of UNREADABLE. An entry is for ever,
# and so is what it makes of a payload.
UPCASTERS: Final[dict[tuple[int, int], Callable[[bytes], bytes]]] = {}

_TYPES: Final = {tag: kind for kind, tag in TAGS.items()}
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODERS: Final = {
    tag: msgspec.msgpack.Decoder(kind)
    for kind, tag in TAGS.items()
    if not issubclass(kind, _Definition)
}
_PAYLOAD: Final = msgspec.msgpack.Decoder(_Payload)
_NAMED: Final = msgspec.msgpack.Decoder(_Named)
_Raw: Final = msgspec.Raw


def encode(data: EventData) -> tuple[int, int, bytes]:
    """Return (tag, schema, payload) as stored."""
    kind = type(data)
    payload: msgspec.Struct = data
    if isinstance(data, _Definition):
        # positional: this is done for every document of an import
        fields = (
            _Raw(data.head),
            data.digest,
            data.domain,
            data.inactive_domain,
            data.cookie,
            data.domain_name,
            data.secure,
            data.canon,
        )
        payload = _Payload(*fields, True) if data.bare else _UsualPayload(*fields)
    return TAGS[kind], SCHEMAS[kind], _ENCODER.encode(payload)


def decode(tag: int, schema: int, payload: bytes) -> EventData:
    """Return the event that `encode` was given, whatever schema it was stored in.

    Raises:
        Damaged: no such tag or schema, or the payload is not of that shape.
    """
    kind = _TYPES.get(tag)
    if kind is None:
        raise Damaged(f"event tag {tag} is unknown to this release")
    if schema > SCHEMAS[kind]:
        raise Damaged(f"event tag {tag} has a newer schema {schema}")
    try:
        for older in range(schema, SCHEMAS[kind]):
            upcast = UPCASTERS.get((tag, older))
            if upcast is None:
                raise Damaged(f"event tag {tag} has no schema {older}")
            payload = upcast(payload)
        if issubclass(kind, _Definition):
            return _definition(kind, payload)
        data: EventData = _DECODERS[tag].decode(payload)
    except UNREADABLE as error:
        raise Damaged(f"payload of an event with tag {tag} cannot be read: {error}") from None
    return data


def _definition(kind: type[Any], payload: bytes) -> EventData:
    stored = _PAYLOAD.decode(payload)
    data: EventData = kind(
        _NAMED.decode(stored.head).name,
        bytes(stored.head),
        stored.digest,
        stored.domain,
        stored.inactive_domain,
        stored.cookie,
        stored.domain_name,
        stored.secure,
        stored.canon,
        stored.bare,
    )
    return data
