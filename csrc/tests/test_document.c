/* Documents as libvirt prints them stay, rewritten ones come back, MessagePack holds it all, and
 * broken input of either kind is refused without a byte read too far. */
#include "check.h"

static const char canonical[] =
    "<domainsnapshot>\n"
    "  <name>s1</name>\n"
    "  <description>a &amp; b</description>\n"
    "  <state>running</state>\n"
    "  <parent>\n"
    "    <name>s0</name>\n"
    "  </parent>\n"
    "  <creationTime>1700000000</creationTime>\n"
    "  <memory snapshot='external' file='/m'/>\n"
    "  <disks>\n"
    "    <disk name='vda' snapshot='external' type='file'>\n"
    "      <driver type='qcow2'/>\n"
    "      <source file='/a'/>\n"
    "    </disk>\n"
    "    <disk name='vdb' snapshot='internal'/>\n"
    "  </disks>\n"
    "  <domain type='kvm'>\n"
    "    <name>vm</name>\n"
    "    <uuid>11111111-2222-4333-8444-555555555555</uuid>\n"
    "    <metadata>\n"
    "      <p:a xmlns:p=\"u\">\n"
    "        <p:b/>\n"
    "      </p:a>\n"
    "    </metadata>\n"
    "    <memory unit='KiB'>1024</memory>\n"
    "    <devices>\n"
    "      <disk type='file' device='disk'>\n"
    "        <source file='/b'/>\n"
    "        <target dev='vda' bus='virtio'/>\n"
    "      </disk>\n"
    "    </devices>\n"
    "  </domain>\n"
    "  <cookie>\n"
    "    <slirpHelper/>\n"
    "  </cookie>\n"
    "  <active>1</active>\n"
    "</domainsnapshot>\n";

static const char rewritten[] =
    "\xef\xbb\xbf<?xml version=\"1.0\" encoding='utf-8'?>\r\n<!-- x --><domainsnapshot >"
    "<active> 1</active><disks><disk type=\"file\" name='v&#100;a' snapshot='external'><source "
    "file='/a'></source><driver\ttype = 'qcow2' /></disk>text<other snapshot='internal' "
    "name='vdb'/></disks><cookie><slirpHelper/></cookie><domain type='kvm'><devices><disk\n"
    "device='disk' type='file'><target bus='virtio' dev='vda'/><source file='/b'/></disk>"
    "</devices><uuid>11111111222243338444555555555555</uuid><memory unit='KiB'>1024</memory>"
    "<metadata><p:a xmlns:p='u'><p:b></p:b></p:a></metadata><name><![CDATA[vm]]></name>"
    "</domain><memory file='/m'/><name>s<!-- -->1</name><creationTime>+1700000000"
    "</creationTime><parent><name>s0</name></parent><state>running</state><description>"
    "a &#38; b</description></domainsnapshot>\n\n";

/* Unknown things at every place that keeps them. */
static const char odd[] =
    "<domainsnapshot xmlns:p='u' z='&apos;'>\n"
    "  <zork/>\n"
    "  <name z='1'>s</name>\n"
    "  <description>&#13;a\nb</description>\n"
    "  <zork>\n"
    "    <zork b='' a=''/>\n"
    "  </zork>\n"
    "  <state>pmsuspended</state>\n"
    "  <parent z='1'>\n"
    "    <before/>\n"
    "    <name z='2'>p</name>\n"
    "    <after>t</after>\n"
    "  </parent>\n"
    "  <creationTime z=''>-9223372036854775808</creationTime>\n"
    "  <memory a='' snapshot='external' b='' file='/&#9;m' c=''>\n"
    "    <zork/>\n"
    "  </memory>\n"
    "  <disks z='1'>\n"
    "    <disk a='' name='a' b='' snapshot='manual' c='' type='network' d=''>\n"
    "      <zork/>\n"
    "      <snapshotDeleteInProgress z=''>\n"
    "        <zork/>\n"
    "      </snapshotDeleteInProgress>\n"
    "      <zork>text <b/></zork>\n"
    "      <driver z='1' type='qcow2'>\n"
    "        <metadata_cache>\n"
    "          <max_size unit='bytes'>1</max_size>\n"
    "        </metadata_cache>\n"
    "      </driver>\n"
    "      <source protocol='nbd' name='&lt;' z=''>\n"
    "        <host name='h' port='10809'/>\n"
    "      </source>\n"
    "      <p:zork/>\n"
    "    </disk>\n"
    "    <disk name=''/>\n"
    "  </disks>\n"
    "  <revertDisks>\n"
    "    <disk name='b'/>\n"
    "  </revertDisks>\n"
    "  <zork/>\n"
    "  <inactiveDomain/>\n"
    "  <cookie>\n"
    "  </cookie>\n"
    "  <zork/>\n"
    "  <active>-2147483648</active>\n"
    "</domainsnapshot>\n";

