/* Every version of stage one finds the same bytes, and the survey tells the truth. */
#include "check.h"
#include "index.h"

#define SIZE 400

static uint32_t state = 1;

static uint32_t next_random(void)
{
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

/* Text in which special bytes are as frequent as in XML, and now and then anything. */
static void fill(uint8_t *text, size_t len)
{
    static const char likely[] = "<>&\"'=/ \n\tabcdefghij";

    for (size_t i = 0; i < len; i++)
        text[i] = next_random() % 8 ? (uint8_t)likely[next_random() % (sizeof likely - 1)]
                                    : (uint8_t)next_random();
}

static void compare(const char *what, lx_index_fn *version, const uint8_t *text, size_t from,
                    size_t to)
{
    static uint32_t want[SIZE + LX_INDEX_SPARE], got[SIZE + LX_INDEX_SPARE];
    size_t n = 0, m = version(text, from, to, got);

    for (size_t i = from; i < to; i++)
        if (text[i] && strchr("<>&\"'", text[i]))
            want[n++] = (uint32_t)i;
    CHECK(n == m && !memcmp(want, got, n * sizeof *want), "%s: [%zu, %zu) finds %zu, not %zu", what,
          from, to, m, n);
}

static void survey(const uint8_t *text, size_t len)
{
    static uint8_t copy[SIZE + LX_PAD];
    static uint8_t unified[SIZE];
    lx_survey s = lx_copy_survey(copy, text, len), want = {0, false, false};

    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\r' || i + 1 == len || text[i + 1] != '\n')
            unified[want.len++] = text[i] == '\r' ? '\n' : text[i];
        want.high |= text[i] >= 0x80;
        want.illegal |= text[i] < 0x20 && text[i] != '\n' && text[i] != '\t' && text[i] != '\r';
    }
    CHECK(s.len == want.len && !memcmp(copy, unified, s.len), "the copy differs");
    CHECK(s.high == want.high && s.illegal == want.illegal,
          "survey of %zu bytes", len);
}

static void newlines(const char *in, const char *out)
{
    uint8_t text[64 + LX_PAD];
    size_t len = lx_copy_survey(text, (const uint8_t *)in, strlen(in)).len;

    CHECK(len == strlen(out) && !memcmp(text, out, len), "line ends of case \"%s\"", out);
}

static void characters(const char *in, size_t len, size_t at, lx_code want)
{
    lx_code code;
    size_t got = lx_check_chars((const uint8_t *)in, len, true, &code);

    CHECK(got == at && (at == len || code == want), "characters: %zu instead of %zu", got, at);
}

int main(void)
{
    static uint8_t text[SIZE + LX_PAD];

    for (int round = 0; round < 400; round++) {
        size_t from = next_random() % 80, to = from + next_random() % (SIZE - 80);

        fill(text, SIZE);
        compare("scalar", lx_index_scalar, text, from, to);
#ifdef LX_HAVE_SSE2
        compare("SSE2", lx_index_sse2, text, from, to);
#endif
        compare("best", lx_index_best(), text, from, to);
        survey(text, to);
        fill(text, SIZE);
        for (size_t i = 0; i < SIZE; i++)
            text[i] = text[i] < 0x20 || text[i] > 0x7e ? 'x' : text[i];
        text[next_random() % SIZE] = "\r\n\t\x01\x80x"[round % 6];
        survey(text, SIZE - next_random() % 70);
    }
    newlines("a\r\nb\rc\nd", "a\nb\nc\nd");
    newlines("\r\r\n\r", "\n\n\n");
    newlines("none", "none");
    characters("abcdefghijklmnopqrstuvwxyz", 26, 26, LX_OK);
    characters("0123456789abcdef\x01\xff", 18, 17, LX_E_UTF8); /* encoding comes first */
    characters("0123456789abcdef\x01", 17, 16, LX_E_CHAR);
    characters("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, 9, LX_OK);
    characters("a\xc0\x80", 3, 1, LX_E_UTF8);
    characters("a\xe0\x80\x80", 4, 1, LX_E_UTF8);
    characters("a\xed\xa0\x80", 4, 1, LX_E_UTF8);
    characters("a\xf4\x90\x80\x80", 5, 1, LX_E_UTF8);
    characters("a\xe2\x82", 3, 1, LX_E_UTF8);
    characters("a\xef\xbf\xbe", 4, 1, LX_E_CHAR);
    return failures != 0;
}
