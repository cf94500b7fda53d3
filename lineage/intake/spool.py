"""Documents that have to wait: in memory while they are few, in an unnamed file beyond that."""

from __future__ import annotations

import struct
import tempfile
from types import TracebackType
from typing import Final, Self

import msgspec

__all__ = ["Arrival", "Spool"]

_MEMORY: Final = 16 << 20
_LENGTH: Final = struct.Struct("<Q")


class Arrival(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A document that was read and accepted.

    Attributes:
        place: the stream it belongs to; of a document without a UUID, the directory that
            says whose it is, None if none does.
        xml: its canonical form, without ``<active>``.
        active: the value of ``<active>``, None without one.
        label, origin: where it came from: the file, and the source that holds the file.
    """

    place: str | None
    xml: bytes
    active: int | None
    label: str
    origin: str


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Arrival)


class Spool:
    """Keeps arrivals and gives them back by number, using little memory whatever their size."""

    def __init__(self, memory: int = _MEMORY) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=memory)  # noqa: SIM115

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, arrival: Arrival) -> int:
        """Keep an arrival, and give the number to ask for it by."""
        number = self._file.seek(0, 2)
        data = _ENCODER.encode(arrival)
        self._file.write(_LENGTH.pack(len(data)))
        self._file.write(data)
        return number

    def get(self, number: int) -> Arrival:
        """Give an arrival back."""
        self._file.seek(number)
        (length,) = _LENGTH.unpack(self._file.read(_LENGTH.size))
        return _DECODER.decode(self._file.read(length))
