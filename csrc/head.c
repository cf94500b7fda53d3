#include "head_source.h"
#include "text.h"
#include "value.h"

void lx_head_init(lx_head_data *h, const lx_allocator *alloc)
{
    memset(h, 0, sizeof *h);
    h->alloc = alloc;
    lx_buf_init(&h->text, alloc);
    h->disk.size = h->revert_disk.size = sizeof(lx_disk);
    h->pair.size = sizeof(lx_pair);
    h->extra.size = h->disk_extra.size = sizeof(lx_extra);
}

void lx_head_free(lx_head_data *h)
{
    lx_array *arrays[] = {&h->disk, &h->revert_disk, &h->pair, &h->extra, &h->disk_extra};

    lx_buf_free(&h->text);
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        h->alloc->release(h->alloc->user, arrays[i]->data);
}

size_t lx_head_footprint(const lx_head_data *h)
{
    const lx_array *arrays[] = {&h->disk, &h->revert_disk, &h->pair, &h->extra, &h->disk_extra};
    size_t sum = h->text.cap;

    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        sum += arrays[i]->cap * arrays[i]->size;
    return sum;
}

void lx_head_clear(lx_head_data *h, lx_mode mode)
{
    memset(h, 0, offsetof(lx_head_data, alloc));
    h->mode = mode;
    h->text.len = 0;
    h->text.failed = false;
    lx_buf_reserve(&h->text, 1); /* so that even an empty text has an address */
    h->disk.used = h->revert_disk.used = h->pair.used = h->extra.used = h->disk_extra.used = 0;
}

void *lx_head_add(lx_head_data *h, lx_array *array)
{
    if (!lx_grow(h->alloc, &array->data, &array->cap, array->used, array->size))
        return h->nomem = true, NULL;
    return (uint8_t *)array->data + array->size * array->used++;
}

lx_ref lx_head_keep(lx_head_data *h, const void *bytes, size_t len)
{
    lx_ref ref = {(uint32_t)h->text.len, 0, true};

    lx_buf_add(&h->text, bytes, len);
    ref.len = (uint32_t)h->text.len - ref.off; /* 0 if memory is short */
    return ref;
}

static lx_ref keep_value(lx_head_data *h, const lx_attr *a)
{
    lx_ref ref = {(uint32_t)h->text.len, 0, true};

    lx_text_decode(&h->text, (lx_span){a->value, (size_t)(a->value_end - a->value)}, true);
    ref.len = (uint32_t)h->text.len - ref.off;
    return ref;
}

static bool keep_extra(lx_head_data *h, lx_array *array, unsigned place, lx_ref xml)
{
    lx_extra *e = lx_head_add(h, array);

    if (e)
        *e = (lx_extra){place, xml};
    return e != NULL;
}

/* Take what was written since `from` out of the output again. */
static lx_ref take_output(lx_head_data *h, lx_writer *w, size_t from, size_t to, size_t back_to)
{
    lx_ref ref = {0, 0, true};

    lx_out_flush(&w->out);
    if (!w->out.buf.failed) /* else it holds less */
        ref = lx_head_keep(h, w->out.buf.data + from, to - from);
    lx_out_truncate(&w->out, back_to);
    return ref;
}

/* Keep the attribute as it will be printed. */
static bool keep_attribute(lx_head_data *h, lx_writer *w, lx_array *array, unsigned place,
                           const lx_attr *a)
{
    size_t from = lx_out_pos(&w->out);

    lx_write_attr(w, a);
    return keep_extra(h, array, place, take_output(h, w, from, lx_out_pos(&w->out), from));
}

/* Keep the element whose tag was just read and that this place does not know. */
static bool keep_element(lx_head_data *h, lx_writer *w, lx_array *array, unsigned place,
                         const lx_tag *tag, unsigned level)
{
    size_t from = lx_out_pos(&w->out);
    bool ok;
    const lx_slot *slot = lx_write_unlisted(w, tag, &ok);

    if (!ok || !lx_write_element(w, tag, slot, level))
        return false;
    return keep_extra(h, array, place, take_output(h, w, from, lx_out_pos(&w->out), from));
}

/* Pass an element that counts for nothing, checking it on the way. */
static bool pass_element(lx_writer *w, const lx_tag *tag)
{
    size_t from = lx_out_pos(&w->out);
    bool ok = tag->colon || lx_scan_check_name(w->scan, &tag->name);

    if (!ok || !lx_write_element(w, tag, NULL, 0))
        return false;
    lx_out_truncate(&w->out, from);
    return true;
}

