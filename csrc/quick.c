/* The usual case: text that libvirt printed.
 *
 * An element whose names are listed and in order, and that is spelled as libvirt spells, is a
 * piece of the source that is canonical as it stands. A line that was found to be such one before
 * is recognised by its bytes (lines.h). For another, positions come from the index of special
 * bytes alone, so that the processor can work on several elements at once, and nothing is kept of
 * what is read. Whatever else comes is left for write.c, which handles everything; the two share
 * their state, so that either can go on where the other stopped. */
#include "rules.h"
#include "siblings.h"
#include "value.h"

typedef struct {
    lx_writer *w;
    const uint8_t *base;
    const uint32_t *k; /* the special byte where the next tag should start */
    const uint8_t *p;  /* verified so far; the output's run ends here */
    size_t shift;      /* the output's position is that in the source and this */
} quick;

/* What a start tag was found to be. */
typedef struct {
    lx_name name;
    const lx_slot *slot;
    const uint8_t *end; /* '/' or '>' */
    const uint32_t *k;  /* the special byte at or after `end` */
    uint16_t ctx;       /* inside the element */
} tag;

/* Verify attributes: listed, in order, nothing in them that would be written differently. */
static inline bool attributes(const uint8_t *base, tag *t)
{
    const uint8_t *q = t->end;
    const uint32_t *k = t->k;
    unsigned ctx = t->slot->child;
    int last = -1;

    while (*q == ' ') {
        const lx_slot *slot;
        lx_name name;
        uint32_t at = (uint32_t)(q + 1 - base), open = k[0], close;

        if (LX_UNLIKELY(open == LX_WINDOW_END || k[1] == LX_WINDOW_END))
            return false;
        close = k[1];
        /* The name is what stands between the blank and ='. */
        if (LX_UNLIKELY((open - at - 2 > 15) | (base[open - 1] != '=') | (base[open] != '\'') |
                        (base[close] != '\'') | (close - open > 4096)))
            return false;
        lx_scan_name_at(base + at, open - 1 - at, &name);
        slot = lx_order_attr(ctx, &name);
        if (LX_UNLIKELY(!slot || slot->rank <= last ||
                        lx_has_space_control(base + open + 1, base + close)))
            return false;
        last = slot->rank;
        k += 2;
        q = base + close + 1;
    }
    t->end = q;
    t->k = k;
    return true;
}

/* The context inside an element whose context hangs on its @type. */
static LX_NOINLINE uint16_t typed_context(const quick *c, const tag *t)
{
    const uint32_t *k = c->k + 1;

    for (; k < t->k; k += 2) {
        lx_span value = {c->base + k[0] + 1, k[1] - k[0] - 1};

        if (!memcmp(c->base + k[0] - 6, " type=", 6))
            return lx_span_is(value, LX_TYPE_KEYED_VALUE) ? LX_TYPE_KEYED_CTX : t->slot->child;
    }
    return t->slot->child;
}

/* Verify the start tag at k up to its '>' or "/>". */
static inline bool start_tag(const quick *c, const lx_frame *f, tag *t)
{
    const uint8_t *start = c->base + *c->k;
    bool colon = false;

    t->end = lx_read_name(start + 1, &t->name, &colon);
    t->slot = lx_order_child(f->ctx, &t->name);
    t->k = c->k + 1;
    if (LX_UNLIKELY(!t->slot || colon || (t->slot->flags & LX_FLAG_RAW) || t->name.len > 16))
        return false;
    if (LX_UNLIKELY(!attributes(c->base, t)))
        return false;
    if (LX_UNLIKELY(t->slot->rule) &&
        !lx_rules_hold(t->slot->rule, t->name.p + t->name.len, t->end))
        return false;
    t->ctx = LX_UNLIKELY(t->slot->flags & LX_FLAG_TYPE_KEYED) ? typed_context(c, t)
                                                              : t->slot->child;
    return true;
}

/* Does the source go on with a line feed, the indentation of `level`, and the tag at k? */
static inline bool on_new_line(const quick *c, unsigned level)
{
    size_t n = 1 + 2 * level;

    return (size_t)(c->base + *c->k - c->p) == n && lx_same(c->p, lx_newline_indent, n);
}

