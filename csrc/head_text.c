#include "head.h"
#include "text.h"

/* Output in pieces: own text goes to `out`, bodies stay where they are. */
typedef struct {
    const lx_head_data *h;
    lx_buf *out;
    size_t done; /* of `out`, already in a piece */
    size_t n;
    size_t from[LX_MAX_PIECES]; /* offset in `out`, for pieces of own text */
    lx_bytes *piece;
    bool children; /* the root has one */
} printer;

static void value(printer *p, lx_ref ref, bool attribute)
{
    lx_text_escape(p->out, lx_head_span(p->h, ref), attribute);
}

/* Print what was kept at a place; false if nothing was. */
static bool extras(printer *p, const lx_extra *e, size_t n, unsigned place)
{
    bool any = false;

    for (size_t i = 0; i < n; i++)
        if (e[i].place == place) {
            lx_span xml = lx_head_span(p->h, e[i].xml);

            lx_buf_add(p->out, xml.p, xml.len);
            any = true;
        }
    return any;
}

static bool root_extras(printer *p, unsigned place)
{
    return extras(p, p->h->extra.data, p->h->extra.used, place);
}

static bool disk_extras(printer *p, const lx_disk *disk, unsigned place)
{
    if (!disk->extras)
        return false;
    return extras(p, (const lx_extra *)p->h->disk_extra.data + disk->extra0, disk->extras, place);
}

/* A field that is text and nothing else. */
static void simple(printer *p, const char *name, lx_field f, lx_ref text)
{
    if (!text.there)
        return;
    p->children = true;
    lx_buf_lit(p->out, "\n  <");
    lx_buf_add(p->out, name, strlen(name));
    root_extras(p, LX_P_ATTR + f + 1);
    lx_buf_byte(p->out, '>');
    value(p, text, false);
    lx_buf_lit(p->out, "</");
    lx_buf_add(p->out, name, strlen(name));
    lx_buf_byte(p->out, '>');
}

static void number(printer *p, const char *name, lx_field f, int64_t n)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t left = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

    p->children = true;
    lx_buf_lit(p->out, "\n  <");
    lx_buf_add(p->out, name, strlen(name));
    root_extras(p, LX_P_ATTR + f + 1);
    lx_buf_byte(p->out, '>');
    do
        digits[--at] = (char)('0' + left % 10);
    while (left /= 10);
    if (n < 0)
        lx_buf_byte(p->out, '-');
    lx_buf_add(p->out, digits + at, sizeof digits - at);
    lx_buf_lit(p->out, "</");
    lx_buf_add(p->out, name, strlen(name));
    lx_buf_byte(p->out, '>');
}

static void parent(printer *p)
{
    if (!p->h->parent.there)
        return;
    p->children = true;
    lx_buf_lit(p->out, "\n  <parent");
    root_extras(p, LX_P_ATTR + LX_F_PARENT + 1);
    lx_buf_byte(p->out, '>');
    root_extras(p, LX_P_PARENT_BEFORE);
    lx_buf_lit(p->out, "\n    <name");
    root_extras(p, LX_P_PARENT_NAME_ATTR);
    lx_buf_byte(p->out, '>');
    value(p, p->h->parent, false);
    lx_buf_lit(p->out, "</name>");
    root_extras(p, LX_P_INSIDE + LX_F_PARENT + 1);
    lx_buf_lit(p->out, "\n  </parent>");
}

static void attribute(printer *p, const char *name, lx_ref ref)
{
    if (!ref.there)
        return;
    lx_buf_byte(p->out, ' ');
    lx_buf_add(p->out, name, strlen(name));
    lx_buf_lit(p->out, "='");
    value(p, ref, true);
    lx_buf_byte(p->out, '\'');
}

