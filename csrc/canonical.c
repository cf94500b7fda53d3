#include "canonical.h"

/* Behind a text constant at or after p; there is one. */
static const uint8_t *behind(const uint8_t *p, const uint8_t *end, const char *text)
{
    size_t len = strlen(text);

    for (; p < end; p++)
        if (*p == *text && (size_t)(end - p) >= len && !memcmp(p, text, len))
            return p + len;
    return end;
}

const uint8_t *lx_canonical_markup(const uint8_t *p, const uint8_t *end, int *opens)
{
    *opens = 0;
    if (p[1] == '!')
        return p[2] == '-' ? behind(p + 4, end, "-->") : behind(p, end, "]]>");
    if (p[1] == '?')
        return behind(p, end, "?>");
    *opens = p[1] == '/' ? -1 : 1;
    for (p++; p < end && *p != '>'; p++)
        if (*p == '\'' || *p == '"') {
            const uint8_t *quote = memchr(p + 1, *p, (size_t)(end - p - 1));

            p = quote ? quote : end - 1;
        }
    if (p < end && *opens > 0 && p[-1] == '/')
        *opens = 0;
    return p < end ? p + 1 : end;
}

/* Behind the end tag of the element whose content starts at p; *kids: it has children. */
static const uint8_t *element_end(const uint8_t *p, const uint8_t *end, bool *kids)
{
    size_t depth = 1;

    while (depth && (p = memchr(p, '<', (size_t)(end - p)))) {
        bool closing = p[1] == '/';
        int opens;

        *kids |= !closing;
        p = lx_canonical_markup(p, end, &opens);
        depth += (size_t)opens;
    }
    return p ? p : end;
}

/* The attribute at p, a blank before it; the byte behind it. */
static const uint8_t *next_attr(const uint8_t *p, const uint8_t *end, lx_span *name,
                                lx_span *value)
{
    const uint8_t *start = p + 1, *eq = memchr(start, '=', (size_t)(end - start));
    const uint8_t *quote = memchr(eq + 2, '\'', (size_t)(end - eq - 2));

    *name = (lx_span){start, (size_t)(eq - start)};
    *value = (lx_span){eq + 2, (size_t)(quote - eq - 2)};
    return quote + 1;
}

bool lx_canonical_attr(const lx_element *e, const char *name, lx_span *value)
{
    const uint8_t *p = e->attrs.p, *end = p + e->attrs.len;
    size_t len = strlen(name);
    lx_span have;

    while (p < end) {
        p = next_attr(p, end, &have, value);
        if (have.len == len && !memcmp(have.p, name, len))
            return true;
    }
    return false;
}

bool lx_canonical_next(const uint8_t *p, const uint8_t *end, lx_element *e)
{
    const uint8_t *close;
    lx_span uri;
    int opens;

    if (p >= end || !(p = memchr(p, '<', (size_t)(end - p))) || p[1] == '/')
        return false;
    e->name.p = ++p;
    while (*p != ' ' && *p != '/' && *p != '>')
        p++;
    e->name.len = (size_t)(p - e->name.p);
    close = lx_canonical_markup(e->name.p - 1, end, &opens);
    e->kids = false;
    e->attrs = (lx_span){p, (size_t)(close - 1 - (close[-2] == '/') - p)};
    if (close[-2] == '/') {
        e->inner = (lx_span){close, 0};
        e->end = close;
    } else {
        e->end = element_end(close, end, &e->kids);
        e->inner = (lx_span){close, (size_t)(e->end - close) - e->name.len - 3};
    }
    e->plain = !memchr(e->name.p, ':', e->name.len) &&
               !(lx_canonical_attr(e, "xmlns", &uri) && uri.len);
    return true;
}

static int rank_of(unsigned ctx, lx_span name)
{
    lx_name wanted = {.p = name.p, .len = (uint32_t)name.len};
    const lx_slot *slot;

    if (name.len <= 16)
        lx_scan_words(name.p, wanted.len, wanted.word);
    slot = lx_order_attr(ctx, &wanted);
    return slot ? slot->rank : -1;
}

static void add_attr(lx_buf *out, lx_span name, lx_span value)
{
    lx_buf_byte(out, ' ');
    lx_buf_add(out, name.p, name.len);
    lx_buf_lit(out, "='");
    lx_buf_add(out, value.p, value.len);
    lx_buf_byte(out, '\'');
}

static lx_span span_of(const char *text)
{
    return (lx_span){(const uint8_t *)text, strlen(text)};
}

/* Append the edited attributes that are not there yet and come before an attribute of that
 * rank. */
static void add_missing(lx_buf *out, const lx_element *e, unsigned ctx, const lx_edit **edit,
                        const lx_edit *end, int before)
{
    lx_span value;

    for (; *edit < end && rank_of(ctx, span_of((*edit)->name)) < before; ++*edit)
        if ((*edit)->value && !lx_canonical_attr(e, (*edit)->name, &value))
            add_attr(out, span_of((*edit)->name), span_of((*edit)->value));
}

void lx_canonical_start(lx_buf *out, const lx_element *e, unsigned ctx, const lx_edit *edits,
                        size_t n)
{
    const uint8_t *p = e->attrs.p, *end = p + e->attrs.len;
    const lx_edit *missing = edits;
    lx_span name, value;

    lx_buf_byte(out, '<');
    lx_buf_add(out, e->name.p, e->name.len);
    while (p < end) {
        bool keep = true;

        p = next_attr(p, end, &name, &value);
        add_missing(out, e, ctx, &missing, edits + n, rank_of(ctx, name));
        for (size_t i = 0; i < n; i++)
            if (lx_span_equal(name, span_of(edits[i].name))) {
                keep = edits[i].value != NULL;
                value = keep ? span_of(edits[i].value) : value;
            }
        if (keep)
            add_attr(out, name, value);
    }
    add_missing(out, e, ctx, &missing, edits + n, LX_RANKS);
}
