/* XML names and the namespaces in scope. */
#ifndef LX_NAMES_H
#define LX_NAMES_H

#include "buffer.h"

typedef struct {
    const uint8_t *p;
    size_t len;
} lx_span;

static inline bool lx_span_equal(lx_span a, lx_span b)
{
    return a.len == b.len && !memcmp(a.p, b.p, a.len);
}

#define lx_span_is(span, text) \
    ((span).len == sizeof(text) - 1 && !memcmp((span).p, (text), sizeof(text) - 1))

/* XML 1.0 (fifth edition) Name; `colon` false: NCName. */
bool lx_is_name(lx_span name, bool colon);

/* Seeded hash for tables that hostile input fills. */
uint64_t lx_hash(uint64_t seed, lx_span bytes);

typedef struct {
    lx_span prefix; /* empty: the default namespace */
    lx_span uri;    /* decoded */
    uint8_t *owned; /* what `uri` points to where the source text could not serve */
    uint32_t next;  /* older binding in the same bucket */
    uint32_t bucket;
} lx_binding;

/* Bindings in scope, newest last; a hash table over them. */
typedef struct {
    lx_binding *bind;
    size_t used, cap;
    uint32_t *bucket; /* index of the newest binding + 1, 0 for none */
    size_t buckets;
    uint64_t seed;
    const lx_allocator *alloc;
} lx_ns;

void lx_ns_init(lx_ns *ns, const lx_allocator *alloc, uint64_t seed);
void lx_ns_free(lx_ns *ns);
/* Take over `owned` (also on failure). False: out of memory. */
bool lx_ns_push(lx_ns *ns, lx_span prefix, lx_span uri, uint8_t *owned);
/* Forget the bindings after the first `used`. */
void lx_ns_pop(lx_ns *ns, size_t used);
/* The namespace of a prefix, NULL if it is not bound. "xml" is always bound. */
const lx_span *lx_ns_find(const lx_ns *ns, lx_span prefix);

extern const lx_span LX_XML_NAMESPACE, LX_XMLNS_NAMESPACE;

#endif
