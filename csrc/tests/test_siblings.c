/* Siblings that are sorted by value: in a run of the source, in the buffer, and astride the two. */
#include "check.h"

static char *canonical(lx_ctx *ctx, const char *xml)
{
    lx_document document;
    lx_error error;
    size_t len;

    if (!read_exactly(ctx, xml, strlen(xml), LX_REDEFINE, &document, &error))
        return NULL;
    return text_of(ctx, false, &len);
}

/* What stands in <x>, printed canonically, becomes this; which is then left alone. */
static void becomes(lx_ctx *ctx, const char *before, const char *inside, const char *want)
{
    char xml[4096], expected[4096], *first, *second;

    snprintf(xml, sizeof xml, "<domain>\n%s%s</domain>\n", before, inside);
    snprintf(expected, sizeof expected, "<domain>\n%s%s</domain>\n", "  <title/>\n", want);
    first = canonical(ctx, xml);
    CHECK(first && !strcmp(first, expected), "got\n%s\nfor\n%s", first ? first : "nothing", xml);
    second = canonical(ctx, expected);
    CHECK(second && !strcmp(second, expected), "not left alone:\n%s", expected);
    free(first);
    free(second);
}

#define PIN(n) "    <vcpupin vcpu='" n "'/>\n"
#define TUNE(inside) "  <cputune>\n" inside "  </cputune>\n"
#define ROUGH(n) "<vcpupin  vcpu='" n "'/>"

static const struct {
    const char *inside, *want;
} cases[] = {
    {TUNE(PIN("0") PIN("1") PIN("2")), TUNE(PIN("0") PIN("1") PIN("2"))},
    {TUNE(PIN("10") PIN("9") PIN("8")), TUNE(PIN("8") PIN("9") PIN("10"))},
    {TUNE(PIN("1") PIN("0") PIN("x")), TUNE(PIN("1") PIN("0") PIN("x"))},
    /* Copied from the second on, from the first on, from the last on. */
    {TUNE(PIN("2") ROUGH("1") PIN("0")), TUNE(PIN("0") PIN("1") PIN("2"))},
    {TUNE(ROUGH("2") PIN("1") PIN("0")), TUNE(PIN("0") PIN("1") PIN("2"))},
    {TUNE(PIN("0") PIN("1") ROUGH("2")), TUNE(PIN("0") PIN("1") PIN("2"))},
    {TUNE(PIN("2") PIN("1") ROUGH("0")), TUNE(PIN("0") PIN("1") PIN("2"))},
    {TUNE(ROUGH("2") ROUGH("1") ROUGH("0")), TUNE(PIN("0") PIN("1") PIN("2"))},
    {TUNE(PIN("2") "    <shares>1</shares>\n" PIN("1")),
     TUNE("    <shares>1</shares>\n" PIN("1") PIN("2"))},
};

int main(void)
{
    lx_ctx *ctx = lx_new(NULL, 1);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        becomes(ctx, "  <title/>\n", cases[i].inside, cases[i].want);
        becomes(ctx, "  <title></title>\n", cases[i].inside, cases[i].want);
    }
    lx_free(ctx);
    return failures != 0;
}
