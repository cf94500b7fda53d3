/* The MessagePack form of a head: lineage/model.py has the same fields in the same order. */
#include "head.h"
#include "index.h"
#include "msgpack.h"

#define HEAD_FIELDS 10
#define NODE_FIELDS 2
#define DISK_FIELDS 7

static void text(const lx_head_data *h, lx_buf *out, lx_ref ref)
{
    if (ref.there)
        lx_pack_text(out, lx_head_span(h, ref));
    else
        lx_pack_nil(out);
}

static void pack_extras(const lx_head_data *h, lx_buf *out, const lx_array *list, size_t from,
                        size_t n)
{
    lx_pack_array(out, n);
    for (size_t i = 0; i < n; i++) {
        const lx_extra *e = (const lx_extra *)list->data + from + i;

        lx_pack_array(out, 2);
        lx_pack_int(out, e->place);
        lx_pack_bytes(out, lx_head_span(h, e->xml));
    }
}

static void pack_node(const lx_head_data *h, lx_buf *out, const lx_node *n)
{
    if (!n->there) {
        lx_pack_nil(out);
        return;
    }
    lx_pack_array(out, NODE_FIELDS);
    lx_pack_map(out, n->pairs);
    for (uint32_t i = 0; i < n->pairs; i++) {
        const lx_pair *pair = (const lx_pair *)h->pair.data + n->pair0 + i;

        lx_pack_text(out, lx_head_span(h, pair->name));
        lx_pack_text(out, lx_head_span(h, pair->value));
    }
    lx_pack_bytes(out, lx_head_span(h, n->inner));
}

static void pack_disks(const lx_head_data *h, lx_buf *out, const lx_array *list)
{
    const lx_disk *disk = list->data;

    if (!list->used) {
        lx_pack_nil(out);
        return;
    }
    lx_pack_array(out, list->used);
    for (size_t i = 0; i < list->used; i++, disk++) {
        lx_pack_array(out, DISK_FIELDS);
        text(h, out, disk->name);
        text(h, out, disk->snapshot);
        text(h, out, disk->type);
        lx_pack_bool(out, disk->in_progress);
        pack_node(h, out, &disk->driver);
        pack_node(h, out, &disk->source);
        pack_extras(h, out, &h->disk_extra, disk->extra0, disk->extras);
    }
}

void lx_head_pack(const lx_head_data *h, const lx_writer *w, lx_buf *out, bool bodies, bool active)
{
    out->len = 0;
    lx_pack_array(out, bodies ? HEAD_FIELDS + LX_BODIES : HEAD_FIELDS);
    text(h, out, h->name);
    text(h, out, h->description);
    text(h, out, h->state);
    text(h, out, h->parent);
    if (h->has_time)
        lx_pack_int(out, h->time);
    else
        lx_pack_nil(out);
    if (h->memory.there || h->memory_file.there) {
        lx_pack_array(out, 2);
        text(h, out, h->memory);
        text(h, out, h->memory_file);
    } else {
        lx_pack_nil(out);
    }
    pack_disks(h, out, &h->disk);
    pack_disks(h, out, &h->revert_disk);
    if (active && h->has_active)
        lx_pack_int(out, h->active);
    else
        lx_pack_nil(out);
    pack_extras(h, out, &h->extra, 0, h->extra.used);
    for (unsigned i = 0; bodies && i < LX_BODIES; i++) {
        lx_bytes b = lx_head_body(h, w, i);

        if (b.data)
            lx_pack_bytes(out, (lx_span){b.data, b.len});
        else
            lx_pack_nil(out);
    }
}

/* ---- reading ---- */

typedef struct {
    lx_unpack u;
    lx_head_data *h;
    lx_code code; /* a text that XML cannot hold */
} reader;

/* Keep a text, if XML can hold it. */
static lx_ref keep_text(reader *r)
{
    lx_span span = lx_unpack_text(&r->u);
    lx_code code;

    if (!r->code && lx_check_chars(span.p, span.len, true, &code) != span.len)
        r->code = code;
    return lx_head_keep(r->h, span.p, span.len);
}

