#include "metadata.h"
#include "mixed.h"
#include "rules.h"
#include "siblings.h"
#include "text.h"
#include "value.h"

void lx_write_init(lx_writer *w, lx_scan *scan, const lx_allocator *alloc, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    w->scan = scan;
    w->alloc = alloc;
    lx_lines_init(&w->lines, alloc, seed);
    lx_buf_init(&w->out.buf, alloc);
    lx_buf_init(&w->scratch, alloc);
    lx_buf_init(&w->text, alloc);
    lx_buf_init(&w->values, alloc);
    lx_buf_init(&w->capture.name, alloc);
    lx_buf_init(&w->capture.uuid, alloc);
    lx_buf_init(&w->capture.other, alloc);
}

void lx_write_free(lx_writer *w)
{
    lx_buf_free(&w->out.buf);
    lx_buf_free(&w->scratch);
    lx_buf_free(&w->text);
    lx_buf_free(&w->values);
    lx_buf_free(&w->capture.name);
    lx_buf_free(&w->capture.uuid);
    lx_buf_free(&w->capture.other);
    w->alloc->release(w->alloc->user, w->kid);
    w->alloc->release(w->alloc->user, w->order);
    w->alloc->release(w->alloc->user, w->mixed.at);
    lx_metadata_free(w);
    lx_lines_free(&w->lines);
}

size_t lx_write_footprint(const lx_writer *w)
{
    return w->out.buf.cap + w->scratch.cap + w->text.cap + w->values.cap + w->capture.name.cap +
           w->capture.uuid.cap + w->capture.other.cap + w->kid_cap * sizeof *w->kid +
           w->mixed.cap * sizeof *w->mixed.at +
           (w->order ? LX_MAX_ATTRIBUTES * (sizeof *w->order + sizeof *w->rank) : 0) +
           lx_metadata_footprint(w) + lx_lines_footprint(&w->lines);
}

/* ---- attributes ---- */

static void add_value(lx_writer *w, const lx_attr *a)
{
    lx_span span = {a->value, (size_t)(a->value_end - a->value)};

    if (LX_LIKELY(!(a->flags & LX_V_REWRITE))) {
        lx_out_source(&w->out, a->value, a->value_end);
        return;
    }
    lx_out_flush(&w->out);
    w->text.len = 0;
    lx_text_decode(&w->text, span, true);
    lx_text_escape(&w->out.buf, (lx_span){w->text.data, w->text.len}, true);
}

void lx_write_attr(lx_writer *w, const lx_attr *a)
{
    lx_out_lit(&w->out, " ");
    lx_out_source(&w->out, a->name.p, a->name.p + a->name.len);
    lx_out_lit(&w->out, "='");
    add_value(w, a);
    lx_out_lit(&w->out, "'");
}

/* Stable counting sort of n attribute numbers by rank (-1 to 63) into `order`. */
static LX_NOINLINE void sort_ranks(const int16_t *rank, size_t n, uint16_t *order)
{
    uint16_t start[66] = {0};

    for (size_t i = 0; i < n; i++)
        start[rank[i] + 2]++;
    for (size_t r = 1; r < 66; r++)
        start[r] = (uint16_t)(start[r] + start[r - 1]);
    for (size_t i = 0; i < n; i++)
        order[start[rank[i] + 1]++] = (uint16_t)i;
}

static LX_NOINLINE bool reserve_order(lx_writer *w)
{
    w->order = w->alloc->alloc(w->alloc->user,
                               LX_MAX_ATTRIBUTES * (sizeof *w->order + sizeof *w->rank));
    if (!w->order)
        return lx_scan_fail(w->scan, LX_NOMEM, w->scan->p);
    w->rank = (int16_t *)(w->order + LX_MAX_ATTRIBUTES);
    return true;
}

enum { UNLISTED = -2 };

