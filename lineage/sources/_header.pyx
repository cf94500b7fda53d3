# cython: language_level=3, freethreading_compatible=True
"""One header of a tar archive, 512 bytes. What it means is the business of `ustar`."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memchr, memcmp

from lineage.sources.base import SourceError

cdef enum:
    BLOCK = 512
    # places and lengths of fields
    NAME = 100
    SIZE_AT = 124, SIZE = 12
    SUM_AT = 148, SUM = 8
    KIND_AT = 156
    MAGIC_AT = 257, MAGIC = 8
    PREFIX_AT = 345, PREFIX = 155
    SENSELESS = -1


cdef Py_ssize_t _text(const uint8_t *field, Py_ssize_t most) noexcept:
    """How long a field's text is, which a NUL may end."""
    cdef const void *end = memchr(field, 0, most)
    return most if end is NULL else <const uint8_t *>end - field


cdef int64_t _octal(const uint8_t *field, Py_ssize_t most) noexcept:
    """The number of a field: octal digits, maybe with white space around them, or none."""
    cdef Py_ssize_t i = 0, end = _text(field, most)
    cdef int64_t number = 0
    while i < end and (field[i] == 0x20 or 9 <= field[i] <= 13):
        i += 1
    while i < end and (field[end - 1] == 0x20 or 9 <= field[end - 1] <= 13):
        end -= 1
    for i in range(i, end):
        if not 0x30 <= field[i] <= 0x37:
            return SENSELESS
        number = number * 8 + field[i] - 0x30
    return number


cdef object _size(const uint8_t *field):
    """A member's size: an octal number, or GNU's base 256."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:SIZE], "big")
    cdef int64_t number = _octal(field, SIZE)
    if number == SENSELESS:
        raise SourceError("archive-damaged", "a header makes no sense")
    return number


cdef bint _is_whole(const uint8_t *block) noexcept:
    """Whether the checksum is the sum of the bytes, its own as blanks; or of signed bytes, as
    some old writers have it.
    """
    cdef int i, total = SUM * 0x20, high = 0
    cdef int64_t stored = _octal(block + SUM_AT, SUM)
    for i in range(BLOCK):
        total += block[i]
        high += block[i] >> 7
    for i in range(SUM_AT, SUM_AT + SUM):
        total -= block[i]
        high -= block[i] >> 7
    return stored == total or stored == total - 256 * high


cdef bint _is_zero(const uint8_t *block) noexcept:
    return block[0] == 0 and memcmp(block, block + 1, BLOCK - 1) == 0


def looks_like_tar(bytes start not None):
    """Whether a stream that begins with these bytes is a tar archive, maybe an empty one."""
    cdef const uint8_t *block = <const uint8_t *>PyBytes_AS_STRING(start)
    return PyBytes_GET_SIZE(start) >= BLOCK and (_is_whole(block) or _is_zero(block))


def parse(bytes header not None):
    """Give path, size and type of a member; None for a block of zeros.

    Raises:
        SourceError: ``archive-damaged``: the checksum is wrong, or the size makes no sense.
    """
    cdef const uint8_t *block = <const uint8_t *>PyBytes_AS_STRING(header)
    if PyBytes_GET_SIZE(header) != BLOCK:
        raise ValueError("a header has 512 bytes")
    if not _is_whole(block):
        if _is_zero(block):
            return None
        raise SourceError("archive-damaged", "a header's checksum is wrong")
    path = PyBytes_FromStringAndSize(<const char *>block, _text(block, NAME))
    cdef const uint8_t *prefix = block + PREFIX_AT
    if prefix[0] and memcmp(block + MAGIC_AT, b"ustar\0" b"00", MAGIC) == 0:
        path = prefix[:_text(prefix, PREFIX)] + b"/" + path
    return path, _size(block + SIZE_AT), PyBytes_FromStringAndSize(<const char *>block + KIND_AT, 1)
