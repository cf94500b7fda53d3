#include "scan.h"
#include "output.h"
#include "text.h"

#define BLOCK 2048 /* bytes indexed at a time: bounds the window, whatever the document */
#define FIRST 256  /* of them to begin with, after a seek */
#define AHEAD 64   /* after a seek to where nobody said what comes */

bool lx_scan_fail(lx_scan *s, lx_code code, const uint8_t *at)
{
    s->code = code;
    s->at = at;
    return false;
}

bool lx_scan_init(lx_scan *s, const lx_allocator *alloc, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    s->alloc = alloc;
    s->index = lx_index_best();
    lx_ns_init(&s->ns, alloc, seed);
    s->pos = alloc->alloc(alloc->user, (BLOCK + LX_INDEX_SPARE) * sizeof *s->pos);
    return s->pos != NULL;
}

void lx_scan_free(lx_scan *s)
{
    lx_ns_free(&s->ns);
    s->alloc->release(s->alloc->user, s->pos);
    s->alloc->release(s->alloc->user, s->attr);
    s->alloc->release(s->alloc->user, s->twice);
}

size_t lx_scan_footprint(const lx_scan *s)
{
    return (BLOCK + LX_INDEX_SPARE) * sizeof *s->pos + s->attr_cap * sizeof *s->attr +
           (s->twice ? 4 * LX_MAX_ATTRIBUTES * sizeof *s->twice : 0) +
           s->ns.cap * sizeof *s->ns.bind + s->ns.buckets * sizeof *s->ns.bucket;
}

/* Nothing is indexed; the next window starts at `from`. */
static void empty_window(lx_scan *s, size_t from)
{
    s->indexed = from;
    s->block = FIRST;
    s->pos[0] = LX_WINDOW_END;
    s->k = s->pos;
}

void lx_scan_begin(lx_scan *s, const uint8_t *text, size_t len)
{
    s->base = s->p = text;
    s->end = text + len;
    empty_window(s, 0);
    s->depth = 0;
    lx_ns_pop(&s->ns, 0);
    s->code = LX_OK;
}

const uint8_t *lx_scan_refill(lx_scan *s, size_t off)
{
    size_t len = (size_t)(s->end - s->base);

    if (s->indexed < off)
        s->indexed = off;
    while (s->indexed < len) {
        size_t to = s->indexed + s->block < len ? s->indexed + s->block : len;
        size_t n = s->index(s->base, s->indexed, to, s->pos);

        s->pos[n] = LX_WINDOW_END;
        s->k = s->pos;
        s->indexed = to;
        s->block = s->block < BLOCK / 2 ? 2 * s->block : BLOCK;
        if (n)
            return s->base + *s->k;
    }
    return s->end;
}

const uint32_t *lx_scan_seek(lx_scan *s, const uint8_t *p, size_t ahead)
{
    size_t off = (size_t)(p - s->base), len = (size_t)(s->end - s->base);

    if (!ahead)
        ahead = AHEAD;
    if (s->indexed < off + ahead && s->indexed < len) {
        empty_window(s, off);
        s->block = ahead + 1;
        lx_scan_refill(s, off);
        s->block = FIRST;
    }
    while (*s->k < off)
        s->k++;
    return s->k;
}

/* Pass the special byte at `at`, which is known to be one, and return its address. Nearly always
 * it is the next in the window, and the address then comes from there and not from `at`: the
 * processor need not wait for whatever found `at`. */
static inline const uint8_t *pass_special(lx_scan *s, const uint8_t *at)
{
    const uint8_t *next = s->base + *s->k;

    if (LX_LIKELY(next == at)) {
        s->k++;
        LX_OPAQUE(next);
        return next;
    }
    lx_next_special(s, at + 1);
    return at;
}

void lx_scan_rewind(lx_scan *s, const uint8_t *p, unsigned depth)
{
    lx_ns_pop(&s->ns, s->ns_mark[depth]);
    s->depth = depth;
    s->p = p;
    empty_window(s, (size_t)(p - s->base));
}

/* ---- names ---- */

