"""The rival in C++, given all documents in one call: ctypes costs it nothing.

``make bench`` compiles it; ``LIBRARY`` is where it puts it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Final

__all__ = ["LIBRARY", "Batch"]

LIBRARY: Final = Path(__file__).resolve().parents[2] / "build" / "bench" / "librivals.so"
_ROOM: Final = 1 << 16


class Batch:
    """Documents as C++ takes them."""

    def __init__(self, documents: Sequence[bytes]) -> None:
        library = ctypes.CDLL(str(LIBRARY))
        self._pugixml = library.pugixml_rewrite
        self._pugixml.restype = ctypes.c_size_t
        self._count = len(documents)
        self._kept = documents  # what the pointers point to
        self._addresses = (ctypes.c_char_p * self._count)(*documents)
        self._sizes = (ctypes.c_size_t * self._count)(*map(len, documents))
        self._last = ctypes.create_string_buffer(_ROOM)

    def pugixml(self) -> bytes:
        """Parse and save every document; the last one's output."""
        count = ctypes.c_size_t(self._count)
        room = ctypes.c_size_t(_ROOM)
        if not self._pugixml(self._addresses, self._sizes, count, self._last, room):
            raise ValueError("pugixml refused a document")
        return self._last.value
