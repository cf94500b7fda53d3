/* <metadata> comes out as libvirt 9.0 prints it with libxml2 2.9.14, and reads back as itself. */
#include "metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static unsigned failures;

#define FAIL(...) (failures++, printf("%s:%d: ", __FILE__, __LINE__), printf(__VA_ARGS__), puts(""))

/* ---- an allocator that counts, and fails where told ---- */

typedef struct {
    size_t calls, fail_at, held, peak;
} heap;

static void *heap_resize(void *user, void *old, size_t size)
{
    heap *h = user;
    size_t *block = old ? (size_t *)old - 2 : NULL, before = block ? *block : 0;

    if (h->calls++ == h->fail_at)
        return NULL;
    block = realloc(block, size + 2 * sizeof *block);
    if (!block)
        return NULL;
    *block = size;
    h->held += size - before;
    if (h->held > h->peak)
        h->peak = h->held;
    return block + 2;
}

static void *heap_alloc(void *user, size_t size)
{
    return heap_resize(user, NULL, size);
}

static void heap_release(void *user, void *old)
{
    heap *h = user;

    if (old) {
        h->held -= ((size_t *)old)[-2];
        free((size_t *)old - 2);
    }
}

/* ---- one element, inside of two others ---- */

typedef struct {
    heap heap;
    lx_allocator alloc;
    lx_scan scan;
    lx_writer writer;
    char *text;
    size_t size;
} bench;

static bool bench_open(bench *b)
{
    memset(b, 0, sizeof *b);
    b->heap.fail_at = SIZE_MAX;
    b->alloc = (lx_allocator){heap_alloc, heap_resize, heap_release, &b->heap};
    lx_write_init(&b->writer, &b->scan, &b->alloc, 1);
    return lx_scan_init(&b->scan, &b->alloc, 7);
}

static void bench_close(bench *b)
{
    lx_scan_free(&b->scan);
    lx_write_free(&b->writer);
    free(b->text);
    if (b->heap.held)
        FAIL("%zu bytes were not released", b->heap.held);
}

static size_t set_text(bench *b, const char *outer, const char *inner, const char *xml)
{
    static const char form[] = "<domainsnapshot %s><domain %s>%s</domain></domainsnapshot>";
    size_t n = sizeof form + strlen(outer) + strlen(inner) + strlen(xml);

    if (n + LX_PAD > b->size) {
        b->size = n + LX_PAD;
        b->text = realloc(b->text, b->size);
        if (!b->text)
            exit(2);
    }
    memset(b->text, 0, n + LX_PAD);
    return (size_t)snprintf(b->text, n, form, outer, inner, xml);
}

/* Write every <metadata> of the text that was set. */
static bool run(bench *b, size_t len)
{
    lx_scan *s = &b->scan;
    lx_piece piece;
    lx_tag tag;
    bool ok;

    b->writer.out.buf.failed = false;
    lx_scan_begin(s, (const uint8_t *)b->text, len);
    lx_out_begin(&b->writer.out, (const uint8_t *)b->text);
    ok = lx_scan_tag(s, &tag) && lx_scan_tag(s, &tag);
    while (ok && lx_scan_piece(s, &piece) && piece.kind == LX_START)
        ok = lx_scan_tag(s, &tag) && lx_metadata_write(&b->writer, &tag, 2);
    if (ok && b->writer.out.buf.failed)
        return lx_scan_fail(s, LX_NOMEM, s->p);
    if (ok && s->depth != 2)
        FAIL("left at depth %u", s->depth);
    return ok && !s->code;
}

static bool read_back(bench *b, const char *outer, const char *inner, const char *xml)
{
    return run(b, set_text(b, outer, inner, xml));
}

static const char *output(bench *b)
{
    lx_out_flush(&b->writer.out);
    lx_buf_byte(&b->writer.out.buf, 0);
    return (const char *)b->writer.out.buf.data;
}

/* ---- what libvirt printed ---- */

typedef struct {
    const char *outer, *inner; /* attributes of the elements around */
    const char *in, *out;
} sample;

/* In each, m is bound to "u" on the element m:x. */
#define IN(body) "<metadata><m:x xmlns:m='u'>" body "</m:x></metadata>"
#define ONE(body) "\n    <metadata>\n      " body "\n    </metadata>"
#define FLAT(body) ONE("<m:x xmlns:m=\"u\">" body "</m:x>")
#define LINE "\n        "
#define LINES(body) FLAT(LINE body "\n      ")
#define ATTRS(in) "<metadata><m:x xmlns:m='u' " in "/></metadata>"
#define ATTRS_OUT(out) ONE("<m:x xmlns:m=\"u\" " out "/>")

