#include "metadata_names.h"
#include "metadata_text.h"

#include <stddef.h>

void lx_metadata_names_init(lx_metadata_names *n, const lx_allocator *alloc)
{
    memset(n, 0, sizeof *n);
    lx_buf_init(&n->declarations, alloc);
    lx_buf_init(&n->uris, alloc);
}

void lx_metadata_names_free(lx_metadata_names *n, const lx_allocator *alloc)
{
    lx_buf_free(&n->declarations);
    lx_buf_free(&n->uris);
    alloc->release(alloc->user, n->taken);
    alloc->release(alloc->user, n->uri);
    alloc->release(alloc->user, n->table);
}

size_t lx_metadata_names_footprint(const lx_metadata_names *n)
{
    return n->declarations.cap + n->uris.cap + n->taken_cap * sizeof *n->taken +
           n->uri_cap * sizeof *n->uri + n->table_cap * sizeof *n->table;
}

void lx_metadata_names_clear(lx_metadata_names *n, size_t outside)
{
    n->outside = outside;
    n->declarations.len = n->uris.len = n->uri_count = 0;
    n->declarations.failed = n->uris.failed = false;
    n->mask = 0;
    n->stamp++;
    if (!n->stamp) {
        for (size_t i = 0; i < n->taken_cap; i++)
            n->taken[i] = 0;
        n->stamp = 1;
    }
}

static lx_span prefix_of(const lx_name *name)
{
    const uint8_t *colon = memchr(name->p, ':', name->len);

    return (lx_span){name->p, colon ? (size_t)(colon - name->p) : 0};
}

/* ---- from outside ---- */

static bool use_prefix(lx_metadata_names *n, lx_scan *s, lx_span prefix)
{
    const lx_span *uri = lx_ns_find(&s->ns, prefix);
    const lx_binding *binding;
    size_t at;

    if (uri == &LX_XML_NAMESPACE)
        return true;
    binding = (const lx_binding *)((const char *)uri - offsetof(lx_binding, uri));
    at = (size_t)(binding - s->ns.bind);
    if (at >= n->outside)
        return true;
    while (at >= n->taken_cap) {
        size_t old = n->taken_cap;
        void *taken = n->taken;

        if (!lx_grow(s->alloc, &taken, &n->taken_cap, old, sizeof *n->taken))
            return lx_scan_fail(s, LX_NOMEM, s->p);
        n->taken = taken;
        memset(n->taken + old, 0, (n->taken_cap - old) * sizeof *n->taken);
    }
    if (n->taken[at] != n->stamp) {
        n->taken[at] = n->stamp;
        lx_buf_lit(&n->declarations, " xmlns:");
        lx_buf_add(&n->declarations, prefix.p, prefix.len);
        lx_metadata_uri(&n->declarations, *uri);
    }
    return true;
}

bool lx_metadata_names_use(lx_metadata_names *n, lx_scan *s, const lx_tag *tag)
{
    lx_span prefix = prefix_of(&tag->name);

    if (prefix.len && !use_prefix(n, s, prefix))
        return false;
    for (uint32_t i = 0; i < tag->attrs; i++) {
        const lx_attr *a = s->attr + i;

        if (a->colon && !lx_is_declaration(a) && !use_prefix(n, s, prefix_of(&a->name)))
            return false;
    }
    return true;
}

/* ---- the direct children ---- */

/* Set the table up, or make it larger. */
static bool grow_table(lx_metadata_names *n, const lx_scan *s)
{
    size_t want = n->mask ? 4 * (n->mask + 1) : 64;

    if (want > n->table_cap) {
        uint32_t *table = s->alloc->resize(s->alloc->user, n->table, want * sizeof *table);

        if (!table)
            return false;
        n->table = table;
        n->table_cap = want;
    }
    n->mask = want - 1;
    memset(n->table, 0, want * sizeof *n->table);
    for (size_t i = 0; i < n->uri_count; i++) {
        lx_span uri = {n->uris.data + n->uri[i].at, n->uri[i].len};
        size_t at = lx_hash(s->ns.seed, uri) & n->mask;

        while (n->table[at])
            at = (at + 1) & n->mask;
        n->table[at] = (uint32_t)i + 1;
    }
    return true;
}

bool lx_metadata_names_first(lx_metadata_names *n, lx_scan *s, const lx_tag *tag, bool *first)
{
    const lx_span *uri = lx_ns_find(&s->ns, prefix_of(&tag->name));
    void *grown = n->uri;
    size_t at;

    *first = false;
    if (!uri || !uri->len)
        return true;
    if (2 * n->uri_count >= n->mask && !grow_table(n, s))
        return lx_scan_fail(s, LX_NOMEM, s->p);
    at = lx_hash(s->ns.seed, *uri) & n->mask;
    for (; n->table[at]; at = (at + 1) & n->mask) {
        const lx_uri_slice *seen = n->uri + n->table[at] - 1;

        if (lx_span_equal(*uri, (lx_span){n->uris.data + seen->at, seen->len}))
            return true;
    }
    if (!lx_grow(s->alloc, &grown, &n->uri_cap, n->uri_count, sizeof *n->uri))
        return lx_scan_fail(s, LX_NOMEM, s->p);
    n->uri = grown;
    n->uri[n->uri_count++] = (lx_uri_slice){n->uris.len, uri->len};
    n->table[at] = (uint32_t)n->uri_count;
    lx_buf_add(&n->uris, uri->p, uri->len);
    *first = true;
    return n->uris.failed ? lx_scan_fail(s, LX_NOMEM, s->p) : true;
}
