/* Memory that runs out at any allocation is reported as such, leaks nothing, and leaves a ctx
 * that still works: for the documents below, and for the fuzzer's seeds in every mode. Together
 * they reach every call of the allocator; whoever adds one adds a document here. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <dirent.h>

#define SEEDS "csrc/fuzz/seeds" /* from the root of the project, where the tests run */

typedef struct {
    size_t left, blocks; /* allocations that still succeed; blocks alive */
    bool once;           /* only one fails, not all that follow */
    bool failed;
} budget;

static void *budget_resize(void *user, void *old, size_t size)
{
    budget *b = user;
    void *block;

    if (!b->left) {
        b->failed = true;
        if (b->once)
            b->left = SIZE_MAX;
        return NULL;
    }
    b->left--;
    block = realloc(old, size);
    b->blocks += !old && block;
    return block;
}

static void *budget_alloc(void *user, size_t size)
{
    return budget_resize(user, NULL, size);
}

static void budget_release(void *user, void *old)
{
    budget *b = user;

    b->blocks -= old != NULL;
    free(old);
}

#define HEAD "<domainsnapshot><name>s</name><state>running</state><creationTime>1</creationTime>"
static const char *const documents[] = {
    HEAD "<unknown a='1'/><disks b='1'><disk name='a' c='1'><driver type='raw'/><x/></disk></disks>"
         "<domain type='kvm'><devices><vsock/><disk type='a'/></devices><name>&amp;&#65;</name>"
         "<uuid>11111111222243338444555555555555</uuid></domain></domainsnapshot>",
    "<domain xmlns:p='u&amp;'><p:a p:b='1' xmlns:q='v'/><foo>t<b c='1' d='2'/>u</foo><metadata>"
    "<m:x xmlns:m='w' y='&#10;'> t <m:z/><![CDATA[c]]></m:x></metadata></domain>",
    HEAD "<parent z='1'><x/><name>&amp;p</name><y/></parent><disks a='1'><disk name='&#97;'>"
         "<driver><metadata_cache><max_size unit='KiB' z='1'>1</max_size></metadata_cache></driver>"
         "</disk></disks><disks xmlns:q='u'><q:d name='b' q:e='1'><snapshotDeleteInProgress/></q:d>"
         "</disks>"
         "<revertDisks><disk name='c'><source file='/a' z='&#10;'><host/></source></disk>"
         "</revertDisks><inactiveDomain><uuid>11111111222243338444555555555555</uuid>"
         "<interface type='h&#111;stdev'><source/><driver/></interface></inactiveDomain><cookie/>"
         "<memory file='/m' z='1'><x/></memory></domainsnapshot>",
    HEAD "<disks><disk name='a' type='network'><source protocol='http' name='&lt;'>"
         "<host name='h' transport='tcp'/><cookies><cookie name='c&amp;'>v</cookie>"
         "<cookie name='d'>&quot;v&quot;</cookie></cookies><readahead size='&#9;01'/>"
         "<seclabel model='a'/><seclabel model='b' labelskip='no'/></source></disk>"
         "<disk name='b' type='nvme'><source type='pci' namespace='01'><address bus='010'/>"
         "<auth username='u'><secret uuid='11111111222243338444555555555555'/></auth>"
         "</source></disk></disks></domainsnapshot>",
    "<domain><cputune><vcpupin vcpu='1'/><vcpupin vcpu='0'/></cputune><devices><video/><disk/>"
    "<video><model primary='yes'/></video></devices></domain>",
    "<domain a1='' a2='' a3='' a4='' a5='' a6='' a7='' a8='' a9='' b1=''/>",
    "<domain><memory z='&#9;' unit='M'>&#53;</memory><vcpu cpuset='3,1'> 2</vcpu><clock a1='' a2=''"
    " a3='' a4='' a5='' a6='' a7=''/><devices><disk><driver queues='&#48;1'/></disk></devices>"
    "</domain>",
};

typedef struct {
    const char *name;
    lx_bytes xml;
    lx_mode mode;
} sample;