static inline uint64_t load64(const uint8_t *p)
{
    uint64_t w;

    memcpy(&w, p, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    w = __builtin_bswap64(w);
#endif
    return w;
}

static inline bool ends_name(uint8_t c)
{
    return c <= ' ' || c == '=' || c == '/' || c == '>';
}

void lx_scan_words(const uint8_t *p, uint32_t len, uint64_t word[2])
{
    uint8_t padded[16] = {0};

    memcpy(padded, p, len);
    word[0] = load64(padded);
    word[1] = load64(padded + 8);
}

const uint8_t *lx_scan_long_name(const uint8_t *p, lx_name *name, bool *colon)
{
    const uint8_t *q = p;

    while (!ends_name(*q))
        *colon |= *q++ == ':';
    name->p = p;
    /* A document is at most 64 MiB, so a name's length fits. */
    name->len = (uint32_t)(q - p);
    name->word[0] = name->word[1] = 0;
    if (name->len <= 16)
        lx_scan_words(p, name->len, name->word);
    return q;
}

bool lx_scan_check_name(lx_scan *s, const lx_name *name)
{
    if (name->len > LX_MAX_NAME)
        return lx_scan_fail(s, LX_E_LIMIT_NAME, name->p);
    if (!lx_is_name((lx_span){name->p, name->len}, true))
        return lx_scan_fail(s, LX_E_NAME, name->p);
    return true;
}

/* ---- references ---- */

static bool is_char(uint32_t c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xd800) ||
           (c >= 0xe000 && c <= 0x10ffff && c != 0xfffe && c != 0xffff);
}

/* Check the reference at p ('&'); return the byte after its ';', NULL if it is wrong. */
static LX_NOINLINE const uint8_t *reference(lx_scan *s, const uint8_t *p, uint8_t *flags)
{
    const uint8_t *q = p + 1;
    size_t len;
    uint32_t c;

    if (*q == '#') {
        q = lx_numeric_reference(q + 1, &c);
        if (!q || !is_char(c))
            return lx_scan_fail(s, LX_E_REFERENCE, p), NULL;
        *flags |= LX_V_NUMERIC;
        return q;
    }
    if (lx_named_reference(q, &len)) {
        *flags |= LX_V_NAMED;
        return q + len;
    }
    for (q = p + 1; q < s->end && *q != ';' && !ends_name(*q) && *q != '<' && *q != '&'; q++)
        ;
    if (*q == ';' && lx_is_name((lx_span){p + 1, (size_t)(q - p - 1)}, true))
        return lx_scan_fail(s, LX_E_ENTITY, p), NULL;
    return lx_scan_fail(s, LX_E_REFERENCE, p), NULL;
}

/* ---- namespaces ---- */

/* Take a name apart at its colon; it is known to be a name in other respects. */
static bool split_name(lx_scan *s, const lx_name *name, lx_span *prefix, lx_span *local)
{
    const uint8_t *colon = memchr(name->p, ':', name->len);

    *prefix = (lx_span){name->p, colon ? (size_t)(colon - name->p) : 0};
    *local = colon ? (lx_span){colon + 1, name->len - prefix->len - 1}
                   : (lx_span){name->p, name->len};
    if (!lx_is_name(*local, false) || (colon && !lx_is_name(*prefix, false)))
        return lx_scan_fail(s, LX_E_NS_NAME, name->p);
    return true;
}

static bool declare(lx_scan *s, const lx_attr *a, lx_span prefix)
{
    lx_span uri = {a->value, (size_t)(a->value_end - a->value)};
    uint8_t *owned = NULL;

    if (a->flags & (LX_V_NAMED | LX_V_NUMERIC | LX_V_SPACE)) {
        lx_buf decoded;

        /* No more than the source has: there may be many of them. */
        lx_buf_init(&decoded, s->alloc);
        owned = decoded.data = s->alloc->alloc(s->alloc->user, uri.len);
        if (!owned)
            return lx_scan_fail(s, LX_NOMEM, a->name.p);
        decoded.cap = uri.len;
        lx_text_decode(&decoded, uri, true);
        uri = (lx_span){owned, decoded.len};
    }
    if (lx_span_is(prefix, "xmlns") || lx_span_equal(uri, LX_XMLNS_NAMESPACE) ||
        lx_span_is(prefix, "xml") != lx_span_equal(uri, LX_XML_NAMESPACE)) {
        s->alloc->release(s->alloc->user, owned);
        return lx_scan_fail(s, LX_E_NS_RESERVED, a->name.p);
    }
    if (prefix.len && !uri.len) {
        s->alloc->release(s->alloc->user, owned);
        return lx_scan_fail(s, LX_E_NS_EMPTY, a->name.p);
    }
    return lx_ns_push(&s->ns, prefix, uri, owned) ? true : lx_scan_fail(s, LX_NOMEM, a->name.p);
}

