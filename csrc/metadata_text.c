#include "metadata_text.h"

bool lx_metadata_all_blank(lx_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.p[i] != ' ' && text.p[i] != '\n' && text.p[i] != '\t')
            return false;
    return true;
}

bool lx_metadata_all_ascii(lx_span text)
{
    const uint8_t *p = text.p;
    size_t n = text.len;
    uint64_t high = 0, word;

    for (; n >= 8; p += 8, n -= 8) {
        memcpy(&word, p, 8);
        high |= word;
    }
    while (n--)
        high |= *p++;
    return !(high & 0x8080808080808080u);
}

/* ---- escaping ---- */

enum { IN_TEXT = 1, IN_ATTRIBUTE = 2, IN_URI = 4 };

/* What each character needs an escape in, and the escape. A namespace name libxml2 prints as it
 * stands, so there only what would not be read back is escaped; an ampersand in one takes
 * another form because libxml2 holds it so. */
static const struct {
    uint8_t where;
    char escape[7];
} special[128] = {
    ['&'] = {IN_TEXT | IN_ATTRIBUTE | IN_URI, "&amp;"},
    ['<'] = {IN_TEXT | IN_ATTRIBUTE | IN_URI, "&lt;"},
    ['>'] = {IN_TEXT | IN_ATTRIBUTE, "&gt;"},
    ['"'] = {IN_ATTRIBUTE, "&quot;"},
    ['\r'] = {IN_TEXT | IN_ATTRIBUTE | IN_URI, "&#13;"},
    ['\n'] = {IN_ATTRIBUTE | IN_URI, "&#10;"},
    ['\t'] = {IN_ATTRIBUTE | IN_URI, "&#9;"},
};

/* Read the UTF-8 character at p, which is not ASCII; return its length. */
static size_t read_utf8(const uint8_t *p, uint32_t *point)
{
    if (*p < 0xe0) {
        *point = (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
        return 2;
    }
    if (*p < 0xf0) {
        *point = (uint32_t)(p[0] & 15) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
        return 3;
    }
    *point = (uint32_t)(p[0] & 7) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
             (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
    return 4;
}

static void add_number(lx_buf *out, uint32_t point)
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned shift = 20;

    lx_buf_lit(out, "&#x");
    while (!(point >> shift))
        shift -= 4;
    for (;; shift -= 4) {
        lx_buf_byte(out, (uint8_t)digits[point >> shift & 15]);
        if (!shift)
            break;
    }
    lx_buf_byte(out, ';');
}

static void escape(lx_buf *out, lx_span value, uint8_t where)
{
    const uint8_t *p = value.p, *end = p + value.len, *run = p;

    while (p < end) {
        uint8_t c = *p;
        uint32_t point;

        if (LX_LIKELY(c < 0x80 ? !(special[c].where & where) : where != IN_ATTRIBUTE)) {
            p++;
            continue;
        }
        lx_buf_add(out, run, (size_t)(p - run));
        if (c >= 0x80) {
            p += read_utf8(p, &point);
            add_number(out, point);
        } else if (c == '&' && where == IN_URI) {
            lx_buf_lit(out, "&#38;");
            p++;
        } else {
            lx_buf_add(out, special[c].escape, strlen(special[c].escape));
            p++;
        }
        run = p;
    }
    lx_buf_add(out, run, (size_t)(end - run));
}

void lx_metadata_text(lx_buf *out, lx_span value)
{
    escape(out, value, IN_TEXT);
}

void lx_metadata_attribute(lx_buf *out, lx_span value)
{
    escape(out, value, IN_ATTRIBUTE);
}

void lx_metadata_uri(lx_buf *out, lx_span uri)
{
    const uint8_t *end = uri.p + uri.len, *quote = memchr(uri.p, '"', uri.len);

    if (quote && !memchr(uri.p, '\'', uri.len)) {
        lx_buf_lit(out, "='");
        escape(out, uri, IN_URI);
        lx_buf_lit(out, "'");
        return;
    }
    lx_buf_lit(out, "=\"");
    while (quote) {
        escape(out, (lx_span){uri.p, (size_t)(quote - uri.p)}, IN_URI);
        lx_buf_lit(out, "&quot;");
        uri = (lx_span){quote + 1, (size_t)(end - quote - 1)};
        quote = memchr(uri.p, '"', uri.len);
    }
    escape(out, uri, IN_URI);
    lx_buf_lit(out, "\"");
}

/* ---- blanks ---- */

bool lx_metadata_noticed(lx_span printed)
{
    const uint8_t *p = printed.p, *end = p + printed.len;
    bool start = true;

    for (; p < end; p++) {
        if (*p >= 0x80 || (start && (*p == ' ' || *p == '\n' || *p == '\t')))
            return true;
        start = *p == '&';
        while (start && *p != ';')
            p++;
    }
    return false;
}

void lx_metadata_save_blank(lx_buf *out, size_t at)
{
    uint8_t c = out->data[at];
    const char *with = c == '\t' ? "&#9;" : c == '\n' ? "&#10;" : "&#32;";
    size_t len = strlen(with), rest = out->len - at - 1;

    if (!lx_buf_reserve(out, len - 1))
        return;
    memmove(out->data + at + len, out->data + at + 1, rest);
    memcpy(out->data + at, with, len);
    out->len += len - 1;
}
