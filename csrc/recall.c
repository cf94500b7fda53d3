#include "recall.h"

#define LONGEST 16384 /* longer ones are not kept: they would take much memory */
#define END "</domain>"

void lx_recall_init(lx_recall *r, const lx_allocator *alloc)
{
    memset(r, 0, sizeof *r);
    for (unsigned i = 0; i < LX_RECALLED; i++)
        lx_buf_init(&r->slot[i].text, alloc);
}

void lx_recall_free(lx_recall *r)
{
    for (unsigned i = 0; i < LX_RECALLED; i++)
        lx_buf_free(&r->slot[i].text);
}

size_t lx_recall_footprint(const lx_recall *r)
{
    size_t sum = 0;

    for (unsigned i = 0; i < LX_RECALLED; i++)
        sum += r->slot[i].text.cap;
    return sum;
}

static const lx_recalled *find(const lx_recall *r, const uint8_t *start, size_t most)
{
    const size_t end = sizeof END - 1;

    for (const lx_recalled *known = r->slot; known < r->slot + LX_RECALLED; known++)
        /* Few have the right length: most are told apart by where they end. */
        if (known->len && known->len <= most && !memcmp(start + known->len - end, END, 8) &&
            !memcmp(start, known->text.data, known->len))
            return known;
    return NULL;
}

static void set(lx_buf *to, const uint8_t *data, size_t len)
{
    to->len = 0;
    lx_buf_add(to, data, len);
}

bool lx_recall_write(const lx_recall *r, lx_writer *w, const lx_tag *tag)
{
    lx_scan *s = w->scan;
    const lx_recalled *known;
    const uint8_t *name;

    /* A namespace declared around it could change what it means. */
    if (s->ns.used || !(known = find(r, tag->start, (size_t)(s->end - tag->start))))
        return false;
    name = known->text.data + known->len;
    set(&w->capture.name, name, known->name_len);
    set(&w->capture.uuid, name + known->name_len,
        known->text.len - known->len - known->name_len);
    w->capture.has_uuid = known->has_uuid;
    lx_out_newline(&w->out, 1);
    s->p = tag->start + known->len;
    lx_out_source(&w->out, tag->start, s->p);
    lx_scan_close(s);
    return true;
}

void lx_recall_keep(lx_recall *r, const lx_writer *w, const uint8_t *start)
{
    const lx_scan *s = w->scan;
    const lx_buf *name = &w->capture.name, *uuid = &w->capture.uuid;
    size_t len = (size_t)(s->p - start);
    lx_recalled *slot = r->slot + r->next;

    if (len + name->len + uuid->len > LONGEST || s->ns.used || w->out.run > start ||
        w->out.run_end != s->p || s->p[-2] == '/' || w->capture.bad_uuid || name->failed ||
        uuid->failed)
        return;
    set(&slot->text, start, len);
    lx_buf_add(&slot->text, name->data, name->len);
    lx_buf_add(&slot->text, uuid->data, uuid->len);
    slot->len = slot->text.failed ? 0 : len;
    slot->text.failed = false;
    slot->name_len = name->len;
    slot->has_uuid = w->capture.has_uuid;
    r->next = (r->next + 1) % LX_RECALLED;
}
