# cython: language_level=3, freethreading_compatible=True
"""Payloads of several events as one piece of content, the digests in them taken out.

A digest does not compress. Where it is that of a stored body, the body's number takes its place;
any other is kept beside the content, so that what is compressed holds none. The compressed content
is dealt out to the rows of its events. FORMAT.md describes both ("Payloads at rest").
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

cdef extern from "string.h" nogil:
    void *memmem(const void *data, size_t len, const void *what, size_t what_len)

cdef enum:
    DIGEST = 32
    MOST_CUTS = 16  # digests taken out of one payload
    MOST_PARTS = 255
    LONGEST = 10  # bytes of a number
    AWAY = 128  # of a row's first byte: how far away the pack begins, and this
    HEADER = 6  # bytes of a pack's first row before the digests
    MOST_ROWS = 128  # so many can say how far away they are


cdef uint8_t *_put(uint8_t *out, uint64_t number) noexcept:
    while number > 0x7f:
        out[0] = <uint8_t>(number & 0x7f) | 0x80
        out += 1
        number >>= 7
    out[0] = <uint8_t>number
    return out + 1


def pack(object events not None, dict numbers not None):
    """Give (content, kept): what is to be compressed, and of each event what cannot be.

    Args:
        events: as `lineage.log.base.NewEvent`; a digest that is not in the payload, or not behind
            the one before it, is passed over.
        numbers: of bodies, by digest.

    Raises:
        ValueError: a source is not valid Unicode, or there are none or too many events.
    """
    cdef Py_ssize_t room = 0
    cdef int64_t last = 0
    cdef bytes content, source = b""
    cdef list kept = [], sources = []
    cdef object event, text = "", said
    cdef uint8_t *out
    if not 0 < len(events) <= MOST_PARTS:
        raise ValueError("so many payloads are in no pack")
    for event in events:
        said = event.source
        if said is not text:
            text, source = said, said.encode("utf-8")
            room += PyBytes_GET_SIZE(source)
        sources.append(source)
        room += PyBytes_GET_SIZE(<bytes?>event.payload) + LONGEST * (3 + 2 * MOST_CUTS)
    content = PyBytes_FromStringAndSize(NULL, room)
    out = <uint8_t *>PyBytes_AS_STRING(content)
    text = b""
    for event, source in zip(events, sources):
        out = _put_source(out, source, text)
        text = source
        out = _pack_one(out, event.payload, event.digests, event.bodies, numbers, kept, &last)
    return content[:out - <uint8_t *>PyBytes_AS_STRING(content)], kept


cdef uint8_t *_put_source(uint8_t *out, bytes source, bytes before) except NULL:
    cdef Py_ssize_t size = PyBytes_GET_SIZE(source)
    if source == before:
        return _put(out, 0)
    out = _put(out, size + 1)
    memcpy(out, PyBytes_AS_STRING(source), size)
    return out + size


cdef uint8_t *_pack_one(uint8_t *out, bytes payload, tuple digests, tuple bodies, dict numbers,
                        list kept, int64_t *last) except NULL:
    cdef const uint8_t *data = <const uint8_t *>PyBytes_AS_STRING(payload)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(payload)
    cdef Py_ssize_t places[MOST_CUTS]
    cdef Py_ssize_t at = 0
    cdef int cuts = 0, i
    cdef const uint8_t *found
    cdef int64_t number
    cdef list taken = []
    cdef bytes digest, rest = b""
    cdef object known
    for digest in (digests + bodies if digests else bodies):
        if cuts == MOST_CUTS or digest is None or PyBytes_GET_SIZE(digest) != DIGEST:
            continue
        found = <const uint8_t *>memmem(data + at, size - at, PyBytes_AS_STRING(digest), DIGEST)
        if found is NULL:
            continue
        places[cuts] = found - data
        at = places[cuts] + DIGEST
        taken.append(digest)
        cuts += 1
    out = _put(out, size - cuts * DIGEST)
    out = _put(out, cuts)
    for i in range(cuts):
        at = places[i] + DIGEST
        # What follows a digest is mostly as long as it ever was; what precedes the first is not.
        out = _put(out, (places[i + 1] if i + 1 < cuts else size) - at)
        digest = taken[i]
        known = numbers.get(digest)
        number = 0 if known is None else known
        if number == 0:
            out = _put(out, 0)
            rest = digest if not rest else rest + digest
            continue
        # told from the body named last, by a number without sign of which none is 0
        if number >= last[0]:
            out = _put(out, (<uint64_t>(number - last[0]) << 1) + 1)
        else:
            out = _put(out, <uint64_t>(last[0] - number) << 1)
        last[0] = number
    kept.append(rest)
    at = 0
    for i in range(cuts):
        memcpy(out, data + at, places[i] - at)
        out += places[i] - at
        at = places[i] + DIGEST
    memcpy(out, data + at, size - at)
    return out + (size - at)


def deal(Py_ssize_t position, object events not None, list kept not None, int encoding,
         bytes data not None, list rows not None):
    """Add (position, tag, schema, payload) of a pack's events to rows.

    Args:
        position: of the first.
        kept: the digests that each keeps.
        data: the content as stored, in an encoding below 128. It is dealt out evenly.

    Raises:
        ValueError: it cannot be stored so.
    """
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data), count = len(kept), n, first, last, start
    cdef const uint8_t *source = <const uint8_t *>PyBytes_AS_STRING(data)
    cdef bytes digests, payload
    cdef uint8_t *out
    cdef int i
    if len(events) != count or not 0 < count <= MOST_ROWS or size >> 32 or encoding >> 7:
        raise ValueError("no pack can be made of that")
    for n in range(count):
        digests = kept[n]
        first, last = n * size // count, (n + 1) * size // count
        start = 1 if n else HEADER
        payload = PyBytes_FromStringAndSize(NULL, start + PyBytes_GET_SIZE(digests) + last - first)
        out = <uint8_t *>PyBytes_AS_STRING(payload)
        if n:
            out[0] = <uint8_t>(AWAY + n)
        else:
            out[0], out[1] = <uint8_t>encoding, <uint8_t>count
            for i in range(4):
                out[2 + i] = <uint8_t>(size >> 8 * i)
        memcpy(out + start, PyBytes_AS_STRING(digests), PyBytes_GET_SIZE(digests))
        memcpy(out + start + PyBytes_GET_SIZE(digests), source + first, last - first)
        rows.append((position + n, events[n].tag, events[n].schema, payload))


def gather(object rows not None, Py_ssize_t at):
    """Give (encoding, data, kept) of the pack that begins with a row: what was dealt out.

    Args:
        rows: (position, tag, schema, payload) each.
        at: index of the first row of the pack.

    Raises:
        ValueError: no pack begins there, or its rows are not all there.
    """
    cdef Py_ssize_t size = 0, room = 0, count, n, piece, start
    cdef const uint8_t *first
    cdef const uint8_t *row
    cdef uint8_t *out
    cdef object payload = rows[at][3]
    cdef list kept = []
    cdef bytes data
    if type(payload) is not bytes or PyBytes_GET_SIZE(payload) < HEADER:
        raise ValueError("no pack")
    first = <const uint8_t *>PyBytes_AS_STRING(payload)
    count = first[1]
    for n in range(4):
        size |= <Py_ssize_t>first[2 + n] << 8 * n
    if first[0] >= AWAY or not 0 < count <= MOST_ROWS or count > len(rows) - at:
        raise ValueError("no pack")
    for n in range(count):
        payload = rows[at + n][3]
        if type(payload) is not bytes:
            raise ValueError("a row without bytes")
        room += PyBytes_GET_SIZE(payload)
    if size > room:  # before anything is made of that size
        raise ValueError("a pack is cut off")
    data = PyBytes_FromStringAndSize(NULL, size)
    out = <uint8_t *>PyBytes_AS_STRING(data)
    for n in range(count):
        payload = rows[at + n][3]
        room = PyBytes_GET_SIZE(payload)
        row = <const uint8_t *>PyBytes_AS_STRING(payload)
        start = 1 if n else HEADER
        piece = (n + 1) * size // count - n * size // count
        if room < start + piece or (n and row[0] != AWAY + n):
            raise ValueError("a row is not of this pack")
        memcpy(out, row + room - piece, piece)
        out += piece
        kept.append(PyBytes_FromStringAndSize(<const char *>row + start, room - piece - start))
    return first[0], data, kept


cdef struct Part:  # one payload in a content
    const uint8_t *source
    Py_ssize_t source_size
    const uint8_t *data
    Py_ssize_t size
    int cuts
    Py_ssize_t first  # bytes before the first digest
    Py_ssize_t gaps[MOST_CUTS]  # bytes behind each digest, up to the next one
    int64_t numbers[MOST_CUTS]  # of the body whose digest it is; 0: it is kept elsewhere


cdef class Content:
    """A content taken apart. Every number and length in it is looked at before it is used.

    Raises:
        ValueError: it is none of that many payloads.
    """

    cdef bytes content
    cdef const uint8_t *at
    cdef const uint8_t *end
    cdef int64_t last
    cdef Py_ssize_t count
    cdef Part *parts
    cdef const uint8_t *said  # the source asked for last, and as text
    cdef str text

    def __cinit__(self, bytes content not None, Py_ssize_t count):
        cdef Py_ssize_t i
        if not 0 < count <= MOST_PARTS:
            raise ValueError("so many payloads are in no pack")
        self.content = content
        self.at = <const uint8_t *>PyBytes_AS_STRING(content)
        self.end = self.at + PyBytes_GET_SIZE(content)
        self.count = count
        self.parts = <Part *>malloc(count * sizeof(Part))
        if self.parts is NULL:
            raise MemoryError
        for i in range(count):
            self.take_source(&self.parts[i], &self.parts[i - 1] if i else NULL)
            self.take(&self.parts[i])
        if self.at != self.end:
            raise ValueError("bytes behind the last payload")

    def __dealloc__(self):
        free(self.parts)

    def __len__(self):
        return self.count

    def references(self):
        """Give the numbers of the bodies that the payloads name."""
        cdef set found = set()
        cdef Py_ssize_t i
        cdef int cut
        for i in range(self.count):
            for cut in range(self.parts[i].cuts):
                if self.parts[i].numbers[cut]:
                    found.add(self.parts[i].numbers[cut])
        return found

    def source(self, Py_ssize_t index):
        """Say where an event came from.

        Raises:
            ValueError: there is no such event, or it is not UTF-8.
        """
        if not 0 <= index < self.count:
            raise ValueError("no such payload")
        if self.text is None or self.said != self.parts[index].source:
            self.said = self.parts[index].source
            self.text = self.said[:self.parts[index].source_size].decode("utf-8")
        return self.text

    def payload(self, Py_ssize_t index, bytes kept not None, dict bodies not None):
        """Give a payload that `pack` was given.

        Args:
            kept: the digests that were kept beside the content.
            bodies: digests by number of those that `references` gives.

        Raises:
            ValueError: there is no such payload, or these are not its digests.
            KeyError: the number of a body that is not in `bodies`.
        """
        cdef const uint8_t *digests = <const uint8_t *>PyBytes_AS_STRING(kept)
        cdef const uint8_t *last = digests + PyBytes_GET_SIZE(kept)
        cdef const uint8_t *data
        cdef Part *part
        cdef uint8_t *out
        cdef bytes payload, digest
        cdef int i
        if not 0 <= index < self.count:
            raise ValueError("no such payload")
        part = &self.parts[index]
        data = part.data
        payload = PyBytes_FromStringAndSize(NULL, part.size + part.cuts * DIGEST)
        out = <uint8_t *>PyBytes_AS_STRING(payload)
        memcpy(out, data, part.first)
        out += part.first
        data += part.first
        for i in range(part.cuts):
            if part.numbers[i]:
                digest = bodies[part.numbers[i]]
                if PyBytes_GET_SIZE(digest) != DIGEST:
                    raise ValueError("a body's digest has not 32 bytes")
                memcpy(out, PyBytes_AS_STRING(digest), DIGEST)
            elif last - digests < DIGEST:
                raise ValueError("a digest is missing")
            else:
                memcpy(out, digests, DIGEST)
                digests += DIGEST
            out += DIGEST
            memcpy(out, data, part.gaps[i])
            out += part.gaps[i]
            data += part.gaps[i]
        if digests != last:
            raise ValueError("digests that the payload has no place for")
        return payload

    cdef int take_source(self, Part *part, const Part *before) except -1:
        cdef uint64_t size = self.number()
        if size == 0:
            part.source = self.at if before is NULL else before.source
            part.source_size = 0 if before is NULL else before.source_size
            return 0
        if size - 1 > <uint64_t>(self.end - self.at):
            raise ValueError("a source is cut off")
        part.source, part.source_size = self.at, <Py_ssize_t>(size - 1)
        self.at += size - 1
        return 0

    cdef int take(self, Part *part) except -1:
        cdef uint64_t size = self.number(), cuts = self.number(), gap, number, left = size
        cdef int i
        if cuts > MOST_CUTS:
            raise ValueError("too many digests in a payload")
        part.cuts = <int>cuts
        for i in range(part.cuts):
            gap, number = self.number(), self.number()
            if gap > left:
                raise ValueError("a digest beyond its payload")
            left -= gap
            part.gaps[i], part.numbers[i] = <Py_ssize_t>gap, 0
            if number:
                if number & 1:
                    self.last += <int64_t>(number >> 1)
                else:
                    self.last -= <int64_t>(number >> 1)
                if not 0 < self.last < <int64_t>1 << 62:
                    raise ValueError("a body's number is impossible")
                part.numbers[i] = self.last
        if size > <uint64_t>(self.end - self.at):
            raise ValueError("a payload is cut off")
        part.data, part.size, part.first = self.at, <Py_ssize_t>size, <Py_ssize_t>left
        self.at += size
        return 0

    cdef uint64_t number(self) except? 0:
        cdef uint64_t value = 0
        cdef int shift = 0
        while self.at < self.end and shift < 63:
            value |= <uint64_t>(self.at[0] & 0x7f) << shift
            self.at += 1
            if not self.at[-1] & 0x80:
                return value
            shift += 7
        raise ValueError("a number is cut off")
