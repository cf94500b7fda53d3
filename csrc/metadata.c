#include "metadata.h"
#include "metadata_names.h"
#include "metadata_text.h"
#include "text.h"

#define MAX_INDENT 30 /* levels; libxml2 indents no further */

/* What holds for the blanks directly in an element. */
enum {
    UNTOLD,
    PRESERVE, /* by xml:space */
    DEFAULT,  /* by xml:space */
    NOTICED,  /* untold, but text was met after which libxml2 drops no more blanks */
};

enum { NOTHING, TEXT, CDATA, OTHER };

/* An open element. */
typedef struct {
    size_t breaks; /* lx_metadata.breaks when it was opened */
    uint8_t space;
    uint8_t first, last; /* kinds of its first and last child so far */
    bool flat;           /* it and all below it stands on one line */
} node;

/* A line break to be put in, with its indentation. */
typedef struct {
    uint32_t pos; /* in lx_metadata.body */
    uint32_t level;
} line_break;

/* The element is written to `body` without any line break. Whether an element is laid out on
 * lines is known only when all of its children were seen; until then its breaks are kept
 * aside, and text among the children takes them back. So one pass does, and no tree is needed. */
struct lx_metadata {
    lx_buf body, value;
    line_break *brk;
    size_t breaks, break_cap;
    node node[LX_MAX_DEPTH]; /* by depth */
    unsigned depth, level;   /* of <metadata> itself */
    lx_metadata_names names;
    size_t outer_at; /* place in body of the declarations from outside */

    /* xml:space of the elements around, known for the first `known` of them. */
    bool begun;
    unsigned known;
    const uint8_t *around[LX_MAX_DEPTH];
    uint8_t around_space[LX_MAX_DEPTH];
};

typedef struct lx_metadata lx_metadata;

static lx_metadata *state(lx_writer *w)
{
    lx_metadata *m = w->metadata;

    if (m)
        return m;
    m = w->alloc->alloc(w->alloc->user, sizeof *m);
    if (!m)
        return NULL;
    memset(m, 0, sizeof *m);
    lx_buf_init(&m->body, w->alloc);
    lx_buf_init(&m->value, w->alloc);
    lx_metadata_names_init(&m->names, w->alloc);
    return w->metadata = m;
}

void lx_metadata_free(lx_writer *w)
{
    lx_metadata *m = w->metadata;

    if (!m)
        return;
    lx_buf_free(&m->body);
    lx_buf_free(&m->value);
    lx_metadata_names_free(&m->names, w->alloc);
    w->alloc->release(w->alloc->user, m->brk);
    w->alloc->release(w->alloc->user, m);
    w->metadata = NULL;
}

void lx_metadata_begin(lx_writer *w)
{
    lx_metadata *m = state(w);

    if (m) {
        m->begun = true;
        m->known = 0;
    }
}

size_t lx_metadata_footprint(const lx_writer *w)
{
    const lx_metadata *m = w->metadata;

    if (!m)
        return 0;
    return sizeof *m + m->body.cap + m->value.cap + m->break_cap * sizeof *m->brk +
           lx_metadata_names_footprint(&m->names);
}

static lx_span decode(lx_metadata *m, lx_span span, bool attribute)
{
    m->value.len = 0;
    lx_text_decode(&m->value, span, attribute);
    /* Without memory there may be no data at all. */
    return m->value.len ? (lx_span){m->value.data, m->value.len} : (lx_span){span.p, 0};
}

static lx_span attr_span(const lx_attr *a)
{
    return (lx_span){a->value, (size_t)(a->value_end - a->value)};
}

/* ---- xml:space ---- */

/* What an attribute xml:space of this value makes of `space`. */
static uint8_t told_space(lx_metadata *m, lx_span value, uint8_t space)
{
    if (memchr(value.p, '&', value.len))
        value = decode(m, value, true);
    if (lx_span_is(value, "preserve"))
        return PRESERVE;
    return lx_span_is(value, "default") ? DEFAULT : space;
}

static uint8_t inherited(uint8_t space)
{
    return space == NOTICED ? UNTOLD : space;
}

/* The same for a start tag that was read before; p is at its name. */
static uint8_t tag_space(lx_metadata *m, const uint8_t *p, uint8_t space)
{
    for (;;) {
        const uint8_t *name, *name_end, *value;

        while (!lx_is_space(*p) && *p != '/' && *p != '>')
            p++;
        name = p = lx_skip_space(p);
        if (*p == '/' || *p == '>')
            return space;
        while (!lx_is_space(*p) && *p != '=')
            p++;
        name_end = p;
        p = lx_skip_space(lx_skip_space(p) + 1);
        value = p + 1;
        for (p = value; *p != value[-1]; p++)
            ;
        if (lx_span_is(((lx_span){name, (size_t)(name_end - name)}), "xml:space"))
            return told_space(m, (lx_span){value, (size_t)(p - value)}, space);
        p++;
    }
}