static void memory(printer *p)
{
    const lx_head_data *h = p->h;
    size_t start = p->out->len, bare;

    lx_buf_lit(p->out, "\n  <memory");
    bare = p->out->len;
    root_extras(p, LX_P_MEMORY_ATTR);
    attribute(p, "snapshot", h->memory);
    root_extras(p, LX_P_MEMORY_ATTR + 1);
    attribute(p, "file", h->memory_file);
    root_extras(p, LX_P_MEMORY_ATTR + 2);
    lx_buf_byte(p->out, '>');
    if (root_extras(p, LX_P_INSIDE + LX_F_MEMORY + 1)) {
        lx_buf_lit(p->out, "\n  </memory>");
    } else if (p->out->len == bare + 1) {
        p->out->len = start; /* nothing to say */
        return;
    } else if (!p->out->failed) {
        p->out->len--;
        lx_buf_lit(p->out, "/>");
    }
    p->children = true;
}

static void node(printer *p, const char *name, const lx_node *n)
{
    if (!n->there)
        return;
    lx_buf_lit(p->out, "\n      <");
    lx_buf_add(p->out, name, strlen(name));
    for (uint32_t i = 0; i < n->pairs; i++) {
        const lx_pair *pair = (const lx_pair *)p->h->pair.data + n->pair0 + i;
        lx_span attr = lx_head_span(p->h, pair->name);

        lx_buf_byte(p->out, ' ');
        lx_buf_add(p->out, attr.p, attr.len);
        lx_buf_lit(p->out, "='");
        value(p, pair->value, true);
        lx_buf_byte(p->out, '\'');
    }
    if (!n->inner.len) {
        lx_buf_lit(p->out, "/>");
        return;
    }
    lx_buf_byte(p->out, '>');
    lx_buf_add(p->out, lx_head_span(p->h, n->inner).p, n->inner.len);
    lx_buf_lit(p->out, "</");
    lx_buf_add(p->out, name, strlen(name));
    lx_buf_byte(p->out, '>');
}

static void disk_children(printer *p, const lx_disk *disk)
{
    disk_extras(p, disk, LX_P_DISK_AFTER);
    if (disk->in_progress) {
        lx_buf_lit(p->out, "\n      <snapshotDeleteInProgress");
        disk_extras(p, disk, LX_P_PROGRESS_ATTR);
        lx_buf_byte(p->out, '>');
        if (disk_extras(p, disk, LX_P_PROGRESS_INSIDE)) {
            lx_buf_lit(p->out, "\n      </snapshotDeleteInProgress>");
        } else if (!p->out->failed) {
            p->out->len--;
            lx_buf_lit(p->out, "/>");
        }
    }
    disk_extras(p, disk, LX_P_DISK_AFTER + 1);
    node(p, "driver", &disk->driver);
    disk_extras(p, disk, LX_P_DISK_AFTER + 2);
    node(p, "source", &disk->source);
    disk_extras(p, disk, LX_P_DISK_AFTER + 3);
}

static void print_disk(printer *p, const lx_disk *disk)
{
    size_t before;

    lx_buf_lit(p->out, "\n    <disk");
    disk_extras(p, disk, LX_P_DISK_ATTR);
    attribute(p, "name", disk->name);
    disk_extras(p, disk, LX_P_DISK_ATTR + 1);
    attribute(p, "snapshot", disk->snapshot);
    disk_extras(p, disk, LX_P_DISK_ATTR + 2);
    attribute(p, "type", disk->type);
    disk_extras(p, disk, LX_P_DISK_ATTR + 3);
    lx_buf_byte(p->out, '>');
    before = p->out->len;
    disk_children(p, disk);
    if (p->out->len != before) {
        lx_buf_lit(p->out, "\n    </disk>");
    } else if (!p->out->failed) {
        p->out->len--;
        lx_buf_lit(p->out, "/>");
    }
}

static void disks(printer *p, const char *name, lx_field f, const lx_array *list)
{
    const lx_disk *disk = list->data;

    if (!list->used)
        return;
    p->children = true;
    lx_buf_lit(p->out, "\n  <");
    lx_buf_add(p->out, name, strlen(name));
    root_extras(p, LX_P_ATTR + f + 1);
    lx_buf_byte(p->out, '>');
    for (size_t i = 0; i < list->used; i++)
        print_disk(p, disk + i);
    lx_buf_lit(p->out, "\n  </");
    lx_buf_add(p->out, name, strlen(name));
    lx_buf_byte(p->out, '>');
}