/* Find known attributes by name; the others are kept at `place` + 1 for each known one that
 * came before. `known` is filled with NULL or the attribute. `ctx` only spares name checks. */
static bool read_attributes(lx_head_data *h, lx_writer *w, const lx_tag *tag, unsigned ctx,
                            lx_array *extras, unsigned place, const char *const *names, size_t n,
                            const lx_attr **known)
{
    bool sorted;
    unsigned after = 0;

    for (size_t k = 0; k < n; k++)
        known[k] = NULL;
    if (tag->attrs && !lx_write_order(w, tag, ctx, &sorted))
        return false;
    for (uint32_t i = 0; i < tag->attrs; i++) {
        const lx_attr *a = w->scan->attr + i;
        size_t k = 0;

        while (k < n && (a->name.len != strlen(names[k]) ||
                         memcmp(a->name.p, names[k], a->name.len)))
            k++;
        if (k < n) {
            known[k] = a;
            after = (unsigned)k + 1;
        } else if (!keep_attribute(h, w, extras, place + after, a)) {
            return false;
        }
    }
    return true;
}

/* Keep all attributes of a tag of which none is known. */
static bool keep_attributes(lx_head_data *h, lx_writer *w, const lx_tag *tag, lx_array *extras,
                            unsigned place)
{
    return read_attributes(h, w, tag, LX_CTX_NOTHING, extras, place, NULL, 0, NULL);
}

/* The string value of the element whose tag was just read: all text in it, markup dropped. */
static bool read_text(lx_head_data *h, lx_writer *w, const lx_tag *tag, lx_ref *text)
{
    lx_scan *s = w->scan;
    unsigned depth = s->depth;
    lx_ref ref = {(uint32_t)h->text.len, 0, true};
    lx_piece piece;
    bool plain, sorted;

    if (tag->empty)
        lx_scan_close(s);
    while (s->depth >= depth) {
        if (!lx_scan_piece(s, &piece))
            return false;
        if (piece.kind == LX_TEXT) {
            lx_text_decode(&h->text, piece.span, false);
        } else if (piece.kind == LX_CDATA) {
            lx_buf_add(&h->text, piece.span.p, piece.span.len);
        } else if (piece.kind == LX_END) {
            if (!lx_scan_end(s, &plain))
                return false;
        } else if (piece.kind == LX_START) {
            lx_tag child;

            if (!lx_scan_tag(s, &child) ||
                (!child.colon && !lx_scan_check_name(s, &child.name)) ||
                (child.attrs && !lx_write_order(w, &child, LX_CTX_NOTHING, &sorted)))
                return false;
            if (child.empty)
                lx_scan_close(s);
        }
    }
    ref.len = (uint32_t)h->text.len - ref.off;
    ref.there = ref.len > 0;
    *text = ref;
    return true;
}

/* Is the tag an element of the snapshot format, of this name? */
static bool is_plain(const lx_scan *s, const lx_tag *tag)
{
    return !memchr(tag->name.p, ':', tag->name.len) && !lx_scan_default_namespace(s);
}

/* Move to the next child of the open element `parent`: true with its tag, or false at its end
 * (*ok) or on an error. Text is passed over. */
static bool next_child(lx_scan *s, const lx_tag *parent, lx_tag *child, bool *ok)
{
    lx_piece piece;
    bool plain;

    *ok = true;
    if (parent->empty) {
        lx_scan_close(s);
        return false;
    }
    for (;;) {
        if (!lx_scan_piece(s, &piece))
            return *ok = false;
        if (piece.kind == LX_END) {
            *ok = lx_scan_end(s, &plain);
            return false;
        }
        if (piece.kind == LX_START)
            return *ok = lx_scan_tag(s, child);
    }
}

/* ---- fields ---- */

static bool read_simple(lx_head_data *h, lx_writer *w, const lx_tag *tag, lx_field f, lx_ref *text)
{
    size_t extras = h->extra.used;

    if (!keep_attributes(h, w, tag, &h->extra, LX_P_ATTR + f + 1) ||
        !read_text(h, w, tag, text))
        return false;
    if (!text->there)
        h->extra.used = extras; /* an empty field is no field */
    return true;
}

