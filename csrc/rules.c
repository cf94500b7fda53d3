#include "rules.h"
#include "kind.h"
#include "text.h"

/* What a rule says of an attribute. */
typedef struct {
    lx_span name;
    uint8_t kind;    /* number in lx_kinds; 0: none */
    bool any, fill;  /* is it one of those? */
    lx_span when;    /* it must be this; NULL: anything, or not there */
    lx_span missing; /* what it is if it is not there; NULL: nothing */
} lx_rule_attr;

typedef struct {
    uint16_t attr; /* the first of its lx_rule_attrs */
    uint8_t attrs;
    uint8_t text; /* kind of the element's text; 0: none */
    bool any;     /* one of the attributes with `any` must be there */
    bool fill;    /* nothing is added if all attributes with `fill` are 0, or not there */
} lx_rule;

typedef struct {
    uint8_t member, members; /* in lx_rule_members: numbers of rules */
} lx_rule_group;

#define LX_RULE_TABLES
#include "order_table.h"

#define UNIT ((lx_span){(const uint8_t *)"unit", 4})

/* ---- an element as libvirt spells it ---- */

#define MOST_ATTRS 16 /* more are for the writer */

typedef struct {
    unsigned count;
    lx_span name[MOST_ATTRS], value[MOST_ATTRS];
} plain_attrs;

static bool read_plain(plain_attrs *a, const uint8_t *p, const uint8_t *end)
{
    for (a->count = 0; p < end; a->count++) {
        const uint8_t *name = p + 1, *value;

        if (a->count == MOST_ATTRS)
            return false;
        for (p = name; *p != '='; p++)
            ;
        a->name[a->count] = (lx_span){name, (size_t)(p - name)};
        value = p + 2;
        for (p = value; *p != '\''; p++)
            ;
        a->value[a->count] = (lx_span){value, (size_t)(p - value)};
        p++;
    }
    return true;
}

static const lx_span *find_plain(const plain_attrs *a, lx_span name)
{
    for (unsigned i = 0; i < a->count; i++)
        if (lx_span_equal(a->name[i], name))
            return a->value + i;
    return NULL;
}

/* The rule of the group that is for the element; NULL if none is. */
static const lx_rule *plain_rule(unsigned group, const plain_attrs *a)
{
    const lx_rule_group *g = lx_rule_groups + group;

    for (unsigned i = 0; i < g->members; i++) {
        const lx_rule *rule = lx_rules + lx_rule_members[g->member + i];
        bool any = !rule->any, when = true;

        for (unsigned n = 0; n < rule->attrs && when; n++) {
            const lx_rule_attr *said = lx_rule_attrs + rule->attr + n;
            const lx_span *value = NULL;

            if (said->when.p || said->any)
                value = find_plain(a, said->name);
            when = !said->when.p || (value && lx_span_equal(*value, said->when));
            any |= said->any && value;
        }
        if (any && when)
            return rule;
    }
    return NULL;
}