/* Note a child of the frame that starts on the line after c->p. */
static inline bool note(quick *c, lx_frame *f, const lx_slot *slot)
{
    lx_writer *w = c->w;
    uint32_t pos = (uint32_t)((size_t)(c->p - c->base) + c->shift);

    if (LX_UNLIKELY(w->kids == w->kid_cap))
        return false;
    f->inner_from = f->kids ? f->inner_from : pos;
    f->kids = true;
    if (!(f->flags & LX_FLAG_SEQUENCE))
        lx_write_note(f, slot);
    w->kid[w->kids++] = (lx_kid){pos, f->rank};
    return true;
}

/* t->end is the '>' of a start tag: verify text and end tag of a leaf; the byte after it, NULL
 * if it is no such leaf. */
static inline const uint8_t *leaf_end(const uint8_t *base, const tag *t)
{
    const uint8_t *text = t->end + 1, *end;

    if (LX_UNLIKELY(t->k[1] == LX_WINDOW_END || t->k[2] == LX_WINDOW_END))
        return NULL;
    end = base + t->k[1];
    /* An empty pair of tags and blank text are for write.c to judge. */
    if (LX_UNLIKELY((*text <= ' ') | (*end != '<') | (end[1] != '/') | (end == text) |
                    !(t->slot->flags & LX_FLAG_TEXT)))
        return NULL;
    if (LX_UNLIKELY(base[t->k[2]] != '>' || t->k[2] - t->k[1] != t->name.len + 2 ||
                    !lx_same(end + 2, t->name.p, t->name.len)))
        return NULL;
    return base + t->k[2] + 1;
}

/* The element whose tag starts at `start` and ends in the '>' at `end` goes on over lines: note it
 * in its parent and open a frame for it. */
static inline bool open_frame(quick *c, lx_frame *parent, const lx_slot *slot, const uint8_t *start,
                              size_t name_len, const uint8_t *end, unsigned ctx)
{
    lx_writer *w = c->w;
    lx_scan *s = w->scan;
    lx_frame *f = parent + 1;

    /* One level is left for a leaf in it, for which nothing is looked at. */
    if (LX_UNLIKELY(s->depth >= LX_MAX_DEPTH - 1 || !note(c, parent, slot)))
        return false;
    *f = (lx_frame){.start = start,
                    .out_start = w->kid[w->kids - 1].pos,
                    .kid0 = w->kids,
                    .name = {start + 1, name_len},
                    .rank = -1,
                    .ctx = (uint16_t)ctx,
                    .flags = slot->flags,
                    .nature = slot->flags & LX_FLAG_TEXT ? LX_AS_EITHER : LX_AS_CONTAINER};
    s->open[s->depth] = f->name;
    s->open_at[s->depth] = start;
    s->ns_mark[s->depth++] = s->ns.used;
    w->top++;
    c->p = end + 1;
    return true;
}

/* The domain's name and UUID are wanted. */
static inline bool is_wanted(const lx_writer *w, const lx_slot *slot)
{
    return LX_UNLIKELY(w->top == 1) && w->capture.wanted && slot->rank < 2;
}

/* Learn the name or UUID of the leaf; false if it has to be written in another way. */
static LX_NOINLINE bool capture(quick *c, const tag *t)
{
    const uint8_t *text = t->end + 1;
    lx_leaf leaf = {{text, (size_t)(c->base + t->k[1] - text)}, false, false};
    lx_frame f = {.start = c->base + *c->k, .name = {t->name.p, t->name.len}};

    if (lx_span_is(f.name, "uuid") && !lx_value_is_uuid(leaf.span))
        return false;
    lx_value_capture(c->w, &f, &leaf);
    return true;
}

/* Keep the line from c->p to `end`, all of it verified. */
static inline void keep(quick *c, const lx_frame *f, const tag *t, unsigned level,
                        const uint8_t *end, bool opens)
{
    lx_line facts = {.slot = t->slot,
                     .ctx = f->ctx,
                     .child = t->ctx,
                     .level = (uint8_t)level,
                     .name_len = (uint8_t)t->name.len,
                     .opens = opens};

    if (*end == '\n')
        lx_lines_keep(&c->w->lines, c->p, (size_t)(end - c->p), &facts);
}

/* Take a child of the frame that no line is known for: a leaf, or the start of one that goes
 * on. */
