/* Which bytes are characters and names, held against definitions written down once more. */
#include "check.h"
#include "index.h"
#include "names.h"

static uint64_t state = 1;

static uint32_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

/* Table 3-7 of the Unicode standard: the well-formed sequences, by first byte. */
static const struct {
    uint8_t first, last, second_from, second_to, length;
} well_formed[] = {
    {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static size_t sequence_length(const uint8_t *p, size_t left)
{
    for (size_t i = 0; i < sizeof well_formed / sizeof *well_formed; i++) {
        size_t n = well_formed[i].length;

        if (*p < well_formed[i].first || *p > well_formed[i].last)
            continue;
        if (n > left ||
            (n > 1 && (p[1] < well_formed[i].second_from || p[1] > well_formed[i].second_to)))
            return 0;
        for (size_t k = 2; k < n; k++)
            if (p[k] < 0x80 || p[k] > 0xbf)
                return 0;
        return n;
    }
    return 0;
}

static bool forbidden(const uint8_t *p, size_t n)
{
    if (n == 3)
        return p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe;
    return *p < 0x20 && *p != '\t' && *p != '\n' && *p != '\r';
}

static size_t first_bad(const uint8_t *p, size_t len, lx_code *code)
{
    size_t n, bad = len;

    for (size_t i = 0; i < len; i += n) {
        n = sequence_length(p + i, len - i);
        if (!n)
            return *code = LX_E_UTF8, i;
        if (bad == len && forbidden(p + i, n))
            bad = i;
    }
    return *code = LX_E_CHAR, bad;
}

/* The bytes, behind some others and to the byte at the end of a block. */
static void compare(const uint8_t *bytes, size_t n, size_t before)
{
    size_t len = before + n, at, found;
    uint8_t *text = malloc(len ? len : 1);
    lx_code want, got = LX_OK;

    memset(text, 'a', before);
    memcpy(text + before, bytes, n);
    at = first_bad(text, len, &want);
    found = lx_check_chars(text, len, true, &got);
    CHECK(found == at && (at == len || got == want), "%02x %02x %02x %02x... after %zu: %zu, not %zu",
          bytes[0], bytes[1], bytes[2], bytes[3], before, found, at);
    free(text);
}

static void test_utf8_is_checked_to_the_byte(void)
{
    static const uint8_t edge[] = {0x00, 0x1f, 0x20, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0,
                                   0xbd, 0xbe, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xec,
                                   0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
    enum { EDGES = sizeof edge };
    uint8_t bytes[40];

    for (size_t n = 0; n < (size_t)EDGES * EDGES * EDGES * EDGES; n += 1 + n % 5) {
        for (size_t k = 0, left = n; k < 4; k++, left /= EDGES)
            bytes[k] = edge[left % EDGES];
        compare(bytes, 4, n % 21);
    }
    for (size_t n = 0; n < 20000; n++) {
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = next_random() % 8 ? 'b' : edge[next_random() % EDGES];
        compare(bytes, 4 + next_random() % (sizeof bytes - 3), n % 18);
    }
}

static void test_control_characters_pass_where_nobody_asks(void)
{
    lx_code code;

    CHECK(lx_check_chars((const uint8_t *)"a\x01", 2, false, &code) == 2, "a control character");
    CHECK(lx_check_chars((const uint8_t *)"a\x01\xff", 3, false, &code) == 2 && code == LX_E_UTF8,
          "what follows a control character");
}

/* ---- names ---- */

/* NameStartChar and the rest of NameChar of XML 1.0, fifth edition, less the colon. */
static const uint32_t start[][2] = {
    {'A', 'Z'},       {'_', '_'},       {'a', 'z'},       {0xc0, 0xd6},     {0xd8, 0xf6},
    {0xf8, 0x2ff},    {0x370, 0x37d},   {0x37f, 0x1fff},  {0x200c, 0x200d}, {0x2070, 0x218f},
    {0x2c00, 0x2fef}, {0x3001, 0xd7ff}, {0xf900, 0xfdcf}, {0xfdf0, 0xfffd}, {0x10000, 0xeffff},
};
static const uint32_t inside[][2] = {
    {'-', '-'}, {'.', '.'}, {'0', '9'}, {0xb7, 0xb7}, {0x300, 0x36f}, {0x203f, 0x2040},
};

static bool within(uint32_t c, const uint32_t ranges[][2], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

static size_t encode(uint32_t c, uint8_t *to)
{
    if (c < 0x80)
        return to[0] = (uint8_t)c, 1;
    if (c < 0x800)
        return to[0] = (uint8_t)(0xc0 | c >> 6), to[1] = (uint8_t)(0x80 | (c & 0x3f)), 2;
    if (c < 0x10000) {
        to[0] = (uint8_t)(0xe0 | c >> 12);
        to[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        return to[2] = (uint8_t)(0x80 | (c & 0x3f)), 3;
    }
    to[0] = (uint8_t)(0xf0 | c >> 18);
    to[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    to[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    return to[3] = (uint8_t)(0x80 | (c & 0x3f)), 4;
}

static void test_every_character_in_a_name(void)
{
    for (uint32_t c = 1; c < 0x110000; c++) {
        uint8_t name[5] = {'a'};
        size_t n = encode(c, name + 1);
        bool starts = within(c, start, sizeof start / sizeof *start);
        bool follows = starts || within(c, inside, sizeof inside / sizeof *inside);

        if (c >= 0xd800 && c < 0xe000)
            continue;
        CHECK(lx_is_name((lx_span){name + 1, n}, false) == starts, "U+%04X at the start", c);
        CHECK(lx_is_name((lx_span){name, n + 1}, false) == follows, "U+%04X inside", c);
    }
    CHECK(lx_is_name((lx_span){(const uint8_t *)":a:", 3}, true), "colons where they may be");
    CHECK(!lx_is_name((lx_span){(const uint8_t *)"a:", 2}, false), "a colon");
    CHECK(!lx_is_name((lx_span){(const uint8_t *)"", 0}, true), "no name");
}

/* ---- line ends ---- */

static void test_line_ends_become_line_feeds(void)
{
    for (size_t n = 0; n < 20000; n++) {
        size_t len = next_random() % 300, want_len = 0;
        uint8_t *text = malloc(len ? len : 1), *copy = malloc(len + LX_PAD), want[300];
        const char *letters = n % 2 ? "a\r\n\r\nb" : "abcdefghijklmnopqrstuvwxyz\r\n";
        size_t kinds = strlen(letters);

        for (size_t i = 0; i < len; i++)
            text[i] = (uint8_t)letters[next_random() % kinds];
        for (size_t i = 0; i < len; i++)
            if (text[i] != '\r')
                want[want_len++] = text[i];
            else if (i + 1 == len || text[i + 1] != '\n')
                want[want_len++] = '\n';
        len = lx_copy_survey(copy, text, len).len;
        CHECK(len == want_len && !memcmp(copy, want, len), "line ends, case %zu", n);
        free(text);
        free(copy);
    }
}

int main(void)
{
    test_utf8_is_checked_to_the_byte();
    test_control_characters_pass_where_nobody_asks();
    test_every_character_in_a_name();
    test_line_ends_become_line_feeds();
    return failures != 0;
}
