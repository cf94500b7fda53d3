/* That an element is mixed may show at its very end, when all in it was laid out already; and the
 * same may then happen to the element around it, and so on, each time for all that is inside.
 * So the first find looks ahead, once, for every mixed element of the tree being written; what
 * is known to be mixed is written as that at once. */
#include "mixed.h"
#include "text.h"
#include "value.h"

/* Output that is longer than this may be blanks that mixed content does not have, too many to be
 * kept within the memory bound. */
#define OUTGROWN(source) (2 * (source) + 65536)

void lx_piece_decode(lx_buf *out, const lx_piece *piece)
{
    if (piece->kind == LX_CDATA)
        lx_buf_add(out, piece->span.p, piece->span.len);
    else
        lx_text_decode(out, piece->span, false);
}

bool lx_piece_blank(lx_writer *w, const lx_piece *piece)
{
    if (piece->blank || !(piece->flags & LX_V_REWRITE))
        return piece->blank;
    w->text.len = 0;
    lx_piece_decode(&w->text, piece);
    for (size_t i = 0; i < w->text.len; i++)
        if (!lx_is_space(w->text.data[i]) && w->text.data[i] != '\r')
            return false;
    return true;
}

/* ---- looking ahead ---- */

void lx_mixed_begin(lx_writer *w)
{
    w->mixed.used = w->mixed.next = 0;
    w->mixed.known = false;
    w->mixed.outgrown = OUTGROWN((size_t)(w->scan->end - w->scan->base));
}

/* Read on to the next start or end tag, or text that is not blank, and behind it. */
static bool next_piece(lx_writer *w, lx_piece *piece, lx_tag *tag)
{
    lx_scan *s = w->scan;
    bool plain;

    for (;;) {
        piece->kind = LX_COMMENT;
        if (!lx_scan_piece(s, piece))
            return false;
        switch (piece->kind) {
        case LX_START:
            return lx_scan_tag(s, tag);
        case LX_END:
            return lx_scan_end(s, &plain);
        case LX_TEXT:
        case LX_CDATA:
            if (!lx_piece_blank(w, piece))
                return true;
            break;
        default:
            break;
        }
    }
}

/* What was seen in an open element. */
typedef struct {
    size_t entry; /* its own in lx_mixed.at */
    bool kid, text;
} level;

/* Entries while looking ahead: the offset of the '<', twice, and 1 if it is mixed. */
static bool enter(lx_writer *w, level *l, const lx_tag *tag)
{
    lx_mixed *m = &w->mixed;
    void *at = m->at;

    if (m->used == m->cap) {
        if (!lx_grow(w->alloc, &at, &m->cap, m->used, sizeof *m->at))
            return lx_scan_fail(w->scan, LX_NOMEM, tag->start);
        m->at = at;
    }
    *l = (level){m->used, false, false};
    m->at[m->used++] = (uint32_t)(tag->start - w->scan->base) << 1;
    return true;
}

static void leave(lx_mixed *m, const level *l)
{
    if (l->kid && l->text)
        m->at[l->entry] |= 1;
    else if (l->entry + 1 == m->used)
        m->used--;
}

/* Enter the elements of the tree up to its end, or to where the source is broken: that is found
 * again, and reported, when it is written. False: out of memory. */
static bool enter_all(lx_writer *w, unsigned around)
{
    lx_scan *s = w->scan;
    level open[LX_MAX_DEPTH + 1];
    unsigned top = 0; /* open[0] stands for what is around the tree */
    lx_piece piece;
    lx_tag tag;

    open[0] = (level){0, false, false};
    do {
        bool ok = next_piece(w, &piece, &tag);

        if (piece.kind == LX_START)
            open[top].kid = true;
        if (!ok)
            break;
        if (piece.kind == LX_END) {
            leave(&w->mixed, open + top--);
        } else if (piece.kind != LX_START) {
            open[top].text = true;
        } else if (tag.empty) {
            lx_scan_close(s);
        } else if (!enter(w, open + ++top, &tag)) {
            return false;
        }
    } while (s->depth > around);
    if (s->code == LX_NOMEM || w->text.failed)
        return lx_scan_fail(s, LX_NOMEM, s->p);
    s->code = LX_OK;
    while (top)
        leave(&w->mixed, open + top--);
    return true;
}

/* Fill w->mixed for the tree of frame 0. The scanner is left anywhere. */
static bool look_ahead(lx_writer *w)
{
    lx_mixed *m = &w->mixed;
    size_t kept = 0;

    m->known = true;
    m->outgrown = SIZE_MAX;
    lx_scan_rewind(w->scan, w->frame[0].start, w->scan->depth - w->top);
    if (!enter_all(w, w->scan->depth))
        return false;
    for (size_t i = 0; i < m->used; i++)
        if (m->at[i] & 1)
            m->at[kept++] = m->at[i] >> 1;
    m->used = kept;
    return true;
}

/* Is an element that starts there mixed? Must be asked in the order of the source. */
static bool is_mixed(lx_writer *w, const uint8_t *start)
{
    lx_mixed *m = &w->mixed;
    uint32_t at = (uint32_t)(start - w->scan->base);

    while (m->next < m->used && m->at[m->next] < at)
        m->next++;
    return m->next < m->used && m->at[m->next] == at;
}

bool lx_mixed_known(lx_writer *w, const lx_tag *tag)
{
    return w->mixed.known && is_mixed(w, tag->start);
}

