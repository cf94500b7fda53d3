#include "value.h"
#include "text.h"

bool lx_value_integer(lx_span text, int64_t *value)
{
    const uint8_t *p = text.p, *end = p + text.len;
    uint64_t limit = INT64_MAX, n = 0;
    bool negative = false;

    while (p < end && lx_c_space(*p))
        p++;
    if (p < end && (*p == '+' || *p == '-'))
        negative = *p++ == '-';
    limit += negative;
    if (p == end)
        return false;
    for (; p < end; p++) {
        unsigned digit = (unsigned)*p - '0';

        if (digit > 9 || n > (limit - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *value = negative ? (int64_t)(0 - n) : (int64_t)n;
    return true;
}

static bool same_letters(lx_span text, const char *lower)
{
    if (text.len != strlen(lower))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if ((text.p[i] | 0x20) != (uint8_t)lower[i])
            return false;
    return true;
}

/* How many bytes the unit has; 0 if it is none. */
static uint64_t unit_bytes(lx_span unit)
{
    static const char letters[] = "kmgtpe";
    lx_span rest = {unit.p + 1, unit.len - 1};
    uint64_t base, bytes = 1;
    const char *letter;

    if (!unit.len || same_letters(unit, "b") || same_letters(unit, "byte") ||
        same_letters(unit, "bytes"))
        return 1;
    letter = strchr(letters, *unit.p | 0x20);
    base = unit.len == 1 || same_letters(rest, "ib") ? 1024 : same_letters(rest, "b") ? 1000 : 0;
    if (!letter || !base)
        return 0;
    for (const char *p = letters; p <= letter; p++)
        bytes *= base;
    return bytes;
}

bool lx_value_scale(lx_span number, lx_span unit, uint64_t *bytes)
{
    const uint8_t *p = number.p, *end = p + number.len;
    uint64_t scale = unit_bytes(unit), n = 0;

    while (p < end && lx_c_space(*p))
        p++;
    if (p < end && *p == '+')
        p++;
    if (p == end || !scale)
        return false;
    for (; p < end; p++) {
        unsigned digit = (unsigned)*p - '0';

        if (digit > 9 || n > (UINT64_MAX - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *bytes = n * scale;
    return n <= UINT64_MAX / scale;
}

bool lx_value_is_uuid(lx_span text)
{
    static const uint8_t lower_hex[256] = {
        ['0'] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ['a'] = 1, 1, 1, 1, 1, 1,
    };
    unsigned good = 0;

    if (text.len != 36)
        return false;
    for (unsigned i = 0; i < 36; i++)
        good += lower_hex[text.p[i]];
    return good == 32 && text.p[8] == '-' && text.p[13] == '-' && text.p[18] == '-' &&
           text.p[23] == '-';
}

bool lx_value_uuid(lx_span text, uint8_t out[36])
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = text.p, *end = p + text.len;
    unsigned n = 0;

    if (lx_value_is_uuid(text)) {
        memcpy(out, text.p, 36);
        return true;
    }
    while (p < end && lx_c_space(*p))
        p++;
    while (n < 32) {
        unsigned d;

        /* Dashes and blanks may stand between bytes, wherever. */
        if (p < end && (*p == '-' || *p == ' ') && n % 2 == 0) {
            p++;
            continue;
        }
        if (p == end || (d = lx_digit(*p++)) > 15)
            return false;
        if (n == 8 || n == 12 || n == 16 || n == 20)
            *out++ = '-';
        *out++ = (uint8_t)digits[d];
        n++;
    }
    while (p < end && lx_c_space(*p))
        p++;
    return p == end;
}

bool lx_value_attribute_is(lx_writer *w, const lx_tag *tag, const char *name, const char *wanted)
{
    const lx_scan *s = w->scan;

    for (uint32_t i = 0; i < tag->attrs; i++) {
        const lx_attr *a = s->attr + i;
        lx_span value = {a->value, (size_t)(a->value_end - a->value)};

        if (a->name.len != strlen(name) || memcmp(a->name.p, name, a->name.len))
            continue;
        w->text.len = 0;
        lx_text_decode(&w->text, value, true);
        return w->text.len == strlen(wanted) && !memcmp(w->text.data, wanted, w->text.len);
    }
    return false;
}

/* Is the element of the start tag at p in a default namespace, if `around` is in one? */
static bool in_namespace(const uint8_t *p, bool around)
{
    for (;;) {
        const uint8_t *name, *name_end, *value;

        while (!lx_is_space(*p) && *p != '/' && *p != '>')
            p++;
        name = p = lx_skip_space(p);
        if (*p == '/' || *p == '>')
            return around;
        while (!lx_is_space(*p) && *p != '=')
            p++;
        name_end = p;
        p = lx_skip_space(lx_skip_space(p) + 1);
        value = ++p;
        while (*p != value[-1])
            p++;
        if (lx_span_is(((lx_span){name, (size_t)(name_end - name)}), "xmlns"))
            return p > value;
        p++;
    }
}

lx_buf *lx_value_capture_mixed(lx_writer *w, const lx_frame *f)
{
    lx_capture *c = &w->capture;
    bool name = lx_span_is(f->name, "name"), uuid = lx_span_is(f->name, "uuid");
    lx_buf *into = c->inactive ? &c->other : name ? &c->name : &c->uuid;
    bool *seen = name ? &c->seen_name : &c->seen_uuid;

    if ((!name && !uuid) || *seen || in_namespace(f->start, false))
        return NULL;
    *seen = true;
    into->len = 0;
    return into;
}

void lx_value_captured(lx_writer *w, const lx_frame *f, lx_buf *text)
{
    lx_capture *c = &w->capture;
    uint8_t canonical[36];

    if (!lx_span_is(f->name, "uuid") || !text->len)
        return;
    if (!lx_value_uuid((lx_span){text->data, text->len}, canonical)) {
        c->bad_uuid = f->start;
        return;
    }
    text->len = 0;
    lx_buf_add(text, canonical, sizeof canonical);
    if (!c->inactive)
        c->has_uuid = true;
}

void lx_value_capture(lx_writer *w, const lx_frame *f, lx_leaf *leaf)
{
    lx_buf *into = lx_value_capture_mixed(w, f);

    if (!into)
        return;
    if (leaf->decoded)
        lx_buf_add(into, w->text.data, w->text.len);
    else
        lx_text_decode(into, leaf->span, false);
    lx_value_captured(w, f, into);
    if (!lx_span_is(f->name, "uuid") || into->len != 36 || w->capture.bad_uuid ||
        lx_span_equal(leaf->span, (lx_span){into->data, into->len}))
        return;
    w->text.len = 0;
    lx_buf_add(&w->text, into->data, into->len);
    *leaf = (lx_leaf){{NULL, 0}, true, false};
}

/* Write the start of the element again, with unit='bytes' for whatever unit it had. */
static void write_in_bytes(lx_writer *w, const lx_frame *f, uint64_t bytes)
{
    char digits[20];
    size_t at = sizeof digits;
    bool has_unit = false;

    lx_out_truncate(&w->out, f->out_start);
    lx_out_newline(&w->out, w->level + w->top);
    lx_out_source(&w->out, f->start, f->name.p + f->name.len);
    for (uint32_t i = 0; i < f->attrs; i++) {
        const lx_attr *a = w->scan->attr + i;

        if (lx_name_is(&a->name, "unit")) {
            has_unit = true;
            lx_out_lit(&w->out, " unit='bytes'");
        } else {
            lx_write_attr(w, a);
        }
    }
    if (!has_unit)
        lx_out_lit(&w->out, " unit='bytes'");
    do
        digits[--at] = (char)('0' + bytes % 10);
    while (bytes /= 10);
    w->text.len = 0;
    lx_buf_add(&w->text, digits + at, sizeof digits - at);
}

/* The text of the leaf, in w->text. */
static void decode_leaf(lx_writer *w, const lx_leaf *leaf)
{
    if (leaf->decoded)
        return;
    w->text.len = 0;
    lx_text_decode(&w->text, leaf->span, false);
}

/* Is the leaf in a namespace that the element around it, or itself, declares? The one around it is
 * looked at once, however many leaves it has. */
static bool is_foreign(lx_cache_size *c, const lx_frame *around, const lx_frame *leaf)
{
    if (c->known != around->start) {
        c->known = around->start;
        c->foreign = in_namespace(around->start, false);
    }
    return in_namespace(leaf->start, c->foreign);
}

void lx_value_cache_size(lx_writer *w, const lx_frame *f, lx_leaf *leaf)
{
    const lx_frame *cache = w->frame + 1;
    size_t number;
    uint64_t bytes;

    if (!lx_span_is(f->name, "max_size") || !lx_span_is(cache->name, "metadata_cache") ||
        w->cache.seen || is_foreign(&w->cache, cache, f))
        return;
    w->cache.seen = true;
    decode_leaf(w, leaf);
    number = w->text.len;
    if (!number)
        return;
    for (uint32_t i = 0; i < f->attrs; i++) {
        const lx_attr *a = w->scan->attr + i;

        if (lx_name_is(&a->name, "unit"))
            lx_text_decode(&w->text, (lx_span){a->value, (size_t)(a->value_end - a->value)}, true);
    }
    if (!lx_value_scale((lx_span){w->text.data, number},
                        (lx_span){w->text.data + number, w->text.len - number}, &bytes)) {
        w->cache.bad = f->start;
        w->text.len = number;
        return;
    }
    write_in_bytes(w, f, bytes);
    *leaf = (lx_leaf){{NULL, 0}, true, false};
}
