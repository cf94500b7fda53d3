/* At each limit a document is accepted, and one beyond it is refused with the limit's code. */
#include "check.h"

typedef struct {
    char *data;
    size_t len, cap;
} string;

static void add(string *s, const char *text, size_t times)
{
    size_t len = strlen(text);

    if (s->cap - s->len < len * times + 1) {
        s->cap = (s->len + len * times + 1) * 2;
        s->data = realloc(s->data, s->cap);
    }
    for (size_t i = 0; i < times; i++, s->len += len)
        memcpy(s->data + s->len, text, len);
}

/* Read and forget the text; `code` is what must come of it. */
static void expect(lx_ctx *ctx, string *s, const char *what, lx_code code)
{
    lx_document document;
    lx_bytes pieces[LX_MAX_PIECES];
    lx_error error;
    bool ok = read_exactly(ctx, s->data, s->len, LX_REDEFINE, &document, &error) &&
              lx_text(ctx, false, pieces, &error);

    CHECK(ok ? code == LX_OK : error.code == code, "%s: %s", what,
          ok ? "accepted" : lx_error_code(error.code));
    s->len = 0;
}

static void nested(string *s, size_t depth)
{
    add(s, "<domain>", 1);
    add(s, "<a>", depth - 1);
    add(s, "</a>", depth - 1);
    add(s, "</domain>", 1);
}

static void attributes(string *s, size_t n, bool declarations)
{
    char one[64];

    add(s, "<domain", 1);
    for (size_t i = 0; i < n; i++) {
        snprintf(one, sizeof one, declarations && i % 2 ? " xmlns:a%zu='u'" : " a%zu=''", i);
        add(s, one, 1);
    }
    add(s, "/>", 1);
}

static void around(string *s, const char *before, const char *unit, size_t n, const char *after)
{
    add(s, before, 1);
    add(s, unit, n);
    add(s, after, 1);
}

int main(void)
{
    lx_ctx *ctx = lx_new(NULL, 1);
    string s = {NULL, 0, 0};

    nested(&s, LX_MAX_DEPTH);
    expect(ctx, &s, "256 deep", LX_OK);
    nested(&s, LX_MAX_DEPTH + 1);
    expect(ctx, &s, "257 deep", LX_E_LIMIT_DEPTH);
    around(&s, "<domain>", "<a>", 10000000, "");
    expect(ctx, &s, "ten million deep", LX_E_LIMIT_DEPTH);
    around(&s, "<domain><metadata>", "<a xmlns='u'>", 300, "");
    expect(ctx, &s, "deep in metadata", LX_E_LIMIT_DEPTH);
    around(&s, "<domain><x>t", "<a>", 300, "");
    expect(ctx, &s, "deep in mixed content", LX_E_LIMIT_DEPTH);
    attributes(&s, LX_MAX_ATTRIBUTES, false);
    expect(ctx, &s, "1,024 attributes", LX_OK);
    attributes(&s, LX_MAX_ATTRIBUTES + 1, false);
    expect(ctx, &s, "1,025 attributes", LX_E_LIMIT_ATTRIBUTES);
    attributes(&s, LX_MAX_ATTRIBUTES, true);
    expect(ctx, &s, "1,024 with declarations", LX_OK);
    attributes(&s, LX_MAX_ATTRIBUTES + 1, true);
    expect(ctx, &s, "1,025 with declarations", LX_E_LIMIT_ATTRIBUTES);
    around(&s, "<domain a='", "x", LX_MAX_VALUE, "'/>");
    expect(ctx, &s, "a value of 10,000,000 bytes", LX_OK);
    around(&s, "<domain a='", "x", LX_MAX_VALUE + 1, "'/>");
    expect(ctx, &s, "a longer value", LX_E_LIMIT_VALUE);
    around(&s, "<domain><", "x", LX_MAX_NAME, "/></domain>");
    expect(ctx, &s, "a name of 50,000 bytes", LX_OK);
    around(&s, "<domain><", "x", LX_MAX_NAME + 1, "/></domain>");
    expect(ctx, &s, "a longer name", LX_E_LIMIT_NAME);
    around(&s, "<domain ", "x", LX_MAX_NAME + 1, "=''/>");
    expect(ctx, &s, "a longer attribute name", LX_E_LIMIT_NAME);
    around(&s, "<domain/>", " ", LX_MAX_DOCUMENT - 9, "");
    expect(ctx, &s, "64 MiB", LX_OK);
    around(&s, "<domain/>", " ", LX_MAX_DOCUMENT - 8, "");
    expect(ctx, &s, "64 MiB and a byte", LX_E_LIMIT_SIZE);
    around(&s, "<domain><name>", "'", LX_MAX_DOCUMENT / 6, "</name></domain>");
    expect(ctx, &s, "a canonical form over 64 MiB", LX_E_LIMIT_SIZE);
    free(s.data);
    lx_free(ctx);
    return failures != 0;
}
