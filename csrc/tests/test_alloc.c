/* Memory that runs out at any allocation is reported as such, leaks nothing, and leaves a ctx
 * that still works. */
#include "check.h"

typedef struct {
    size_t left, blocks; /* allocations that still succeed; blocks alive */
} budget;

static void *budget_resize(void *user, void *old, size_t size)
{
    budget *b = user;
    void *block;

    if (!b->left)
        return NULL;
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

/* Read, pack, load and print; true if all of it went well. */
static bool whole_way(lx_ctx *ctx, lx_ctx *other, const char *xml, lx_error *error)
{
    lx_document document;
    lx_bytes packed, pieces[LX_MAX_PIECES];

    if (!lx_read(ctx, (const uint8_t *)xml, strlen(xml), LX_REDEFINE, &document, error) ||
        !lx_text(ctx, false, pieces, error))
        return false;
    if (document.kind == LX_DOMAIN)
        return true;
    return lx_head(ctx, true, false, &packed, error) && lx_load(other, packed, NULL, error) &&
           lx_text(other, false, pieces, error);
}

static void run(const char *xml)
{
    budget b = {0, 0};
    lx_allocator allocator = {budget_alloc, budget_resize, budget_release, &b};
    bool done = false;

    for (size_t n = 0; !done; n++) {
        lx_error error = {LX_OK, 0};
        lx_ctx *ctx, *other;

        CHECK(n < 10000, "never succeeds");
        if (n == 10000)
            return;
        b.left = n;
        ctx = lx_new(&allocator, 1);
        other = ctx ? lx_new(&allocator, 2) : NULL;
        if (other) {
            done = whole_way(ctx, other, xml, &error);
            CHECK(done || error.code == LX_NOMEM, "allocation %zu: %d %s", n, error.code,
                  lx_error_code(error.code));
            b.left = 10000;
            CHECK(whole_way(ctx, other, xml, &error), "after allocation %zu failed: %s", n,
                  lx_error_code(error.code));
        }
        lx_free(ctx);
        lx_free(other);
        CHECK(!b.blocks, "allocation %zu: %zu blocks are left", n, b.blocks);
    }
}

int main(void)
{
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        run(documents[i]);
    return failures != 0;
}
