# cython: language_level=3, freethreading_compatible=True
"""Thin wrapper of csrc: Python objects in and out, the GIL released while C works."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp, memcpy

from lineage.canon._lineage_xml cimport *

import os

from lineage.errors import SnapshotError, XMLError

VERSION = LX_CANON_VERSION
_MODES = {"redefine": LX_REDEFINE, "create": LX_CREATE, "internal": LX_INTERNAL}
# A context that one huge document grew is not kept.
cdef size_t KEEP_BYTES = 1 << 20
cdef int KEEP_CONTEXTS = 8
# Documents and bytes canonicalized in one stretch without the GIL.
cdef size_t STRETCH_DOCUMENTS = 256
cdef size_t STRETCH_BYTES = 16 << 20


cdef class _Context:
    """Owns one lx_ctx. Contexts rest in a pool between calls."""

    cdef lx_ctx *ctx

    def __cinit__(self):
        cdef uint64_t seed = int.from_bytes(os.urandom(8), "little")
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
    if len(_pool) < KEEP_CONTEXTS and lx_footprint(context.ctx) <= KEEP_BYTES:
        _pool.append(context)


cdef object _exception(lx_error error):
    """The exception of a refusal."""
    cdef lx_class kind = lx_error_class(error.code)
    if error.code == LX_NOMEM:
        return MemoryError()
    code = lx_error_code(error.code).decode()
    message = lx_error_message(error.code).decode()
    return (SnapshotError if kind == LX_CLASS_SNAPSHOT else XMLError)(code, error.offset, message)


cdef lx_mode _mode(object mode) except *:
    try:
        return _MODES[mode]
    except (KeyError, TypeError):
        raise ValueError(f"mode is one of {', '.join(_MODES)}, not {mode!r}") from None


cdef bytes _as_bytes(object xml):
    """The document's UTF-8 bytes."""
    if isinstance(xml, bytes):
        return xml
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


cdef bytes _joined(lx_bytes *pieces, size_t n, bytes given):
    """The pieces as one object; `given` itself if it holds the same bytes."""
    cdef size_t total = 0, i
    cdef bint same
    cdef const char *source
    cdef char *target
    for i in range(n):
        total += pieces[i].len
    if given is not None and <size_t>PyBytes_GET_SIZE(given) == total:
        source = PyBytes_AS_STRING(given)
        same = True
        for i in range(n):
            if memcmp(source, pieces[i].data, pieces[i].len):
                same = False
                break
            source += pieces[i].len
        if same:
            return given
    result = PyBytes_FromStringAndSize(NULL, total)
    target = PyBytes_AS_STRING(result)
    for i in range(n):
        memcpy(target, pieces[i].data, pieces[i].len)
        target += pieces[i].len
    return result


def canonicalize(xml, *, mode="redefine", bint scalar=False):
    """See lineage.canon.canonicalize. `scalar` picks the portable scanner."""
    cdef bytes data = _as_bytes(xml)
    cdef const uint8_t *p = <const uint8_t *>PyBytes_AS_STRING(data)
    cdef size_t len = PyBytes_GET_SIZE(data), n = 0
    cdef lx_mode parse_mode = _mode(mode)
    cdef _Context context = _take()
    cdef lx_ctx *ctx = context.ctx
    cdef lx_document document
    cdef lx_bytes pieces[LX_MAX_PIECES]
    cdef lx_error error
    with nogil:
        lx_use_scalar(ctx, scalar)
        if lx_read(ctx, p, len, parse_mode, &document, &error):
            n = lx_text(ctx, parse_mode == LX_INTERNAL, pieces, &error)
    try:
        if not n:
            raise _exception(error)
        return _joined(pieces, n, data)
    finally:
        _give(context)


cdef struct _Result:
    lx_error error
    size_t at, len