static bool plain_value(const lx_value_kind *kind, const uint8_t *p, const plain_attrs *a,
                        uint8_t stop)
{
    const lx_span *unit;

    if (kind->is != LX_IS_SIZE)
        return lx_kind_is_plain(kind, p, stop);
    unit = find_plain(a, UNIT);
    return unit && lx_kind_is_plain_size(kind, p, *unit, stop);
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

bool lx_rules_hold(unsigned group, const uint8_t *attrs, const uint8_t *end)
{
    const lx_rule *rule;
    plain_attrs a;

    /* No rule but those of addresses is for such attributes, and they leave them. */
    if (is_pci_address(attrs, (size_t)(end - attrs)))
        return true;
    if (!read_plain(&a, attrs, end))
        return false;
    rule = plain_rule(group, &a);
    if (!rule)
        return true;
    for (unsigned n = 0; n < rule->attrs; n++) {
        const lx_rule_attr *said = lx_rule_attrs + rule->attr + n;
        const lx_span *value = find_plain(&a, said->name);

        if (value && said->kind && !plain_value(lx_kinds + said->kind, value->p, &a, '\''))
            return false;
        /* What fills may be 0: for the writer to see. */
        if ((!value && said->missing.p && !rule->fill) || (value && said->fill))
            return false;
    }
    return !rule->text ||
           (*end == '>' && plain_value(lx_kinds + rule->text, end + 1, &a, '<'));
}

/* ---- an element of any spelling ---- */

static lx_attr *find_attr(const lx_writer *w, uint32_t attrs, lx_span name)
{
    for (lx_attr *a = w->scan->attr; a < w->scan->attr + attrs; a++)
        if (lx_span_equal((lx_span){a->name.p, a->name.len}, name))
            return a;
    return NULL;
}

/* The value of an attribute: as it stands, or decoded into lx_writer.scratch. */
static lx_span value_of(lx_writer *w, const lx_attr *a)
{
    lx_span value = {a->value, (size_t)(a->value_end - a->value)};

    if (!(a->flags & (LX_V_REWRITE | LX_V_NAMED)))
        return value;
    w->scratch.len = 0;
    lx_text_decode(&w->scratch, value, true);
    return (lx_span){w->scratch.data, w->scratch.len};
}

/* The number of the rule of the group that is for the element, counted from 1; 0: none. */
static uint8_t find_rule(lx_writer *w, uint32_t attrs, unsigned group)
{
    const lx_rule_group *g = lx_rule_groups + group;

    for (unsigned i = 0; i < g->members; i++) {
        uint8_t number = lx_rule_members[g->member + i];
        const lx_rule *rule = lx_rules + number;
        bool any = !rule->any, when = true;

        for (unsigned n = 0; n < rule->attrs && when; n++) {
            const lx_rule_attr *said = lx_rule_attrs + rule->attr + n;
            const lx_attr *a = NULL;

            if (said->when.p || said->any)
                a = find_attr(w, attrs, said->name);
            when = !said->when.p || (a && lx_span_equal(value_of(w, a), said->when));
            any |= said->any && a;
        }
        if (any && when)
            return (uint8_t)(number + 1);
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

    u->attr = find_attr(w, attrs, UNIT);
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
        add_attr(c, UNIT, in);
    else if (u->attr->flags & LX_V_REWRITE || !lx_span_equal(u->name, in))
        set_attr(c, u->attr, in);
}

/* Spell the value of an attribute. */
static void change_value(lx_writer *w, changes *c, const lx_value_kind *kind, uint32_t attrs, lx_attr *a)
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

bool lx_rules_start(lx_writer *w, lx_tag *tag, lx_frame *f, unsigned group)
{
    changes c = {.text = &w->values};
    const lx_rule *rule;
    bool fill;

    f->rule = find_rule(w, tag->attrs, group);
    if (!f->rule)
        return true;
    rule = lx_rules + f->rule - 1;
    w->values.len = 0;
    fill = !rule->fill;
    for (unsigned n = 0; n < rule->attrs; n++) {
        const lx_rule_attr *said = lx_rule_attrs + rule->attr + n;
        const lx_value_kind *kind = lx_kinds + said->kind;
        lx_attr *a = said->kind ? find_attr(w, tag->attrs, said->name) : NULL;

        if (!a)
            continue;
        fill |= said->fill && lx_kind_is_nonzero(kind, value_of(w, a));
        change_value(w, &c, kind, tag->attrs, a);
    }
    for (unsigned n = 0; n < rule->attrs && fill; n++) {
        const lx_rule_attr *said = lx_rule_attrs + rule->attr + n;

        if (said->missing.p && !find_attr(w, tag->attrs, said->name))
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
    changes c = {.text = &w->scratch};

    w->scratch.len = 0;
    change_unit(&c, u, in);
    if (!c.count)
        return true;
    if (!apply(w, &tag, &c))
        return false;
    lx_out_truncate(&w->out, f->out_start);
    lx_out_newline(&w->out, w->level + w->top);
    return lx_write_start(w, &tag, f->ctx);
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