/* Look the attributes up: their ranks, UNLISTED for names that the context does not have. */
static inline void rank_attributes(lx_writer *w, const lx_tag *tag, unsigned ctx, lx_ranks *r)
{
    const lx_attr *a = w->scan->attr;
    int last = -1;
    bool rising = true, single = true;
    uint64_t seen = 0;

    for (uint32_t i = 0; i < tag->attrs; i++) {
        const lx_slot *slot = lx_order_attr(ctx, &a[i].name);
        int rank = slot ? slot->rank : UNLISTED;
        uint64_t bit = slot ? (uint64_t)1 << rank : 0;

        single &= (bit & ~seen) != 0;
        seen |= bit;
        rising &= rank > last;
        r->at[rank & 63] = (uint16_t)i;
        w->rank[i] = (int16_t)rank;
        last = rank;
    }
    r->seen = seen;
    r->single = single;
    r->rising = rising;
}

/* Names and duplicates, for a tag that has some attribute twice or unlisted; unlisted ones get
 * the rank of the last listed one before them. */
static LX_NOINLINE bool check_attributes(lx_writer *w, const lx_tag *tag, bool *sorted)
{
    lx_scan *s = w->scan;
    uint64_t seen = 0;
    bool unlisted = false;
    int last = -1;

    *sorted = true;
    for (uint32_t i = 0; i < tag->attrs; i++) {
        int rank = w->rank[i];

        if (rank == UNLISTED) {
            unlisted = true;
            w->rank[i] = (int16_t)last;
            if (!s->attr[i].colon && !lx_scan_check_name(s, &s->attr[i].name))
                return false;
            continue;
        }
        if (LX_UNLIKELY(seen >> rank & 1))
            return lx_scan_fail(s, LX_E_ATTRIBUTE_TWICE, s->attr[i].name.p);
        seen |= (uint64_t)1 << rank;
        *sorted &= rank >= last;
        last = rank;
    }
    return !unlisted || tag->colon || lx_scan_check_twice(s, tag);
}

/* Fill w->order for a tag with attributes that come twice or are unlisted. */
static LX_NOINLINE bool order_unusual(lx_writer *w, const lx_tag *tag, bool *sorted)
{
    if (!check_attributes(w, tag, sorted))
        return false;
    sort_ranks(w->rank, tag->attrs, w->order);
    return true;
}

const uint16_t *lx_write_order(lx_writer *w, const lx_tag *tag, unsigned ctx, bool *sorted)
{
    lx_ranks r;

    if (!w->order && !reserve_order(w))
        return NULL;
    rank_attributes(w, tag, ctx, &r);
    if (!r.single)
        return order_unusual(w, tag, sorted) ? w->order : NULL;
    *sorted = r.rising;
    for (uint32_t i = 0; i < tag->attrs; i++, r.seen &= r.seen - 1)
        w->order[i] = r.at[__builtin_ctzll(r.seen)];
    return w->order;
}

/* Append an attribute where nothing is left of a run. */
static inline void write_attribute(lx_writer *w, const lx_attr *a)
{
    lx_buf *b = &w->out.buf;

    if (LX_UNLIKELY(a->flags & LX_V_REWRITE)) {
        lx_write_attr(w, a);
        lx_out_flush(&w->out);
        return;
    }
    if (LX_UNLIKELY(a->name.len > LX_OVER || a->value_end - a->value > LX_OVER)) {
        lx_buf_byte(b, ' ');
        lx_buf_add(b, a->name.p, a->name.len);
        lx_buf_lit(b, "='");
        lx_buf_add(b, a->value, (size_t)(a->value_end - a->value));
        lx_buf_byte(b, '\'');
        return;
    }
    /* Room once, then copies of a fixed size: the lengths decide no branch. */
    if (lx_buf_reserve(b, 4 + 3 * LX_OVER)) {
        uint8_t *to = b->data + b->len;

        *to++ = ' ';
        memcpy(to, a->name.p, LX_OVER);
        to += a->name.len;
        *to++ = '=';
        *to++ = '\'';
        memcpy(to, a->value, LX_OVER);
        to += a->value_end - a->value;
        *to++ = '\'';
        b->len = (size_t)(to - b->data);
    }
}