static const lx_span *attr_namespace(const lx_scan *s, const lx_attr *a, lx_span *local)
{
    const uint8_t *colon = memchr(a->name.p, ':', a->name.len);
    lx_span prefix = {a->name.p, (size_t)(colon - a->name.p)};

    *local = (lx_span){colon + 1, a->name.len - prefix.len - 1};
    return lx_ns_find(&s->ns, prefix);
}

/* Table of attribute numbers + 1, big enough for `n` attributes, emptied. */
static uint32_t *twice_table(lx_scan *s, size_t n, size_t *mask)
{
    size_t size = 64;

    if (!s->twice)
        s->twice = s->alloc->alloc(s->alloc->user, 4 * LX_MAX_ATTRIBUTES * sizeof *s->twice);
    if (!s->twice)
        return lx_scan_fail(s, LX_NOMEM, s->p), NULL;
    while (size < 2 * n)
        size *= 2;
    *mask = size - 1;
    memset(s->twice, 0, size * sizeof *s->twice);
    return s->twice;
}

bool lx_scan_check_twice(lx_scan *s, const lx_tag *tag)
{
    size_t mask;
    uint32_t *table = tag->attrs > 1 ? twice_table(s, tag->attrs, &mask) : NULL;

    if (tag->attrs < 2)
        return true;
    if (!table)
        return false;
    for (uint32_t i = 0; i < tag->attrs; i++) {
        const lx_name *a = &s->attr[i].name;
        lx_span name = {a->p, a->len};
        size_t at = lx_hash(s->ns.seed, name) & mask;

        for (; table[at]; at = (at + 1) & mask) {
            const lx_name *b = &s->attr[table[at] - 1].name;

            if (lx_span_equal(name, (lx_span){b->p, b->len}))
                return lx_scan_fail(s, LX_E_ATTRIBUTE_TWICE, a->p);
        }
        table[at] = i + 1;
    }
    return true;
}

/* Two prefixed attributes may be the same one by their namespaces. */
static bool check_twice_ns(lx_scan *s, const lx_tag *tag, uint32_t prefixed)
{
    size_t mask;
    uint32_t *table = prefixed > 1 ? twice_table(s, prefixed, &mask) : NULL;

    if (prefixed < 2)
        return true;
    if (!table)
        return false;
    for (uint32_t i = 0; i < tag->attrs; i++) {
        const lx_attr *a = s->attr + i;
        lx_span local, other;
        const lx_span *uri;
        size_t at;

        if (!a->colon || !memcmp(a->name.p, "xmlns:", 6))
            continue;
        uri = attr_namespace(s, a, &local);
        at = (lx_hash(s->ns.seed, *uri) ^ lx_hash(~s->ns.seed, local)) & mask;
        for (; table[at]; at = (at + 1) & mask) {
            const lx_span *uri2 = attr_namespace(s, s->attr + table[at] - 1, &other);

            if (lx_span_equal(*uri, *uri2) && lx_span_equal(local, other))
                return lx_scan_fail(s, LX_E_NS_TWICE, a->name.p);
        }
        table[at] = i + 1;
    }
    return true;
}

