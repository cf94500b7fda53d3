/* The usual case's short cuts (quick.c, head_quick.c, recall.c) give what the long way gives. */
#include "check.h"

#define HEAD "<domain type='kvm'>\n  <name>a</name>\n  <os>\n    <type arch='x86_64'>hvm</type>\n" \
             "    <boot dev='hd'/>\n  </os>\n  <features>\n    <acpi/>\n    <apic/>\n" \
             "    <pae/>\n  </features>\n  <clock offset='utc'/>\n" \
             "  <on_poweroff>destroy</on_poweroff>\n  <on_reboot>restart</on_reboot>\n" \
             "  <on_crash>restart</on_crash>\n  <devices>\n"
#define TAIL "  </devices>\n</domain>\n"

static lx_ctx *quick, *slow;

/* Both ways: the same verdict and the same text. Returns the verdict. */
static lx_code both_ways(const char *what, size_t number, const char *xml, size_t len, lx_mode mode)
{
    lx_document document;
    lx_error error, other;
    bool ok = lx_read(quick, (const uint8_t *)xml, len, mode, &document, &error);

    CHECK(ok == lx_read(slow, (const uint8_t *)xml, len, mode, &document, &other) &&
              error.code == other.code && error.offset == other.offset,
          "%s %zu: %s at %zu, the long way %s at %zu", what, number, lx_error_code(error.code),
          error.offset, lx_error_code(other.code), other.offset);
    if (ok && !other.code) {
        size_t n, m;
        char *a = text_of(quick, true, &n), *b = text_of(slow, true, &m);

        CHECK(n == m && !memcmp(a, b, n), "%s %zu: another text", what, number);
        free(a);
        free(b);
    }
    return error.code;
}

static void fill(char **to, int byte, size_t n)
{
    memset(*to, byte, n);
    *to += n;
}

/* The index looks ahead in steps that grow as long as it finds nothing: after such a stretch,
 * bytes all of which it notes. */
static void long_stretches(void)
{
    static char xml[20000];

    for (size_t line = 40; line <= 110; line++)
        for (size_t steps = 1; steps <= 6; steps++) {
            char *to = xml + sprintf(xml, "%s", HEAD) - 1;
            char *from = to;

            *to++ = '\n';
            fill(&to, 'a', line - 1);
            *to++ = '\n';
            fill(&to, 'a', (line + 1) * ((1u << steps) - 1) - (size_t)(to - from));
            fill(&to, steps % 2 ? '"' : '\'', (line + 1) << steps);
            to += sprintf(to, "\n" TAIL);
            both_ways("stretch", line, xml, (size_t)(to - xml), LX_REDEFINE);
        }
}

static char *indent(char *to, size_t level)
{
    return to + sprintf(to, "%*s", (int)(2 * level), "");
}

/* The deepest elements of a known kind. Where the index ends its windows depends on how long they
 * are: their type has as many letters as `more` says. */
static void depths(int more)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
    static char xml[400000];
    size_t level;

    for (size_t stores = LX_MAX_DEPTH - 6; stores <= LX_MAX_DEPTH - 2; stores++) {
        char *to = xml + sprintf(xml, "%s", HEAD);
        size_t deepest = 3 + stores + 1;

        to += sprintf(to, "    <disk type='file' device='disk'>\n");
        for (level = 3; level < 3 + stores; level++) {
            to = indent(to, level);
            to += sprintf(to, "<backingStore type='%.*s'>\n", more, letters);
        }
        to = indent(to, level);
        to += sprintf(to, "<format/>\n");
        while (level-- > 3)
            to = indent(to, level), to += sprintf(to, "</backingStore>\n");
        to += sprintf(to, "    </disk>\n" TAIL);
        CHECK(both_ways("depth", stores, xml, (size_t)(to - xml), LX_REDEFINE) ==
                  (deepest > LX_MAX_DEPTH ? LX_E_LIMIT_DEPTH : LX_OK), "depth %zu", deepest);
    }
}

#define DISK "    <disk type='file' device='disk'>\n"
static const char *const documents[] = {
    "<domainsnapshot>\n</domainsnapshot>\n",
    "<domainsnapshot>\n  <name>a</name>\n</domainsnapshot>\n",
    "<domainsnapshot/>\n",
    /* more attributes than are looked at */
    HEAD DISK "      <address type='drive' domain='0' cssid='0' controller='0'"
         " uuid='0' iobase='0' bus='0' ssid='0' target='00' slot='0'/>\n    </disk>\n" TAIL,
    HEAD DISK "      <address type='drive' bus='0' target='0' slot='0' unit='0'"
         " port='0' reg='0' base='0' irq='0'/>\n    </disk>\n" TAIL,
    HEAD DISK "      <address type='drive' controller='0' bus='0' target='0'"
         " unit='1'/>\n    </disk>\n" TAIL,
};

int main(void)
{
    quick = lx_new(NULL, 1);
    slow = lx_new(NULL, 2);
    lx_use_shortcuts(slow, false);
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        for (int mode = LX_REDEFINE; mode <= LX_INTERNAL; mode++)
            both_ways("document", i, documents[i], strlen(documents[i]), (lx_mode)mode);
    long_stretches();
    for (int more = 0; more < 50; more++)
        depths(more);
    lx_free(quick);
    lx_free(slow);
    return failures != 0;
}