/* libvirt reads the first <name> in any <parent>. */
static bool read_parent(lx_head_data *h, lx_writer *w, const lx_tag *tag)
{
    lx_scan *s = w->scan;
    size_t extras = h->extra.used;
    bool ok, named = false;
    lx_tag child;

    if (!keep_attributes(h, w, tag, &h->extra, LX_P_ATTR + LX_F_PARENT + 1))
        return false;
    while (next_child(s, tag, &child, &ok)) {
        if (!is_plain(s, &child) || !lx_name_is(&child.name, "name")) {
            if (!keep_element(h, w, &h->extra,
                              named ? LX_P_INSIDE + LX_F_PARENT + 1 : LX_P_PARENT_BEFORE, &child,
                              2))
                return false;
        } else if (named) {
            if (!pass_element(w, &child))
                return false;
        } else {
            named = h->parent_named = true;
            if (!keep_attributes(h, w, &child, &h->extra, LX_P_PARENT_NAME_ATTR) ||
                !read_text(h, w, &child, &h->parent))
                return false;
        }
    }
    if (!h->parent.there)
        h->extra.used = extras; /* no name: there is no parent, and nothing of it stays */
    return ok;
}

static bool read_memory(lx_head_data *h, lx_writer *w, const lx_tag *tag)
{
    static const char *const names[] = {"snapshot", "file"};
    const lx_attr *known[2];
    bool ok;
    lx_tag child;

    if (!read_attributes(h, w, tag, LX_CTX_MEMORY, &h->extra, LX_P_MEMORY_ATTR, names, 2, known))
        return false;
    if (known[0])
        h->memory = keep_value(h, known[0]);
    if (known[1])
        h->memory_file = keep_value(h, known[1]);
    while (next_child(w->scan, tag, &child, &ok))
        if (!keep_element(h, w, &h->extra, LX_P_INSIDE + LX_F_MEMORY + 1, &child, 2))
            return false;
    return ok;
}

/* ---- disks ---- */

static bool read_node(lx_head_data *h, lx_writer *w, const lx_tag *tag, lx_node *node)
{
    const lx_slot *slot = lx_order_child(LX_CTX_SNAPSHOT_DISK, &tag->name);
    size_t from = lx_out_pos(&w->out);
    const uint16_t *order = NULL;
    bool sorted, ok;

    node->there = true;
    node->pair0 = (uint32_t)h->pair.used;
    if (tag->attrs && !(order = lx_write_order(w, tag, slot->child, &sorted)))
        return false;
    for (uint32_t i = 0; i < tag->attrs; i++) {
        const lx_attr *a = w->scan->attr + order[i];
        lx_pair *pair = lx_head_add(h, &h->pair);

        if (!pair)
            return false;
        pair->name = lx_head_keep(h, a->name.p, a->name.len);
        pair->value = keep_value(h, a);
        node->pairs++;
    }
    w->cache.wanted = lx_name_is(&tag->name, "driver");
    w->cache.seen = false;
    ok = lx_write_element(w, tag, slot, 3);
    w->cache.wanted = false;
    if (!ok)
        return false;
    node->inner = take_output(h, w, w->inner_from, w->inner_to, from);
    return true;
}

static bool read_progress(lx_head_data *h, lx_writer *w, const lx_tag *tag)
{
    bool ok;
    lx_tag child;

    if (!keep_attributes(h, w, tag, &h->disk_extra, LX_P_PROGRESS_ATTR))
        return false;
    while (next_child(w->scan, tag, &child, &ok))
        if (!keep_element(h, w, &h->disk_extra, LX_P_PROGRESS_INSIDE, &child, 4))
            return false;
    return ok;
}

static bool read_disk_child(lx_head_data *h, lx_writer *w, const lx_tag *tag, lx_disk *disk,
                            unsigned *after)
{
    bool plain = is_plain(w->scan, tag);

    if (plain && lx_span_is(((lx_span){tag->name.p, tag->name.len}), "snapshotDeleteInProgress")) {
        *after = 1;
        if (disk->in_progress)
            return pass_element(w, tag);
        disk->in_progress = true;
        return read_progress(h, w, tag);
    }
    if (plain && lx_name_is(&tag->name, "driver")) {
        *after = 2;
        return disk->driver.there ? pass_element(w, tag) : read_node(h, w, tag, &disk->driver);
    }
    if (plain && lx_name_is(&tag->name, "source")) {
        *after = 3;
        if (disk->source.there)
            return pass_element(w, tag);
        if (!read_node(h, w, tag, &disk->source))
            return false;
        if (!h->text.failed) /* else it holds less */
            lx_head_source(h, w, disk);
        return true;
    }
    return keep_element(h, w, &h->disk_extra, LX_P_DISK_AFTER + *after, tag, 3);
}