/* Bind the tag's namespace declarations and resolve its prefixes. */
static LX_NOINLINE bool enter_namespaces(lx_scan *s, const lx_tag *tag)
{
    lx_span prefix, local;
    uint32_t prefixed = 0;

    if (!lx_scan_check_name(s, &tag->name))
        return false;
    for (uint32_t i = 0; i < tag->attrs; i++)
        if (!lx_scan_check_name(s, &s->attr[i].name))
            return false;
    if (!lx_scan_check_twice(s, tag))
        return false;
    for (uint32_t i = 0; i < tag->attrs; i++) {
        const lx_attr *a = s->attr + i;

        if (!a->colon && !lx_name_is(&a->name, "xmlns"))
            continue;
        if (!split_name(s, &a->name, &prefix, &local))
            return false;
        if (!a->colon ? !declare(s, a, (lx_span){a->name.p, 0})
                      : lx_span_is(prefix, "xmlns") && !declare(s, a, local))
            return false;
        prefixed += a->colon && !lx_span_is(prefix, "xmlns");
    }
    if (!split_name(s, &tag->name, &prefix, &local))
        return false;
    if (lx_span_is(prefix, "xmlns"))
        return lx_scan_fail(s, LX_E_NS_RESERVED, tag->name.p);
    if (prefix.len && !lx_ns_find(&s->ns, prefix))
        return lx_scan_fail(s, LX_E_NS_UNBOUND, tag->name.p);
    for (uint32_t i = 0; i < tag->attrs; i++) {
        const lx_attr *a = s->attr + i;

        if (a->colon && memcmp(a->name.p, "xmlns:", 6) && !attr_namespace(s, a, &local))
            return lx_scan_fail(s, LX_E_NS_UNBOUND, a->name.p);
    }
    return check_twice_ns(s, tag, prefixed);
}

bool lx_scan_default_namespace(const lx_scan *s)
{
    const lx_span *uri;

    if (!s->ns.used)
        return false;
    uri = lx_ns_find(&s->ns, (lx_span){s->base, 0});
    return uri && uri->len;
}

/* ---- tags ---- */

/* Read the quoted value at p into the attribute; return the byte after it, NULL on error. */
static inline const uint8_t *read_value(lx_scan *s, const uint8_t *p, lx_attr *a)
{
    uint8_t quote = *p++;
    uint8_t flags = 0;
    const uint8_t *q = p;

    /* One test for two characters, of which a mixed document has either. */
    if (LX_UNLIKELY((quote ^ '\'') * (quote ^ '"') != 0))
        return lx_scan_fail(s, p > s->end ? LX_E_TAG_UNCLOSED : LX_E_ATTRIBUTE, p - 1), NULL;
    p = q = pass_special(s, p - 1) + 1;
    a->value = p;
    for (;;) {
        q = lx_next_special(s, q);
        if (LX_LIKELY((*q == quote) & (q < s->end)))
            break;
        if (q == s->end)
            return lx_scan_fail(s, LX_E_TAG_UNCLOSED, a->name.p), NULL;
        if (*q == '<')
            return lx_scan_fail(s, LX_E_ATTRIBUTE, q), NULL;
        if (*q == '&') {
            q = reference(s, q, &flags);
            if (!q)
                return NULL;
            continue;
        }
        flags |= LX_V_RAW;
        q++;
    }
    if (LX_UNLIKELY(q - p > LX_MAX_VALUE))
        return lx_scan_fail(s, LX_E_LIMIT_VALUE, a->name.p), NULL;
    s->k++;
    a->value_end = q;
    a->flags = (uint8_t)(flags | (lx_has_space_control(p, q) ? LX_V_SPACE : 0));
    return q + 1;
}

static LX_NOINLINE bool grow_attributes(lx_scan *s, uint32_t attrs, const uint8_t *p)
{
    void *grown = s->attr;

    if (attrs == LX_MAX_ATTRIBUTES)
        return lx_scan_fail(s, LX_E_LIMIT_ATTRIBUTES, p);
    if (!lx_grow(s->alloc, &grown, &s->attr_cap, attrs, sizeof *s->attr))
        return lx_scan_fail(s, LX_NOMEM, p);
    s->attr = grown;
    return true;
}

#define XMLNS 0x736e6c6d78u /* the name, as a word */

/* Read name and '=' at p, and find the quote behind them; NULL on error. */
static LX_NOINLINE const uint8_t *attribute_name(lx_scan *s, const uint8_t *p, lx_attr *a)
{
    const uint8_t *equals;

    a->colon = false;
    equals = lx_skip_space(lx_read_name(p, &a->name, &a->colon));
    if (!a->name.len)
        return lx_scan_fail(s, p >= s->end ? LX_E_TAG_UNCLOSED : LX_E_ATTRIBUTE, p), NULL;
    if (*equals != '=')
        return lx_scan_fail(s, equals >= s->end ? LX_E_TAG_UNCLOSED : LX_E_ATTRIBUTE, equals), NULL;
    return lx_skip_space(equals + 1);
}

