/* What a ctx remembers of earlier documents (lines.h, recall.h) makes it quicker, no more:
 * whatever came before, a document gives what it gives a new ctx. */
#include "check.h"

#define HEAD "<domainsnapshot>\n  <name>s</name>\n  <state>running</state>\n" \
             "  <creationTime>1</creationTime>\n  <memory snapshot='no'/>\n"
#define TAIL "</domainsnapshot>\n"
#define UUID "    <uuid>11111111-2222-4333-8444-555555555555</uuid>\n"
#define DOMAIN(inside) HEAD "  <domain type='kvm'>\n    <name>vm</name>\n" UUID inside "  </domain>\n" TAIL
#define DEVICES(inside) DOMAIN("    <devices>\n" inside "    </devices>\n")

/* Lines that mean something else in another place, or that must not be taken as they stand. */
static const char *const documents[] = {
    DEVICES("      <interface type='network'>\n        <source network='a'/>\n"
            "        <model type='virtio'/>\n        <driver name='q'/>\n      </interface>\n"),
    DEVICES("      <interface type='hostdev'>\n        <driver name='q'/>\n        <source>\n"
            "          <address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x0'/>\n"
            "        </source>\n        <model type='virtio'/>\n      </interface>\n"),
    /* the same lines, out of order */
    DEVICES("      <interface type='network'>\n        <driver name='q'/>\n"
            "        <model type='virtio'/>\n        <source network='a'/>\n      </interface>\n"),
    DEVICES("      <video>\n        <model type='virtio'/>\n        <driver name='q'/>\n"
            "      </video>\n"),
    /* <name> and <uuid> of a domain, and of what is none */
    DOMAIN("    <title>vm</title>\n"),
    HEAD "  <domain type='kvm'>\n    <name>other</name>\n"
         "    <uuid>99999999-2222-4333-8444-555555555555</uuid>\n  </domain>\n" TAIL,
    HEAD "  <domain type='kvm'>\n    <name>vm</name>\n    <uuid>no UUID</uuid>\n  </domain>\n" TAIL,
    HEAD "  <domain type='kvm'>\n    <name>vm</name>\n    <name>vm</name>\n  </domain>\n"
         "  <inactiveDomain type='kvm'>\n    <name>vm</name>\n" UUID "  </inactiveDomain>\n" TAIL,
    HEAD "  <cookie>\n    <domain type='kvm'>\n      <name>vm</name>\n    </domain>\n"
         "  </cookie>\n" TAIL,
    /* in a namespace, where a name is another */
    HEAD "  <domain type='kvm'>\n    <name>vm</name>\n    <devices xmlns='u'>\n"
         "      <model type='virtio'/>\n    </devices>\n  </domain>\n" TAIL,
    /* what is printed in another way */
    DEVICES("      <emulator>/bin/q</emulator>\n      <redirdev bus='usb'>\n      </redirdev>\n"),
    DEVICES("      <emulator>/bin/q</emulator>\n      <redirdev bus='usb'/>\n"),
    DEVICES("      <emulator>/bin/q&quot;</emulator>\n"),
    DEVICES("      <emulator>/bin/q\"</emulator>\n"),
    DEVICES("      <emulator >/bin/q</emulator>\n"),
    DEVICES("      <emulator>/bin/q</emulator> \n"),
    DEVICES("      <emulator>/bin/q</emulator><emulator>/bin/q</emulator>\n"),
    DEVICES("     <emulator>/bin/q</emulator>\n"),
    DEVICES("      <emulator>/bin\n/q</emulator>\n"),
    DEVICES("      <emulator>/bin/q</emulator>\n      <emulator>/bin/q</emulator>\n"),
    DEVICES("      <emulator>a name of such a length that the line is longer than what is kept of a "
            "line, if not by much</emulator>\n"),
    /* cut short in a line that is known */
    HEAD "  <domain type='kvm'>\n    <devices>\n      <emulator>/bin/q</emu",
    HEAD "  <domain type='kvm'>\n    <devices>\n      <emulator>/bin/q</emulator>",
    HEAD "  <domain type='kvm'>\n    <devices>\n      <emulator>/bin/q</emulator>\n    </device>\n",
};

enum { DOCUMENTS = sizeof documents / sizeof *documents };

static bool same(lx_bytes a, lx_bytes b)
{
    return a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
}

static void same_as_new(lx_ctx *warm, const char *xml, size_t len, const char *what, int number)
{
    lx_ctx *fresh = lx_new(NULL, 7);
    lx_document a, b;
    lx_error ea, eb;
    bool good = read_exactly(warm, xml, len, LX_REDEFINE, &a, &ea);

    CHECK(good == read_exactly(fresh, xml, len, LX_REDEFINE, &b, &eb), "%s %d", what, number);
    CHECK(ea.code == eb.code && ea.offset == eb.offset, "%s %d: another error", what, number);
    if (good) {
        size_t n, m;
        char *x = text_of(warm, false, &n), *y = text_of(fresh, false, &m);

        CHECK(n == m && !memcmp(x, y, n), "%s %d: another text\n%s\n%s", what, number, x, y);
        CHECK(same(a.uuid, b.uuid) && same(a.domain_name, b.domain_name), "%s %d: another domain",
              what, number);
        free(x);
        free(y);
    }
    lx_free(fresh);
}

/* Every document after every other. */
static void pairs(void)
{
    lx_ctx *warm = lx_new(NULL, 1);

    for (int i = 0; i < DOCUMENTS; i++)
        for (int j = 0; j < DOCUMENTS; j++) {
            same_as_new(warm, documents[i], strlen(documents[i]), "document", i);
            same_as_new(warm, documents[j], strlen(documents[j]), "document", j);
        }
    lx_free(warm);
}

/* More lines than can be kept, again and again, some in two depths. */
static void many_lines(void)
{
    lx_ctx *warm = lx_new(NULL, 2);
    static char xml[40000];

    for (int i = 0; i < 300; i++) {
        int n = sprintf(xml, "%s", HEAD "  <domain type='kvm'>\n    <devices>\n");

        for (int j = 0; j < 60; j++)
            n += sprintf(xml + n, "      <disk type='file'>\n        <source file='/%d'/>\n"
                         "        <target dev='sd%d'/>\n      </disk>\n", (i * 7 + j) % 997, j % 9);
        n += sprintf(xml + n, "    </devices>\n  </domain>\n" TAIL);
        same_as_new(warm, xml, (size_t)n, "many", i);
    }
    lx_free(warm);
}

int main(void)
{
    pairs();
    many_lines();
    return failures != 0;
}