/* Write a line feed, the indentation of `level`, and "<name". */
static inline void write_name(lx_writer *w, const lx_tag *tag, unsigned level)
{
    lx_buf *b = &w->out.buf;
    size_t blank = 1 + 2 * level, name = 1 + tag->name.len;

    lx_out_flush(&w->out);
    if (LX_UNLIKELY(blank > LX_OVER || name > LX_OVER)) {
        lx_buf_add(b, lx_newline_indent, blank);
        lx_buf_add(b, tag->start, name);
    } else if (lx_buf_reserve(b, 2 * LX_OVER)) {
        memcpy(b->data + b->len, lx_newline_indent, LX_OVER);
        memcpy(b->data + b->len + blank, tag->start, LX_OVER);
        b->len += blank + name;
    }
}

/* The same, its attributes ranked. */
static inline bool write_ranked(lx_writer *w, const lx_tag *tag, const lx_ranks *r, unsigned level)
{
    const lx_attr *a;
    bool sorted = r->rising;

    if (LX_UNLIKELY(!r->single) && !order_unusual(w, tag, &sorted))
        return false;
    sorted = sorted && tag->plain;
    if (level != LX_IN_LINE && !sorted && lx_out_parted(&w->out)) {
        write_name(w, tag, level);
    } else {
        if (level != LX_IN_LINE)
            lx_out_newline(&w->out, level);
        lx_out_source(&w->out, tag->start,
                      sorted ? tag->attrs_end : tag->name.p + tag->name.len);
        if (LX_LIKELY(sorted))
            return true;
        lx_out_flush(&w->out);
    }
    a = w->scan->attr;
    if (LX_LIKELY(r->single)) {
        for (uint64_t seen = r->seen; seen; seen &= seen - 1)
            write_attribute(w, a + r->at[__builtin_ctzll(seen)]);
    } else {
        for (uint32_t i = 0; i < tag->attrs; i++)
            write_attribute(w, a + w->order[i]);
    }
    return true;
}

bool lx_write_start(lx_writer *w, const lx_tag *tag, unsigned ctx, unsigned level)
{
    lx_ranks r;

    if (LX_UNLIKELY(!w->order) && !reserve_order(w))
        return false;
    rank_attributes(w, tag, ctx, &r);
    return write_ranked(w, tag, &r, level);
}

/* ---- frames ---- */

const lx_slot *lx_write_unlisted(lx_writer *w, const lx_tag *tag, bool *ok)
{
    const lx_slot *slot = lx_order_child(LX_CTX_GLOBAL, &tag->name);

    *ok = slot || tag->colon || lx_scan_check_name(w->scan, &tag->name);
    /* <metadata> is raw where the domain has it; anywhere else it is just a name. */
    return slot && (slot->flags & LX_FLAG_RAW) ? NULL : slot;
}

static const uint8_t natures[4] = {
    [0] = LX_AS_UNKNOWN,
    [LX_FLAG_TEXT] = LX_AS_TEXT,
    [LX_FLAG_CONTAINER] = LX_AS_CONTAINER,
    [LX_FLAG_TEXT | LX_FLAG_CONTAINER] = LX_AS_EITHER,
};

/* Open a frame for the element of the tag and write its start. */
static inline bool push(lx_writer *w, const lx_tag *tag, const lx_slot *slot)
{
    lx_frame *f = w->frame + w->top;
    lx_tag ruled;
    lx_ranks r;

    f->start = tag->start;
    f->out_start = lx_out_pos(&w->out);
    f->kid0 = w->kids;
    f->name = (lx_span){tag->name.p, tag->name.len};
    f->rule = 0;
    f->rank = -1;
    f->high = 0;
    f->flags = slot ? slot->flags : 0;
    f->ctx = slot ? slot->child : LX_CTX_NOTHING;
    f->nature = natures[f->flags & 3];
    f->kids = f->disordered = f->alike = false;
    f->sorts = 0;
    if (LX_UNLIKELY(f->out_start > LX_MAX_DOCUMENT))
        return lx_scan_fail(w->scan, LX_E_LIMIT_SIZE, tag->start);
    if (LX_UNLIKELY(!w->order) && !reserve_order(w))
        return false;
    rank_attributes(w, tag, f->ctx, &r);
    if (slot && slot->rule && !w->unruled) {
        ruled = *tag;
        if (!lx_rules_start(w, &ruled, f, slot->rule, &r))
            return false;
        if (ruled.attrs != tag->attrs)
            rank_attributes(w, &ruled, f->ctx, &r);
        tag = &ruled;
    }
    f->attrs = tag->attrs;
    w->top++;
    if (!write_ranked(w, tag, &r, w->level + w->top - 1))
        return false;
    if (LX_UNLIKELY(f->flags & LX_FLAG_TYPE_KEYED) &&
        lx_value_attribute_is(w, tag, "type", LX_TYPE_KEYED_VALUE))
        f->ctx = LX_TYPE_KEYED_CTX;
    if (LX_UNLIKELY(f->flags & LX_FLAG_PAIR_KEYED) &&
        lx_value_attribute_is(w, tag, LX_PAIR_KEYED_ATTRIBUTE, LX_PAIR_KEYED_VALUE))
        f->flags |= LX_FLAG_OPEN_CLOSE;
    return true;
}