/* The same, where one look at 16 bytes shows all of it. */
static inline const uint8_t *short_attribute_name(lx_scan *s, const uint8_t *p, lx_attr *a)
{
#ifdef LX_HAVE_SSE2
    __m128i x = _mm_loadu_si128((const __m128i *)p);
    unsigned spaces = lx_low_bytes(x), stops = spaces | lx_name_marks(x);

    if (LX_LIKELY(stops)) {
        unsigned len = (unsigned)__builtin_ctz(stops);
        /* what is no blank, from the name's end on: first '=', then the quote */
        unsigned marks = ~spaces & 0xffff & (~0u << len), quote = marks & (marks - 1);

        if (LX_LIKELY(quote && len && p[__builtin_ctz(marks)] == '=')) {
            unsigned colons = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8(':')));

            a->name.p = p;
            a->name.len = len;
            x = _mm_and_si128(x, _mm_loadu_si128((const __m128i *)(lx_keep_bytes + 16 - len)));
            _mm_storeu_si128((__m128i *)a->name.word, x);
            a->colon = (colons & ~(~0u << len)) != 0;
            return p + __builtin_ctz(quote);
        }
    }
#endif
    return attribute_name(s, p, a);
}

static bool open_element(lx_scan *s, const lx_tag *tag)
{
    if (LX_UNLIKELY(s->depth == LX_MAX_DEPTH))
        return lx_scan_fail(s, LX_E_LIMIT_DEPTH, tag->start);
    s->open[s->depth] = (lx_span){tag->name.p, tag->name.len};
    s->open_at[s->depth] = tag->start;
    s->ns_mark[s->depth] = s->ns.used;
    if (LX_UNLIKELY(tag->colon) && !enter_namespaces(s, tag))
        return false;
    s->depth++;
    return true;
}

bool lx_scan_tag(lx_scan *s, lx_tag *tag)
{
    const uint8_t *p, *next, *name_end, *quote;
    uint32_t attrs = 0;
    size_t least = 0;  /* bytes that the attributes take if libvirt wrote them */
    unsigned odd = 0;  /* not 0: it did not */
    bool colon = false;
    lx_attr *a;

    tag->start = pass_special(s, s->p);
    name_end = p = lx_read_name(tag->start + 1, &tag->name, &colon);
    if (LX_UNLIKELY(!tag->name.len))
        return lx_scan_fail(s, p >= s->end ? LX_E_TAG_UNCLOSED : LX_E_NAME, p);
    for (;; attrs++) {
        next = lx_skip_space(p);
        if ((*next == '>') | (*next == '/'))
            break;
        if (LX_UNLIKELY(next == p))
            return lx_scan_fail(s, p >= s->end ? LX_E_TAG_UNCLOSED : LX_E_TAG, p);
        if (LX_UNLIKELY(attrs == s->attr_cap) && !grow_attributes(s, attrs, next))
            return false;
        a = s->attr + attrs;
        quote = short_attribute_name(s, next, a);
        odd |= *p ^ ' ';
        if (LX_UNLIKELY(!quote) || LX_UNLIKELY(!(p = read_value(s, quote, a))))
            return false;
        colon |= a->colon | (a->name.word[0] == XMLNS);
        odd |= (*quote ^ '\'') | (a->flags & LX_V_REWRITE);
        least += a->name.len + (size_t)(p - quote) + 2;
    }
    tag->attrs = attrs;
    tag->attrs_end = p;
    tag->colon = colon;
    tag->empty = *next == '/';
    tag->plain = !odd & (next == p) & ((size_t)(p - name_end) == least);
    next += tag->empty;
    if (LX_UNLIKELY(*next != '>'))
        return lx_scan_fail(s, next >= s->end ? LX_E_TAG_UNCLOSED : LX_E_TAG, next - 1);
    s->p = pass_special(s, next) + 1;
    return open_element(s, tag);
}