static const sample printed[] = {
    /* Empty, and what is deleted directly below. */
    {"", "", "<metadata/>", "\n    <metadata/>"},
    {"", "", "<metadata></metadata>", "\n    <metadata/>"},
    {"", "", "<metadata>\n text <![CDATA[c]]><!--c--><?pi?><n/></metadata>", "\n    <metadata/>"},
    {"", "", "<metadata  a='1' b='&quot;' />", "\n    <metadata a=\"1\" b=\"&quot;\"/>"},
    {"", "", "<metadata b='1' xmlns:a='u'>x<b/></metadata>",
     "\n    <metadata xmlns:a=\"u\" b=\"1\"/>"},
    {"", "", "<metadata xmlns=''><a:a xmlns:a='u'/></metadata>",
     "\n    <metadata xmlns=\"\">\n      <a:a xmlns:a=\"u\"/>\n    </metadata>"},
    {"", "", "<metadata>text<m:x xmlns:m='u'/><!--c--><n/><m:y xmlns:m='u'/><?pi?></metadata>",
     ONE("<m:x xmlns:m=\"u\"/>")},
    {"", "", "<metadata><a:a xmlns:a='u:&#97;'/><b:b xmlns:b='u:a'/><c xmlns='u:A'/></metadata>",
     ONE("<a:a xmlns:a=\"u:a\"/>\n      <c xmlns=\"u:A\"/>")},
    {"", "", "<metadata><xml:foo a='1'/><xml:bar/></metadata>", ONE("<xml:foo a=\"1\"/>")},
    /* Namespaces from outside. */
    {"xmlns:p='up'", "xmlns:r='ur' xmlns:q='uq'",
     "<metadata><p:x q:a='1'><r:y/></p:x><q:z/></metadata>",
     "\n    <metadata xmlns:p=\"up\" xmlns:q=\"uq\" xmlns:r=\"ur\">\n      <p:x q:a=\"1\">" LINE
     "<r:y/>\n      </p:x>\n      <q:z/>\n    </metadata>"},
    {"xmlns:p='up'", "xmlns:r='ur' xmlns:q='uq'",
     "<metadata xmlns:z='uz' b='1' xmlns:y='uy'><p:x xmlns:p='up2' q:a='1'><p:y/></p:x><p:z/>"
     "</metadata>",
     "\n    <metadata xmlns:z=\"uz\" xmlns:y=\"uy\" xmlns:q=\"uq\" xmlns:p=\"up\" b=\"1\">\n"
     "      <p:x xmlns:p=\"up2\" q:a=\"1\">" LINE "<p:y/>\n      </p:x>\n      <p:z/>\n"
     "    </metadata>"},
    {"xmlns:p='up'", "xmlns:q='uq' xmlns:r='ur'",
     "<metadata q:a='1'><n><p:gone/></n>text<r:b/></metadata>",
     "\n    <metadata xmlns:q=\"uq\" xmlns:p=\"up\" xmlns:r=\"ur\" q:a=\"1\">\n      <r:b/>\n"
     "    </metadata>"},
    {"xmlns:p='&quot;a&amp;b'", "", "<metadata><p:x/></metadata>",
     "\n    <metadata xmlns:p='\"a&#38;b'>\n      <p:x/>\n    </metadata>"},
    /* Namespaces inside. */
    {"", "", ATTRS("xmlns='v'"), ATTRS_OUT("xmlns=\"v\"")},
    {"", "", IN("<y xmlns='v'><z xmlns=''/></y>"),
     LINES("<y xmlns=\"v\">" LINE "  <z xmlns=\"\"/>" LINE "</y>")},
    {"", "", "<metadata><m:x m:x='1' x='2' xmlns:m='u'><b xmlns:m='u'/></m:x></metadata>",
     ONE("<m:x xmlns:m=\"u\" m:x=\"1\" x=\"2\">" LINE "<b xmlns:m=\"u\"/>\n      </m:x>")},
    {"", "", ATTRS("xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='a'"),
     ATTRS_OUT("xml:lang=\"a\"")},
    {"", "", "<metadata><m:x xmlns:m='u:\"c'/></metadata>", ONE("<m:x xmlns:m='u:\"c'/>")},
    {"", "", "<metadata><m:x xmlns:m='u:\"c&apos;'/></metadata>",
     ONE("<m:x xmlns:m=\"u:&quot;c'\"/>")},
    {"", "", "<metadata><m:x xmlns:m='u:&#233;&gt;?a&amp;b'/></metadata>",
     ONE("<m:x xmlns:m=\"u:\xc3\xa9>?a&#38;b\"/>")},
    /* Characters. */
    {"", "", ATTRS("b='2'   a=\n'1'"), ATTRS_OUT("b=\"2\" a=\"1\"")},
    {"", "", ATTRS("a='a&#10;b&#9;&#13;\"&apos;&lt;>&amp;\xc3\xa9'"),
     ATTRS_OUT("a=\"a&#10;b&#9;&#13;&quot;'&lt;&gt;&amp;&#xE9;\"")},
    {"", "", ATTRS("a='\t\n\x7f&#x80;&#xa0;&#xD7FF;&#xE000;&#xFFFD;&#x1F600;&#x10FFFF;'"),
     ATTRS_OUT("a=\"  \x7f&#x80;&#xA0;&#xD7FF;&#xE000;&#xFFFD;&#x1F600;&#x10FFFF;\"")},
    {"", "", IN("\"'&lt;>&amp;&quot;&apos;\xc3\xa9&#13;&#x1F600;\t\n"),
     FLAT("\"'&lt;&gt;&amp;\"'\xc3\xa9&#13;\xf0\x9f\x98\x80\t\n")},
    /* Layout. */
    {"", "", IN(""), ONE("<m:x xmlns:m=\"u\"/>")},
    {"", "", IN("<b></b><c ></c >"), LINES("<b/>" LINE "<c/>")},
    {"", "", IN(" <b> <c/>\n</b>\t"), LINES("<b>" LINE "  <c/>" LINE "</b>")},
    {"", "", IN("mixed <b> <i/> </b> tail"), FLAT("mixed <b><i/></b> tail")},
    {"", "", IN("<b><c/><d/></b><e/>t"), FLAT("<b><c/><d/></b><e/>t")},
    {"", "", IN("<b><c/>t</b><e/>"), LINES("<b><c/>t</b>" LINE "<e/>")},
    {"", "", IN("<?pi?><?pi ?><?pi\n  a\n ?><!----><!-- c\n-->"),
     LINES("<?pi?>" LINE "<?pi ?>" LINE "<?pi a\n ?>" LINE "<!---->" LINE "<!-- c\n-->")},
    {"", "", IN("<b><!--x-->\n</b><c><!--x--></c>"),
     LINES("<b>" LINE "  <!--x-->" LINE "</b>" LINE "<c>" LINE "  <!--x-->" LINE "</c>")},
    /* CDATA. */
    {"", "", IN("<![CDATA[raw <markup> & more]]>"), FLAT("<![CDATA[raw <markup> & more]]>")},
    {"", "", IN("<![CDATA[]]>"), FLAT("<![CDATA[]]>")},
    {"", "", IN("<![CDATA[]]><![CDATA[]]>"), FLAT("<![CDATA[]]>")},
    {"", "", IN("<![CDATA[a]]><![CDATA[b]]]]><![CDATA[>c]]>"),
     FLAT("<![CDATA[ab]]]]><![CDATA[>c]]>")},
    {"", "", IN("<![CDATA[]]]]><![CDATA[]]]]><![CDATA[>]]>"),
     FLAT("<![CDATA[]]]]]]><![CDATA[>]]>")},
    {"", "", IN("<![CDATA[x]]> <![CDATA[x]]> <![CDATA[]]>"), FLAT("<![CDATA[xx]]>")},
    {"", "", IN("a<![CDATA[x]]> <![CDATA[x]]>"), FLAT("a<![CDATA[x]]> <![CDATA[x]]>")},
    /* Blanks. */
    {"", "", IN("  \n  "), FLAT("  \n  ")},
    {"", "", IN(" <!--c--> "), LINES("<!--c-->")},
    {"", "", IN("<b/>e<c/> <d/>"), FLAT("<b/>e<c/><d/>")},
    {"", "", IN("e<c/> <d/>"), FLAT("e<c/> <d/>")},
    {"", "", IN("<b/> e<c/> <d/> "), FLAT("<b/> e<c/> <d/> ")},
    {"", "", IN("<b/>\te<c/> <d/>"), FLAT("<b/>\te<c/> <d/>")},
    {"", "", IN("<b/>\xc3\xa9<c/> <d/>"), FLAT("<b/>\xc3\xa9<c/> <d/>")},
    {"", "", IN("<b/>a\xc3\xa9<c/> <d/>"), FLAT("<b/>a\xc3\xa9<c/> <d/>")},
    {"", "", IN("<b/>a&gt; b<c/> <d/>"), FLAT("<b/>a&gt; b<c/> <d/>")},
    {"", "", IN("<b/> &amp;<c/> <d/>"), FLAT("<b/> &amp;<c/> <d/>")},
    {"", "", IN("<b/>&amp;b<c/> <d/>"), FLAT("<b/>&amp;b<c/><d/>")},
    {"", "", IN("<b/> e<c> <d/> </c> "), FLAT("<b/> e<c><d/></c> ")},
    {"", "", IN("<b/>t<![CDATA[x]]> <c/>"), FLAT("<b/>t<![CDATA[x]]><c/>")},
    {"", "", IN("t<![CDATA[x]]> <c/> "), FLAT("t<![CDATA[x]]> <c/> ")},
    {"", "", IN("<![CDATA[x]]> <c/> "), FLAT("<![CDATA[x]]><c/>")},
    {"", "", IN("<b/>&amp;<!--c--> <c/>"), FLAT("<b/>&amp;<!--c--><c/>")},
    /* xml:space. */
    {"", "", ATTRS("xml:space='preserve'"), ATTRS_OUT("xml:space=\"preserve\"")},
    {"", "", "<metadata><m:x xmlns:m='u' xml:space='pre&#115;erve'> <b/> </m:x></metadata>",
     ONE("<m:x xmlns:m=\"u\" xml:space=\"preserve\"> <b/> </m:x>")},
    {"", "", "<metadata><m:x xmlns:m='u' xml:space='preserve'><b/></m:x></metadata>",
     ONE("<m:x xmlns:m=\"u\" xml:space=\"preserve\">" LINE "<b/>\n      </m:x>")},
    {"", "", "<metadata><m:x xmlns:m='u' xml:space='x'> <b/> </m:x></metadata>",
     ONE("<m:x xmlns:m=\"u\" xml:space=\"x\">" LINE "<b/>\n      </m:x>")},
    {"", "", "<metadata><m:x xmlns:m='u' xml:space='default'> <b/> t <c/> </m:x></metadata>",
     ONE("<m:x xmlns:m=\"u\" xml:space=\"default\"><b/> t <c/></m:x>")},
    {"", "", "<metadata xml:space='preserve'> <m:x xmlns:m='u'> <b/> </m:x> </metadata>",
     "\n    <metadata xml:space=\"preserve\">\n      <m:x xmlns:m=\"u\"> <b/> </m:x>\n"
     "    </metadata>"},
    {"", "",
     "<metadata xml:space='preserve'><m:x xmlns:m='u' xml:space='default'><b/></m:x></metadata>",
     "\n    <metadata xml:space=\"preserve\">\n      <m:x xmlns:m=\"u\" xml:space=\"default\">" LINE
     "<b/>\n      </m:x>\n    </metadata>"},
    {"", "xml:space='preserve'", IN(" <b/> "), FLAT(" <b/> ")},
    {"xml:space = \"preserve\"", "a='>' b='xml:space'", IN(" <b/> "), FLAT(" <b/> ")},
    {"xml:space='preserve'", "xml:space='default'", IN(" <b/> "), LINES("<b/>")},
};

