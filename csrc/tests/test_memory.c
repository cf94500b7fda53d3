/* The memory bound that lineage_xml.h states, on the shapes that need most; and that lx_footprint
 * tells what is held. */
#include "lineage_xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    size_t now, peak;
} meter;

/* Each block carries its size in front. */
static void *meter_alloc(void *user, size_t size)
{
    meter *m = user;
    size_t *block = malloc(size + 16);

    if (!block)
        return NULL;
    *block = size;
    m->now += size;
    if (m->now > m->peak)
        m->peak = m->now;
    return (char *)block + 16;
}

static void meter_release(void *user, void *old)
{
    meter *m = user;

    if (!old)
        return;
    m->now -= *(size_t *)(void *)((char *)old - 16);
    free((char *)old - 16);
}

static void *meter_resize(void *user, void *old, size_t size)
{
    void *block = meter_alloc(user, size);

    if (block && old) {
        size_t had = *(size_t *)(void *)((char *)old - 16);

        memcpy(block, old, had < size ? had : size);
        meter_release(user, old);
    }
    return block;
}

typedef struct {
    const char *name, *before, *unit, *after;
} shape;

#define DEEP "<x><x><x><x><x><x><x><x>"
#define DEEP_END "t</x></x></x></x></x></x></x></x>"
#define HEAD "<domainsnapshot><name>s</name><state>shutoff</state><creationTime>1</creationTime>"
static const shape shapes[] = {
    {"unknown elements", HEAD, "<a/>", "</domainsnapshot>"},
    {"disks", HEAD "<disks>", "<a name=''/>", "</disks></domainsnapshot>"},
    {"nameless disks", HEAD "<disks>", "<a/>", "</disks></domainsnapshot>"},
    {"sources", HEAD "<disks>", "<a name=''><source a=''/></a>", "</disks></domainsnapshot>"},
    {"devices", "<domain><devices>", "<a/>", "</devices></domain>"},
    {"unsorted", "<domain><devices>", "<vsock/><disk/>", "</devices></domain>"},
    {"unsorted values", "<domain><vcpus>", "<vcpu id='1'/><vcpu id='0'/>", "</vcpus></domain>"},
    {"unsorted, with values", "<domain><devices>", "<vsock/><video/>", "</devices></domain>"},
    {"metadata", "<domain><metadata><a xmlns='u'>", "<a/>", "</a></metadata></domain>"},
    {"text", "<domain><name>", "&#65;", "</name></domain>"},
    {"quotes", "<domain><name>", "'", "</name></domain>"},
    {"namespaces", "<domain>", "<a xmlns:a='u'><a:b/></a>", "</domain>"},
    {"mixed", "<domain><x>", "t<a/>", "</x></domain>"},
    {"mixed, as shows at the end", "<domain>" DEEP DEEP DEEP DEEP, "<a/>",
     DEEP_END DEEP_END DEEP_END DEEP_END "</domain>"},
    {"repeated fields", HEAD, "<cookie><b/></cookie><parent><name/></parent>", "</domainsnapshot>"},
    {"sources with attributes", HEAD "<disks>",
     "<d name='a'><driver a='' b=''/><source a='' b=''><z/></source></d>", "</disks></domainsnapshot>"},
    {"metadata, every child another namespace", "<domain><metadata>", "<a xmlns='&#65;'/>",
     "</metadata></domain>"},
    {"comments", "<domain>", "<!---->", "</domain>"},
};

static size_t total(lx_ctx *ctx)
{
    lx_bytes pieces[LX_MAX_PIECES];
    lx_error error;
    size_t len = 0;

    for (size_t i = 0, n = lx_text(ctx, false, pieces, &error); i < n; i++)
        len += pieces[i].len;
    return len;
}

/* Held beside what is counted. */
#define SMALL 4096

static int check_document(const char *name, const uint8_t *xml, size_t len)
{
    meter m = {0, 0};
    lx_allocator allocator = {meter_alloc, meter_resize, meter_release, &m};
    lx_ctx *ctx = lx_new(&allocator, 1);
    size_t out = 0, bound, told;
    lx_document document;
    lx_error error;

    if (lx_read(ctx, xml, len, LX_REDEFINE, &document, &error))
        out = total(ctx);
    bound = LX_MEMORY_FACTOR * (len + out) + LX_MEMORY_BASE;
    told = lx_footprint(ctx);
    if (told > m.now || told + SMALL < m.now) {
        printf("%s: holds %zu bytes, says %zu\n", name, m.now, told);
        m.peak = SIZE_MAX;
    }
    lx_free(ctx);
    if (m.peak > bound || m.now) {
        printf("%s: %zu bytes in, %zu out, peak %zu over %zu, %zu left\n", name, len, out,
               m.peak, bound, m.now);
        return 1;
    }
    return 0;
}

static int check(const shape *s, size_t repeat)
{
    size_t unit = strlen(s->unit), before = strlen(s->before), after = strlen(s->after);
    size_t len = before + repeat * unit + after;
    uint8_t *xml = malloc(len), *to = xml;
    int failed;

    memcpy(to, s->before, before);
    to += before;
    for (size_t i = 0; i < repeat; i++, to += unit)
        memcpy(to, s->unit, unit);
    memcpy(to, s->after, after);
    failed = check_document(s->name, xml, len);
    free(xml);
    return failed;
}

/* As many declarations as can be in scope, none of which can be used as it stands. `end`: what
 * comes instead of the end tags, or NULL. */
static int check_declarations(const char *name, const char *end)
{
    enum { DEPTH = LX_MAX_DEPTH - 1, EACH = 1000 };
    char *xml = malloc((size_t)DEPTH * EACH * 20), *to = xml;
    int failed;

    to += sprintf(to, "<domain>");
    for (unsigned i = 0; i < DEPTH; i++) {
        to += sprintf(to, "<a");
        for (unsigned j = 0; j < EACH; j++)
            to += sprintf(to, " xmlns:p%u='&lt;'", j);
        to += sprintf(to, ">");
    }
    for (unsigned i = 0; i < DEPTH && !end; i++)
        to += sprintf(to, "</a>");
    to += sprintf(to, "%s", end ? end : "</domain>");
    failed = check_document(name, (uint8_t *)xml, (size_t)(to - xml));
    free(xml);
    return failed;
}

int main(void)
{
    int failed = 0;

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        failed += check(shapes + i, 10);
        failed += check(shapes + i, 70000);
    }
    failed += check_declarations("declarations", NULL);
    failed += check_declarations("declarations, refused", "</b>");
    return failed != 0;
}