/* The frame gets a child: write its '>' if it is the first, and note where the child's output
 * starts and whether it comes out of rank. */
static inline bool note_kid(lx_writer *w, lx_frame *f, const lx_slot *slot)
{
    if (!f->kids) {
        lx_out_lit(&w->out, ">");
        f->inner_from = lx_out_pos(&w->out);
        f->kids = true;
    }
    if (slot && !(f->flags & LX_FLAG_SEQUENCE))
        lx_write_note(f, slot);
    if (LX_UNLIKELY(w->kids == w->kid_cap)) {
        void *kid = w->kid;

        if (!lx_grow(w->alloc, &kid, &w->kid_cap, w->kids, sizeof *w->kid))
            return lx_scan_fail(w->scan, LX_NOMEM, w->scan->p);
        w->kid = kid;
    }
    w->kid[w->kids++] = (lx_kid){(uint32_t)lx_out_pos(&w->out), f->rank};
    return true;
}

/* Put the children of the frame, now all written, in the order of their ranks. */
static LX_NOINLINE bool permute(lx_writer *w, const lx_frame *f)
{
    lx_kid *kid = w->kid + f->kid0;
    size_t n = w->kids - f->kid0, from = kid[0].pos, to, len, ranks = f->high + 3u;
    uint32_t start[LX_RANKS + 3];

    memset(start, 0, ranks * sizeof *start);

    lx_out_flush(&w->out);
    to = w->out.buf.len;
    len = to - from;
    w->scratch.len = 0;
    if (w->out.buf.failed || !lx_buf_reserve(&w->scratch, len + 16))
        return lx_scan_fail(w->scan, LX_NOMEM, w->scan->p);
    /* Where each rank's children start in the new order: sizes first, then their sums. */
    for (size_t i = 0; i < n; i++)
        start[kid[i].rank + 2] += (i + 1 < n ? kid[i + 1].pos : (uint32_t)to) - kid[i].pos;
    for (size_t r = 1; r < ranks; r++)
        start[r] += start[r - 1];
    for (size_t i = 0; i < n; i++) {
        size_t size = (i + 1 < n ? kid[i + 1].pos : to) - kid[i].pos;

        memcpy(w->scratch.data + start[kid[i].rank + 1], w->out.buf.data + kid[i].pos, size);
        start[kid[i].rank + 1] += (uint32_t)size;
    }
    memcpy(w->out.buf.data + from, w->scratch.data, len);
    return true;
}

/* The children are all written, but not in order, or perhaps not. */
static LX_NOINLINE bool put_in_order(lx_writer *w, const lx_frame *f)
{
    if (!f->alike)
        return permute(w, f);
    return (!f->disordered && lx_siblings_sorted(w, f)) || lx_siblings_arrange(w, f);
}

/* ---- text ---- */

static bool blank(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!lx_is_space(p[i]) && p[i] != '\r')
            return false;
    return true;
}

static void add_leaf(lx_writer *w, lx_leaf *leaf, const lx_piece *piece)
{
    if (!leaf->span.len && !leaf->decoded && !(piece->flags & LX_V_REWRITE)) {
        leaf->span = piece->span;
        leaf->blank = piece->blank;
        return;
    }
    if (!leaf->decoded) {
        w->text.len = 0;
        lx_text_decode(&w->text, leaf->span, false);
        leaf->span.len = 0;
        leaf->decoded = true;
    }
    lx_piece_decode(&w->text, piece);
    leaf->blank = blank(w->text.data, w->text.len);
}

