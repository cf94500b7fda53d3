/* The public calls of lineage_xml.h. */
#include "lineage_xml.h"

#include "head.h"
#include "metadata.h"
#include "text.h"

#include <stdlib.h>

struct lx_ctx {
    lx_allocator alloc;
    lx_scan scan;
    lx_writer writer;
    lx_head_data head;
    lx_recall recall;
    lx_buf input; /* padded copy, line ends unified */
    lx_buf text, packed, type;
    lx_kind kind;
    size_t domain_from; /* of a domain document, in the writer's output */
};

static void *std_alloc(void *user, size_t size)
{
    (void)user;
    return malloc(size);
}

static void *std_resize(void *user, void *old, size_t size)
{
    (void)user;
    return realloc(old, size);
}

static void std_release(void *user, void *old)
{
    (void)user;
    free(old);
}

lx_ctx *lx_new(const lx_allocator *allocator, uint64_t seed)
{
    static const lx_allocator standard = {std_alloc, std_resize, std_release, NULL};
    lx_ctx *c;

    if (!allocator)
        allocator = &standard;
    c = allocator->alloc(allocator->user, sizeof *c);
    if (!c)
        return NULL;
    c->alloc = *allocator;
    lx_write_init(&c->writer, &c->scan, &c->alloc, seed);
    lx_head_init(&c->head, &c->alloc);
    lx_recall_init(&c->recall, &c->alloc);
    c->head.recall = &c->recall;
    lx_buf_init(&c->input, &c->alloc);
    lx_buf_init(&c->text, &c->alloc);
    lx_buf_init(&c->packed, &c->alloc);
    lx_buf_init(&c->type, &c->alloc);
    if (!lx_scan_init(&c->scan, &c->alloc, seed)) {
        lx_free(c);
        return NULL;
    }
    return c;
}

void lx_free(lx_ctx *c)
{
    lx_allocator alloc;

    if (!c)
        return;
    alloc = c->alloc;
    lx_scan_free(&c->scan);
    lx_write_free(&c->writer);
    lx_head_free(&c->head);
    lx_recall_free(&c->recall);
    lx_buf_free(&c->input);
    lx_buf_free(&c->text);
    lx_buf_free(&c->packed);
    lx_buf_free(&c->type);
    alloc.release(alloc.user, c);
}

void lx_use_scalar(lx_ctx *c, bool scalar)
{
    c->scan.index = scalar ? lx_index_scalar : lx_index_best();
}

void lx_use_shortcuts(lx_ctx *c, bool use)
{
    c->writer.long_way = !use;
}

size_t lx_footprint(const lx_ctx *c)
{
    return sizeof *c + c->input.cap + c->text.cap + c->packed.cap + c->type.cap +
           lx_scan_footprint(&c->scan) + lx_write_footprint(&c->writer) +
           lx_head_footprint(&c->head) + lx_recall_footprint(&c->recall);
}

/* ---- reading ---- */

/* Offset in the caller's bytes of an offset in the copy, whose line ends were unified. */
static size_t source_offset(const uint8_t *xml, size_t len, size_t bom, size_t offset)
{
    size_t i = bom;

    while (offset-- && i < len)
        i += xml[i] == '\r' && i + 1 < len && xml[i + 1] == '\n' ? 2 : 1;
    return i;
}

/* Copy the document into c->input and check its characters. */
static bool take_input(lx_ctx *c, const uint8_t *xml, size_t len, size_t *bom, lx_error *error)
{
    lx_survey survey;
    size_t n;

    *bom = 0;
    if (len >= 2 && ((xml[0] == 0xff && xml[1] == 0xfe) || (xml[0] == 0xfe && xml[1] == 0xff) ||
                     (!xml[0] && xml[1] == '<') || (xml[0] == '<' && !xml[1])))
        return *error = (lx_error){LX_E_UTF16, 0}, false;
    if (len >= 3 && !memcmp(xml, "\xef\xbb\xbf", 3))
        *bom = 3;
    n = len - *bom;
    if (n > LX_MAX_DOCUMENT)
        return *error = (lx_error){LX_E_LIMIT_SIZE, LX_MAX_DOCUMENT}, false;
    c->input.len = 0;
    c->input.failed = false;
    if (!lx_buf_reserve(&c->input, n + LX_PAD))
        return *error = (lx_error){LX_NOMEM, 0}, false;
    survey = lx_copy_survey(c->input.data, xml + *bom, n);
    n = survey.len;
    if (survey.high || survey.illegal) {
        lx_code code;
        size_t at = lx_check_chars(c->input.data, n, survey.illegal, &code);

        if (at < n)
            return *error = (lx_error){code, source_offset(xml, len, *bom, at)}, false;
    }
    memset(c->input.data + n, 0, LX_PAD);
    c->input.len = n;
    return true;
}