cdef class _Stretch:
    """Results of some documents, collected without the GIL."""

    cdef _Result *result
    cdef char *text
    cdef size_t used, cap

    def __cinit__(self, size_t n):
        self.result = <_Result *>malloc(n * sizeof(_Result) + 1)
        if self.result is NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.result)
        free(self.text)

    cdef bint add(self, size_t i, lx_bytes *pieces, size_t n) noexcept nogil:
        cdef size_t k, total = 0
        cdef char *grown
        for k in range(n):
            total += pieces[k].len
        if self.cap - self.used < total:
            self.cap = (self.used + total) * 2
            grown = <char *>realloc(self.text, self.cap)
            if grown is NULL:
                return False
            self.text = grown
        self.result[i].at = self.used
        self.result[i].len = total
        for k in range(n):
            memcpy(self.text + self.used, pieces[k].data, pieces[k].len)
            self.used += pieces[k].len
        return True


cdef void _run(lx_ctx *ctx, lx_mode mode, const uint8_t **p, const size_t *len, size_t n,
               _Stretch stretch) noexcept nogil:
    cdef lx_document document
    cdef lx_bytes pieces[LX_MAX_PIECES]
    cdef size_t i, count
    for i in range(n):
        count = 0
        if lx_read(ctx, p[i], len[i], mode, &document, &stretch.result[i].error):
            count = lx_text(ctx, mode == LX_INTERNAL, pieces, &stretch.result[i].error)
        if count and not stretch.add(i, pieces, count):
            stretch.result[i].error.code = LX_NOMEM


cdef list _canonicalize_stretch(list documents, lx_mode mode, _Context context):
    cdef size_t n = len(documents), i
    cdef const uint8_t *p[256]
    cdef size_t size[256]
    cdef _Stretch stretch = _Stretch(n)
    cdef lx_ctx *ctx = context.ctx
    for i in range(n):
        p[i] = <const uint8_t *>PyBytes_AS_STRING(<bytes>documents[i])
        size[i] = PyBytes_GET_SIZE(<bytes>documents[i])
    with nogil:
        lx_use_scalar(ctx, False)
        _run(ctx, mode, p, size, n, stretch)
    return [
        _exception(stretch.result[i].error) if stretch.result[i].error.code != LX_OK
        else PyBytes_FromStringAndSize(stretch.text + stretch.result[i].at, stretch.result[i].len)
        for i in range(n)
    ]


def canonicalize_many(documents, *, mode="redefine"):
    """See lineage.canon.canonicalize_many."""
    cdef lx_mode parse_mode = _mode(mode)
    cdef _Context context = _take()
    cdef size_t pending = 0
    cdef list stretch = [], places = [], results = []

    def flush():
        for place, result in zip(places, _canonicalize_stretch(stretch, parse_mode, context)):
            if isinstance(result, MemoryError):
                raise result
            results[place] = result
        stretch.clear()
        places.clear()

    try:
        for document in documents:
            try:
                data = _as_bytes(document)
            except XMLError as error:
                results.append(error)
                continue
            places.append(len(results))
            results.append(None)
            stretch.append(data)
            pending += len(data)
            if len(stretch) == STRETCH_DOCUMENTS or pending >= STRETCH_BYTES:
                flush()
                pending = 0
        flush()
    finally:
        _give(context)
    return results


def read(xml, *, mode="redefine"):
    """Take a document apart.

    Returns:
        ``("snapshot", packed)`` with the MessagePack of lineage.model.Snapshot, or
        ``("domain", name, uuid, type, xml)``.
    """
    cdef bytes data = _as_bytes(xml)
    cdef const uint8_t *p = <const uint8_t *>PyBytes_AS_STRING(data)
    cdef size_t len = PyBytes_GET_SIZE(data)
    cdef lx_mode parse_mode = _mode(mode)
    cdef _Context context = _take()
    cdef lx_ctx *ctx = context.ctx
    cdef lx_document document
    cdef lx_bytes packed
    cdef lx_error error
    cdef bint ok
    with nogil:
        lx_use_scalar(ctx, False)
        ok = lx_read(ctx, p, len, parse_mode, &document, &error)
        if ok and document.kind == LX_SNAPSHOT:
            ok = lx_head(ctx, True, parse_mode == LX_INTERNAL, &packed, &error)
    try:
        if not ok:
            raise _exception(error)
        if document.kind == LX_SNAPSHOT:
            return "snapshot", _object(packed)
        return ("domain", _text(document.name), _text(document.uuid), _text(document.domain_type),
                _object(document.body[LX_BODY_DOMAIN]))
    finally:
        _give(context)


