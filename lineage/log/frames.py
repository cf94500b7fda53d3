"""Zstandard with dictionaries: how bodies and payloads are compressed at rest.

What is small compresses only with a dictionary that knows what such things look like. The
dictionaries are files of this package, trained on made-up documents. A frame names the one that
it needs by its number; a number once released is for ever, and so is its file.
"""

from __future__ import annotations

import threading
from functools import cache
from importlib import resources
from typing import Final

import zstandard

from lineage.errors import Damaged

__all__ = [
    "BODIES",
    "DELTAS",
    "DICTIONARIES",
    "PAYLOADS",
    "PLAIN",
    "RAW",
    "ZSTD",
    "compress",
    "expand",
]

RAW: Final = 0  # the bytes themselves
ZSTD: Final = 1  # one Zstandard frame that tells its content's length

PLAIN: Final = 0  # no dictionary
# Numbers below 32768 belong to a registrar.
BODIES: Final = 40001
DELTAS: Final = 40002
PAYLOADS: Final = 40003
DICTIONARIES: Final = {
    BODIES: "bodies-40001.zdict",
    DELTAS: "deltas-40002.zdict",
    PAYLOADS: "payloads-40003.zdict",
}
_DESCRIPTOR: Final = 4  # the byte behind a frame's magic number...
_UNUSED: Final = 0x10  # ... and a bit of it that decoders pass over (RFC 8878, 3.1.1.1.1)
_LEVELS: Final = {BODIES: 5, DELTAS: 3, PAYLOADS: 3, PLAIN: 9}


class _Contexts(threading.local):
    """Zstandard contexts are costly to make and not to be shared between threads."""

    def __init__(self) -> None:
        self.compressors: dict[int, zstandard.ZstdCompressor] = {}
        self.decompressors: dict[int, zstandard.ZstdDecompressor] = {}


_contexts: Final = _Contexts()


@cache
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    data = resources.files("lineage.log").joinpath(DICTIONARIES[number]).read_bytes()
    dictionary = zstandard.ZstdCompressionDict(data, dict_type=zstandard.DICT_TYPE_FULLDICT)
    dictionary.precompute_compress(level=_LEVELS[number])
    return dictionary


def compress(content: bytes, dictionary: int) -> tuple[int, bytes]:
    """Return (encoding, data) as stored."""
    compressor = _contexts.compressors.get(dictionary)
    if compressor is None:
        compressor = _contexts.compressors[dictionary] = zstandard.ZstdCompressor(
            level=_LEVELS[dictionary],
            dict_data=_dictionary(dictionary) if dictionary != PLAIN else None,
        )
    data = compressor.compress(content)
    return (ZSTD, data) if len(data) < len(content) else (RAW, content)


def expand(encoding: int, data: bytes, most: int, what: str) -> bytes:
    """Return the content that `compress` was given.

    Never takes more memory than `most` bytes for it, whatever the data.

    Args:
        what: names the damage.

    Raises:
        Damaged: the data cannot be what was stored, or this release cannot read it.
    """
    if type(data) is not bytes:  # a row's type can be damaged as well
        raise Damaged(f"{what} is no longer made of bytes")
    if encoding == RAW:
        if len(data) <= most:
            return data
    elif encoding == ZSTD:
        return _expand(data, most, what)
    else:
        raise Damaged(f"{what} is stored in the unknown encoding {encoding}")
    raise Damaged(f"{what} has an impossible length")


def _expand(data: bytes, most: int, what: str) -> bytes:
    try:
        # The decompressor trusts the frame's own length, so that is looked at first.
        frame = zstandard.get_frame_parameters(data)
        length = zstandard.frame_content_size(data)
        if 0 <= length <= most and not data[_DESCRIPTOR] & _UNUSED:
            content = _decompressor(frame.dict_id, what).decompress(
                data, max_output_size=length, allow_extra_data=False
            )
            if len(content) == length:
                return content
    except zstandard.ZstdError:
        pass
    raise Damaged(f"{what} cannot be decompressed")


def _decompressor(number: int, what: str) -> zstandard.ZstdDecompressor:
    decompressor = _contexts.decompressors.get(number)
    if decompressor is None:
        if number and number not in DICTIONARIES:
            raise Damaged(f"{what} needs dictionary {number}, which this release does not have")
        decompressor = _contexts.decompressors[number] = zstandard.ZstdDecompressor(
            dict_data=_dictionary(number) if number else None
        )
    return decompressor