static LX_NOINLINE bool new_child(quick *c, lx_frame *f, unsigned level)
{
    lx_writer *w = c->w;
    const uint8_t *end;
    tag t;

    c->k = lx_scan_seek(w->scan, c->p, lx_line_length(c->p, w->scan->end, level));
    if (LX_UNLIKELY(*c->k == LX_WINDOW_END || c->base[*c->k] != '<' || !on_new_line(c, level) ||
                    !start_tag(c, f, &t)))
        return false;
    if (*t.end == '/') {
        end = t.end + 2;
        if (LX_UNLIKELY(t.end[1] != '>' || *t.k != (uint32_t)(t.end + 1 - c->base) ||
                        (t.slot->flags & (LX_FLAG_OPEN_CLOSE | LX_FLAG_PAIR_KEYED)) ||
                        is_wanted(w, t.slot)))
            return false;
    } else {
        if (LX_UNLIKELY(*t.end != '>' || *t.k != (uint32_t)(t.end - c->base)))
            return false;
        end = leaf_end(c->base, &t);
        if (!end) {
            if (t.end[1] != '\n' || is_wanted(w, t.slot) ||
                (t.slot->flags & (LX_FLAG_CONTAINER | LX_FLAG_PAIR_KEYED)) != LX_FLAG_CONTAINER)
                return false;
            keep(c, f, &t, level, t.end + 1, true);
            return open_frame(c, f, t.slot, c->base + *c->k, t.name.len, t.end, t.ctx);
        }
        if (is_wanted(w, t.slot) && !capture(c, &t))
            return false;
    }
    if (LX_UNLIKELY(!note(c, f, t.slot)))
        return false;
    if (!is_wanted(w, t.slot))
        keep(c, f, &t, level, end, false);
    c->p = end;
    return true;
}

/* Take a child of the frame. */
static inline bool child(quick *c, lx_frame *f, unsigned level)
{
    lx_writer *w = c->w;
    const lx_line *line = lx_lines_next(&w->lines, c->p, w->scan->end, f->ctx, level);

    if (LX_UNLIKELY(!line || is_wanted(w, line->slot)))
        return new_child(c, f, level);
    if (line->opens)
        return open_frame(c, f, line->slot, c->p + 1 + 2 * level, line->name_len,
                          c->p + line->len - 1, line->child);
    if (LX_UNLIKELY(!note(c, f, line->slot)))
        return false;
    c->p += line->len;
    return true;
}

/* Take the end tag of the frame, if its children need no sorting. */
static inline bool end_tag(quick *c, lx_frame *f, unsigned level)
{
    lx_writer *w = c->w;
    lx_scan *s = w->scan;
    size_t len = f->name.len;
    const uint8_t *name = c->p + 1 + 2 * level + 2;

    if (LX_UNLIKELY(!f->kids || f->disordered || w->top == 1 || len > 16))
        return false;
    if (LX_UNLIKELY(!lx_same(c->p, lx_newline_indent, 1 + 2 * level) || name[-2] != '<' ||
                    name[-1] != '/' || !lx_same(name, f->name.p, len) || name[len] != '>' ||
                    s->ns.used != s->ns_mark[s->depth - 1]))
        return false;
    if (LX_UNLIKELY(f->alike)) {
        w->out.run_end = c->p;
        if (!lx_siblings_sorted(w, f))
            return false;
    }
    w->kids = f->kid0;
    w->top--;
    s->depth--;
    c->p = name + len + 1;
    return true;
}

bool lx_quick_run(lx_writer *w)
{
    lx_scan *s = w->scan;
    const uint8_t *from = s->p;
    quick c = {w, s->base, s->k, from, w->out.buf.len - (size_t)(w->out.run - s->base)};

    /* The output must be a run of the source up to here; the '>' of a frame without children
     * is not written yet. */
    if (w->out.run_end != s->p - !w->frame[w->top - 1].kids || s->p[-1] != '>' || w->cache.wanted ||
        w->long_way || s->depth == LX_MAX_DEPTH)
        return false;
    for (;;) {
        lx_frame *f = w->frame + w->top - 1;
        unsigned level = w->level + w->top;
        bool ends;

        if (LX_UNLIKELY(f->nature == LX_AS_TEXT || f->nature == LX_AS_UNKNOWN))
            break;
        /* An end tag stands one level out. */
        ends = (size_t)(s->end - c.p) >= 2 * level && c.p[2 * level - 1] == '<';
        if (!(ends ? end_tag(&c, f, level - 1) : child(&c, f, level)))
            break;
    }
    if (c.p == from)
        return false;
    s->p = c.p;
    w->out.run_end = c.p - !w->frame[w->top - 1].kids;
    s->k = lx_scan_seek(s, c.p, 0);
    return true;
}