/* What libvirt prints in a way that it does not read back: here it is. */
static const sample survivors[] = {
    {"", "", IN("&#32;<b/> <c/>"), FLAT("&#32;<b/> <c/>")},
    {"", "", IN("<b/>&#9;&#32;<c/> <d/>"), FLAT("<b/>&#9; <c/> <d/>")},
    {"", "", IN("<b/> &#10;<c/>"), FLAT("<b/>&#32;\n<c/>")},
    {"", "", IN("<![CDATA[a]]>&#10;<![CDATA[b]]>"), FLAT("<![CDATA[a]]>&#10;<![CDATA[b]]>")},
    {"", "", "<metadata><m:x xmlns:m='a&lt;&quot;&apos;&#9;&#10;&#13;'/></metadata>",
     ONE("<m:x xmlns:m=\"a&lt;&quot;'&#9;&#10;&#13;\"/>")},
    {"xml:space='preserve'", "", IN("<b xml:space='default'><c><d/></c></b>"),
     LINES("<b xml:space=\"default\"><c><d/></c></b>")},
    /* How a character was spelled makes no difference. */
    {"", "", IN("<b/>&#xe9;<c/> <d/>"), FLAT("<b/>\xc3\xa9<c/> <d/>")},
    {"", "", IN("<b/>a> b<c/> <d/>"), FLAT("<b/>a&gt; b<c/> <d/>")},
    {"", "", IN("<b/>&#97; b<c/> <d/>"), FLAT("<b/>a b<c/><d/>")},
    {"", "", IN("&#32;"), FLAT(" ")},
};