@cython.final
@cython.no_gc  # holds nothing that could refer back
cdef class Parts:
    """A snapshot document in the pieces that a store keeps. See lineage.canon.split."""

    cdef readonly bytes head, xml
    cdef readonly object domain, inactive_domain, cookie
    cdef readonly object name, creation_time, active, uuid, domain_name


def split(xml, *, mode="redefine"):
    """See lineage.canon.split."""
    cdef bytes data = _as_bytes(xml)
    cdef const uint8_t *p = <const uint8_t *>PyBytes_AS_STRING(data)
    cdef size_t len = PyBytes_GET_SIZE(data), n = 0
    cdef lx_mode parse_mode = _mode(mode)
    cdef _Context context = _take()
    cdef lx_ctx *ctx = context.ctx
    cdef lx_document document
    cdef lx_bytes pieces[LX_MAX_PIECES]
    cdef lx_bytes packed
    cdef lx_error error
    cdef Parts parts
    with nogil:
        lx_use_scalar(ctx, False)
        if lx_read(ctx, p, len, parse_mode, &document, &error):
            if document.kind != LX_SNAPSHOT:
                error.code = LX_E_NOT_A_SNAPSHOT
            elif lx_head(ctx, False, False, &packed, &error):
                n = lx_text(ctx, False, pieces, &error)
    try:
        if not n:
            raise _exception(error)
        parts = Parts.__new__(Parts)
        parts.xml = _joined(pieces, n, data)
        parts.head = _object(packed)
        parts.domain = _object(document.body[LX_BODY_DOMAIN])
        parts.inactive_domain = _object(document.body[LX_BODY_INACTIVE])
        parts.cookie = _object(document.body[LX_BODY_COOKIE])
        parts.name = _text(document.name)
        parts.creation_time = document.time if document.has_time else None
        parts.active = document.active if document.has_active else None
        parts.uuid = _text(document.uuid)
        parts.domain_name = _text(document.domain_name)
        return parts
    finally:
        _give(context)


cdef lx_bytes _body(object body) except *:
    cdef lx_bytes b
    b.data = NULL
    b.len = 0
    if body is not None:
        b.data = <const uint8_t *>PyBytes_AS_STRING(<bytes?>body)
        b.len = PyBytes_GET_SIZE(<bytes>body)
    return b


def join(bytes head not None, domain=None, inactive_domain=None, cookie=None, active=None):
    """See lineage.canon.join."""
    cdef lx_bytes packed = _body(head)
    cdef lx_bytes[3] bodies
    cdef lx_bytes pieces[LX_MAX_PIECES]
    cdef lx_error error
    cdef size_t n = 0
    cdef _Context context = _take()
    cdef lx_ctx *ctx = context.ctx
    cdef bint set_active = active is not None
    cdef int64_t value = active if set_active else 0
    bodies[LX_BODY_DOMAIN] = _body(domain)
    bodies[LX_BODY_INACTIVE] = _body(inactive_domain)
    bodies[LX_BODY_COOKIE] = _body(cookie)
    with nogil:
        if lx_load(ctx, packed, bodies, &error):
            if set_active:
                lx_set_active(ctx, value)
            n = lx_text(ctx, True, pieces, &error)
    try:
        if not n:
            if error.code == LX_OK:
                raise ValueError("not the MessagePack of a snapshot head")
            raise _exception(error)
        return _joined(pieces, n, None)
    finally:
        _give(context)


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
