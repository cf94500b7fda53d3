"""The bytes of a bundle (FORMAT.md, "Bundles"), written and read as a stream.

A reader believes nothing: every length is held against a limit before anything is read, and what
it gives out is what the chain of its domain and the digests of its bodies say.
"""

from __future__ import annotations

import hashlib
import struct
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from lineage.check import examined
from lineage.documents import BodySource
from lineage.errors import Damaged, LineageError, NotFound, TooNew
from lineage.events import Defined, EventData, Redefined, decode
from lineage.identity import uuid_of
from lineage.log import frames
from lineage.log.base import StoredEvent
from lineage.log.bodies import MAX_BODY
from lineage.log.chain import GENESIS, link
from lineage.log.checks import DIGEST_SIZE
from lineage.log.meanings import translated

__all__ = ["BundleReader", "BundleWriter", "Span", "bodies_of"]

MAGIC: Final = b"\x89lngb\r\n\x1a"
FORMAT: Final = 1
BLOCK: Final = 1 << 20  # bytes of content that a block holds, at most
MOST_HEADER: Final = 32 << 20
MOST_EVENT: Final = MAX_BODY  # an event with its source and the bodies before it
KEPT_BYTES: Final = 32 << 20  # of bodies that need not come again...
KEPT_BODIES: Final = 1024  # ... and how many

_LARGEST: Final = (1 << 63) - 1
_END: Final = 2  # in place of a block's encoding
_BODY: Final = 1
_EVENT: Final = 2
_WORD: Final = struct.Struct("<I")
_START: Final = struct.Struct("<8sI")
_BLOCK: Final = struct.Struct("<BI")
_SPAN: Final = struct.Struct("<Q32sQ32s")
_RECORD: Final = struct.Struct("<BI")
_ENVELOPE: Final = struct.Struct("<BqIIII")
_NUMBERS: Final = struct.Struct("<qIIII")  # an envelope's, behind its kind
_NAMED: Final = 3  # bodies of an event


class Span(msgspec.Struct, frozen=True, gc=False):
    """What a bundle has of one domain: the events behind one version, up to another.

    Attributes:
        stream: key of the domain's events.
        after: version of the event before the first one, 0 if it is the domain's first.
        before: hash of the domain's chain there.
        version: of the last event.
        hash: of the chain up to that.
    """

    stream: str
    after: int
    before: bytes
    version: int
    hash: bytes


def bodies_of(data: EventData) -> tuple[bytes, ...]:
    """Digests of the bodies that an event names, each once."""
    return tuple(dict.fromkeys(data.bodies)) if isinstance(data, Defined | Redefined) else ()


class Window:
    """The bodies that came last, as far as a reader keeps them: the writer reckons with it."""

    def __init__(self) -> None:
        self._bodies: OrderedDict[bytes, bytes] = OrderedDict()
        self._size = 0

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._bodies

    def put(self, digest: bytes, body: bytes) -> None:
        """Take in a body that was not there."""
        self._bodies[digest] = body
        self._size += len(body)

    def body(self, digest: bytes) -> bytes:
        """A body that is there; NotFound if it is not."""
        try:
            return self._bodies[digest]
        except KeyError:
            raise NotFound(f"no body {digest.hex()}") from None

    def settle(self, named: Iterable[bytes]) -> None:
        """Behind an event: what it named counts as the latest, and the oldest go."""
        for digest in named:
            self._bodies.move_to_end(digest)
        while self._size > KEPT_BYTES or len(self._bodies) > KEPT_BODIES:
            self._size -= len(self._bodies.popitem(last=False)[1])


