# cython: language_level=3, freethreading_compatible=True
"""Thin wrapper of csrc: Python objects in and out, the GIL released while C works."""

cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_GET_SIZE
from cpython.buffer cimport PyBUF_READ
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.memoryview cimport PyMemoryView_FromMemory
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcmp, memcpy

from lineage.canon._lineage_xml cimport *

import os

import msgspec

from lineage.errors import SnapshotError, XMLError
from lineage.model import Domain, Snapshot

VERSION = LX_CANON_VERSION
_MODES = {"redefine": LX_REDEFINE, "create": LX_CREATE, "internal": LX_INTERNAL}
cdef object REDEFINE = "redefine"
cdef object _decode = msgspec.msgpack.Decoder(Snapshot).decode
cdef object _encode_into = msgspec.msgpack.Encoder().encode_into
# A context that one huge document grew is not kept.
cdef size_t KEEP_BYTES = 1 << 20
cdef int KEEP_CONTEXTS = 8
# Documents and bytes canonicalized in one stretch without the GIL. Longer stretches gain nothing:
# fewer changes of hands, but more memory that is not in the cache any more.
cdef enum:
    STRETCH_DOCUMENTS = 64
    STRETCH_BYTES = 16 << 20
# A single call lets go of the GIL for a document of this many bytes or more (measured by
# benchmarks/bench_threads.py). From here on two threads do 1.9 times the work of one. A shorter
# document takes 3 to 40 us: where its <domain> is remembered (up to 16 KiB), two threads that
# let go are slower than two that do not; and beside a thread that is busy in Python, each call
# that lets go waits a whole switch interval (5 ms) to get the GIL back.
cdef size_t _release = 32 << 10


cdef class _Context:
    """Owns one lx_ctx. Contexts rest in a pool between calls."""

    cdef lx_ctx *ctx
    cdef bytearray packed  # a record on its way to lx_load

    def __cinit__(self):
        cdef uint64_t seed = int.from_bytes(os.urandom(8), "little")
        self.packed = bytearray()
        self.ctx = lx_new(NULL, seed)
        if self.ctx is NULL:
            raise MemoryError

    def __dealloc__(self):
        lx_free(self.ctx)


cdef list _pool = []


cdef _Context _take():
    try:
        return <_Context>_pool.pop()
    except IndexError:
        return _Context()


cdef void _give(_Context context):
    if (len(_pool) < KEEP_CONTEXTS and lx_footprint(context.ctx) <= KEEP_BYTES
            and <size_t>PyByteArray_GET_SIZE(context.packed) <= KEEP_BYTES):
        _pool.append(context)


def release_from(size_t size):
    """Let go of the GIL for documents of that many bytes or more; what it was before.

    For tests and benchmarks.
    """
    global _release
    before, _release = _release, size
    return before


cdef object _exception(lx_error error):
    """The exception of a refusal."""
    cdef lx_class kind = lx_error_class(error.code)
    if error.code == LX_NOMEM:
        return MemoryError()
    code = lx_error_code(error.code).decode()
    message = lx_error_message(error.code).decode()
    return (SnapshotError if kind == LX_CLASS_SNAPSHOT else XMLError)(code, error.offset, message)


cdef int _mode(object mode) except -1:
    if mode is REDEFINE:  # the usual case, without a look into the table
        return LX_REDEFINE
    try:
        return _MODES[mode]
    except (KeyError, TypeError):
        raise ValueError(f"mode is one of {', '.join(_MODES)}, not {mode!r}") from None


cdef bytes _as_bytes(object xml):
    """The document's UTF-8 bytes."""
    if type(xml) is bytes:
        return <bytes>xml
    if isinstance(xml, bytes):
        return bytes(xml)
    if isinstance(xml, str):
        try:
            return xml.encode()
        except UnicodeEncodeError as error:
            offset = len(xml[:error.start].encode())
            raise XMLError("encoding-utf8", offset, "a lone surrogate in the text") from None
    if isinstance(xml, (bytearray, memoryview)):
        return bytes(xml)
    raise TypeError(f"a document is bytes or str, not {type(xml).__name__}")


