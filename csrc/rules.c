#include "rules.h"
#include "kind.h"
#include "text.h"

/* What a rule says of an attribute. */
typedef struct {
    lx_span name;
    uint64_t word;   /* as lx_name.word[0] */
    uint8_t rank;    /* of the attribute in its element */
    uint8_t kind;    /* number in lx_kinds; 0: none */
    bool any, fill;  /* is it one of those? */
    lx_span when;    /* it must be this; NULL: anything, or not there */
    lx_span missing; /* what it is if it is not there; NULL: nothing */
} lx_rule_attr;

typedef struct {
    uint64_t needs; /* ranks of the attributes with `missing` */
    uint64_t fills; /* ranks of those with `fill` */
    uint16_t attr;  /* the first of its lx_rule_attrs: those with `when`, then those with a kind */
    uint8_t attrs;
    uint8_t when;  /* so many have `when` */
    uint8_t kinds; /* so many have a kind */
    uint8_t text;  /* kind of the element's text; 0: none */
    bool any;      /* one of the attributes with `any` must be there */
    bool fill;     /* nothing is added if all attributes with `fill` are 0, or not there */
} lx_rule;

typedef struct {
    uint16_t member; /* in lx_rule_members, the numbers of rules: the first one */
    uint8_t members;
} lx_rule_group;

#define LX_RULE_TABLES
#include "order_table.h"

static const lx_span unit_name = {(const uint8_t *)"unit", 4};

/* ---- an element as libvirt spells it ---- */

#define MOST_ATTRS 8 /* more are for the writer */

typedef struct {
    uint64_t word; /* as lx_name.word[0] */
    const uint8_t *name, *value;
    uint32_t len, value_len;
} plain_attr;

typedef struct {
    unsigned count;
    plain_attr list[MOST_ATTRS];
} plain_attrs;

/* The next quote; there is one. */
static inline const uint8_t *find_quote(const uint8_t *p)
{
#ifdef LX_HAVE_SSE2
    for (;; p += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)p);
        unsigned quotes = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8('\'')));

        if (LX_LIKELY(quotes))
            return p + __builtin_ctz(quotes);
    }
#else
    while (*p != '\'')
        p++;
    return p;
#endif
}

static inline bool read_plain(plain_attrs *a, const uint8_t *p, const uint8_t *end)
{
    for (a->count = 0; p < end; a->count++) {
        plain_attr *at = a->list + a->count;
        lx_name name;

        if (a->count == MOST_ATTRS)
            return false;
        at->name = p + 1;
        p = find_quote(p);
        at->len = (uint32_t)(p - at->name) - 1;
        name.word[0] = 0;
        if (at->len <= 16)
            lx_scan_name_at(at->name, at->len, &name);
        at->word = name.word[0];
        at->value = p + 1;
        p = find_quote(p + 1);
        at->value_len = (uint32_t)(p - at->value);
        p++;
    }
    return true;
}

static inline const plain_attr *find_plain(const plain_attrs *a, const lx_rule_attr *said)
{
    for (const plain_attr *at = a->list; at < a->list + a->count; at++)
        if (at->word == said->word && at->len == said->name.len &&
            (at->len <= 8 || !memcmp(at->name, said->name.p, at->len)))
            return at;
    return NULL;
}

static bool plain_conditions(const lx_rule *rule, const plain_attrs *a)
{
    const lx_rule_attr *said = lx_rule_attrs + rule->attr;
    bool any = !rule->any;

    for (unsigned n = 0; n < rule->when; n++) {
        const plain_attr *at = find_plain(a, said + n);

        if (!at || at->value_len != said[n].when.len ||
            memcmp(at->value, said[n].when.p, said[n].when.len))
            return false;
    }
    for (unsigned n = 0; n < rule->attrs && !any; n++)
        any = said[n].any && find_plain(a, said + n);
    return any;
}

/* The rule of the group that is for the element; NULL if none is. */
static inline const lx_rule *plain_rule(unsigned group, const plain_attrs *a)
{
    const lx_rule_group *g = lx_rule_groups + group;

    for (unsigned i = 0; i < g->members; i++) {
        const lx_rule *rule = lx_rules + lx_rule_members[g->member + i];

        if ((!rule->when && !rule->any) || plain_conditions(rule, a))
            return rule;
    }
    return NULL;
}

static inline bool plain_value(const lx_value_kind *kind, const uint8_t *p, const plain_attrs *a,
                               uint8_t stop)
{
    if (kind->is != LX_IS_SIZE)
        return lx_kind_is_plain(kind, p, stop);
    for (const plain_attr *at = a->list; at < a->list + a->count; at++)
        if (at->len == 4 && !memcmp(at->name, "unit", 4))
            return lx_kind_is_plain_size(kind, p, (lx_span){at->value, at->value_len}, stop);
    return false;
}