/* What the elements around <metadata> say. */
static uint8_t space_around(lx_metadata *m, const lx_scan *s)
{
    unsigned from = m->begun ? m->depth : 0;

    while (from && !(from <= m->known && m->around[from - 1] == s->open[from - 1].p))
        from--;
    for (unsigned i = from; i < m->depth; i++) {
        m->around[i] = s->open[i].p;
        m->around_space[i] = tag_space(m, s->open[i].p, i ? m->around_space[i - 1] : UNTOLD);
    }
    m->known = m->depth;
    return m->depth ? m->around_space[m->depth - 1] : UNTOLD;
}

/* ---- start tags ---- */

/* Check what the scanner leaves to its caller. */
static bool check_tag(lx_metadata *m, lx_scan *s, const lx_tag *tag)
{
    if (!tag->colon && !lx_scan_check_name(s, &tag->name))
        return false;
    for (uint32_t i = 0; i < tag->attrs; i++)
        if (!s->attr[i].colon && !lx_scan_check_name(s, &s->attr[i].name))
            return false;
    if (!tag->colon && !lx_scan_check_twice(s, tag))
        return false;
    return !tag->colon || !m->names.outside || lx_metadata_names_use(&m->names, s, tag);
}

static void write_declaration(lx_metadata *m, const lx_attr *a)
{
    lx_span uri = attr_span(a);

    /* That of xml says nothing, and libxml2 does not print it. */
    if (lx_name_is(&a->name, "xmlns:xml"))
        return;
    if (a->flags)
        uri = decode(m, uri, true);
    lx_buf_byte(&m->body, ' ');
    lx_buf_add(&m->body, a->name.p, a->name.len);
    lx_metadata_uri(&m->body, uri);
}

static void write_attribute(lx_metadata *m, const lx_attr *a)
{
    lx_buf *out = &m->body;
    lx_span value = attr_span(a);

    lx_buf_byte(out, ' ');
    lx_buf_add(out, a->name.p, a->name.len);
    lx_buf_lit(out, "=\"");
    if (!a->flags && lx_metadata_all_ascii(value))
        lx_buf_add(out, value.p, value.len);
    else
        lx_metadata_attribute(out, a->flags ? decode(m, value, true) : value);
    lx_buf_byte(out, '"');
}

/* Write the start tag but for its end, and open the element's node; `space`: what holds
 * around it. */
static node *write_start(lx_metadata *m, const lx_scan *s, const lx_tag *tag, uint8_t space)
{
    node *e = m->node + s->depth - 1;

    lx_buf_add(&m->body, tag->start, tag->name.len + 1);
    for (uint32_t i = 0; tag->colon && i < tag->attrs; i++)
        if (lx_is_declaration(s->attr + i))
            write_declaration(m, s->attr + i);
    if (s->depth - 1 == m->depth)
        m->outer_at = m->body.len;
    for (uint32_t i = 0; i < tag->attrs; i++) {
        const lx_attr *a = s->attr + i;

        if (tag->colon && lx_is_declaration(a))
            continue;
        write_attribute(m, a);
        if (a->colon && lx_name_is(&a->name, "xml:space"))
            space = told_space(m, attr_span(a), space);
    }
    *e = (node){.breaks = m->breaks, .space = space, .first = NOTHING, .last = NOTHING};
    return e;
}

/* ---- content ---- */

static bool add_break(lx_metadata *m, lx_scan *s, unsigned depth)
{
    uint32_t level = m->level + depth - m->depth;

    if (LX_UNLIKELY(m->breaks == m->break_cap)) {
        void *grown = m->brk;

        if (!lx_grow(s->alloc, &grown, &m->break_cap, m->breaks, sizeof *m->brk))
            return lx_scan_fail(s, LX_NOMEM, s->p);
        m->brk = grown;
    }
    /* The body stays below 4 GiB: no byte of a document becomes more than six. */
    m->brk[m->breaks++] =
        (line_break){(uint32_t)m->body.len, level < MAX_INDENT ? level : MAX_INDENT};
    return true;
}

/* A child of this kind comes. */
static void note_child(lx_metadata *m, node *e, uint8_t kind)
{
    if (e->first == NOTHING) {
        lx_buf_byte(&m->body, '>');
        e->first = kind;
    }
    e->last = kind;
    if (kind != OTHER) {
        e->flat = true;
        m->breaks = e->breaks;
    }
}

