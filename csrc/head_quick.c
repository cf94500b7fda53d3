/* The usual case of the snapshot level: fields in the order and the spelling that libvirt prints.
 *
 * Reads fields from the source until one is not in the usual form, and leaves the rest to head.c,
 * which reads everything. As long as all of a document came this way, its canonical form is the
 * document itself (lx_head_data.verbatim). */
#include "head.h"
#include "text.h"

typedef struct {
    lx_head_data *h;
    const uint8_t *p, *end;
} reader;

/* Pass a text constant if it stands here. The text is padded: no bound is looked at. */
#define pass(r, constant)                                        \
    (memcmp((r)->p, (constant), sizeof(constant) - 1) == 0 &&    \
     ((r)->p += sizeof(constant) - 1, true))

/* The first of < > & " ' at or after p; `end` if there is none. */
static inline const uint8_t *next_special(const uint8_t *p, const uint8_t *end)
{
#ifdef LX_HAVE_SSE2
    for (; p < end; p += 16) {
        unsigned found = lx_specials16(p);

        if (found)
            return p + __builtin_ctz(found);
    }
    return end;
#else
    while (p < end && *p != '<' && *p != '>' && *p != '&' && *p != '"' && *p != '\'')
        p++;
    return p;
#endif
}

/* Keep bytes of the source, which is padded. */
static inline lx_ref keep(lx_head_data *h, const uint8_t *from, size_t len)
{
    lx_ref ref = {(uint32_t)h->text.len, (uint32_t)len, true};

    lx_buf_add_padded(&h->text, from, len);
    return ref;
}

/* Read a value up to the byte that ends it, if it is spelled as libvirt spells it. */
static bool value(reader *r, uint8_t ends, bool attribute, lx_ref *ref)
{
    const uint8_t *from = r->p, *p = from;
    bool references = false;
    size_t len;

    for (p = next_special(p, r->end); *p == '&'; p = next_special(p + len, r->end)) {
        p++;
        if (!lx_named_reference(p, &len))
            return false;
        references = true;
    }
    if (*p != ends || p - from > 4096 || (attribute && lx_has_space_control(from, p)))
        return false;
    if (!references) {
        *ref = keep(r->h, from, (size_t)(p - from));
    } else {
        *ref = (lx_ref){(uint32_t)r->h->text.len, 0, true};
        lx_text_decode(&r->h->text, (lx_span){from, (size_t)(p - from)}, attribute);
        ref->len = (uint32_t)r->h->text.len - ref->off;
    }
    r->p = p;
    return true;
}

static bool text(reader *r, lx_ref *ref)
{
    return value(r, '<', false, ref) && ref->len;
}

/* Read the rest of an attribute, behind its opening quote. */
static bool attribute(reader *r, lx_ref *ref)
{
    return value(r, '\'', true, ref) && pass(r, "'");
}

/* A decimal number as printf writes it. */
static bool is_decimal(lx_span n)
{
    size_t sign = n.len && *n.p == '-', i = sign;

    while (i < n.len && n.p[i] >= '0' && n.p[i] <= '9')
        i++;
    return i == n.len && i > sign && (n.p[sign] != '0' || n.len == 1);
}

/* ---- disks ---- */

/* Read the attributes of a <driver> or <source> that has one attribute and no children, behind the
 * opening quote. */
static bool node(reader *r, const char *name, lx_node *node)
{
    lx_pair *pair = lx_head_add(r->h, &r->h->pair);

    if (!pair)
        return false;
    node->there = true;
    node->pair0 = (uint32_t)r->h->pair.used - 1;
    node->pairs = 1;
    node->inner = lx_head_keep(r->h, "", 0);
    pair->name = lx_head_keep(r->h, name, strlen(name));
    return attribute(r, &pair->value) && pass(r, "/>");
}

static bool disk_children(reader *r, lx_disk *disk)
{
    if (pass(r, "\n      <driver type='") && !node(r, "type", &disk->driver))
        return false;
    if (pass(r, "\n      <source file='")) {
        if (!node(r, "file", &disk->source))
            return false;
    } else if (pass(r, "\n      <source dev='")) {
        if (!node(r, "dev", &disk->source))
            return false;
    }
    return (disk->driver.there || disk->source.there) && pass(r, "\n    </disk>");
}