/* ---- elements ---- */

static void write_end_tag(lx_writer *w, const lx_frame *f, const uint8_t *source, bool plain)
{
    lx_buf *b = &w->out.buf;
    size_t len = f->name.len;

    if (LX_LIKELY(plain && source)) {
        lx_out_source(&w->out, source, source + len + 3);
        return;
    }
    lx_out_flush(&w->out);
    if (LX_UNLIKELY(len > LX_OVER)) {
        lx_buf_lit(b, "</");
        lx_buf_add(b, f->name.p, len);
        lx_buf_byte(b, '>');
    } else if (lx_buf_reserve(b, 3 + LX_OVER)) {
        uint8_t *to = b->data + b->len;

        to[0] = '<';
        to[1] = '/';
        memcpy(to + 2, f->name.p, LX_OVER);
        to[2 + len] = '>';
        b->len += len + 3;
    }
}

/* Write the text of a childless element, if it is of the kind that has one. */
static bool write_leaf(lx_writer *w, const lx_frame *f, const lx_leaf *leaf)
{
    if (leaf->decoded ? !w->text.len : !leaf->span.len)
        return false;
    if (f->nature == LX_AS_CONTAINER || (f->nature == LX_AS_EITHER && leaf->blank))
        return false;
    lx_out_lit(&w->out, ">");
    w->inner_from = lx_out_pos(&w->out);
    if (!leaf->decoded) {
        lx_out_source(&w->out, leaf->span.p, leaf->span.p + leaf->span.len);
    } else {
        lx_out_flush(&w->out);
        lx_text_escape(&w->out.buf, (lx_span){w->text.data, w->text.len}, false);
    }
    return true;
}

/* End the frame on top. `end`: its end tag in the source, NULL if it was an empty tag. */
static bool finish(lx_writer *w, lx_leaf *leaf, const uint8_t *end, bool plain)
{
    lx_frame *f = w->frame + --w->top;

    if (f->kids) {
        if (LX_UNLIKELY(f->disordered | f->alike) && !put_in_order(w, f))
            return false;
        w->kids = f->kid0;
        w->inner_from = f->inner_from;
        lx_out_newline(&w->out, w->level + w->top);
    } else {
        if (LX_UNLIKELY(w->capture.wanted && w->top == 1 && f->name.len == 4))
            lx_value_capture(w, f, leaf);
        if (LX_UNLIKELY(w->cache.wanted && w->top == 2))
            lx_value_cache_size(w, f, leaf);
        if (f->rule && !lx_rules_text(w, f, leaf))
            return false;
        if (!write_leaf(w, f, leaf)) {
            if (!(f->flags & LX_FLAG_OPEN_CLOSE)) {
                w->inner_from = w->inner_to = 0;
                lx_out_lit(&w->out, "/>");
                return true;
            }
            lx_out_lit(&w->out, ">");
            w->inner_from = lx_out_pos(&w->out);
            lx_out_newline(&w->out, w->level + w->top);
        }
    }
    w->inner_to = lx_out_pos(&w->out);
    write_end_tag(w, f, end, plain);
    return true;
}

/* A child starts in the frame on top: read its tag and open it, or write it whole.
 * *mixed: the frame must be written word for word instead. */