/* ---- what a list that is joined to an earlier one hands down to its disks ---- */

/* Does the tag just read declare the prefix of this declaration, or say this attribute? */
static bool says_itself(const lx_scan *s, const lx_tag *tag, lx_span name)
{
    if (!tag->colon)
        return false;
    if (name.len > 6 && !memcmp(name.p, "xmlns:", 6)) {
        const lx_span *uri = lx_ns_find(&s->ns, (lx_span){name.p + 6, name.len - 6});

        return uri && uri >= &s->ns.bind[s->ns_mark[s->depth - 1]].uri;
    }
    for (uint32_t i = 0; i < tag->attrs; i++)
        if (lx_span_equal(name, (lx_span){s->attr[i].name.p, s->attr[i].name.len}))
            return true;
    return false;
}

/* Keep the attributes of the list that hold for all below it, as they will be printed. */
static bool keep_inherited(lx_head_data *h, lx_writer *w, const lx_tag *tag, lx_node *kept)
{
    kept->pair0 = (uint32_t)h->pair.used;
    for (uint32_t i = 0; tag->colon && i < tag->attrs; i++) {
        const lx_attr *a = w->scan->attr + i;
        size_t from = lx_out_pos(&w->out);
        lx_pair *pair;

        if (!a->colon || (memcmp(a->name.p, "xmlns:", 6) && !lx_name_is(&a->name, "xml:space")))
            continue;
        if (!(pair = lx_head_add(h, &h->pair)))
            return false;
        pair->name = lx_head_keep(h, a->name.p, a->name.len);
        lx_write_attr(w, a);
        pair->value = take_output(h, w, from, lx_out_pos(&w->out), from);
        kept->pairs++;
    }
    return true;
}

/* Give them to a disk of the list whose tag was just read. */
static bool hand_down(lx_head_data *h, lx_scan *s, const lx_tag *tag, const lx_node *kept)
{
    for (uint32_t i = 0; i < kept->pairs; i++) {
        const lx_pair *pair = (const lx_pair *)h->pair.data + kept->pair0 + i;

        if (says_itself(s, tag, lx_head_span(h, pair->name)))
            continue;
        h->handed_down += pair->value.len;
        if (h->handed_down > LX_MAX_DOCUMENT)
            return lx_scan_fail(s, LX_E_LIMIT_SIZE, tag->start);
        if (!keep_extra(h, &h->disk_extra, LX_P_DISK_ATTR, pair->value))
            return false;
    }
    return true;
}

static bool read_disk(lx_head_data *h, lx_writer *w, const lx_tag *tag, const lx_node *list,
                      lx_disk *disk)
{
    static const char *const names[] = {"name", "snapshot", "type"};
    const lx_attr *known[3];
    unsigned after = 0;
    bool ok;
    lx_tag child;

    memset(disk, 0, sizeof *disk);
    disk->at = tag->start;
    disk->extra0 = (uint32_t)h->disk_extra.used;
    if (!tag->colon && !lx_name_is(&tag->name, "disk") &&
        !lx_scan_check_name(w->scan, &tag->name))
        return false;
    if (!hand_down(h, w->scan, tag, list) ||
        !read_attributes(h, w, tag, LX_CTX_SNAPSHOT_DISK, &h->disk_extra, LX_P_DISK_ATTR, names, 3,
                         known))
        return false;
    w->cache.bad = NULL;
    if (known[0])
        disk->name = keep_value(h, known[0]);
    if (known[1])
        disk->snapshot = keep_value(h, known[1]);
    if (known[2])
        disk->type = keep_value(h, known[2]);
    while (next_child(w->scan, tag, &child, &ok))
        if (!read_disk_child(h, w, &child, disk, &after))
            return false;
    disk->extras = (uint32_t)h->disk_extra.used - disk->extra0;
    disk->bad_cache = w->cache.bad;
    return ok;
}