static void clear(lx_ctx *c, lx_mode mode)
{
    lx_writer *w = &c->writer;

    lx_head_clear(&c->head, mode);
    lx_out_begin(&w->out, c->input.data);
    lx_metadata_begin(w);
    w->out.buf.failed = w->scratch.failed = w->text.failed = w->values.failed = false;
    w->strange = 0;
    w->cache = (lx_cache_size){0};
    w->unruled = false;
    w->capture.inactive = w->capture.other.failed = false;
    w->capture.wanted = w->capture.seen_name = w->capture.seen_uuid = w->capture.has_uuid = false;
    w->capture.bad_uuid = NULL;
    w->capture.name.len = w->capture.uuid.len = 0;
    w->capture.name.failed = w->capture.uuid.failed = false;
    c->type.len = c->text.len = c->packed.len = 0;
    c->type.failed = c->text.failed = c->packed.failed = false;
}

static bool read_domain(lx_ctx *c, const lx_tag *root)
{
    static const lx_slot slot = {.child = LX_CTX_DOMAIN, .flags = LX_FLAG_CONTAINER};
    lx_writer *w = &c->writer;

    for (uint32_t i = 0; i < root->attrs; i++) {
        const lx_attr *a = c->scan.attr + i;

        if (lx_name_is(&a->name, "type"))
            lx_text_decode(&c->type, (lx_span){a->value, (size_t)(a->value_end - a->value)}, true);
    }
    w->capture.wanted = true;
    if (!lx_write_element(w, root, &slot, 0) || !lx_scan_epilog(&c->scan))
        return false;
    w->capture.wanted = false;
    lx_out_newline(&w->out, 0);
    /* The line feed that starts every line is not wanted before the first one. */
    c->domain_from = 1;
    if (w->capture.bad_uuid)
        return lx_scan_fail(&c->scan, LX_E_UUID_INVALID, w->capture.bad_uuid);
    if (w->out.buf.len > 1)
        lx_out_flush(&w->out);
    return !w->out.buf.failed && !c->type.failed ? true
                                                 : lx_scan_fail(&c->scan, LX_NOMEM, c->scan.p);
}

static bool read_document(lx_ctx *c)
{
    lx_scan *s = &c->scan;
    lx_tag root;

    if (!lx_scan_prolog(s) || !lx_scan_tag(s, &root))
        return false;
    if (!root.colon && !lx_scan_check_name(s, &root.name))
        return false;
    if (!lx_scan_default_namespace(s)) {
        c->kind = lx_name_is(&root.name, "domain") ? LX_DOMAIN : LX_SNAPSHOT;
        if (c->kind == LX_DOMAIN)
            return read_domain(c, &root);
        if (lx_name_is(&root.name, "domainsnapshot"))
            return lx_head_read(&c->head, &c->writer, &root);
    }
    /* Not ours, but say first if it is not even XML. */
    if (!lx_write_element(&c->writer, &root, NULL, 0) || !lx_scan_epilog(s))
        return false;
    return lx_scan_fail(s, LX_E_NOT_A_SNAPSHOT, root.start);
}

static lx_bytes bytes_of(const lx_buf *b)
{
    return (lx_bytes){b->len ? b->data : NULL, b->len};
}

/* The text of a domain document, wherever it lies. */
static lx_bytes domain_text(const lx_ctx *c)
{
    const lx_out *o = &c->writer.out;
    size_t end = lx_out_pos(o);

    if (c->domain_from >= o->buf.len)
        return (lx_bytes){o->run + (c->domain_from - o->buf.len), end - c->domain_from};
    return (lx_bytes){o->buf.data + c->domain_from, end - c->domain_from};
}