/* The number of the outermost open frame that is mixed; w->top if there is none. */
static unsigned outermost(lx_writer *w)
{
    unsigned i = 0;

    w->mixed.next = 0;
    while (i < w->top &&
           !(w->frame[i].nature == LX_AS_UNKNOWN && is_mixed(w, w->frame[i].start)))
        i++;
    return i;
}

/* Read the tree of frame 0 again up to the tag at `here`, so that the same elements are open. */
static bool read_to(lx_writer *w, const uint8_t *here, unsigned around)
{
    lx_scan *s = w->scan;
    lx_piece piece;
    lx_tag tag;
    bool plain;

    lx_scan_rewind(s, w->frame[0].start, around);
    while (s->p < here) {
        if (!lx_scan_piece(s, &piece) || (piece.kind == LX_START && !lx_scan_tag(s, &tag)) ||
            (piece.kind == LX_END && !lx_scan_end(s, &plain)))
            return false;
        if (piece.kind == LX_START && tag.empty)
            lx_scan_close(s);
    }
    return true;
}

/* ---- writing ---- */

static void write_text(lx_writer *w, const lx_piece *piece)
{
    if (!(piece->flags & LX_V_REWRITE)) {
        lx_out_source(&w->out, piece->span.p, piece->span.p + piece->span.len);
        return;
    }
    lx_out_flush(&w->out);
    w->text.len = 0;
    lx_piece_decode(&w->text, piece);
    lx_text_escape(&w->out.buf, (lx_span){w->text.data, w->text.len}, false);
}

/* Write a start tag: nothing is known, nothing moves. */
static bool write_start(lx_writer *w, const lx_tag *tag)
{
    if (!tag->colon && !lx_scan_check_name(w->scan, &tag->name))
        return false;
    if (lx_out_pos(&w->out) > LX_MAX_DOCUMENT)
        return lx_scan_fail(w->scan, LX_E_LIMIT_SIZE, tag->start);
    return lx_write_start(w, tag, LX_CTX_NOTHING, LX_IN_LINE);
}

static void write_end(lx_writer *w, lx_span name, bool open)
{
    if (open) {
        lx_out_lit(&w->out, "/>");
    } else {
        lx_out_lit(&w->out, "</");
        lx_out_source(&w->out, name.p, name.p + name.len);
        lx_out_lit(&w->out, ">");
    }
}

bool lx_mixed_write(lx_writer *w, const lx_tag *root, lx_buf *text)
{
    lx_scan *s = w->scan;
    unsigned depth = s->depth - 1; /* around the element */
    bool open = true;              /* a start tag still lacks its '>' */
    lx_piece piece;
    lx_tag tag;

    lx_out_newline(&w->out, w->level + w->top);
    if (!write_start(w, root))
        return false;
    while (s->depth > depth) {
        bool plain;

        if (!lx_scan_piece(s, &piece))
            return false;
        if (piece.kind == LX_COMMENT || piece.kind == LX_PI ||
            (piece.kind == LX_CDATA && !piece.span.len))
            continue;
        if (piece.kind == LX_END) {
            lx_span name = s->open[s->depth - 1];

            if (!lx_scan_end(s, &plain))
                return false;
            write_end(w, name, open);
            open = false;
            continue;
        }
        if (open)
            lx_out_lit(&w->out, ">");
        open = false;
        if (piece.kind != LX_START) {
            if (text)
                lx_piece_decode(text, &piece);
            write_text(w, &piece);
            continue;
        }
        if (!lx_scan_tag(s, &tag) || !write_start(w, &tag))
            return false;
        open = !tag.empty;
        if (tag.empty) {
            lx_out_lit(&w->out, "/>");
            lx_scan_close(s);
        }
    }
    return true;
}

/* Write that frame's element, at whose '<' the scanner is, again. */
static bool write_again(lx_writer *w, unsigned number)
{
    lx_frame *f = w->frame + number;
    lx_buf *text = NULL;
    lx_tag tag;

    lx_out_truncate(&w->out, f->out_start);
    w->kids = f->kid0;
    w->top = number;
    if (!lx_scan_tag(w->scan, &tag))
        return false;
    if (w->capture.wanted && number == 1) /* the domain's name or UUID, maybe */
        text = lx_value_capture_mixed(w, f);
    if (!lx_mixed_write(w, &tag, text))
        return false;
    if (text)
        lx_value_captured(w, f, text);
    return true;
}

bool lx_mixed_again(lx_writer *w)
{
    unsigned number = w->top - 1, around = w->scan->depth - w->top;

    if (w->frame[number].nature != LX_AS_UNKNOWN || w->mixed.known) {
        lx_scan_rewind(w->scan, w->frame[number].start, around + number);
        return write_again(w, number);
    }
    if (!look_ahead(w))
        return false;
    number = outermost(w);
    number -= number == w->top;
    return read_to(w, w->frame[number].start, around) && write_again(w, number);
}

bool lx_mixed_outgrown(lx_writer *w, bool *written)
{
    const uint8_t *here = w->scan->p;
    unsigned around = w->scan->depth - w->top, number;

    if (!look_ahead(w))
        return false;
    number = outermost(w);
    *written = number < w->top;
    if (!*written)
        return read_to(w, here, around);
    return read_to(w, w->frame[number].start, around) && write_again(w, number);
}