/* Read, pack, load and print: the code that comes of it. */
static lx_code whole_way(lx_ctx *ctx, lx_ctx *other, const sample *s)
{
    lx_bytes packed, pieces[LX_MAX_PIECES];
    lx_document document;
    lx_error error;

    if (!lx_read(ctx, s->xml.data, s->xml.len, s->mode, &document, &error) ||
        !lx_text(ctx, true, pieces, &error) || document.kind == LX_DOMAIN)
        return error.code;
    if (lx_head(ctx, true, true, &packed, &error) && lx_load(other, packed, NULL, &error))
        lx_text(other, true, pieces, &error);
    return error.code;
}

/* The allocation after `n` others fails, and, if not only `once`, all that follow. True if there
 * is none. */
static bool run_short(const sample *s, size_t n, bool once, lx_code wanted)
{
    budget b = {n, 0, once, false};
    lx_allocator allocator = {budget_alloc, budget_resize, budget_release, &b};
    lx_ctx *ctx = lx_new(&allocator, 1), *other = ctx ? lx_new(&allocator, 2) : NULL;
    bool done = false;

    if (other) {
        lx_code code = whole_way(ctx, other, s);

        done = !b.failed;
        CHECK(code == wanted || (code == LX_NOMEM && b.failed), "%s: allocation %zu: %d %s",
              s->name, n, code, lx_error_code(code));
        b.left = SIZE_MAX;
        code = whole_way(ctx, other, s);
        CHECK(code == wanted, "%s: after allocation %zu: %s", s->name, n, lx_error_code(code));
    }
    lx_free(ctx);
    lx_free(other);
    CHECK(!b.blocks, "%s: allocation %zu: %zu blocks are left", s->name, n, b.blocks);
    return done;
}

static void run(const sample *s)
{
    lx_ctx *ctx = lx_new(NULL, 1), *other = lx_new(NULL, 2);
    lx_code wanted = whole_way(ctx, other, s);

    lx_free(ctx);
    lx_free(other);
    for (int once = 0; once < 2; once++) {
        size_t n = 0;

        while (n < 10000 && !run_short(s, n, once, wanted))
            n++;
        CHECK(n < 10000, "%s: never succeeds", s->name);
    }
}

/* Longer than the buffers are at first, and with more children, disks and namespaces than fit
 * into the first tables. */
static void run_long(void)
{
    enum { MANY = 150 };
    size_t room = 256 * MANY, len;
    char *xml = malloc(room);

    len = (size_t)snprintf(xml, room, HEAD "<description>%04000d</description><disks>", 0);
    for (int i = 0; i < MANY; i++)
        len += (size_t)snprintf(xml + len, room - len, "<d name='%d' z='&#%d;'><y/></d>", i, i + 33);
    len += (size_t)snprintf(xml + len, room - len, "</disks><domain xmlns:o='u'><metadata>");
    for (int i = 0; i < MANY; i++)
        len += (size_t)snprintf(xml + len, room - len, "<p:a xmlns:p='u%d'><o:b/></p:a>", i);
    len += (size_t)snprintf(xml + len, room - len, "</metadata><x>%04000d", 0);
    for (int i = 0; i < MANY; i++)
        len += (size_t)snprintf(xml + len, room - len, "<b>&#13;<c/></b>");
    len += (size_t)snprintf(xml + len, room - len, "</x></domain></domainsnapshot>");
    CHECK(len < room, "too long");
    run(&(sample){"long", {(const uint8_t *)xml, len}, LX_REDEFINE});
    free(xml);
}

static void run_file(const char *name)
{
    static uint8_t xml[1 << 16];
    char path[512];
    FILE *file;
    size_t len;

    snprintf(path, sizeof path, "%s/%s", SEEDS, name);
    file = fopen(path, "rb");
    CHECK(file, "%s: cannot be read", path);
    if (!file)
        return;
    len = fread(xml, 1, sizeof xml, file);
    fclose(file);
    for (lx_mode mode = LX_REDEFINE; mode <= LX_INTERNAL; mode++)
        run(&(sample){name, {xml, len}, mode});
}

int main(void)
{
    struct dirent *entry;
    DIR *seeds = opendir(SEEDS);

    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        run(&(sample){documents[i],
                      {(const uint8_t *)documents[i], strlen(documents[i])}, LX_REDEFINE});
    run_long();
    CHECK(seeds, SEEDS " is not there");
    while (seeds && (entry = readdir(seeds)))
        if (entry->d_name[0] != '.')
            run_file(entry->d_name);
    if (seeds)
        closedir(seeds);
    return failures != 0;
}