static void describe(const lx_ctx *c, lx_document *out)
{
    const lx_head_data *h = &c->head;
    const lx_capture *capture = &c->writer.capture;

    memset(out, 0, sizeof *out);
    out->kind = c->kind;
    out->domain_name = bytes_of(&capture->name);
    if (capture->has_uuid)
        out->uuid = bytes_of(&capture->uuid);
    if (c->kind == LX_DOMAIN) {
        out->body[LX_BODY_DOMAIN] = domain_text(c);
        out->name = out->domain_name;
        out->domain_type = bytes_of(&c->type);
        return;
    }
    for (unsigned i = 0; i < LX_BODIES; i++)
        out->body[i] = lx_head_body(h, &c->writer, i);
    if (h->name.there)
        out->name = (lx_bytes){lx_head_span(h, h->name).p, h->name.len};
    out->has_time = h->has_time;
    out->time = h->time;
    out->has_active = h->has_active;
    out->active = h->active;
}

bool lx_read(lx_ctx *c, const uint8_t *xml, size_t len, lx_mode mode, lx_document *out,
             lx_error *error)
{
    size_t bom, offset;

    c->kind = LX_SNAPSHOT;
    if (!take_input(c, xml, len, &bom, error)) {
        clear(c, mode);
        return false;
    }
    clear(c, mode);
    lx_scan_begin(&c->scan, c->input.data, c->input.len);
    if (c->head.text.failed)
        return *error = (lx_error){LX_NOMEM, 0}, false;
    if (read_document(c)) {
        describe(c, out);
        *error = (lx_error){LX_OK, 0};
        return true;
    }
    if (c->head.nomem)
        lx_scan_fail(&c->scan, LX_NOMEM, c->scan.p);
    lx_ns_pop(&c->scan.ns, 0); /* what it declared is not held on to */
    offset = c->scan.at ? (size_t)(c->scan.at - c->scan.base) : 0;
    *error = (lx_error){c->scan.code, source_offset(xml, len, bom, offset)};
    return false;
}

/* ---- printing ---- */

size_t lx_text(lx_ctx *c, bool active, lx_bytes pieces[LX_MAX_PIECES], lx_error *error)
{
    size_t n = 1, total = 0;

    *error = (lx_error){LX_OK, 0};
    if (c->kind == LX_DOMAIN) {
        pieces[0] = domain_text(c);
    } else if (c->head.verbatim) {
        pieces[0] = bytes_of(&c->input);
    } else {
        n = lx_head_text(&c->head, &c->writer, &c->text, active, pieces);
        if (!n)
            *error = (lx_error){LX_NOMEM, 0};
    }
    for (size_t i = 0; i < n; i++)
        total += pieces[i].len;
    if (total > LX_MAX_DOCUMENT) {
        *error = (lx_error){LX_E_LIMIT_SIZE, 0};
        return 0;
    }
    return n;
}

bool lx_head(lx_ctx *c, bool bodies, bool active, lx_bytes *out, lx_error *error)
{
    lx_head_pack(&c->head, &c->writer, &c->packed, bodies, active);
    *error = (lx_error){c->packed.failed ? LX_NOMEM : LX_OK, 0};
    *out = bytes_of(&c->packed);
    return !c->packed.failed;
}

bool lx_load(lx_ctx *c, lx_bytes head, const lx_bytes bodies[LX_BODIES], lx_error *error)
{
    lx_code code = LX_OK;
    bool ok;

    c->kind = LX_SNAPSHOT;
    clear(c, LX_REDEFINE);
    ok = !c->head.text.failed && lx_head_unpack(&c->head, head, &code);
    if (c->head.nomem || c->head.text.failed) {
        code = LX_NOMEM;
        ok = false;
    }
    for (unsigned i = 0; bodies && i < LX_BODIES; i++)
        if (!c->head.body[i].there && bodies[i].data)
            c->head.body[i] = (lx_body){.there = true, .given = bodies[i]};
    *error = (lx_error){code, 0};
    return ok;
}

void lx_set_active(lx_ctx *c, int64_t active)
{
    c->head.verbatim = false;
    c->head.has_active = true;
    c->head.active = active;
}