/* ---- bodies and pieces ---- */

lx_bytes lx_head_body(const lx_head_data *h, const lx_writer *w, unsigned which)
{
    const lx_body *b = h->body + which;
    const lx_out *o = &w->out;

    if (!b->there)
        return (lx_bytes){NULL, 0};
    if (b->given.data)
        return b->given;
    if (b->from >= o->buf.len)
        return (lx_bytes){o->run + (b->from - o->buf.len), b->to - b->from};
    return (lx_bytes){o->buf.data + b->from, b->to - b->from};
}

/* Make a piece of the text printed since the last one. */
static void cut(printer *p)
{
    p->from[p->n] = p->done;
    p->piece[p->n++] = (lx_bytes){NULL, p->out->len - p->done};
    p->done = p->out->len;
}

static void body(printer *p, const lx_writer *w, unsigned which)
{
    lx_bytes b = lx_head_body(p->h, w, which);

    if (!b.data)
        return;
    p->children = true;
    lx_buf_lit(p->out, "\n  ");
    cut(p);
    p->piece[p->n++] = b;
}

size_t lx_head_text(const lx_head_data *h, const lx_writer *w, lx_buf *out, bool active,
                    lx_bytes pieces[LX_MAX_PIECES])
{
    printer p = {.h = h, .out = out, .piece = pieces};
    size_t root;

    out->len = 0;
    lx_buf_lit(out, "<domainsnapshot");
    root_extras(&p, LX_P_ATTR);
    root = out->len;
    lx_buf_byte(out, '>');
    p.children = root_extras(&p, LX_P_AFTER);
    simple(&p, "name", LX_F_NAME, h->name);
    p.children |= root_extras(&p, LX_P_AFTER + LX_F_NAME + 1);
    simple(&p, "description", LX_F_DESCRIPTION, h->description);
    p.children |= root_extras(&p, LX_P_AFTER + LX_F_DESCRIPTION + 1);
    simple(&p, "state", LX_F_STATE, h->state);
    p.children |= root_extras(&p, LX_P_AFTER + LX_F_STATE + 1);
    parent(&p);
    p.children |= root_extras(&p, LX_P_AFTER + LX_F_PARENT + 1);
    if (h->has_time)
        number(&p, "creationTime", LX_F_TIME, h->time);
    p.children |= root_extras(&p, LX_P_AFTER + LX_F_TIME + 1);
    memory(&p);
    p.children |= root_extras(&p, LX_P_AFTER + LX_F_MEMORY + 1);
    disks(&p, "disks", LX_F_DISKS, &h->disk);
    p.children |= root_extras(&p, LX_P_AFTER + LX_F_DISKS + 1);
    disks(&p, "revertDisks", LX_F_REVERT_DISKS, &h->revert_disk);
    p.children |= root_extras(&p, LX_P_AFTER + LX_F_REVERT_DISKS + 1);
    for (unsigned which = 0; which < LX_BODIES; which++) {
        body(&p, w, which);
        p.children |= root_extras(&p, LX_P_AFTER + LX_F_DOMAIN + 1 + which);
    }
    if (active && h->has_active)
        number(&p, "active", LX_F_ACTIVE, h->active);
    p.children |= root_extras(&p, LX_P_AFTER + LX_F_ACTIVE + 1);
    if (p.children) {
        lx_buf_lit(out, "\n</domainsnapshot>\n");
    } else {
        out->len = out->failed ? 0 : root;
        lx_buf_lit(out, "/>\n");
    }
    if (out->failed || w->out.buf.failed)
        return 0;
    cut(&p);
    for (size_t i = 0; i < p.n; i++)
        if (!pieces[i].data)
            pieces[i].data = out->data + p.from[i];
    return p.n;
}