static unsigned lower_hex(const uint8_t *p)
{
    return (unsigned)((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f'));
}

/* Are these the attributes of most elements with a rule, the address of a PCI device? */
static bool is_pci_address(const uint8_t *p, size_t len)
{
    unsigned good;

    if (len < 65 || memcmp(p, " type='pci' domain='0x", 22) || memcmp(p + 26, "' bus='0x", 9) ||
        memcmp(p + 37, "' slot='0x", 10) || memcmp(p + 49, "' function='0x", 14) ||
        p[64] != '\'')
        return false;
    good = lower_hex(p + 22) + lower_hex(p + 23) + lower_hex(p + 24) + lower_hex(p + 25) +
           lower_hex(p + 35) + lower_hex(p + 36) + lower_hex(p + 48) + lower_hex(p + 63);
    return good == 8 && (p[47] == '0' || p[47] == '1');
}

/* Most sizes are in KiB. */
static bool is_kib_text(const lx_value_kind *kind, const uint8_t *end)
{
    static const lx_span kib = {(const uint8_t *)"KiB", 3};

    return *end == '>' && kind->is == LX_IS_SIZE && kind->unit.p &&
           lx_kind_is_plain_size(kind, end + 1, kib, '<');
}

bool lx_rules_hold(unsigned group, const uint8_t *attrs, const uint8_t *end)
{
    const lx_rule *rule;
    plain_attrs a;

    /* No rule but those of addresses is for such attributes, and they leave them. */
    if (is_pci_address(attrs, (size_t)(end - attrs)))
        return true;
    rule = lx_rules + lx_rule_members[lx_rule_groups[group].member];
    if (!rule->attrs && rule->text && end - attrs == 11 && !memcmp(attrs, " unit='KiB'", 11))
        return is_kib_text(lx_kinds + rule->text, end);
    if (!read_plain(&a, attrs, end))
        return false;
    rule = plain_rule(group, &a);
    if (!rule)
        return true;
    for (unsigned n = 0; n < rule->attrs; n++) {
        const lx_rule_attr *said = lx_rule_attrs + rule->attr + n;
        const plain_attr *at = find_plain(&a, said);

        if (at && said->kind && !plain_value(lx_kinds + said->kind, at->value, &a, '\''))
            return false;
        /* What fills may be 0: for the writer to see. */
        if ((!at && said->missing.p && !rule->fill) || (at && said->fill))
            return false;
    }
    return !rule->text ||
           (*end == '>' && plain_value(lx_kinds + rule->text, end + 1, &a, '<'));
}

/* ---- an element of any spelling ---- */

static lx_attr *find_attr(const lx_writer *w, const lx_ranks *r, const lx_rule_attr *said)
{
    return r->seen >> said->rank & 1 ? w->scan->attr + r->at[said->rank] : NULL;
}

/* The value of an attribute: as it stands, or decoded into lx_writer.scratch. */
static lx_span value_of(lx_writer *w, const lx_attr *a)
{
    lx_span value = {a->value, (size_t)(a->value_end - a->value)};

    if (!(a->flags & (LX_V_REWRITE | LX_V_NAMED)))
        return value;
    w->scratch.len = 0;
    if (!lx_buf_reserve(&w->scratch, 1)) /* so that even an empty text has an address */
        return (lx_span){a->value, 0};
    lx_text_decode(&w->scratch, value, true);
    return (lx_span){w->scratch.data, w->scratch.len};
}

static inline bool conditions(lx_writer *w, const lx_ranks *r, const lx_rule *rule)
{
    const lx_rule_attr *said = lx_rule_attrs + rule->attr;
    bool any = !rule->any;

    for (unsigned n = 0; n < rule->when; n++) {
        const lx_attr *a = find_attr(w, r, said + n);
        lx_span value;

        if (!a)
            return false;
        value = value_of(w, a);
        if (value.len != said[n].when.len || *value.p != *said[n].when.p ||
            memcmp(value.p, said[n].when.p, value.len))
            return false;
    }
    for (unsigned n = 0; n < rule->attrs && !any; n++)
        any = said[n].any && find_attr(w, r, said + n);
    return any;
}

/* The number of the rule of the group that is for the element, counted from 1; 0: none. */
static uint16_t find_rule(lx_writer *w, const lx_ranks *r, unsigned group)
{
    const lx_rule_group *g = lx_rule_groups + group;

    for (unsigned i = 0; i < g->members; i++) {
        uint16_t number = lx_rule_members[g->member + i];

        if (conditions(w, r, lx_rules + number))
            return (uint16_t)(number + 1);
    }
    return 0;
}

/* What is to be changed in a tag. New values, and names in front of them, are in a buffer, which
 * may move until all are known: they are offsets. */
typedef struct {
    lx_attr *attr; /* NULL: to be added */
    size_t name, value, value_end;
} change;

#define MOST_CHANGES 16 /* a rule speaks of fewer attributes */

typedef struct {
    lx_buf *text;
    unsigned count, added;
    change list[MOST_CHANGES];
} changes;

static void set_attr(changes *c, lx_attr *a, lx_span value)
{
    size_t at = c->text->len;

    lx_buf_add(c->text, value.p, value.len);
    c->list[c->count++] = (change){a, at, at, c->text->len};
}

static void add_attr(changes *c, lx_span name, lx_span value)
{
    size_t at = c->text->len;

    lx_buf_add(c->text, name.p, name.len);
    set_attr(c, NULL, value);
    c->list[c->count - 1].name = at;
    c->added++;
}

static bool append(lx_scan *s, lx_tag *tag, const uint8_t *text, const change *to)
{
    lx_attr *a;

    if (tag->attrs == s->attr_cap) {
        void *grown = s->attr;

        if (!lx_grow(s->alloc, &grown, &s->attr_cap, tag->attrs, sizeof *s->attr))
            return lx_scan_fail(s, LX_NOMEM, tag->start);
        s->attr = grown;
    }
    a = s->attr + tag->attrs++;
    a->name.p = text + to->name;
    a->name.len = (uint32_t)(to->value - to->name);
    lx_scan_words(a->name.p, a->name.len, a->name.word);
    a->value = text + to->value;
    a->value_end = text + to->value_end;
    a->flags = 0;
    a->colon = false;
    return true;
}

/* Make the changes, if that does not make too many attributes of it. */
static bool apply(lx_writer *w, lx_tag *tag, const changes *c)
{
    static const uint8_t padding[LX_OVER];

    if (!c->count || tag->attrs + c->added > LX_MAX_ATTRIBUTES)
        return true;
    lx_buf_add(c->text, padding, sizeof padding);
    if (c->text->failed)
        return true; /* for lx_write_element to see */
    for (unsigned i = 0; i < c->count; i++) {
        lx_attr *a = c->list[i].attr;

        if (!a)
            continue;
        a->value = c->text->data + c->list[i].value;
        a->value_end = c->text->data + c->list[i].value_end;
        a->flags = 0;
    }
    for (unsigned i = 0; i < c->count; i++)
        if (!c->list[i].attr && !append(w->scan, tag, c->text->data, c->list + i))
            return false;
    tag->plain = false;
    return true;
}

/* A unit longer than "bytes" is none. */
typedef struct {
    lx_attr *attr;
    lx_span name;
    uint8_t copy[8];
} unit;

static bool read_unit(lx_writer *w, uint32_t attrs, unit *u)
{
    lx_span value;

    u->attr = NULL;
    for (lx_attr *a = w->scan->attr; a < w->scan->attr + attrs && !u->attr; a++)
        if (lx_name_is(&a->name, "unit"))
            u->attr = a;
    u->name = (lx_span){u->copy, 0};
    if (!u->attr)
        return true;
    value = value_of(w, u->attr);
    u->name.len = value.len;
    if (value.len > sizeof u->copy)
        return false;
    memcpy(u->copy, value.p, value.len);
    return true;
}

static void change_unit(changes *c, const unit *u, lx_span in)
{
    if (!u->attr)
        add_attr(c, unit_name, in);
    else if (u->attr->flags & LX_V_REWRITE || !lx_span_equal(u->name, in))
        set_attr(c, u->attr, in);
}

/* Spell the value of an attribute. */
static void change_value(lx_writer *w, changes *c, const lx_value_kind *kind, uint32_t attrs,
                         lx_attr *a)
{
    lx_span old = {a->value, (size_t)(a->value_end - a->value)}, in = {NULL, 0}, new;
    size_t at = c->text->len;
    unit u;

    if (kind->is == LX_IS_SIZE) {
        if (!read_unit(w, attrs, &u) ||
            !lx_kind_spell_size(kind, value_of(w, a), u.name, c->text, &in))
            return;
    } else if ((!a->flags && lx_kind_is_plain(kind, a->value, *a->value_end)) ||
               !lx_kind_spell(kind, value_of(w, a), c->text)) {
        return;
    }
    if (c->text->failed)
        return;
    new = (lx_span){c->text->data + at, c->text->len - at};
    if (lx_span_equal(old, new))
        c->text->len = at;
    else
        c->list[c->count++] = (change){a, at, at, c->text->len};
    if (in.p)
        change_unit(c, &u, in);
}

/* Does the rule leave the attributes as they are? False may mean that this takes a closer look. */
static inline bool leaves(const lx_writer *w, const lx_ranks *r, const lx_rule *rule)
{
    const lx_rule_attr *said = lx_rule_attrs + rule->attr + rule->when;

    /* What fills may be 0: that is not looked at here. */
    if (rule->needs & ~r->seen && (!rule->fill || rule->fills & r->seen))
        return false;
    for (unsigned n = 0; n < rule->kinds; n++) {
        const lx_value_kind *kind = lx_kinds + said[n].kind;
        const lx_attr *a = find_attr(w, r, said + n);

        if (a && (a->flags || kind->is == LX_IS_SIZE ||
                  !lx_kind_is_plain(kind, a->value, *a->value_end)))
            return false;
    }
    return true;
}

bool lx_rules_start(lx_writer *w, lx_tag *tag, lx_frame *f, unsigned group, const lx_ranks *r)
{
    const lx_rule *rule;
    bool fill;
    changes c;

    f->rule = find_rule(w, r, group);
    if (!f->rule)
        return true;
    rule = lx_rules + f->rule - 1;
    if (leaves(w, r, rule))
        return true;
    c.text = &w->values;
    c.count = c.added = 0;
    w->values.len = 0;
    fill = !rule->fill;
    for (unsigned n = 0; n < rule->attrs; n++) {
        const lx_rule_attr *said = lx_rule_attrs + rule->attr + n;
        const lx_value_kind *kind = lx_kinds + said->kind;
        lx_attr *a = said->kind ? find_attr(w, r, said) : NULL;

        if (!a)
            continue;
        fill |= said->fill && lx_kind_is_nonzero(kind, value_of(w, a));
        change_value(w, &c, kind, tag->attrs, a);
    }
    for (unsigned n = 0; n < rule->attrs && fill; n++) {
        const lx_rule_attr *said = lx_rule_attrs + rule->attr + n;

        if (said->missing.p && !find_attr(w, r, said))
            add_attr(&c, said->name, said->missing);
    }
    return apply(w, tag, &c);
}

/* Write the start of the element again, with the unit. */
static bool rewrite_start(lx_writer *w, const lx_frame *f, const unit *u, lx_span in)
{
    lx_tag tag = {.name = {.p = f->name.p, .len = (uint32_t)f->name.len},
                  .start = f->start,
                  .attrs = f->attrs};
    changes c;

    c.text = &w->scratch;
    c.count = c.added = 0;
    w->scratch.len = 0;
    change_unit(&c, u, in);
    if (!c.count)
        return true;
    if (!apply(w, &tag, &c))
        return false;
    lx_out_truncate(&w->out, f->out_start);
    return lx_write_start(w, &tag, f->ctx, w->level + w->top);
}

static void set_text(lx_writer *w, lx_leaf *leaf, lx_span text)
{
    w->text.len = 0;
    lx_buf_add(&w->text, text.p, text.len);
    *leaf = (lx_leaf){{NULL, 0}, true, false};
}

static bool size_text(lx_writer *w, const lx_frame *f, const lx_value_kind *kind, lx_leaf *leaf,
                      lx_span text)
{
    uint8_t digits[20];
    lx_span in;
    size_t len;
    unit u;

    if (!read_unit(w, f->attrs, &u) || (!u.attr && f->attrs == LX_MAX_ATTRIBUTES))
        return true;
    if (!leaf->decoded && u.attr && !(u.attr->flags & LX_V_REWRITE) &&
        lx_kind_is_plain_size(kind, text.p, u.name, '<') && text.p[text.len] == '<')
        return true;
    w->scratch.len = 0;
    if (!lx_kind_spell_size(kind, text, u.name, &w->scratch, &in) || w->scratch.failed)
        return true;
    len = w->scratch.len;
    memcpy(digits, w->scratch.data, len);
    /* Writing attributes may decode one where the text is. */
    if (!rewrite_start(w, f, &u, in))
        return false;
    set_text(w, leaf, (lx_span){digits, len});
    return true;
}

bool lx_rules_text(lx_writer *w, const lx_frame *f, lx_leaf *leaf)
{
    const lx_value_kind *kind = lx_kinds + lx_rules[f->rule - 1].text;
    lx_span text = leaf->decoded ? (lx_span){w->text.data, w->text.len} : leaf->span;

    if (!kind->is || !text.len)
        return true;
    if (kind->is == LX_IS_SIZE)
        return size_text(w, f, kind, leaf, text);
    w->scratch.len = 0;
    if (lx_kind_spell(kind, text, &w->scratch) && !w->scratch.failed &&
        !lx_span_equal(text, (lx_span){w->scratch.data, w->scratch.len}))
        set_text(w, leaf, (lx_span){w->scratch.data, w->scratch.len});
    return true;
}