/* Would libxml2 keep a run of blanks that ends at s->p, where markup follows? */
static bool keeps_blanks(const node *e, const lx_scan *s)
{
    return e->space == PRESERVE || e->space == NOTICED || e->first == TEXT ||
           (e->first == NOTHING && s->p[1] == '/');
}

static void write_text(lx_metadata *m, const lx_scan *s, node *e, const lx_piece *piece)
{
    bool keeps = true;
    lx_buf *out = &m->body;
    size_t from;

    if (piece->blank || (piece->flags & LX_V_NUMERIC))
        keeps = keeps_blanks(e, s);
    if (piece->blank && !keeps)
        return;
    note_child(m, e, TEXT);
    from = out->len;
    if (piece->flags)
        lx_metadata_text(out, decode(m, piece->span, false));
    else
        lx_buf_add(out, piece->span.p, piece->span.len);
    if (out->failed || out->len == from)
        return;
    /* Written as a reference it was kept, and so it has to be written. */
    if (!keeps && lx_metadata_all_blank((lx_span){out->data + from, out->len - from}))
        lx_metadata_save_blank(out, from);
    /* Where the first child is text all blanks stay anyway. */
    if (e->space == UNTOLD && e->first != TEXT &&
        lx_metadata_noticed((lx_span){out->data + from, out->len - from}))
        e->space = NOTICED;
}

/* Write a CDATA section. Neighbours become one, and "]]>" is split over two. */
static void write_cdata(lx_metadata *m, node *e, lx_span span)
{
    bool merge = e->last == CDATA;
    lx_buf *out = &m->body;
    size_t i = 0;

    note_child(m, e, CDATA);
    if (out->failed)
        return;
    if (merge)
        out->len -= 3;
    else
        lx_buf_lit(out, "<![CDATA[");
    for (; merge && i < 2 && i < span.len; i++) {
        if (span.p[i] == '>' && out->data[out->len - 1] == ']' && out->data[out->len - 2] == ']')
            lx_buf_lit(out, "]]><![CDATA[");
        lx_buf_byte(out, span.p[i]);
    }
    lx_buf_add(out, span.p + i, span.len - i);
    lx_buf_lit(out, "]]>");
}

static bool write_comment_or_pi(lx_metadata *m, lx_scan *s, node *e, const lx_piece *piece)
{
    const uint8_t *p = piece->span.p, *end = p + piece->span.len, *data;

    note_child(m, e, OTHER);
    if (!e->flat && !add_break(m, s, s->depth))
        return false;
    if (piece->kind == LX_PI) {
        for (data = p + 2; data < end - 2 && !lx_is_space(*data); data++)
            ;
        lx_buf_add(&m->body, p, (size_t)(data - p));
        p = data;
        if (data < end - 2) {
            lx_buf_byte(&m->body, ' ');
            p = lx_skip_space(data);
        }
    }
    lx_buf_add(&m->body, p, (size_t)(end - p));
    return true;
}

/* Read a direct child that is deleted, through its end. */
static bool skip_child(lx_metadata *m, lx_scan *s, const lx_tag *child)
{
    unsigned around = s->depth - 1;
    lx_piece piece;
    lx_tag tag;
    bool plain;

    if (child->empty)
        return lx_scan_close(s), true;
    while (s->depth > around) {
        if (!lx_scan_piece(s, &piece))
            return false;
        if (piece.kind == LX_START) {
            if (!lx_scan_tag(s, &tag) || !check_tag(m, s, &tag))
                return false;
            if (tag.empty)
                lx_scan_close(s);
        } else if (piece.kind == LX_END && !lx_scan_end(s, &plain)) {
            return false;
        }
    }
    return true;
}

static bool write_child(lx_metadata *m, lx_scan *s, node *parent)
{
    bool direct = s->depth - 1 == m->depth, keep = true;
    lx_tag tag;
    node *e;

    if (!lx_scan_tag(s, &tag) || !check_tag(m, s, &tag))
        return false;
    if (direct && !lx_metadata_names_first(&m->names, s, &tag, &keep))
        return false;
    if (!keep)
        return skip_child(m, s, &tag);
    note_child(m, parent, OTHER);
    if (!parent->flat && !add_break(m, s, s->depth - 1))
        return false;
    e = write_start(m, s, &tag, inherited(parent->space));
    /* The line breaks put into an element under xml:space='preserve' are text to the next
     * reader, who then lays out nothing below it; here, then, neither, if it would drop them. */
    e->flat = parent->flat || (!direct && parent->space == PRESERVE && e->space != PRESERVE);
    if (tag.empty) {
        lx_buf_lit(&m->body, "/>");
        lx_scan_close(s);
    }
    return true;
}

