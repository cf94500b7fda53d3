#include "names.h"

#define SPAN(text) {(const uint8_t *)(text), sizeof(text) - 1}
const lx_span LX_XML_NAMESPACE = SPAN("http://www.w3.org/XML/1998/namespace");
const lx_span LX_XMLNS_NAMESPACE = SPAN("http://www.w3.org/2000/xmlns/");

/* First and last characters of the ranges of NameStartChar beyond ASCII. */
static const uint32_t starts[][2] = {
    {0xc0, 0xd6},     {0xd8, 0xf6},     {0xf8, 0x2ff},    {0x370, 0x37d},
    {0x37f, 0x1fff},  {0x200c, 0x200d}, {0x2070, 0x218f}, {0x2c00, 0x2fef},
    {0x3001, 0xd7ff}, {0xf900, 0xfdcf}, {0xfdf0, 0xfffd}, {0x10000, 0xeffff},
};

#define L 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3
static const uint8_t ascii[128] = {
    ['-'] = 2, ['.'] = 2, ['_'] = 3, ['0'] = 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, ['A'] = L, ['a'] = L,
};
#undef L

/* 1: may start a name; 2: may follow. */
static unsigned kind_of(uint32_t c)
{
    if (c < 128)
        return ascii[c];
    if (c == 0xb7)
        return 2;
    if (c < 0xc0)
        return 0;
    if ((c >= 0x300 && c <= 0x36f) || c == 0x203f || c == 0x2040)
        return 2;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (c >= starts[i][0] && c <= starts[i][1])
            return 3;
    return 0;
}

bool lx_is_name(lx_span name, bool colon)
{
    const uint8_t *p = name.p, *end = p + name.len;
    unsigned want = 1;

    if (!name.len)
        return false;
    while (p < end) {
        uint32_t c = *p++;

        /* The text is known to be UTF-8. */
        if (c >= 0xf0) {
            c = (c & 7) << 18 | (uint32_t)(p[0] & 0x3f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 |
                (p[2] & 0x3f);
            p += 3;
        } else if (c >= 0xe0) {
            c = (c & 15) << 12 | (uint32_t)(p[0] & 0x3f) << 6 | (p[1] & 0x3f);
            p += 2;
        } else if (c >= 0xc0) {
            c = (c & 31) << 6 | (p[0] & 0x3f);
            p++;
        }
        if (!(kind_of(c) & want) && !(colon && c == ':'))
            return false;
        want = 2;
    }
    return true;
}

uint64_t lx_hash(uint64_t seed, lx_span bytes)
{
    uint64_t h = seed ^ (bytes.len * 0x9e3779b97f4a7c15u);

    for (size_t i = 0; i < bytes.len; i += 8) {
        uint64_t w = 0;

        memcpy(&w, bytes.p + i, bytes.len - i < 8 ? bytes.len - i : 8);
        h ^= w;
        h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
        h = (h ^ h >> 29) * (seed | 1);
    }
    return h ^ h >> 31;
}

void lx_ns_init(lx_ns *ns, const lx_allocator *alloc, uint64_t seed)
{
    *ns = (lx_ns){.alloc = alloc, .seed = seed};
}

void lx_ns_free(lx_ns *ns)
{
    lx_ns_pop(ns, 0);
    if (ns->bind)
        ns->alloc->release(ns->alloc->user, ns->bind);
    if (ns->bucket)
        ns->alloc->release(ns->alloc->user, ns->bucket);
    lx_ns_init(ns, ns->alloc, ns->seed);
}

static void link_binding(lx_ns *ns, size_t i)
{
    lx_binding *b = ns->bind + i;

    b->bucket = (uint32_t)(lx_hash(ns->seed, b->prefix) & (ns->buckets - 1));
    b->next = ns->bucket[b->bucket];
    ns->bucket[b->bucket] = (uint32_t)i + 1;
}

/* Keep at least one bucket a binding. */
static bool grow_buckets(lx_ns *ns)
{
    size_t want = ns->buckets ? ns->buckets * 4 : 64;
    uint32_t *grown;

    if (ns->used < ns->buckets)
        return true;
    grown = ns->alloc->resize(ns->alloc->user, ns->bucket, want * sizeof *grown);
    if (!grown)
        return false;
    ns->bucket = grown;
    ns->buckets = want;
    memset(grown, 0, want * sizeof *grown);
    for (size_t i = 0; i < ns->used; i++)
        link_binding(ns, i);
    return true;
}

bool lx_ns_push(lx_ns *ns, lx_span prefix, lx_span uri, uint8_t *owned)
{
    void *bind = ns->bind;

    if (!lx_grow(ns->alloc, &bind, &ns->cap, ns->used, sizeof *ns->bind)) {
        ns->alloc->release(ns->alloc->user, owned);
        return false;
    }
    ns->bind = bind;
    if (!grow_buckets(ns)) {
        ns->alloc->release(ns->alloc->user, owned);
        return false;
    }
    ns->bind[ns->used] = (lx_binding){.prefix = prefix, .uri = uri, .owned = owned};
    link_binding(ns, ns->used++);
    return true;
}

void lx_ns_pop(lx_ns *ns, size_t used)
{
    while (ns->used > used) {
        lx_binding *b = ns->bind + --ns->used;

        ns->bucket[b->bucket] = b->next;
        if (b->owned)
            ns->alloc->release(ns->alloc->user, b->owned);
    }
}

const lx_span *lx_ns_find(const lx_ns *ns, lx_span prefix)
{
    if (ns->used) {
        uint32_t i = ns->bucket[lx_hash(ns->seed, prefix) & (ns->buckets - 1)];

        for (; i; i = ns->bind[i - 1].next)
            if (lx_span_equal(ns->bind[i - 1].prefix, prefix))
                return &ns->bind[i - 1].uri;
    }
    return lx_span_is(prefix, "xml") ? &LX_XML_NAMESPACE : NULL;
}
