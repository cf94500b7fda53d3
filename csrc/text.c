#include "text.h"

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

void lx_text_decode(lx_buf *out, lx_span span, bool attribute)
{
    const uint8_t *p = span.p, *run = p, *end;

    if (!span.len)
        return; /* and it may be nowhere */
    end = p + span.len;
    while (p < end) {
        uint8_t c = *p;
        uint32_t point;
        size_t len;

        if (LX_LIKELY(c != '&' && (c > '\n' || !attribute))) {
            p++;
            continue;
        }
        lx_buf_add(out, run, (size_t)(p - run));
        if (c != '&') {
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

void lx_text_escape(lx_buf *out, lx_span value, bool attribute)
{
    const uint8_t *p = value.p, *run = p, *end;
    uint8_t which = attribute ? 3 : 1;

    if (!value.len)
        return; /* and it may be nowhere */
    end = p + value.len;
    for (; p < end; p++) {
        const char *with;

        if (LX_LIKELY(!(escaped[*p] & which)))
            continue;
        lx_buf_add(out, run, (size_t)(p - run));
        with = reference_of(*p);
        lx_buf_add(out, with, strlen(with));
        run = p + 1;
    }
    lx_buf_add(out, run, (size_t)(end - run));
}
