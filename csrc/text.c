#include "text.h"
#include "index.h"

const uint8_t *lx_numeric_reference(const uint8_t *p, uint32_t *point)
{
    bool hex = *p == 'x';
    const uint8_t *digits = p += hex;
    uint32_t n = 0;

    for (;; p++) {
        uint8_t c = *p;
        uint32_t digit;

        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if (hex && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (c | 0x20) - 'a' + 10u;
        else
            break;
        if (n <= 0x10ffff)
            n = n * (hex ? 16 : 10) + digit;
    }
    *point = n;
    return p > digits && *p == ';' ? p + 1 : NULL;
}

uint8_t lx_named_reference(const uint8_t *p, size_t *len)
{
    if (!memcmp(p, "amp;", 4))
        return *len = 4, '&';
    if (!memcmp(p, "lt;", 3))
        return *len = 3, '<';
    if (!memcmp(p, "gt;", 3))
        return *len = 3, '>';
    if (!memcmp(p, "quot;", 5))
        return *len = 5, '"';
    if (!memcmp(p, "apos;", 5))
        return *len = 5, '\'';
    return 0;
}

static void add_point(lx_buf *out, uint32_t c)
{
    if (c < 0x80) {
        lx_buf_byte(out, (uint8_t)c);
        return;
    }
    if (c < 0x800) {
        lx_buf_byte(out, (uint8_t)(0xc0 | c >> 6));
    } else {
        if (c < 0x10000) {
            lx_buf_byte(out, (uint8_t)(0xe0 | c >> 12));
        } else {
            lx_buf_byte(out, (uint8_t)(0xf0 | c >> 18));
            lx_buf_byte(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
        }
        lx_buf_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
    }
    lx_buf_byte(out, (uint8_t)(0x80 | (c & 0x3f)));
}

/* Pass bytes that are neither '&' nor, in an attribute, a blank to be replaced: 16 at a time. */
static inline const uint8_t *pass_plain(const uint8_t *p, const uint8_t *end, bool attribute)
{
#ifdef LX_HAVE_SSE2
    const __m128i blank = _mm_set1_epi8(attribute ? '\n' : 0);

    for (; end - p >= 16; p += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)p);
        __m128i found = _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('&')),
                                     _mm_cmpeq_epi8(_mm_min_epu8(x, blank), x));
        unsigned at = (unsigned)_mm_movemask_epi8(found);

        if (at)
            return p + __builtin_ctz(at);
    }
#endif
    while (p < end && *p != '&' && (*p > '\n' || !attribute))
        p++;
    return p;
}

void lx_text_decode(lx_buf *out, lx_span span, bool attribute)
{
    const uint8_t *p = span.p, *run = p, *end;

    if (!span.len)
        return; /* and it may be nowhere */
    end = p + span.len;
    while ((p = pass_plain(p, end, attribute)) < end) {
        uint32_t point;
        size_t len;

        lx_buf_add(out, run, (size_t)(p - run));
        if (*p != '&') {
            lx_buf_byte(out, ' ');
            p++;
        } else if (p[1] == '#') {
            p = lx_numeric_reference(p + 2, &point);
            add_point(out, point);
        } else {
            lx_buf_byte(out, lx_named_reference(p + 1, &len));
            p += len + 1;
        }
        run = p;
    }
    lx_buf_add(out, run, (size_t)(end - run));
}

/* Bytes that are written as references: 1 everywhere, 2 in attributes only. */
static const uint8_t escaped[256] = {
    ['&'] = 1, ['<'] = 1, ['>'] = 1, ['"'] = 1, ['\''] = 1, ['\r'] = 1, ['\n'] = 2, ['\t'] = 2,
};

static const char *reference_of(uint8_t c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&apos;";
    case '\r': return "&#13;";
    case '\n': return "&#10;";
    default: return "&#9;";
    }
}

/* Pass bytes that are written as themselves. */
static inline const uint8_t *pass_unescaped(const uint8_t *p, const uint8_t *end, uint8_t which)
{
#ifdef LX_HAVE_SSE2
    for (; end - p >= 16; p += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)p);
        unsigned control = (unsigned)_mm_movemask_epi8(
            _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8('\r')), x));

        if (control | lx_specials16(p))
            break;
    }
#endif
    while (p < end && !(escaped[*p] & which))
        p++;
    return p;
}

void lx_text_escape(lx_buf *out, lx_span value, bool attribute)
{
    const uint8_t *p = value.p, *run = p, *end;
    uint8_t which = attribute ? 3 : 1;

    if (!value.len)
        return; /* and it may be nowhere */
    end = p + value.len;
    for (;; p++) {
        const char *with;

        p = pass_unescaped(p, end, which);
        if (p == end)
            break;
        lx_buf_add(out, run, (size_t)(p - run));
        with = reference_of(*p);
        lx_buf_add(out, with, strlen(with));
        run = p + 1;
    }
    lx_buf_add(out, run, (size_t)(end - run));
}
