# cython: language_level=3, freethreading_compatible=True
"""A moving window over a stream, and the headers of a tar archive that come by in it.

What a header means is the business of `lineage.sources.ustar`.
"""

from cpython.bytearray cimport PyByteArray_AS_STRING
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memchr, memcmp, memmove

from lineage.sources.base import SourceError
from lineage.sources.raw import RawStream

cdef enum:
    BLOCK = 512
    WINDOW = 128 << 10  # stays in the processor's cache; twenty documents
    WORTH_SEEKING = 1 << 20
    # places and lengths of a header's fields
    NAME = 100
    SIZE_AT = 124, SIZE = 12
    SUM_AT = 148, SUM = 8
    KIND_AT = 156
    MAGIC_AT = 257, MAGIC = 8
    PREFIX_AT = 345, PREFIX = 155
    EXTENDED_AT = 482
    SENSELESS = -1


cdef class Window:
    """Reads a stream through one buffer that is used again and again.

    Bytes are taken and skipped in pieces of any size. Every method raises what the stream
    raises.
    """

    cdef object _stream, _view
    cdef bytearray _buffer
    cdef uint8_t *_data
    cdef Py_ssize_t _start, _end

    def __init__(self, stream):
        self._stream = stream
        self._buffer = bytearray(WINDOW)
        self._view = memoryview(self._buffer)  # keeps the buffer where it is
        self._data = <uint8_t *>PyByteArray_AS_STRING(self._buffer)

    cdef bint _has(self, Py_ssize_t size) except -1:
        """Whether the next `size` bytes, at most a window, are in the buffer, maybe by now."""
        return self._end - self._start >= size or self._fill(size) >= size

    cdef Py_ssize_t _fill(self, Py_ssize_t needed) except -1:
        """Move what is left to the front and read on until `needed` bytes are there.

        Returns:
            How many are there: fewer at the end of the stream only.
        """
        cdef Py_ssize_t count
        memmove(self._data, self._data + self._start, self._end - self._start)
        self._end -= self._start
        self._start = 0
        while self._end < needed:
            count = self._stream.readinto(self._view[self._end:])
            if not count:
                break
            self._end += count
        return self._end

    cdef Py_ssize_t _drop(self, object size):
        """Consume up to `size` of the bytes that are there, and say how many."""
        cdef Py_ssize_t there = self._end - self._start
        if size < there:
            there = size
        self._start += there
        return there

    cdef bytes _cut(self, Py_ssize_t size, Py_ssize_t padding):
        """Consume bytes that are there, and up to `padding` more."""
        result = PyBytes_FromStringAndSize(<char *>self._data + self._start, size)
        self._start = min(self._start + size + padding, self._end)
        return result

    def take(self, size, int padding=0):
        """Consume `size` bytes, and up to `padding` more unread.

        Raises:
            SourceError: ``archive-truncated``: fewer than `size` bytes are left.
        """
        if size + padding > WINDOW:
            return self._take_large(size, padding)
        # The padding too, if there is any: a last member may lack it.
        if not self._has(size + padding) and self._end - self._start < size:
            raise _truncated()
        return self._cut(size, padding)

    def _take_large(self, size, padding):
        parts = bytearray()
        cdef Py_ssize_t start
        while len(parts) < size:
            if not self._has(1):
                raise _truncated()
            start = self._start
            self._drop(size - len(parts))
            parts += self._view[start:self._start]
        self.skip(padding)
        return bytes(parts)

    def peek(self, Py_ssize_t size):
        """Look at the next `size` bytes; fewer at the end of the stream only."""
        self._has(size)
        return bytes(self._view[self._start:min(self._start + size, self._end)])

    def skip(self, size):
        """Consume up to `size` bytes unread; seek over many where the stream is a file."""
        size -= self._drop(size)
        if size > WORTH_SEEKING and isinstance(self._stream, RawStream):
            size -= size if self._stream.skip(size) else 0
        while size and self._has(1):
            size -= self._drop(size)

    def exhaust(self):
        """Read the stream to its end, so that its checksums are verified."""
        while self._stream.readinto(self._view):
            pass

    def header(self):
        """Consume a header: path, size and type of a member, and whether GNU's list of a sparse
        file's parts goes on in another block. None for a block of zeros.

        Raises:
            SourceError: ``archive-damaged``: the checksum is wrong, or the size makes no
                sense; ``archive-truncated``.
        """
        if not self._has(BLOCK):
            raise _truncated()
        cdef const uint8_t *block = self._data + self._start
        if not _is_whole(block):
            if not _is_zero(block):
                raise SourceError("archive-damaged", "a header's checksum is wrong")
            self._start += BLOCK
            return None
        self._start += BLOCK
        kind = <bytes>block[KIND_AT:KIND_AT + 1]
        return _path(block), _size(block + SIZE_AT), kind, block[EXTENDED_AT] != 0

    def plain(self, bytes suffix not None):
        """Consume a regular file whose path ends so: path and content. None, and nothing is
        consumed, if it takes more than a glance to see that there is one.
        """
        if not self._has(BLOCK):
            return None
        cdef const uint8_t *block = self._data + self._start
        cdef int64_t size = _octal(block + SIZE_AT, SIZE)
        cdef Py_ssize_t name = _text(block, NAME), tail = PyBytes_GET_SIZE(suffix)
        if (
            block[KIND_AT] != b"0" or not 0 <= size < WINDOW - 2 * BLOCK or block[PREFIX_AT]
            or name < tail or memcmp(block + name - tail, PyBytes_AS_STRING(suffix), tail)
            or not _is_whole(block)
        ):
            return None
        cdef Py_ssize_t padding = -size & (BLOCK - 1)
        if not self._has(BLOCK + size + padding) and self._end - self._start < BLOCK + size:
            return None
        path = PyBytes_FromStringAndSize(<char *>self._data + self._start, name)
        self._start += BLOCK
        return path, self._cut(size, padding)


def looks_like_tar(bytes start not None):
    """Whether a stream that begins with these bytes is a tar archive, maybe an empty one."""
    cdef const uint8_t *block = <const uint8_t *>PyBytes_AS_STRING(start)
    return PyBytes_GET_SIZE(start) >= BLOCK and (_is_whole(block) or _is_zero(block))


cdef object _truncated():
    return SourceError("archive-truncated", "the archive ends early")


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


cdef bytes _path(const uint8_t *block):
    cdef const uint8_t *prefix = block + PREFIX_AT
    name = block[:_text(block, NAME)]
    if prefix[0] and memcmp(block + MAGIC_AT, b"ustar\0" b"00", MAGIC) == 0:
        return prefix[:_text(prefix, PREFIX)] + b"/" + name
    return name


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