static char *copy_of(const char *text)
{
    char *copy = malloc(strlen(text) + 1);

    if (!copy)
        exit(2);
    return strcpy(copy, text);
}

static void check_samples(bench *b, const sample *samples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const sample *t = samples + i;
        char *again;

        if (!read_back(b, t->outer, t->inner, t->in)) {
            FAIL("%s: refused: %s", t->in, lx_error_code(b->scan.code));
            continue;
        }
        if (strcmp(output(b), t->out))
            FAIL("%s\n  gives    %s\n  and not  %s", t->in, output(b), t->out);
        again = copy_of(output(b));
        if (!read_back(b, t->outer, t->inner, again + strspn(again, "\n ")))
            FAIL("%s: refused at second sight", again);
        else if (b->writer.out.buf.len != 5)
            FAIL("%s: not taken from the source as it stands", again);
        else if (strcmp(output(b), again))
            FAIL("%s\n  becomes  %s", again, output(b));
        free(again);
    }
}

static void test_what_libvirt_prints(void)
{
    bench b;

    if (!bench_open(&b))
        exit(2);
    check_samples(&b, printed, sizeof printed / sizeof *printed);
    bench_close(&b);
}

static void test_what_libvirt_would_not_read_back(void)
{
    bench b;

    if (!bench_open(&b))
        exit(2);
    check_samples(&b, survivors, sizeof survivors / sizeof *survivors);
    bench_close(&b);
}