class BundleWriter:
    """Writes a bundle: all events of the first span in order, then those of the next...

    Raises (and each of its methods):
        LineageError: it is more than a reader would take.
        OSError: of the file.
    """

    def __init__(self, file: BinaryIO, spans: Sequence[Span]) -> None:
        self._file = file
        self._sha = hashlib.sha256()
        self._content = bytearray()
        self._window = Window()
        self._put(_START.pack(MAGIC, FORMAT))
        header = bytearray(_WORD.pack(len(spans)))
        for span in spans:
            key = span.stream.encode()
            header += _WORD.pack(len(key)) + key
            header += _SPAN.pack(span.after, span.before, span.version, span.hash)
        if len(header) > MOST_HEADER:
            raise LineageError("more domains than one bundle takes")
        self._add(header)

    def add(self, event: StoredEvent, data: EventData, bodies: BodySource) -> None:
        """Add the next event.

        Args:
            data: what it means.
            bodies: where those are that it names.

        Raises:
            Damaged: a body is missing, or its document is not what was recorded.
        """
        source = event.source.encode()
        size = len(source) + len(event.payload)
        named = bodies_of(data)
        for digest in named:
            if digest not in self._window:
                body = _body(bodies, event, digest)
                size += len(body)
                self._require(event, size)
                self._window.put(digest, body)
                self._add(_RECORD.pack(_BODY, len(body)), body)
        self._require(event, size)
        for finding in examined(self._window, event):
            raise Damaged(f"{_name(event)}: {finding.message}")
        self._window.settle(named)
        numbers = (event.recorded_at, event.tag, event.schema, len(source), len(event.payload))
        self._add(_ENVELOPE.pack(_EVENT, *numbers), source, event.payload)

    def close(self) -> None:
        """Write what is left and the end. It does not close the file."""
        self._flush(1)
        self._put(bytes([_END]))
        self._put(self._sha.digest())

    @staticmethod
    def _require(event: StoredEvent, size: int) -> None:
        if size > MOST_EVENT:
            raise LineageError(f"event {event.position} is larger than a bundle takes")

    def _add(self, *parts: bytes | bytearray) -> None:
        for part in parts:
            self._content += part
        self._flush(BLOCK)

    def _flush(self, least: int) -> None:
        content, at = self._content, 0
        while len(content) - at >= least:
            encoding, data = frames.compress(bytes(content[at : at + BLOCK]), frames.PLAIN)
            self._put(_BLOCK.pack(encoding, len(data)) + data)
            at += BLOCK
        del content[:at]

    def _put(self, data: bytes) -> None:
        self._sha.update(data)
        self._file.write(data)


