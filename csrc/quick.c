/* The usual case: text that libvirt printed.
 *
 * Here positions come from the index of special bytes alone, so that the processor can work on
 * several elements at once, and nothing is kept of what is read: an element whose names are
 * listed and in order, and that is spelled as libvirt spells, is a piece of the source that is
 * canonical as it stands. Whatever else comes is left for write.c, which handles everything;
 * the two share their state, so that either can go on where the other stopped. */
#include "rules.h"

typedef struct {
    lx_writer *w;
    const uint8_t *base;
    const uint32_t *k; /* the special byte where the next tag should start */
    const uint8_t *p;  /* verified so far; the output's run ends here */
} quick;

/* What a start tag was found to be. */
typedef struct {
    lx_name name;
    const lx_slot *slot;
    const uint8_t *end; /* '/' or '>' */
    const uint32_t *k;  /* the special byte at or after `end` */
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

/* Verify the start tag at k up to its '>' or "/>". */
static inline bool start_tag(const quick *c, const lx_frame *f, tag *t)
{
    const uint8_t *start = c->base + *c->k;
    bool colon = false;

    t->end = lx_read_name(start + 1, &t->name, &colon);
    t->slot = lx_order_child(f->ctx, &t->name);
    t->k = c->k + 1;
    if (LX_UNLIKELY(!t->slot || colon || (t->slot->flags & (LX_FLAG_RAW | LX_FLAG_TYPE_KEYED)) ||
                    t->name.len > 16))
        return false;
    /* The domain's name and UUID are wanted: write.c looks at them. */
    if (LX_UNLIKELY(c->w->capture.wanted && c->w->top == 1 && t->slot->rank < 2))
        return false;
    if (!attributes(c->base, t))
        return false;
    return !t->slot->rule || lx_rules_hold(t->slot->rule, t->name.p + t->name.len, t->end);
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

    if (LX_UNLIKELY(w->kids == w->kid_cap))
        return false;
    w->out.run_end = c->p;
    if (!f->kids) {
        f->kids = true;
        f->inner_from = lx_out_pos(&w->out);
    }
    if (!(f->flags & LX_FLAG_SEQUENCE)) {
        f->disordered |= slot->rank < f->rank;
        f->rank = slot->rank;
        f->high = slot->rank > f->high ? slot->rank : f->high;
    }
    w->kid[w->kids++] = (lx_kid){(uint32_t)lx_out_pos(&w->out), f->rank};
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

/* The element of the tag goes on over lines: open a frame for it. */
static inline bool open_frame(quick *c, lx_frame *parent, const tag *t)
{
    lx_writer *w = c->w;
    lx_scan *s = w->scan;
    lx_frame *f = parent + 1;

    if (t->end[1] != '\n' || !(t->slot->flags & LX_FLAG_CONTAINER) || s->depth == LX_MAX_DEPTH ||
        !note(c, parent, t->slot))
        return false;
    *f = (lx_frame){.start = c->base + *c->k,
                    .out_start = w->kid[w->kids - 1].pos,
                    .kid0 = w->kids,
                    .name = {t->name.p, t->name.len},
                    .rank = -1,
                    .ctx = t->slot->child,
                    .flags = t->slot->flags,
                    .nature = t->slot->flags & LX_FLAG_TEXT ? LX_AS_EITHER : LX_AS_CONTAINER};
    s->open[s->depth] = f->name;
    s->open_at[s->depth] = f->start;
    s->ns_mark[s->depth++] = s->ns.used;
    w->top++;
    w->out.run_end = t->end;
    c->p = t->end + 1;
    c->k = t->k + 1;
    return true;
}

/* Take a child of the frame: a leaf, or the start of one that goes on. */
static inline bool child(quick *c, lx_frame *f)
{
    tag t;
    const uint8_t *end;

    if (LX_UNLIKELY(!on_new_line(c, c->w->level + c->w->top) || !start_tag(c, f, &t)))
        return false;
    if (*t.end == '/') {
        if (LX_UNLIKELY(t.end[1] != '>' || *t.k != (uint32_t)(t.end + 1 - c->base) ||
                        (t.slot->flags & LX_FLAG_OPEN_CLOSE) || !note(c, f, t.slot)))
            return false;
        c->p = t.end + 2;
        c->k = t.k + 1;
        c->w->out.run_end = c->p;
        return true;
    }
    if (LX_UNLIKELY(*t.end != '>' || *t.k != (uint32_t)(t.end - c->base)))
        return false;
    end = leaf_end(c->base, &t);
    if (!end)
        return open_frame(c, f, &t);
    if (LX_UNLIKELY(!note(c, f, t.slot)))
        return false;
    c->p = end;
    c->k = t.k + 3;
    c->w->out.run_end = end;
    return true;
}

/* Take the end tag of the frame, if its children need no sorting. */
static inline bool end_tag(quick *c, lx_frame *f)
{
    lx_writer *w = c->w;
    lx_scan *s = w->scan;
    const uint8_t *start = c->base + *c->k;

    if (LX_UNLIKELY(!f->kids || f->disordered || w->top == 1 || c->k[1] == LX_WINDOW_END ||
                    f->name.len > 16))
        return false;
    if (LX_UNLIKELY(!on_new_line(c, w->level + w->top - 1) || c->base[c->k[1]] != '>' ||
                    c->k[1] - *c->k != f->name.len + 2 ||
                    !lx_same(start + 2, f->name.p, f->name.len) ||
                    s->ns.used != s->ns_mark[s->depth - 1]))
        return false;
    w->kids = f->kid0;
    w->top--;
    s->depth--;
    c->p = c->base + c->k[1] + 1;
    c->k += 2;
    w->out.run_end = c->p;
    return true;
}

bool lx_quick_run(lx_writer *w)
{
    lx_scan *s = w->scan;
    const uint8_t *from = s->p;
    quick c = {w, s->base, s->k, s->p};

    /* The output must be a run of the source up to here; the '>' of a frame without children
     * is not written yet. */
    if (w->out.run_end != s->p - !w->frame[w->top - 1].kids || s->p[-1] != '>' || w->cache.wanted)
        return false;
    for (;;) {
        lx_frame *f = w->frame + w->top - 1;

        if (LX_UNLIKELY(*c.k == LX_WINDOW_END || f->nature == LX_AS_TEXT ||
                        f->nature == LX_AS_UNKNOWN))
            break;
        if (c.base[*c.k] != '<' ||
            !(c.base[*c.k + 1] == '/' ? end_tag(&c, f) : child(&c, f)))
            break;
    }
    s->k = c.k;
    s->p = c.p;
    return s->p != from;
}
