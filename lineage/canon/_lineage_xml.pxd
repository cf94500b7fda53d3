# The core's C interface: csrc/lineage_xml.h, which is its manual.

from libc.stdint cimport int64_t, uint8_t, uint64_t

cdef extern from "lineage_xml.h" nogil:
    ctypedef int lx_code
    ctypedef enum lx_class:
        LX_CLASS_NONE, LX_CLASS_ENCODING, LX_CLASS_MALFORMED, LX_CLASS_NAMESPACE
        LX_CLASS_DOCTYPE, LX_CLASS_LIMIT, LX_CLASS_SNAPSHOT
    ctypedef enum lx_mode:
        LX_REDEFINE, LX_CREATE, LX_INTERNAL
    ctypedef enum lx_kind:
        LX_SNAPSHOT, LX_DOMAIN
    ctypedef struct lx_error:
        lx_code code
        size_t offset
    ctypedef struct lx_bytes:
        const uint8_t *data
        size_t len
    ctypedef struct lx_allocator:
        pass
    ctypedef struct lx_ctx:
        pass
    enum:
        LX_OK, LX_NOMEM, LX_ERROR_END, LX_CANON_VERSION, LX_MAX_PIECES
        LX_BODY_DOMAIN, LX_BODY_INACTIVE, LX_BODY_COOKIE, LX_BODIES
        LX_E_NOT_A_SNAPSHOT
    ctypedef struct lx_document:
        lx_kind kind
        lx_bytes body[3]
        lx_bytes name, uuid, domain_name, domain_type
        bint has_time, has_active
        int64_t time, active
    const char *lx_error_code(lx_code code)
    const char *lx_error_message(lx_code code)
    lx_class lx_error_class(lx_code code)
    lx_ctx *lx_new(const lx_allocator *allocator, uint64_t seed)
    void lx_free(lx_ctx *ctx)
    void lx_use_scalar(lx_ctx *ctx, bint scalar)
    size_t lx_footprint(const lx_ctx *ctx)
    bint lx_read(lx_ctx *ctx, const uint8_t *xml, size_t len, lx_mode mode, lx_document *out,
                 lx_error *error)
    size_t lx_text(lx_ctx *ctx, bint active, lx_bytes *pieces, lx_error *error)
    bint lx_head(lx_ctx *ctx, bint bodies, bint active, lx_bytes *out, lx_error *error)
    bint lx_load(lx_ctx *ctx, lx_bytes head, const lx_bytes *bodies, lx_error *error)
    void lx_set_active(lx_ctx *ctx, int64_t active)