class _Content:
    """What the blocks of a bundle hold, one behind the other."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sha = hashlib.sha256()
        self._block, self._at = b"", 0
        self.done = 0

    def start(self) -> None:
        """Read what comes before the first block."""
        magic, number = _START.unpack(self._raw(_START.size))
        if magic != MAGIC:
            raise Damaged("this is no bundle, or its beginning is damaged")
        if number != FORMAT:
            raise TooNew(f"a bundle of format {number}, which this release cannot read")

    def take(self, count: int) -> bytes:
        """Give the next bytes. So many are asked for as a limit allows."""
        at, end = self._at, self._at + count
        if end <= len(self._block):
            self._at = end
            return self._block[at:end]
        parts = bytearray()
        while count:
            if self._at == len(self._block):
                self._next()
            part = self._block[self._at : self._at + count]
            self._at += len(part)
            count -= len(part)
            parts += part
        return bytes(parts)

    def unpack(self, form: struct.Struct) -> tuple[int, ...]:
        """Give the next numbers."""
        return form.unpack(self.take(form.size))

    def finish(self) -> None:
        """See to it that all was read, and that it is what was written."""
        if self._at != len(self._block) or self._raw(1) != bytes([_END]):
            raise Damaged("there is more in it than its header says")
        digest = self._sha.digest()
        if self._raw(DIGEST_SIZE) != digest:
            raise Damaged("it has another SHA-256 than was written at its end")
        if self._file.read(1):
            raise Damaged("there are bytes behind its end")

    def _next(self) -> None:
        encoding, length = _BLOCK.unpack(self._raw(_BLOCK.size))
        if encoding == _END or not 0 < length <= BLOCK:
            raise Damaged("it ends too early, or a block has an impossible length")
        self._block = frames.expand(encoding, self._raw(length), BLOCK, "a block")
        self._at = 0
        if not self._block:
            raise Damaged("a block is empty")

    def _raw(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) != count:
            raise Damaged("it ends too early")
        self._sha.update(data)
        self.done += count
        return data


class BundleReader:
    """Reads a bundle from its start to its end, once.

    Args:
        file: buffered, at its start.
        path: names it in errors.

    Attributes:
        spans: what the header says: right only once all events were read.
        window: holds the bodies that the event given last names.

    Raises (and while events are read):
        Damaged: it is no bundle, or not as it was written.
        TooNew: a newer release wrote it.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._content = _Content(file)
        self._path = path
        self.window = Window()
        self._named: tuple[bytes, ...] = ()  # by the event given last
        with translated(path):
            self._content.start()
            self.spans = self._header()

    @property
    def done(self) -> int:
        """How many bytes of the file were read."""
        return self._content.done

    def events(self) -> Iterator[tuple[StoredEvent, EventData]]:
        """Yield the events, each as it leads on in its domain's chain, and what they mean.

        Their position is their version: no log has given them one. That the chain leads where
        it should is known when the domain's last event came; that the file is what was written,
        at the end.
        """
        with translated(self._path):
            for span in self.spans:
                before, at = span.before, -_LARGEST - 1
                for version in range(span.after + 1, span.version + 1):
                    event, data = self._event(span.stream, version, before)
                    if event.recorded_at < at:
                        raise Damaged(f"{_name(event)} was recorded before the one before it")
                    before, at = event.hash, event.recorded_at
                    if version == span.version and before != span.hash:
                        raise Damaged(f"the events of {span.stream} do not lead to its hash")
                    yield event, data
            self._content.finish()

    def _header(self) -> list[Span]:
        content = self._content
        (count,), left = content.unpack(_WORD), MOST_HEADER - _WORD.size
        spans: dict[str, Span] = {}
        while len(spans) < count:
            (length,) = content.unpack(_WORD)
            left -= _WORD.size + length + _SPAN.size
            if left < 0:
                raise Damaged("its header is longer than it may be")
            key = _text(content.take(length))
            span = Span(key, *content.unpack(_SPAN))  # type: ignore[arg-type]
            known = uuid_of(key) == key or (key.startswith("name:") and key != "name:")
            if not known or key in spans or not span.after < span.version <= _LARGEST:
                raise Damaged("its header says what cannot be")
            if (span.after == 0) != (span.before == GENESIS):
                raise Damaged("its header says what cannot be")
            spans[key] = span
        if not spans:
            raise Damaged("it has no domain")
        return list(spans.values())

    def _event(self, stream: str, version: int, before: bytes) -> tuple[StoredEvent, EventData]:
        content, window = self._content, self.window
        window.settle(self._named)
        fresh, size = self._bodies()
        recorded_at, tag, schema, length, rest = content.unpack(_NUMBERS)
        _allowed(size + length + rest)
        source, payload = _text(content.take(length)), content.take(rest)
        made = link(before, stream, version, recorded_at, tag, schema, source, payload)
        event = StoredEvent(
            version, stream, version, recorded_at, tag, schema, payload, source, 0, made
        )
        try:
            data = decode(tag, schema, payload)
        except Damaged as error:
            raise Damaged(f"{_name(event)}: {error}") from None
        self._named = bodies_of(data)
        if not fresh.issubset(self._named):
            raise Damaged(f"{_name(event)} comes with a body that it does not name")
        for finding in examined(window, event):
            raise Damaged(f"{_name(event)}: {finding.message}")
        return event, data

    def _bodies(self) -> tuple[set[bytes], int]:
        """Take in the bodies before an event, and the event's kind."""
        content, window = self._content, self.window
        fresh, size = set[bytes](), 0
        while (kind := content.take(1)[0]) == _BODY:
            (length,) = content.unpack(_WORD)
            size = _allowed(size + length)
            body = content.take(length)
            digest = hashlib.sha256(body).digest()
            if digest in window:
                raise Damaged(f"body {digest.hex()} comes twice")
            if len(fresh) == _NAMED:
                raise Damaged("more bodies in a row than an event names")
            window.put(digest, body)
            fresh.add(digest)
        if kind != _EVENT:
            raise Damaged(f"a record of the unknown kind {kind}")
        return fresh, size


def _body(bodies: BodySource, event: StoredEvent, digest: bytes) -> bytes:
    try:
        return bodies.body(digest)
    except NotFound:
        raise Damaged(f"{_name(event)}: body {digest.hex()} is missing") from None


def _allowed(size: int) -> int:
    if size > MOST_EVENT:
        raise Damaged("an event is larger than it may be")
    return size


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Damaged("a text in it is not UTF-8") from None


def _name(event: StoredEvent) -> str:
    return f"version {event.version} of {event.stream}"