/* ---- what is refused ---- */

static void test_errors_in_deleted_and_kept_children(void)
{
    static const struct {
        const char *in; /* with a '^' before the byte that is named */
        lx_code code;
    } wrong[] = {
        {"<metadata ^1='2'/>", LX_E_NAME},
        {"<metadata a='1' ^a='2'/>", LX_E_ATTRIBUTE_TWICE},
        {"<metadata><n><^1/></n></metadata>", LX_E_NAME},
        {"<metadata><n a='' ^a=''/></metadata>", LX_E_ATTRIBUTE_TWICE},
        {"<metadata><^q:n/></metadata>", LX_E_NS_UNBOUND},
        {IN("<b a='' c='' d='' ^c=''/>"), LX_E_ATTRIBUTE_TWICE},
        {IN("<^m:/>"), LX_E_NS_NAME},
        {IN("<b ^-='1'/>"), LX_E_NAME},
        {IN("<b m:a='' xmlns:q='u' ^q:a=''/>"), LX_E_NS_TWICE},
        {IN("^&nbsp;"), LX_E_ENTITY},
        {"<metadata><n>^</m></metadata>", LX_E_TAG_MISMATCH},
        {"<metadata>^]]></metadata>", LX_E_CDATA_END},
    };
    bench b;

    if (!bench_open(&b))
        exit(2);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char *in = copy_of(wrong[i].in), *mark = strchr(in, '^');
        const char *at;
        size_t len;

        memmove(mark, mark + 1, strlen(mark));
        len = set_text(&b, "", "", in);
        at = strstr(b.text, in) + (mark - in);
        if (run(&b, len))
            FAIL("%s: accepted", wrong[i].in);
        else if (b.scan.code != wrong[i].code || (const char *)b.scan.at != at)
            FAIL("%s: refused with %s at %td", wrong[i].in, lx_error_code(b.scan.code),
                 (const char *)b.scan.at - at);
        free(in);
    }
    bench_close(&b);
}

