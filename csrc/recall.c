#include "recall.h"

#define LONGEST 65536 /* longer ones are not worth the copy */

void lx_recall_init(lx_recall *r, const lx_allocator *alloc)
{
    lx_buf_init(&r->source, alloc);
    lx_buf_init(&r->name, alloc);
    lx_buf_init(&r->uuid, alloc);
    r->has_uuid = false;
}

void lx_recall_free(lx_recall *r)
{
    lx_buf_free(&r->source);
    lx_buf_free(&r->name);
    lx_buf_free(&r->uuid);
}

static void copy(lx_buf *to, const lx_buf *from)
{
    to->len = 0;
    lx_buf_add(to, from->data, from->len);
}

bool lx_recall_write(const lx_recall *r, lx_writer *w, const lx_tag *tag)
{
    lx_scan *s = w->scan;
    size_t len = r->source.len;

    /* A namespace declared around it could change what it means. */
    if (!len || s->ns.used || (size_t)(s->end - tag->start) < len ||
        memcmp(tag->start, r->source.data, len))
        return false;
    copy(&w->capture.name, &r->name);
    copy(&w->capture.uuid, &r->uuid);
    w->capture.has_uuid = r->has_uuid;
    lx_out_newline(&w->out, 1);
    lx_out_source(&w->out, tag->start, tag->start + len);
    s->p = tag->start + len;
    lx_scan_close(s);
    return true;
}

void lx_recall_keep(lx_recall *r, const lx_writer *w, const uint8_t *start)
{
    const lx_scan *s = w->scan;
    size_t len = (size_t)(s->p - start);

    r->source.len = 0;
    if (len > LONGEST || s->ns.used || w->capture.bad_uuid || w->out.run > start ||
        w->out.run_end != s->p)
        return;
    copy(&r->name, &w->capture.name);
    copy(&r->uuid, &w->capture.uuid);
    r->has_uuid = w->capture.has_uuid;
    lx_buf_add(&r->source, start, len);
    if (r->name.failed || r->uuid.failed || r->source.failed)
        r->source.len = 0;
    r->name.failed = r->uuid.failed = r->source.failed = false;
}