static lx_ref read_text(reader *r)
{
    return lx_unpack_nil(&r->u) ? (lx_ref){0, 0, false} : keep_text(r);
}

static lx_ref read_bytes(reader *r)
{
    lx_span span = lx_unpack_bytes(&r->u);

    return lx_head_keep(r->h, span.p, span.len);
}

static void read_extras(reader *r, lx_array *list)
{
    size_t n = lx_unpack_array(&r->u);

    for (size_t i = 0; i < n && !r->u.bad; i++) {
        lx_extra *e = lx_head_add(r->h, list);

        if (!e)
            return;
        r->u.bad |= lx_unpack_array(&r->u) != 2;
        e->place = (uint32_t)lx_unpack_int(&r->u);
        e->xml = read_bytes(r);
    }
}

static void read_node(reader *r, lx_node *n)
{
    size_t pairs;

    if (lx_unpack_nil(&r->u))
        return;
    r->u.bad |= lx_unpack_array(&r->u) != NODE_FIELDS;
    pairs = lx_unpack_map(&r->u);
    n->there = true;
    n->pair0 = (uint32_t)r->h->pair.used;
    for (size_t i = 0; i < pairs && !r->u.bad; i++) {
        lx_pair *pair = lx_head_add(r->h, &r->h->pair);

        if (!pair)
            return;
        pair->name = keep_text(r);
        pair->value = keep_text(r);
        n->pairs++;
        if (!lx_is_name(lx_head_span(r->h, pair->name), true))
            r->code = r->code ? r->code : LX_E_NAME;
    }
    n->inner = read_bytes(r);
}

static void read_disks(reader *r, lx_array *list)
{
    size_t n;

    if (lx_unpack_nil(&r->u))
        return;
    n = lx_unpack_array(&r->u);
    for (size_t i = 0; i < n && !r->u.bad; i++) {
        lx_disk *disk = lx_head_add(r->h, list);

        if (!disk)
            return;
        memset(disk, 0, sizeof *disk);
        r->u.bad |= lx_unpack_array(&r->u) != DISK_FIELDS;
        disk->name = read_text(r);
        disk->snapshot = read_text(r);
        disk->type = read_text(r);
        disk->in_progress = lx_unpack_bool(&r->u);
        read_node(r, &disk->driver);
        read_node(r, &disk->source);
        disk->extra0 = (uint32_t)r->h->disk_extra.used;
        read_extras(r, &r->h->disk_extra);
        disk->extras = (uint32_t)r->h->disk_extra.used - disk->extra0;
    }
}

static bool read_int(reader *r, int64_t *value)
{
    if (lx_unpack_nil(&r->u))
        return false;
    *value = lx_unpack_int(&r->u);
    return true;
}

static void read_bodies(reader *r)
{
    for (unsigned i = 0; i < LX_BODIES; i++) {
        lx_span b;

        if (lx_unpack_nil(&r->u))
            continue;
        b = lx_unpack_bytes(&r->u);
        r->h->body[i] = (lx_body){.there = true, .given = {b.p, b.len}};
    }
}

bool lx_head_unpack(lx_head_data *h, lx_bytes packed, lx_code *code)
{
    reader r = {.u = {packed.data, packed.data + packed.len, false}, .h = h};
    size_t fields = lx_unpack_array(&r.u);

    if (fields != HEAD_FIELDS && fields != HEAD_FIELDS + LX_BODIES)
        return false;
    h->name = read_text(&r);
    h->description = read_text(&r);
    h->state = read_text(&r);
    h->parent = read_text(&r);
    h->has_time = read_int(&r, &h->time);
    if (!lx_unpack_nil(&r.u)) {
        r.u.bad |= lx_unpack_array(&r.u) != 2;
        h->memory = read_text(&r);
        h->memory_file = read_text(&r);
    }
    read_disks(&r, &h->disk);
    read_disks(&r, &h->revert_disk);
    h->has_active = read_int(&r, &h->active);
    read_extras(&r, &h->extra);
    if (fields > HEAD_FIELDS)
        read_bodies(&r);
    *code = r.code;
    return !r.u.bad && !r.code && r.u.p == r.u.end;
}