static char *repeated(const char *before, const char *unit, size_t times, const char *after)
{
    size_t a = strlen(before), u = strlen(unit), z = strlen(after);
    char *text = malloc(a + u * times + z + 1), *p = text;

    if (!text)
        exit(2);
    p = (char *)memcpy(p, before, a) + a;
    for (size_t i = 0; i < times; i++, p += u)
        memcpy(p, unit, u);
    memcpy(p, after, z + 1);
    return text;
}

static char *nested(size_t depth, const char *inside)
{
    char *closing = repeated("", "</b>", depth, "</m:x></metadata>");
    char *inner = repeated(inside, "", 0, closing);
    char *text = repeated("<metadata><m:x xmlns:m='u'>", "<b>", depth, inner);

    free(closing);
    free(inner);
    return text;
}

static void test_depth_and_the_cap_on_indentation(void)
{
    static const char deep[] = "\n"
        "                                                            "
        "<c/>\n"
        "                                                            "
        "</b>";
    char *fits = nested(251, "<c/>"), *over = nested(252, "<c/>");
    bench b;

    if (!bench_open(&b))
        exit(2);
    if (!read_back(&b, "", "", fits) || !strstr(output(&b), deep))
        FAIL("256 elements deep: %s", lx_error_code(b.scan.code));
    if (read_back(&b, "", "", over) || b.scan.code != LX_E_LIMIT_DEPTH)
        FAIL("257 elements deep: %s", lx_error_code(b.scan.code));
    free(fits);
    free(over);
    bench_close(&b);
}

static void test_an_output_over_the_limit_is_refused(void)
{
    char *siblings = repeated("", "<c/>", 1100000, "");
    char *deep = nested(40, siblings);
    char *name = repeated("xmlns:p='", "u", 1000000, "'");
    char *outside = repeated("", "<metadata p:a=''/>", 100, "");
    bench b;

    if (!bench_open(&b))
        exit(2);
    if (read_back(&b, "", "", deep) || b.scan.code != LX_E_LIMIT_SIZE)
        FAIL("indented to over 64 MiB: %s", lx_error_code(b.scan.code));
    if (read_back(&b, name, "", outside) || b.scan.code != LX_E_LIMIT_SIZE)
        FAIL("declared anew to over 64 MiB: %s", lx_error_code(b.scan.code));
    free(siblings);
    free(deep);
    free(name);
    free(outside);
    bench_close(&b);
}

/* ---- state from one to the next ---- */

static void test_nothing_is_carried_over(void)
{
    static const char twice[] = "<metadata><p:x/></metadata><metadata><p:x/></metadata>";
    static const char once[] = "\n    <metadata xmlns:p=\"u\">\n      <p:x/>\n    </metadata>";
    bench b;

    if (!bench_open(&b))
        exit(2);
    if (!read_back(&b, "xmlns:p='u'", "", twice) || strncmp(output(&b), once, strlen(once)) ||
        strcmp(output(&b) + strlen(once), once))
        FAIL("the second of two: %s", output(&b));
    /* The same places in memory, another document. */
    for (int i = 0; i < 4; i++) {
        const char *outer = i % 2 ? "xml:space='preserve'" : "xml:space='default' ";
        const char *want = i % 2 ? FLAT(" <b/> ") : LINES("<b/>");

        lx_metadata_begin(&b.writer);
        if (!read_back(&b, outer, "a='1'", IN(" <b/> ")) || strcmp(output(&b), want))
            FAIL("document %d: %s", i, output(&b));
    }
    if (lx_metadata_footprint(&b.writer) > b.heap.held)
        FAIL("a footprint of more than is held");
    bench_close(&b);
}

/* ---- memory and time ---- */

static const char *const rich =
    "<metadata p:z='&#65;'><m:x xmlns:m='u' a='&lt;\xc3\xa9' xml:space='def&#97;ult'>t&#32;<b/>"
    "<![CDATA[a]]]]><![CDATA[>]]></m:x><q:x xmlns='v&amp;'><!--c--><?pi?>&#32;<c/>&#65;</q:x>"
    "<n:x xmlns:n='&quot;w'/><d/></metadata>";