bool lx_scan_end(lx_scan *s, bool *plain)
{
    lx_span name = s->open[s->depth - 1];
    const uint8_t *p = s->p + 2;

    *plain = true;
    if (LX_UNLIKELY((size_t)(s->end - p) < name.len || !lx_same(p, name.p, name.len) ||
                    (p[name.len] != '>' && !lx_is_space(p[name.len])))) {
        bool cut = (size_t)(s->end - p) <= name.len &&
                   !memcmp(p, name.p, (size_t)(s->end - p));

        return lx_scan_fail(s, cut ? LX_E_TAG_UNCLOSED : LX_E_TAG_MISMATCH, s->p);
    }
    p += name.len;
    if (LX_UNLIKELY(*p != '>')) {
        *plain = false;
        p = lx_skip_space(p);
        if (*p != '>')
            return lx_scan_fail(s, p >= s->end ? LX_E_TAG_UNCLOSED : LX_E_TAG, p);
    }
    pass_special(s, s->p);
    s->p = pass_special(s, p) + 1;
    lx_scan_close(s);
    return true;
}

/* ---- content ---- */

/* White space only? */
static inline bool is_blank(const uint8_t *p, const uint8_t *end)
{
    while (p < end && lx_is_space(*p))
        p++;
    return p == end;
}

static bool text_piece(lx_scan *s, lx_piece *piece)
{
    const uint8_t *start = s->p, *q = start;
    uint8_t flags = 0;

    for (;;) {
        q = lx_next_special(s, q);
        if (q == s->end)
            return lx_scan_fail(s, LX_E_TAG_UNCLOSED, q);
        if (*q == '<')
            break;
        if (*q == '&') {
            q = reference(s, q, &flags);
            if (!q)
                return false;
            continue;
        }
        if (*q == '>' && q - start >= 2 && q[-1] == ']' && q[-2] == ']')
            return lx_scan_fail(s, LX_E_CDATA_END, q - 2);
        flags |= LX_V_RAW;
        q++;
    }
    *piece = (lx_piece){LX_TEXT, {start, (size_t)(q - start)}, flags, !flags && is_blank(start, q)};
    s->p = q;
    return true;
}

static bool comment_piece(lx_scan *s, lx_piece *piece)
{
    const uint8_t *start = s->p, *q = start + 4;

    for (;; q++) {
        q = memchr(q, '-', (size_t)(s->end - q));
        if (!q)
            return lx_scan_fail(s, LX_E_COMMENT, start);
        if (q[1] == '-')
            break;
    }
    if (q[2] != '>')
        return lx_scan_fail(s, LX_E_COMMENT, q);
    s->p = q + 3;
    *piece = (lx_piece){LX_COMMENT, {start, (size_t)(s->p - start)}, 0, false};
    return true;
}

static bool cdata_piece(lx_scan *s, lx_piece *piece)
{
    const uint8_t *start = s->p + 9, *q = start;

    for (;; q++) {
        q = memchr(q, ']', (size_t)(s->end - q));
        if (!q)
            return lx_scan_fail(s, LX_E_CDATA, s->p);
        if (q[1] == ']' && q[2] == '>')
            break;
    }
    s->p = q + 3;
    *piece = (lx_piece){LX_CDATA, {start, (size_t)(q - start)}, LX_V_RAW, is_blank(start, q)};
    return true;
}

static bool pi_piece(lx_scan *s, lx_piece *piece)
{
    const uint8_t *start = s->p, *p = start + 2, *q = p;
    bool colon;

    while (q < s->end && !lx_is_space(*q) && *q != '?')
        q++;
    colon = memchr(p, ':', (size_t)(q - p)) != NULL;
    if (!lx_is_name((lx_span){p, (size_t)(q - p)}, true) ||
        (q - p == 3 && (p[0] | 0x20) == 'x' && (p[1] | 0x20) == 'm' && (p[2] | 0x20) == 'l'))
        return lx_scan_fail(s, LX_E_PI, start);
    if (q - p > LX_MAX_NAME)
        return lx_scan_fail(s, LX_E_LIMIT_NAME, p);
    if (*q == '?' && q[1] != '>')
        return lx_scan_fail(s, LX_E_PI, start);
    for (;; q++) {
        q = q < s->end ? memchr(q, '?', (size_t)(s->end - q)) : NULL;
        if (!q)
            return lx_scan_fail(s, LX_E_PI, start);
        if (q[1] == '>')
            break;
    }
    if (colon)
        return lx_scan_fail(s, LX_E_NS_NAME, p);
    s->p = q + 2;
    *piece = (lx_piece){LX_PI, {start, (size_t)(s->p - start)}, 0, false};
    return true;
}

