# Records, and the pieces that a store keeps; part of _core.pyx.

cdef bint _read_packed(lx_ctx *ctx, const uint8_t *p, size_t len, lx_mode mode,
                       lx_document *document, lx_bytes *packed, lx_error *error) noexcept nogil:
    if not lx_read(ctx, p, len, mode, document, error):
        return False
    return document.kind != LX_SNAPSHOT or lx_head(ctx, True, mode == LX_INTERNAL, packed, error)


def parse(xml, *, mode="redefine"):
    """Return the document as a record.

    Raises:
        XMLError, SnapshotError: the document is refused.
    """
    cdef bytes data = _as_bytes(xml)
    cdef const uint8_t *p = <const uint8_t *>PyBytes_AS_STRING(data)
    cdef size_t len = PyBytes_GET_SIZE(data)
    cdef lx_mode parse_mode = <lx_mode>_mode(mode)
    cdef _Context context = _take()
    cdef lx_document document
    cdef lx_bytes packed
    cdef lx_error error
    cdef bint ok
    try:
        if len < _release:
            ok = _read_packed(context.ctx, p, len, parse_mode, &document, &packed, &error)
        else:
            with nogil:
                ok = _read_packed(context.ctx, p, len, parse_mode, &document, &packed, &error)
        if not ok:
            raise _exception(error)
        if document.kind == LX_SNAPSHOT:
            # The decoder copies what it takes; the view does not outlive this call.
            return _decode(PyMemoryView_FromMemory(<char *>packed.data, packed.len, PyBUF_READ))
        return Domain(_text(document.name), _text(document.uuid), _text(document.domain_type),
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


cdef size_t _read_parts(lx_ctx *ctx, const uint8_t *p, size_t len, lx_mode mode,
                        lx_document *document, lx_bytes *packed, lx_bytes *pieces,
                        lx_error *error) noexcept nogil:
    if not lx_read(ctx, p, len, mode, document, error):
        return 0
    if document.kind != LX_SNAPSHOT:
        error.code = LX_E_NOT_A_SNAPSHOT
        return 0
    if not lx_head(ctx, False, False, packed, error):
        return 0
    return lx_text(ctx, False, pieces, error)


def split(xml, *, mode="redefine"):
    """Return a snapshot document in the pieces that a store keeps, in one pass.

    Raises:
        XMLError, SnapshotError: the document is refused, or is a ``<domain>``.
    """
    cdef bytes data = _as_bytes(xml)
    cdef const uint8_t *p = <const uint8_t *>PyBytes_AS_STRING(data)
    cdef size_t len = PyBytes_GET_SIZE(data), n
    cdef lx_mode parse_mode = <lx_mode>_mode(mode)
    cdef _Context context = _take()
    cdef lx_document document
    cdef lx_bytes pieces[LX_MAX_PIECES]
    cdef lx_bytes packed
    cdef lx_error error
    cdef Parts parts
    try:
        if len < _release:
            n = _read_parts(context.ctx, p, len, parse_mode, &document, &packed, pieces, &error)
        else:
            with nogil:
                n = _read_parts(context.ctx, p, len, parse_mode, &document, &packed, pieces,
                                &error)
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


cdef bytes _printed(_Context context, lx_bytes packed, const lx_bytes *bodies, object active):
    """Printing is a matter of a microsecond, and bodies are only copied: the GIL is kept."""
    cdef lx_bytes pieces[LX_MAX_PIECES]
    cdef lx_error error
    cdef size_t n = 0
    if lx_load(context.ctx, packed, bodies, &error):
        if active is not None:
            lx_set_active(context.ctx, active)
        n = lx_text(context.ctx, True, pieces, &error)
    if not n:
        if error.code == LX_OK:
            raise ValueError("not the MessagePack of a snapshot head")
        raise _exception(error)
    return _joined(pieces, n, None)


def join(bytes head not None, domain=None, inactive_domain=None, cookie=None, active=None):
    """Return the canonical document of a packed `lineage.model.Head` and its bodies.

    Args:
        active: print ``<active>`` with this number, as in libvirt's snapshot directory.

    Raises:
        ValueError: `head` is not the MessagePack of a head.
    """
    cdef lx_bytes[3] bodies
    cdef _Context context
    bodies[LX_BODY_DOMAIN] = _body(domain)
    bodies[LX_BODY_INACTIVE] = _body(inactive_domain)
    bodies[LX_BODY_COOKIE] = _body(cookie)
    context = _take()
    try:
        return _printed(context, _body(head), bodies, active)
    finally:
        _give(context)


def format(record):
    """Return the canonical document of a record: the inverse of `parse`.

    Bodies, ``extra`` and the inside of a disk's source are canonical bytes and are taken as
    they are.

    Raises:
        XMLError: a text of the record holds a character that XML forbids.
    """
    cdef _Context context
    cdef lx_bytes packed
    if isinstance(record, Domain):
        return record.xml
    context = _take()
    try:
        _encode_into(record, context.packed)
        packed.data = <const uint8_t *>PyByteArray_AS_STRING(context.packed)
        packed.len = PyByteArray_GET_SIZE(context.packed)
        return _printed(context, packed, NULL, None)
    finally:
        _give(context)