static bool disk(reader *r)
{
    lx_head_data *h = r->h;
    lx_disk disk, *kept;
    bool snapshot, type;

    memset(&disk, 0, sizeof disk);
    disk.at = r->p + 5;
    disk.extra0 = (uint32_t)h->disk_extra.used;
    if (!pass(r, "\n    <disk name='") || !attribute(r, &disk.name) ||
        (pass(r, " snapshot='") && !attribute(r, &disk.snapshot)) ||
        (pass(r, " type='") && !attribute(r, &disk.type)) ||
        (!pass(r, "/>") && !(pass(r, ">") && disk_children(r, &disk))))
        return false;
    /* Other sources are looked into (head_source.c). */
    if (disk.source.there && disk.type.there && !lx_head_is(h, disk.type, "file") &&
        !lx_head_is(h, disk.type, "block"))
        return false;
    snapshot = disk.snapshot.there;
    type = disk.type.there;
    lx_head_check_disk(h, &disk, LX_STEP_DISKS);
    h->verbatim &= disk.snapshot.there == snapshot && disk.type.there == type;
    if (h->error)
        return true;
    kept = lx_head_add(h, &h->disk);
    if (kept)
        *kept = disk;
    return kept != NULL;
}

/* Read the whole list, or nothing of it. */
static bool disks(reader *r)
{
    lx_head_data *h = r->h;
    size_t used = h->pair.used;
    bool verbatim = h->verbatim;

    while (disk(r))
        if (pass(r, "\n  </disks>"))
            return true;
    h->disk.used = 0;
    h->pair.used = used;
    h->verbatim = verbatim;
    h->error = LX_OK;
    return false;
}

/* ---- fields ---- */

static bool name(reader *r)
{
    return text(r, &r->h->name) && pass(r, "</name>");
}

static bool description(reader *r)
{
    return text(r, &r->h->description) && pass(r, "</description>");
}

static bool state(reader *r)
{
    return text(r, &r->h->state) && pass(r, "</state>");
}

static bool parent(reader *r)
{
    r->h->parent_named = text(r, &r->h->parent) && pass(r, "</name>\n  </parent>");
    return r->h->parent_named;
}

static bool creation_time(reader *r)
{
    return text(r, &r->h->time_text) && is_decimal(lx_head_span(r->h, r->h->time_text)) &&
           pass(r, "</creationTime>");
}

static bool memory(reader *r)
{
    return attribute(r, &r->h->memory) &&
           (!pass(r, " file='") || attribute(r, &r->h->memory_file)) && pass(r, "/>");
}

/* What was read of the field and is not to stay. */
static void forget(lx_head_data *h, lx_field f)
{
    lx_ref *ref[] = {
        [LX_F_NAME] = &h->name,   [LX_F_DESCRIPTION] = &h->description,
        [LX_F_STATE] = &h->state, [LX_F_PARENT] = &h->parent,
        [LX_F_TIME] = &h->time_text, [LX_F_MEMORY] = &h->memory,
        [LX_F_DISKS] = NULL,
    };

    if (ref[f])
        ref[f]->there = false;
    h->memory_file.there &= f != LX_F_MEMORY;
}

unsigned lx_head_quick(lx_head_data *h, lx_scan *s)
{
    static const struct {
        const char *start;
        bool (*read)(reader *r);
    } usual[] = {
        [LX_F_NAME] = {"\n  <name>", name},
        [LX_F_DESCRIPTION] = {"\n  <description>", description},
        [LX_F_STATE] = {"\n  <state>", state},
        [LX_F_PARENT] = {"\n  <parent>\n    <name>", parent},
        [LX_F_TIME] = {"\n  <creationTime>", creation_time},
        [LX_F_MEMORY] = {"\n  <memory snapshot='", memory},
        [LX_F_DISKS] = {"\n  <disks>", disks},
    };
    reader r = {h, s->p, s->end};
    unsigned after = 0;

    for (unsigned f = LX_F_NAME; f <= LX_F_DISKS; f++) {
        const uint8_t *from = r.p;
        size_t kept = h->text.len, len = strlen(usual[f].start);

        if (from[4] != (uint8_t)usual[f].start[4] || memcmp(from, usual[f].start, len))
            continue;
        r.p += len;
        if (!usual[f].read(&r)) {
            forget(h, (lx_field)f);
            h->text.len = kept;
            r.p = from;
            break;
        }
        h->seen |= 1u << f;
        h->at[f] = from + 3;
        after = f + 1;
    }
    if (r.p != s->p) {
        s->p = r.p;
        lx_scan_seek(s, r.p, 0);
    }
    return after;
}