/* Any child element is a disk, whatever its name; several lists are one. */
static bool read_list(lx_head_data *h, lx_writer *w, const lx_tag *tag, lx_field f, bool first)
{
    lx_array *list = f == LX_F_DISKS ? &h->disk : &h->revert_disk;
    lx_node inherited = {0};
    bool ok, sorted;
    lx_tag child;

    if (first) {
        if (!keep_attributes(h, w, tag, &h->extra, LX_P_ATTR + f + 1))
            return false;
    } else if (tag->attrs && (!lx_write_order(w, tag, LX_CTX_NOTHING, &sorted) ||
                              !keep_inherited(h, w, tag, &inherited))) {
        return false;
    }
    while (next_child(w->scan, tag, &child, &ok)) {
        lx_disk disk, *kept;

        if (!read_disk(h, w, &child, &inherited, &disk))
            return false;
        lx_head_check_disk(h, &disk, f == LX_F_DISKS ? LX_STEP_DISKS : LX_STEP_REVERT_DISKS);
        if (h->error)
            continue; /* the document is refused in the end: nothing more need be kept */
        if (!(kept = lx_head_add(h, list)))
            return false;
        *kept = disk;
    }
    return ok;
}

/* What is in the snapshot's own disks is spelled by the rules of head_source.c alone. */
static bool read_disks(lx_head_data *h, lx_writer *w, const lx_tag *tag, lx_field f, bool first)
{
    bool ok;

    w->unruled = true;
    ok = read_list(h, w, tag, f, first);
    w->unruled = false;
    return ok;
}

/* An empty list is not printed, and nothing of it stays. */
static void drop_empty_list(lx_head_data *h, lx_field f, const lx_array *list)
{
    lx_extra *e = h->extra.data;
    size_t kept = 0;

    if (list->used || !(h->seen & 1u << f))
        return;
    for (size_t i = 0; i < h->extra.used; i++)
        if (e[i].place != LX_P_ATTR + f + 1u)
            e[kept++] = e[i];
    h->extra.used = kept;
}

/* ---- bodies and <active> ---- */

/* <active> says nothing of the snapshot itself: only its number counts, and nothing of it is
 * kept in a head. */
static bool read_active(lx_head_data *h, lx_writer *w, const lx_tag *tag)
{
    size_t extras = h->extra.used;

    if (!read_simple(h, w, tag, LX_F_ACTIVE, &h->active_text))
        return false;
    h->extra.used = extras;
    return true;
}

static bool read_body(lx_head_data *h, lx_writer *w, const lx_tag *tag, unsigned which,
                      const lx_slot *slot)
{
    lx_body *body = h->body + which;
    /* Not where an xml:space around it could matter. */
    bool ok, recall = which == LX_BODY_DOMAIN && !tag->colon && !h->root_colon && !w->long_way;

    body->from = lx_out_pos(&w->out) + 3; /* behind the line feed and the indentation */
    w->capture.wanted = which != LX_BODY_COOKIE;
    w->capture.inactive = which == LX_BODY_INACTIVE;
    w->capture.seen_name = w->capture.seen_uuid = false;
    ok = recall && lx_recall_write(h->recall, w, tag);
    if (!ok) {
        ok = lx_write_element(w, tag, slot, 1);
        if (ok && recall)
            lx_recall_keep(h->recall, w, tag->start);
    }
    w->capture.wanted = w->capture.inactive = false;
    if (w->capture.bad_uuid)
        lx_head_error(h, which == LX_BODY_DOMAIN ? LX_STEP_DOMAIN : LX_STEP_INACTIVE,
                      LX_E_UUID_INVALID, w->capture.bad_uuid);
    w->capture.bad_uuid = NULL;
    body->to = lx_out_pos(&w->out);
    body->there = true;
    return ok;
}

/* ---- the root ---- */