static void test_every_failing_allocation(void)
{
    char *long_text = repeated("", "long ", 2000, "</m:x></metadata>");
    char *text = repeated(rich, "<metadata><m:x xmlns:m='u'>", 1, long_text);
    char *want = NULL;
    size_t n = 0;
    bool done = false;

    for (; !done && n < 1000; n++) {
        size_t len;
        bench b;

        if (!bench_open(&b))
            exit(2);
        len = set_text(&b, "xmlns:p='u1'", "xmlns:q='u2' xml:space=\"d&#101;fault\"", text);
        b.heap.fail_at = b.heap.calls + n;
        done = run(&b, len);
        if (!done && b.scan.code != LX_NOMEM)
            FAIL("allocation %zu: %s", n, lx_error_code(b.scan.code));
        b.heap.fail_at = SIZE_MAX;
        if (!run(&b, len))
            FAIL("unusable after allocation %zu failed: %s", n, lx_error_code(b.scan.code));
        else if (want && strcmp(want, output(&b)))
            FAIL("another output after allocation %zu failed", n);
        else if (!want)
            want = copy_of(output(&b));
        bench_close(&b);
    }
    if (!done || n < 10)
        FAIL("%zu allocations", n);
    free(want);
    free(text);
    free(long_text);
}

/* Least processor time of a few runs; *memory: the most that was held. */
static double seconds(const char *attributes, const char *text, size_t *memory)
{
    double best = 1e9;

    for (int i = 0; i < 3; i++) {
        size_t len;
        clock_t start;
        double spent;
        bench b;

        if (!bench_open(&b))
            exit(2);
        len = set_text(&b, attributes, "", text);
        lx_metadata_begin(&b.writer);
        start = clock();
        if (!run(&b, len))
            FAIL("refused: %s", lx_error_code(b.scan.code));
        spent = (double)(clock() - start) / CLOCKS_PER_SEC;
        if (spent < best)
            best = spent;
        *memory = b.heap.peak;
        bench_close(&b);
    }
    return best;
}

static void check_growth(const char *what, const char *before, const char *unit, size_t times,
                         const char *after)
{
    char *small = repeated(before, unit, times, after);
    char *large = repeated(before, unit, 8 * times, after);
    char *attribute = repeated("a='", "v", 8 * times, "'");
    size_t small_memory, large_memory;
    double small_time = seconds("a=''", small, &small_memory);
    double large_time = seconds(attribute, large, &large_memory);

    /* Quadratic would be 64 times. */
    if (large_time > 0.02 && large_time > 24 * small_time)
        FAIL("%s: 8 times the input took %.3f s after %.3f s", what, large_time, small_time);
    if (large_memory > 32 * strlen(large) + (1u << 20))
        FAIL("%s: %zu bytes held for %zu", what, large_memory, strlen(large));
    free(small);
    free(large);
    free(attribute);
}

static void test_time_and_memory_are_linear(void)
{
    const char *before = "<metadata><m:x xmlns:m='u'>", *after = "</m:x></metadata>";
    char *names, *p;
    bench b;

    check_growth("siblings", before, "<a/>", 125000, after);
    check_growth("siblings, then text", before, "<a/>", 60000, "t</m:x></metadata>");
    check_growth("text between", before, "<a/>t <b/>", 30000, after);
    check_growth("deleted", "<metadata>", "<a/>", 60000, "</metadata>");
    check_growth("repeats", "<metadata>", "<m:x xmlns:m='u'/>", 30000, "</metadata>");
    check_growth("sections", before, "<![CDATA[]]]>", 60000, after);
    check_growth("references", before, "&#32;", 60000, after);
    check_growth("many", "", "<metadata/>", 60000, "");

    names = malloc(32 * 200000);
    if (!names || !bench_open(&b))
        exit(2);
    p = names + sprintf(names, "<metadata>");
    for (unsigned i = 0; i < 200000; i++)
        p += sprintf(p, "<x xmlns='u%u'/>", i);
    strcpy(p, "</metadata>");
    if (!read_back(&b, "", "", names) || !strstr(output(&b), "<x xmlns=\"u199999\"/>"))
        FAIL("200,000 namespaces: %s", lx_error_code(b.scan.code));
    bench_close(&b);
    free(names);
}

int main(void)
{
    test_what_libvirt_prints();
    test_what_libvirt_would_not_read_back();
    test_errors_in_deleted_and_kept_children();
    test_depth_and_the_cap_on_indentation();
    test_an_output_over_the_limit_is_refused();
    test_nothing_is_carried_over();
    test_every_failing_allocation();
    test_time_and_memory_are_linear();
    if (failures)
        printf("%u failures\n", failures);
    return failures != 0;
}