static bool write_end(lx_metadata *m, lx_scan *s, const node *e)
{
    lx_span name = s->open[s->depth - 1];
    bool plain;

    if (!lx_scan_end(s, &plain))
        return false;
    if (e->first == NOTHING) {
        lx_buf_lit(&m->body, "/>");
        return true;
    }
    if (!e->flat && !add_break(m, s, s->depth))
        return false;
    lx_buf_lit(&m->body, "</");
    lx_buf_add(&m->body, name.p, name.len);
    lx_buf_byte(&m->body, '>');
    return true;
}

static bool write_content(lx_metadata *m, lx_scan *s)
{
    lx_piece piece;

    while (s->depth > m->depth) {
        node *e = m->node + s->depth - 1;
        bool ok = true;

        if (!lx_scan_piece(s, &piece))
            return false;
        if (piece.kind == LX_START)
            ok = write_child(m, s, e);
        else if (piece.kind == LX_END)
            ok = write_end(m, s, e);
        else if (s->depth - 1 == m->depth)
            continue; /* directly in <metadata>: deleted */
        else if (piece.kind == LX_TEXT)
            write_text(m, s, e, &piece);
        else if (piece.kind == LX_CDATA)
            write_cdata(m, e, piece.span);
        else
            ok = write_comment_or_pi(m, s, e, &piece);
        if (!ok)
            return false;
    }
    return true;
}

/* ---- putting it together ---- */

static size_t total(const lx_metadata *m)
{
    size_t n = m->names.declarations.len + m->body.len;

    for (size_t i = 0; i < m->breaks; i++)
        n += 1 + 2 * m->brk[i].level;
    return n;
}

/* Is the text at p what would be written? Nothing may have been taken over from outside. */
static bool same(const lx_metadata *m, const uint8_t *p)
{
    size_t at = 0;

    for (size_t i = 0; i < m->breaks; i++) {
        size_t n = m->brk[i].pos - at, indent = 1 + 2 * m->brk[i].level;

        if (memcmp(p, m->body.data + at, n) || memcmp(p + n, lx_newline_indent, indent))
            return false;
        p += n + indent;
        at += n;
    }
    return !memcmp(p, m->body.data + at, m->body.len - at);
}

static void put_together(const lx_metadata *m, lx_buf *out)
{
    size_t at = m->outer_at;

    lx_buf_add(out, m->body.data, at);
    lx_buf_add(out, m->names.declarations.data, m->names.declarations.len);
    for (size_t i = 0; i < m->breaks; i++) {
        lx_buf_add(out, m->body.data + at, m->brk[i].pos - at);
        lx_buf_add(out, lx_newline_indent, 1 + 2 * m->brk[i].level);
        at = m->brk[i].pos;
    }
    lx_buf_add(out, m->body.data + at, m->body.len - at);
}

static bool emit(lx_writer *w, const lx_metadata *m, const uint8_t *start)
{
    lx_scan *s = w->scan;
    size_t n = total(m);

    if (m->body.failed || m->value.failed || m->names.declarations.failed)
        return lx_scan_fail(s, LX_NOMEM, s->p);
    if (lx_out_pos(&w->out) + n > LX_MAX_DOCUMENT)
        return lx_scan_fail(s, LX_E_LIMIT_SIZE, start);
    lx_out_newline(&w->out, m->level);
    if (!m->names.declarations.len && n == (size_t)(s->p - start) && same(m, start)) {
        lx_out_source(&w->out, start, s->p);
        return true;
    }
    lx_out_flush(&w->out);
    if (lx_buf_reserve(&w->out.buf, n))
        put_together(m, &w->out.buf);
    return true;
}

static void clear(lx_metadata *m, const lx_scan *s, unsigned level)
{
    m->body.len = m->breaks = 0;
    m->body.failed = m->value.failed = false;
    m->level = level;
    m->depth = s->depth - 1;
    lx_metadata_names_clear(&m->names, s->ns_mark[m->depth]);
}

bool lx_metadata_write(lx_writer *w, const lx_tag *tag, unsigned level)
{
    lx_scan *s = w->scan;
    lx_metadata *m = state(w);

    if (!m)
        return lx_scan_fail(s, LX_NOMEM, tag->start);
    clear(m, s, level);
    if (!check_tag(m, s, tag))
        return false;
    write_start(m, s, tag, space_around(m, s));
    if (tag->empty) {
        lx_buf_lit(&m->body, "/>");
        lx_scan_close(s);
    } else if (!write_content(m, s)) {
        return false;
    }
    return emit(w, m, tag->start);
}