static bool start_child(lx_writer *w, const lx_leaf *leaf, bool *mixed)
{
    lx_frame *f = w->frame + w->top - 1;
    const lx_slot *listed, *slot;
    lx_tag tag;
    bool ok = true;

    *mixed = f->nature == LX_AS_TEXT ||
             (f->nature == LX_AS_UNKNOWN && !f->kids && (leaf->span.len || leaf->decoded) &&
              !leaf->blank);
    if (LX_UNLIKELY(*mixed))
        return true;
    if (LX_UNLIKELY(lx_out_pos(&w->out) > w->mixed.outgrown)) {
        bool written;

        if (!lx_mixed_outgrown(w, &written) || written)
            return w->scan->code == LX_OK;
    }
    if (!lx_scan_tag(w->scan, &tag))
        return false;
    slot = listed = lx_order_child(f->ctx, &tag.name);
    if (LX_UNLIKELY(listed && (listed->flags & LX_FLAG_RAW) &&
                    lx_scan_default_namespace(w->scan)))
        listed = NULL;
    if (LX_UNLIKELY(!listed))
        slot = lx_write_unlisted(w, &tag, &ok);
    if (!ok || !note_kid(w, f, listed))
        return false;
    if (LX_UNLIKELY(listed && (listed->flags & LX_FLAG_RAW)))
        return lx_metadata_write(w, &tag, w->level + w->top);
    if (LX_UNLIKELY(w->mixed.known) && !(slot && slot->flags & 3) && lx_mixed_known(w, &tag))
        return lx_mixed_write(w, &tag, NULL);
    if (!push(w, &tag, slot))
        return false;
    if (tag.empty) {
        lx_leaf none = {{NULL, 0}, false, true};

        lx_scan_close(w->scan);
        return finish(w, &none, NULL, false);
    }
    return true;
}

/* So often in vain, and the document is not one that libvirt printed. */
#define STRANGE 8

/* Read and write until all frames are finished. */
static bool write_content(lx_writer *w)
{
    lx_scan *s = w->scan;
    lx_leaf leaf = {{NULL, 0}, false, true};
    lx_piece piece;

    while (w->top) {
        lx_frame *f;
        bool mixed = false;

        if (LX_LIKELY(w->strange < STRANGE) && !leaf.span.len && !leaf.decoded)
            w->strange += !lx_quick_run(w);
        f = w->frame + w->top - 1;
        if (LX_LIKELY(f->kids | (f->nature == LX_AS_CONTAINER)))
            lx_scan_pass_blank(s);
        if (LX_LIKELY(s->p[0] == '<' && s->p[1] != '!' && s->p[1] != '?'))
            piece.kind = s->p[1] == '/' ? LX_END : LX_START;
        else if (LX_UNLIKELY(!lx_scan_piece(s, &piece)))
            return false;
        if (piece.kind == LX_START) {
            if (LX_UNLIKELY(!start_child(w, &leaf, &mixed)))
                return false;
            leaf = (lx_leaf){{NULL, 0}, false, true};
        } else if (piece.kind == LX_END) {
            const uint8_t *end = s->p;
            bool plain;

            if (LX_UNLIKELY(!lx_scan_end(s, &plain) || !finish(w, &leaf, end, plain)))
                return false;
            leaf = (lx_leaf){{NULL, 0}, false, true};
        } else if (piece.kind == LX_TEXT || piece.kind == LX_CDATA) {
            if (!f->kids)
                add_leaf(w, &leaf, &piece);
            else if (f->nature == LX_AS_UNKNOWN && !lx_piece_blank(w, &piece))
                mixed = true;
        }
        if (LX_UNLIKELY(mixed)) {
            if (!lx_mixed_again(w))
                return false;
            leaf = (lx_leaf){{NULL, 0}, false, true};
        }
    }
    return true;
}

bool lx_write_element(lx_writer *w, const lx_tag *tag, const lx_slot *slot, unsigned level)
{
    w->level = level;
    w->top = 0;
    w->kids = 0;
    lx_mixed_begin(w);
    if (!push(w, tag, slot))
        return false;
    if (tag->empty) {
        lx_leaf none = {{NULL, 0}, false, true};

        lx_scan_close(w->scan);
        if (!finish(w, &none, NULL, false))
            return false;
    } else if (!write_content(w)) {
        return false;
    }
    if (w->out.buf.failed || w->scratch.failed || w->text.failed || w->values.failed ||
        w->capture.name.failed || w->capture.uuid.failed || w->capture.other.failed)
        return lx_scan_fail(w->scan, LX_NOMEM, w->scan->p);
    if (lx_out_pos(&w->out) > LX_MAX_DOCUMENT)
        return lx_scan_fail(w->scan, LX_E_LIMIT_SIZE, tag->start);
    return true;
}