static void expect(lx_ctx *ctx, const char *input, const char *want, lx_mode mode)
{
    lx_document document;
    lx_error error;
    size_t len;
    char *text;
    bool ok = read_exactly(ctx, input, strlen(input), mode, &document, &error);

    CHECK(ok, "refused: %s at %zu", lx_error_code(error.code), error.offset);
    if (!ok)
        return;
    text = text_of(ctx, mode == LX_INTERNAL, &len);
    CHECK(text && !strcmp(text, want), "got:\n%s", text ? text : "nothing");
    free(text);
}

static void every_prefix_is_refused(lx_ctx *ctx, const char *input)
{
    size_t last = (size_t)(strrchr(input, '>') - input);
    lx_document document;
    lx_error error;

    for (size_t len = 0; len < last; len++) {
        bool ok = read_exactly(ctx, input, len, LX_INTERNAL, &document, &error);

        CHECK(!ok && error.offset <= len, "the first %zu bytes: %s at %zu", len,
              ok ? "accepted" : lx_error_code(error.code), error.offset);
    }
}

/* What was packed loads and prints the same, with the bodies inside or beside it. */
static void survives_messagepack(lx_ctx *ctx, lx_ctx *other, const char *xml, bool inside)
{
    lx_document document;
    lx_bytes packed, beside[LX_BODIES] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    lx_error error;
    size_t len;
    char *text;

    CHECK(lx_read(ctx, (const uint8_t *)xml, strlen(xml), LX_INTERNAL, &document, &error) &&
              lx_head(ctx, inside, true, &packed, &error),
          "cannot be packed");
    if (!inside)
        memcpy(beside, document.body, sizeof beside);
    CHECK(lx_load(other, packed, beside, &error), "does not load: %d", error.code);
    text = text_of(other, true, &len);
    CHECK(text && !strcmp(text, xml), "other text from MessagePack");
    free(text);
}

/* Load the bytes from a block of their size. What is taken for a head must print. */
static bool loads(lx_ctx *ctx, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    lx_error error;
    size_t text_len;
    bool ok;

    if (len)
        memcpy(copy, bytes, len);
    ok = lx_load(ctx, (lx_bytes){copy, len}, NULL, &error);
    CHECK(ok || error.code != LX_NOMEM, "memory is short for %zu bytes", len);
    if (ok)
        free(text_of(ctx, true, &text_len));
    free(copy);
    return ok;
}

/* Some changes make another valid head; none may do harm. */
static void broken_messagepack_is_refused(lx_ctx *ctx, lx_ctx *other, const char *xml)
{
    lx_document document;
    lx_bytes packed;
    lx_error error;
    uint8_t *copy;
    uint32_t state = 1;

    lx_read(ctx, (const uint8_t *)xml, strlen(xml), LX_INTERNAL, &document, &error);
    CHECK(lx_head(ctx, true, true, &packed, &error), "cannot be packed");
    copy = malloc(packed.len + 1);
    for (size_t len = 0; len < packed.len; len++)
        CHECK(!loads(other, packed.data, len), "%zu bytes load", len);
    memcpy(copy, packed.data, packed.len);
    copy[packed.len] = 0xc0;
    CHECK(!loads(other, copy, packed.len + 1), "a byte behind the head");
    for (size_t i = 0; i < packed.len; i++)
        for (unsigned value = 0; value < 256; value++) {
            copy[i] = (uint8_t)value;
            loads(other, copy, packed.len);
            copy[i] = packed.data[i];
        }
    for (unsigned round = 0; round < 20000; round++) {
        for (unsigned change = 0; change < 3; change++) {
            state = state * 1664525u + 1013904223u;
            copy[(state >> 8) % packed.len] = (uint8_t)(state >> 3);
        }
        loads(other, copy, packed.len);
        memcpy(copy, packed.data, packed.len);
    }
    free(copy);
}

int main(void)
{
    lx_ctx *ctx = lx_new(NULL, 1), *other = lx_new(NULL, 2);

    for (int scalar = 0; scalar < 2; scalar++) {
        lx_use_scalar(ctx, scalar);
        expect(ctx, canonical, canonical, LX_INTERNAL);
        expect(ctx, rewritten, canonical, LX_INTERNAL);
        expect(ctx, "<domain/>", "<domain/>\n", LX_REDEFINE);
        expect(ctx, "<domainsnapshot/>", "<domainsnapshot/>\n", LX_CREATE);
        expect(ctx, "<domain><os/><foo>a <b x='1' a='2'/> c</foo><name>n</name><bar/></domain>",
               "<domain>\n  <name>n</name>\n  <bar/>\n  <os/>\n"
               "  <foo>a <b x='1' a='2'/> c</foo>\n</domain>\n",
               LX_REDEFINE);
        every_prefix_is_refused(ctx, canonical);
        every_prefix_is_refused(ctx, rewritten);
    }
    expect(ctx, odd, odd, LX_INTERNAL);
    for (int inside = 0; inside < 2; inside++) {
        survives_messagepack(ctx, other, canonical, inside);
        survives_messagepack(ctx, other, odd, inside);
    }
    broken_messagepack_is_refused(ctx, other, canonical);
    broken_messagepack_is_refused(ctx, other, odd);
    lx_free(ctx);
    lx_free(other);
    lx_free(NULL);
    return failures != 0;
}