cdef object _object(lx_bytes b):
    return None if b.data is NULL else PyBytes_FromStringAndSize(<const char *>b.data, b.len)


cdef object _text(lx_bytes b):
    return None if b.data is NULL else (<const char *>b.data)[:b.len].decode()


cdef bint _same(const lx_bytes *pieces, size_t n, const uint8_t *given, size_t len,
                size_t total) noexcept nogil:
    """Whether the pieces, `total` bytes in all, are what is given."""
    cdef size_t i
    if total != len:
        return False
    for i in range(n):
        if memcmp(given, pieces[i].data, pieces[i].len):
            return False
        given += pieces[i].len
    return True


cdef void _copy(char *target, const lx_bytes *pieces, size_t n) noexcept nogil:
    cdef size_t i
    for i in range(n):
        memcpy(target, pieces[i].data, pieces[i].len)
        target += pieces[i].len


cdef bytes _joined(const lx_bytes *pieces, size_t n, bytes given):
    """The pieces as one object; `given` itself if it holds the same bytes."""
    cdef size_t total = 0, i
    cdef bytes result
    for i in range(n):
        total += pieces[i].len
    if given is not None and _same(pieces, n, <const uint8_t *>PyBytes_AS_STRING(given),
                                   PyBytes_GET_SIZE(given), total):
        return given
    result = PyBytes_FromStringAndSize(NULL, total)
    _copy(PyBytes_AS_STRING(result), pieces, n)
    return result


cdef size_t _read_text(lx_ctx *ctx, const uint8_t *p, size_t len, lx_mode mode, lx_bytes *pieces,
                       lx_error *error) noexcept nogil:
    cdef lx_document document
    if not lx_read(ctx, p, len, mode, &document, error):
        return 0
    return lx_text(ctx, mode == LX_INTERNAL, pieces, error)


cdef bytes _canonical(_Context context, bytes data, lx_mode mode):
    cdef const uint8_t *p = <const uint8_t *>PyBytes_AS_STRING(data)
    cdef size_t len = PyBytes_GET_SIZE(data), n
    cdef lx_bytes pieces[LX_MAX_PIECES]
    cdef lx_error error
    if len < _release:
        n = _read_text(context.ctx, p, len, mode, pieces, &error)
    else:
        with nogil:
            n = _read_text(context.ctx, p, len, mode, pieces, &error)
    if not n:
        raise _exception(error)
    return _joined(pieces, n, data)


def canonicalize(xml, *, mode="redefine"):
    """Return the document as libvirt would print it.

    Args:
        xml: a ``<domainsnapshot>`` or ``<domain>`` document in UTF-8.
        mode: libvirt's parse mode of a snapshot: ``redefine`` (name, state and creationTime
            are required), ``create`` (a request: nothing is required or invented) or
            ``internal`` (a file of libvirt's snapshot directory, with ``<active>``).

    Raises:
        XMLError, SnapshotError: the document is refused.
    """
    cdef bytes data = _as_bytes(xml)
    cdef int parse_mode = _mode(mode)
    cdef _Context context = _take()
    try:
        return _canonical(context, data, <lx_mode>parse_mode)
    finally:
        _give(context)


def canonicalize_scalar(xml, *, mode="redefine"):
    """`canonicalize` with the portable scanner, for tests."""
    cdef _Context context = _Context()
    lx_use_scalar(context.ctx, True)
    return _canonical(context, _as_bytes(xml), <lx_mode>_mode(mode))


def error_table():
    """Every code of error.def as (code, class, message); for tests and documentation."""
    classes = {LX_CLASS_ENCODING: "encoding", LX_CLASS_MALFORMED: "malformed",
               LX_CLASS_NAMESPACE: "namespace", LX_CLASS_DOCTYPE: "doctype",
               LX_CLASS_LIMIT: "limit", LX_CLASS_SNAPSHOT: "snapshot"}
    return [
        (lx_error_code(code).decode(), classes[lx_error_class(code)],
         lx_error_message(code).decode())
        for code in range(LX_NOMEM + 1, LX_ERROR_END)
    ]


include "_many.pxi"
include "_records.pxi"
