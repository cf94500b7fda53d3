/* lineage_xml.h - libvirt's <domainsnapshot> and <domain> XML in canonical form.
 *
 * The whole public interface, and its manual.
 *
 * A document goes in as bytes; out comes the exact text that libvirt would print for it,
 * and, for a snapshot, its own fields as a MessagePack array (layout: FORMAT.md, "Head").
 * The canonical form itself is described in FORMAT.md.
 *
 * Memory: everything a call returns belongs to the lx_ctx and lives until its next call or
 *   lx_free. A ctx holds at most LX_MEMORY_FACTOR times the input and the canonical form
 *   together (neither over 64 MiB), plus LX_MEMORY_BASE bytes.
 * Threads: a ctx serves one thread at a time; different ctxs share nothing that changes.
 * Complexity: linear in the input, times the depth where siblings must be put in order
 *   (depth is capped at LX_MAX_DEPTH). No function here recurses.
 * Errors: a call returns false and fills an lx_error; nothing global is set. Every code,
 *   its message and an input that causes it: error.def. */
#ifndef LINEAGE_XML_H
#define LINEAGE_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LX_MAX_DEPTH 256            /* open elements, the root included */
#define LX_MAX_ATTRIBUTES 1024      /* on one element, namespace declarations included */
#define LX_MAX_VALUE 10000000       /* bytes of an attribute value */
#define LX_MAX_NAME 50000           /* bytes of a name */
#define LX_MAX_DOCUMENT (64u << 20) /* bytes of a document and of its canonical form */
#define LX_MEMORY_FACTOR 16
#define LX_MEMORY_BASE (1u << 20)
#define LX_CANON_VERSION 1          /* of the canonical form; rises if any output changes */

typedef enum {
    LX_OK = 0,
    LX_NOMEM = 1, /* the allocator returned NULL; the ctx stays usable */
#define LX_ERROR(symbol, class, code, message, example) LX_E_##symbol,
#include "error.def"
#undef LX_ERROR
    LX_ERROR_END
} lx_code;

typedef enum {
    LX_CLASS_NONE,
    LX_CLASS_ENCODING,
    LX_CLASS_MALFORMED,
    LX_CLASS_NAMESPACE,
    LX_CLASS_DOCTYPE,
    LX_CLASS_LIMIT,
    LX_CLASS_SNAPSHOT
} lx_class;

typedef struct {
    lx_code code;
    size_t offset; /* byte of the input; of a missing field, its parent's '<' */
} lx_error;

/* Constant texts of a code. Never NULL; "" for a code out of range. */
const char *lx_error_code(lx_code code);
const char *lx_error_message(lx_code code);
lx_class lx_error_class(lx_code code);

/* What the document is read as (libvirt's parse flags). */
typedef enum {
    LX_REDEFINE, /* CREATE_REDEFINE: name, state and creationTime are required */
    LX_CREATE,   /* a request: nothing is required, nothing is invented */
    LX_INTERNAL  /* a file of libvirt's snapshot directory: REDEFINE, and <active> */
} lx_mode;

/* Allocation functions, in the manner of malloc, realloc and free. */
typedef struct {
    void *(*alloc)(void *user, size_t size);
    void *(*resize)(void *user, void *old, size_t size);
    void (*release)(void *user, void *old);
    void *user;
} lx_allocator;

typedef struct lx_ctx lx_ctx;

/* A working context. `allocator` NULL: the C library's. `seed` guards hash tables against
 * chosen collisions: pass random bits. NULL if memory is short. */
lx_ctx *lx_new(const lx_allocator *allocator, uint64_t seed);
void lx_free(lx_ctx *ctx); /* NULL is allowed */

/* Use the portable scanner even where a vector one was compiled in (for tests). */
void lx_use_scalar(lx_ctx *ctx, bool scalar);
/* Take the usual case's short cuts, as is the default, or go the long way with every document (for
 * tests: the results are the same). */
void lx_use_shortcuts(lx_ctx *ctx, bool use);

/* Bytes that the ctx holds now; a caller may drop a ctx that one huge document grew. */
size_t lx_footprint(const lx_ctx *ctx);

typedef struct {
    const uint8_t *data; /* NULL: absent */
    size_t len;
} lx_bytes;

typedef enum { LX_SNAPSHOT, LX_DOMAIN } lx_kind;
enum { LX_BODY_DOMAIN, LX_BODY_INACTIVE, LX_BODY_COOKIE, LX_BODIES };

/* A document taken apart. */
typedef struct {
    lx_kind kind;
    lx_bytes body[LX_BODIES]; /* canonical subtrees, '<' to '>', as they stand in the document;
                                 of a <domain> document the whole text is in body[0] */
    lx_bytes name;            /* of the snapshot, or of the domain document */
    lx_bytes uuid;            /* of <domain>, canonical */
    lx_bytes domain_name;
    lx_bytes domain_type;
    bool has_time, has_active;
    int64_t time, active;
} lx_document;

/* Read a document. On success `out` describes it and the ctx holds it for the calls below.
 * False: refused, see `error`.  `xml` may be NULL if `len` is 0. */
bool lx_read(lx_ctx *ctx, const uint8_t *xml, size_t len, lx_mode mode, lx_document *out,
             lx_error *error);

/* Canonical text of the document that the ctx holds, in pieces to be joined: at most
 * LX_MAX_PIECES, so that a large body is never copied here. `active`: print <active> if the
 * document had one. Returns the number of pieces, 0 on failure. */
#define LX_MAX_PIECES 7
size_t lx_text(lx_ctx *ctx, bool active, lx_bytes pieces[LX_MAX_PIECES], lx_error *error);

/* The snapshot's fields as MessagePack (FORMAT.md, "Head"). `bodies`: append the three bodies
 * to the array. `active`: put the <active> value in it. */
bool lx_head(lx_ctx *ctx, bool bodies, bool active, lx_bytes *out, lx_error *error);

/* Load a snapshot from its MessagePack instead of from XML; lx_text then prints it. `bodies`
 * are used where the array itself has none; each may be absent. The bytes must stay valid until
 * lx_text was called. False with LX_OK in `error->code`: not such an array. */
bool lx_load(lx_ctx *ctx, lx_bytes head, const lx_bytes bodies[LX_BODIES], lx_error *error);
/* Give the loaded or read snapshot an <active> of this value. */
void lx_set_active(lx_ctx *ctx, int64_t active);

#endif