bool lx_scan_piece(lx_scan *s, lx_piece *piece)
{
    const uint8_t *p = s->p;

    if (LX_UNLIKELY(*p != '<'))
        return p < s->end ? text_piece(s, piece) : lx_scan_fail(s, LX_E_TAG_UNCLOSED, p);
    if (p[1] == '/') {
        piece->kind = LX_END;
        return true;
    }
    if (LX_LIKELY(p[1] != '!' && p[1] != '?')) {
        piece->kind = LX_START;
        return true;
    }
    if (p[1] == '?')
        return pi_piece(s, piece);
    if (p[2] == '-' && p[3] == '-')
        return comment_piece(s, piece);
    if (!memcmp(p + 2, "[CDATA[", 7) && s->depth)
        return cdata_piece(s, piece);
    if (!memcmp(p + 2, "DOCTYPE", 7))
        return lx_scan_fail(s, LX_E_DOCTYPE, p);
    return lx_scan_fail(s, s->end - p < 9 ? LX_E_TAG_UNCLOSED : LX_E_MARKUP, p);
}

/* ---- around the root ---- */

/* Read `name = 'value'` of the XML declaration; false if `name` is not there. */
static bool pseudo_attribute(const uint8_t **p, const char *name, lx_span *value)
{
    const uint8_t *q = lx_skip_space(*p);
    size_t len = strlen(name);
    uint8_t quote;

    if (q == *p || memcmp(q, name, len))
        return false;
    q = lx_skip_space(q + len);
    if (*q++ != '=')
        return false;
    q = lx_skip_space(q);
    quote = *q++;
    if (quote != '\'' && quote != '"')
        return false;
    value->p = q;
    while (*q && *q != quote && *q != '<' && *q != '&')
        q++;
    value->len = (size_t)(q - value->p);
    if (*q != quote)
        return false;
    *p = q + 1;
    return true;
}

static bool declaration(lx_scan *s)
{
    const uint8_t *start = s->p, *p = start + 5;
    lx_span version, encoding, standalone;

    if (!pseudo_attribute(&p, "version", &version))
        return lx_scan_fail(s, LX_E_DECLARATION, start);
    if (!lx_span_is(version, "1.0"))
        return lx_scan_fail(s, LX_E_VERSION, version.p);
    if (pseudo_attribute(&p, "encoding", &encoding)) {
        static const char want[] = "utf-8";
        bool utf8 = encoding.len == 5;

        for (size_t i = 0; utf8 && i < 5; i++)
            utf8 = (encoding.p[i] | 0x20) == (want[i] | 0x20);
        if (!utf8 || encoding.p[3] != '-')
            return lx_scan_fail(s, LX_E_ENCODING_DECLARED, encoding.p);
    }
    if (pseudo_attribute(&p, "standalone", &standalone) && !lx_span_is(standalone, "yes") &&
        !lx_span_is(standalone, "no"))
        return lx_scan_fail(s, LX_E_DECLARATION, standalone.p);
    p = lx_skip_space(p);
    if (p[0] != '?' || p[1] != '>')
        return lx_scan_fail(s, LX_E_DECLARATION, start);
    s->p = p + 2;
    return true;
}

/* Pass white space, comments and PIs; stops at a '<' of anything else, or at the end. */
static bool pass_misc(lx_scan *s)
{
    lx_piece piece;

    for (;;) {
        s->p = lx_skip_space(s->p);
        if (s->p >= s->end)
            return true;
        if (*s->p != '<')
            return lx_scan_fail(s, LX_E_OUTSIDE_ROOT, s->p);
        if (!lx_scan_piece(s, &piece))
            return false;
        if (piece.kind == LX_START || piece.kind == LX_END)
            return true;
    }
}

bool lx_scan_prolog(lx_scan *s)
{
    if (!memcmp(s->p, "<?xml", 5) && lx_is_space(s->p[5]) && !declaration(s))
        return false;
    if (!pass_misc(s))
        return false;
    if (s->p >= s->end)
        return lx_scan_fail(s, LX_E_EMPTY, s->end);
    return s->p[1] == '/' ? lx_scan_fail(s, LX_E_TAG_MISMATCH, s->p) : true;
}

bool lx_scan_epilog(lx_scan *s)
{
    if (!pass_misc(s))
        return false;
    return s->p >= s->end ? true : lx_scan_fail(s, LX_E_OUTSIDE_ROOT, s->p);
}