static bool read_field(lx_head_data *h, lx_writer *w, const lx_tag *tag, const lx_slot *slot)
{
    lx_field f = (lx_field)slot->rank;
    bool first = !(h->seen & 1u << f);

    if (first)
        h->at[f] = tag->start;
    h->seen |= 1u << f;
    if (!first && f != LX_F_DISKS && f != LX_F_REVERT_DISKS &&
        (f != LX_F_PARENT || h->parent_named))
        return pass_element(w, tag);
    switch (f) {
    case LX_F_NAME: return read_simple(h, w, tag, f, &h->name);
    case LX_F_DESCRIPTION: return read_simple(h, w, tag, f, &h->description);
    case LX_F_STATE: return read_simple(h, w, tag, f, &h->state);
    case LX_F_PARENT: return read_parent(h, w, tag);
    case LX_F_TIME: return read_simple(h, w, tag, f, &h->time_text);
    case LX_F_MEMORY: return read_memory(h, w, tag);
    case LX_F_DISKS:
    case LX_F_REVERT_DISKS: return read_disks(h, w, tag, f, first);
    case LX_F_DOMAIN: return read_body(h, w, tag, LX_BODY_DOMAIN, slot);
    case LX_F_INACTIVE: return read_body(h, w, tag, LX_BODY_INACTIVE, slot);
    case LX_F_COOKIE: return read_body(h, w, tag, LX_BODY_COOKIE, slot);
    default: return read_active(h, w, tag);
    }
}

/* A body must lie in the buffer or in the run, not half in each. */
static void settle_bodies(const lx_head_data *h, lx_out *out)
{
    for (unsigned i = 0; i < LX_BODIES; i++)
        if (h->body[i].there && h->body[i].from < out->buf.len && h->body[i].to > out->buf.len)
            lx_out_flush(out);
}

/* Does the root's child that was just read stand in the document as it is printed? */
static bool is_verbatim_body(const lx_head_data *h, const lx_writer *w, lx_field f,
                             const uint8_t *before, const lx_tag *child)
{
    lx_bytes body;

    if (f < LX_F_DOMAIN || f > LX_F_COOKIE || child->start != before + 3 ||
        memcmp(before, "\n  ", 3) || lx_out_pos(&w->out) < h->body[f - LX_F_DOMAIN].to)
        return false;
    body = lx_head_body(h, w, f - LX_F_DOMAIN);
    return body.data == child->start && body.data + body.len == w->scan->p;
}

/* Read the children of the root. */
static bool read_fields(lx_head_data *h, lx_writer *w, const lx_tag *root)
{
    static const char end[] = "\n</domainsnapshot>\n";
    lx_scan *s = w->scan;
    const uint8_t *before;
    unsigned after = 0;
    bool ok;
    lx_tag child;

    h->verbatim = root->plain && !root->attrs && !root->empty && root->start == s->base &&
                  !w->long_way;
    if (h->verbatim)
        after = lx_head_quick(h, s);
    while (before = s->p, next_child(s, root, &child, &ok)) {
        const lx_slot *slot = lx_order_child(LX_CTX_DOMAINSNAPSHOT, &child.name);

        if (slot && is_plain(s, &child)) {
            bool rises = slot->rank >= after;

            /* Nothing stands behind <active>, so that there is one head with and without it. */
            if (slot->rank != LX_F_ACTIVE)
                after = slot->rank + 1u;
            if (!read_field(h, w, &child, slot))
                return false;
            h->verbatim = h->verbatim && rises &&
                          is_verbatim_body(h, w, (lx_field)slot->rank, before, &child);
        } else {
            h->verbatim = false;
            if (!keep_element(h, w, &h->extra, LX_P_AFTER + after, &child, 1))
                return false;
        }
    }
    h->verbatim = h->verbatim && h->seen && (size_t)(s->end - before) == sizeof end - 1 &&
                  !memcmp(before, end, sizeof end - 1);
    return ok;
}

bool lx_head_read(lx_head_data *h, lx_writer *w, const lx_tag *root)
{
    lx_scan *s = w->scan;

    h->root = root->start;
    h->root_colon = root->colon;
    if (!keep_attributes(h, w, root, &h->extra, LX_P_ATTR))
        return false;
    if (!read_fields(h, w, root) || !lx_scan_epilog(s))
        return false;
    settle_bodies(h, &w->out);
    drop_empty_list(h, LX_F_DISKS, &h->disk);
    drop_empty_list(h, LX_F_REVERT_DISKS, &h->revert_disk);
    if (h->nomem || h->text.failed || w->out.buf.failed || w->capture.name.failed ||
        w->capture.uuid.failed)
        return lx_scan_fail(s, LX_NOMEM, s->p);
    if (!lx_head_check(h, s))
        return false;
    h->verbatim = h->verbatim && h->memory.there == (h->seen >> LX_F_MEMORY & 1);
    return lx_head_settle(h) ? true : lx_scan_fail(s, LX_NOMEM, s->p);
}
