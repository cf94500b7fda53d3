/* Kinds of values: what each takes, how it is written, and that "plain" is never said of a value
 * that would change. */
#include "check.h"
#include "kind.h"

static const lx_value_kind whole = {.is = LX_IS_NUMBER, .base = 10, .most = 0x7fffffff};
static const lx_value_kind negative = {
    .is = LX_IS_NUMBER, .base = 10, .negative = true, .most = INT64_MAX};
static const lx_value_kind c_hex = {.is = LX_IS_NUMBER, .base = 0, .hex = 4, .most = UINT32_MAX};
static const lx_value_kind c_int = {.is = LX_IS_NUMBER, .base = 0, .most = 255};
static const lx_value_kind from_hex = {
    .is = LX_IS_NUMBER, .base = 16, .hex = 1, .most = UINT64_MAX};
static const lx_value_kind large_hex = {
    .is = LX_IS_NUMBER, .base = 0, .hex = 2, .upper = true, .most = UINT64_MAX};
static const lx_value_kind mode = {.is = LX_IS_NUMBER, .base = 8, .octal = 4, .most = UINT64_MAX};
static const lx_value_kind version = {.is = LX_IS_VERSION};
static const lx_value_kind loadparm = {.is = LX_IS_LOADPARM};
static const lx_value_kind set = {.is = LX_IS_SET};
static const lx_value_kind uuid = {.is = LX_IS_UUID};
static const lx_value_kind mac = {.is = LX_IS_MAC};
static const lx_value_kind ports = {.is = LX_IS_PORTS};

#define SPAN(text) {(const uint8_t *)(text), sizeof(text) - 1}
static const lx_value_kind kib = {
    .is = LX_IS_SIZE, .most = INT64_MAX, .unit = SPAN("KiB"), .assumed = SPAN("KiB")};
static const lx_value_kind mib = {.is = LX_IS_SIZE, .exact = true, .most = UINT64_MAX,
                                  .unit = SPAN("M"), .assumed = SPAN("bytes")};
static const lx_value_kind pretty = {
    .is = LX_IS_SIZE, .most = UINT64_MAX, .assumed = SPAN("KiB")};

#define GROUP "c2177883-f1bb-47f0-914d-32a22e3a8804"

/* NULL: the kind does not take it. */
static const struct {
    const lx_value_kind *kind;
    const char *given, *printed;
} values[] = {
    {&whole, "0", "0"}, {&whole, "007", "7"}, {&whole, " \t\n\v\f\r+7", "7"},
    {&whole, "2147483647", "2147483647"}, {&whole, "2147483648", NULL}, {&whole, "", NULL},
    {&whole, "99999999999999999999999999999999", NULL}, {&whole, "7 ", NULL},
    {&whole, "-7", NULL}, {&whole, "+", NULL}, {&whole, " ", NULL}, {&whole, "+-7", NULL},
    {&whole, "0x7", NULL}, {&whole, "7a", NULL}, {&whole, "++7", NULL}, {&whole, "+ 7", NULL},
    {&negative, "-0", "0"}, {&negative, " -07", "-7"}, {&negative, "+7", "7"},
    {&negative, "-9223372036854775807", "-9223372036854775807"},
    {&negative, "9223372036854775808", NULL}, {&negative, "-", NULL}, {&negative, "--7", NULL},
    {&c_hex, "1", "0x0001"}, {&c_hex, "010", "0x0008"}, {&c_hex, "0X1f", "0x001f"},
    {&c_hex, "0xFFFFFFFF", "0xffffffff"}, {&c_hex, "0x100000000", NULL}, {&c_hex, "08", NULL},
    {&c_hex, "0x", NULL}, {&c_hex, "0xg", NULL}, {&c_hex, "f", NULL}, {&c_hex, "0", "0x0000"},
    {&c_hex, "0x0000000000001", "0x0001"}, {&c_hex, "-1", NULL}, {&c_hex, " +0x1", "0x0001"},
    {&c_int, "0xff", "255"}, {&c_int, "256", NULL}, {&c_int, "00", "0"}, {&c_int, "0377", "255"},
    {&from_hex, "10", "0x10"}, {&from_hex, "0x10", "0x10"}, {&from_hex, "0XABC", "0xabc"},
    {&from_hex, "ffffffffffffffff", "0xffffffffffffffff"}, {&from_hex, "0x", NULL},
    {&from_hex, "10000000000000000", NULL}, {&from_hex, "00x1", NULL},
    {&set, "1", "1"}, {&set, "3,1,2,2,7", "1-3,7"}, {&set, "0-3,^2", "0-1,3"},
    {&set, " 1 , 3 ", "1,3"}, {&set, "4-4", "4"}, {&set, "1,", "1"}, {&set, "1 - 3", "1-3"},
    {&set, "1-+3", "1-3"}, {&set, "^1,1", "1"}, {&set, "0-16383", "0-16383"},
    {&set, "16383", "16383"}, {&set, "63,64", "63-64"}, {&set, "0-127,^63,^64", "0-62,65-127"},
    {&set, "000000000000000000000000000000000001", "1"}, {&set, "0-16384", NULL},
    {&set, "0-4294967295", NULL}, {&set, "4294967297", NULL}, {&set, "", NULL},
    {&set, " ", NULL}, {&set, "^1", NULL}, {&set, "1,^1", NULL}, {&set, "5-3", NULL},
    {&set, "1-3,^1-2", NULL}, {&set, ",1", NULL}, {&set, "1,,2", NULL}, {&set, "1 2", NULL},
    {&set, "+1", NULL}, {&set, "1-", NULL}, {&set, "1--2", NULL}, {&set, "1-2-3", NULL},
    {&set, "^", NULL}, {&set, "^ 1", NULL}, {&set, "0x1", NULL}, {&set, "1-^2", NULL},
    {&uuid, GROUP, GROUP}, {&uuid, " C2177883F1BB47F0914D32A22E3A8804", GROUP},
    {&uuid, "{" GROUP "}", NULL}, {&uuid, "", NULL}, {&uuid, GROUP "0", NULL},
    {&mac, "52:54:00:aa:bb:cc", "52:54:00:aa:bb:cc"}, {&mac, "0:1:2:3:4:F", "00:01:02:03:04:0f"},
    {&mac, "52:54:00:aa:bb:cc \n", "52:54:00:aa:bb:cc"}, {&mac, " 52:54:00:aa:bb:cc", NULL},
    {&mac, "01:00:00:00:00:00", NULL}, {&mac, "52:54:00:aa:bb", NULL}, {&mac, "", NULL},
    {&mac, "52:54:00:aa:bb:0cc", NULL}, {&mac, "52:54:00:aa:bb:", NULL},
    {&mac, "52:54:00:aa:bb:cc:dd", NULL}, {&mac, "52-54-00-aa-bb-cc", NULL},
    {&ports, "1", "1"}, {&ports, "01.+2.3. 4", "1.2.3.4"}, {&ports, "1.2.3.4.5", NULL},
    {&ports, "0", NULL}, {&ports, "1.", NULL}, {&ports, ".1", NULL}, {&ports, "", NULL},
    {&ports, "4294967295", "4294967295"}, {&ports, "4294967296", NULL},
    {&large_hex, "0xab", "0xAB"}, {&large_hex, "0xAB", "0xAB"}, {&large_hex, "10", "0x0A"},
    {&large_hex, "0xabcdef", "0xABCDEF"}, {&large_hex, "-1", NULL}, {&large_hex, "0XA", "0x0A"},
    {&mode, "755", "0755"}, {&mode, "0755", "0755"}, {&mode, "00755", "0755"}, {&mode, "8", NULL},
    {&mode, "10755", "10755"}, {&mode, "0x7", NULL}, {&mode, " +7", "0007"}, {&mode, "", NULL},
    {&mode, "1777777777777777777777", "1777777777777777777777"}, {&mode, "-7", NULL},
    {&mode, "2000000000000000000000", NULL}, {&mode, "0", "0000"},
    {&version, "2.00", "2.00"}, {&version, "2.0", "2.00"}, {&version, "1.1", "1.10"},
    {&version, "1.+5", "1.05"}, {&version, " 099.005", "99.05"}, {&version, "0.5", "0.50"},
    {&version, "1. 5", "1.05"}, {&version, "100.0", NULL}, {&version, "2.100", NULL},
    {&version, "2", NULL}, {&version, "2.", NULL}, {&version, ".5", NULL}, {&version, "", NULL},
    {&version, "1.1.1", NULL}, {&version, "1 .5", NULL}, {&version, "2.0 ", NULL},
    {&version, "-1", NULL}, {&version, "12.34", "12.34"}, {&version, "1.-5", NULL},
    {&loadparm, "B1.x", "B1.X"}, {&loadparm, "ABCDEFGH", "ABCDEFGH"}, {&loadparm, " . ", " . "},
    {&loadparm, "abcdefghi", NULL}, {&loadparm, "", NULL}, {&loadparm, "   ", NULL},
    {&loadparm, "a-b", NULL}, {&loadparm, "a\tb", NULL}, {&loadparm, "z 9", "Z 9"},
    {&loadparm, "\xc3\xa9", NULL},
};

static const struct {
    const lx_value_kind *kind;
    const char *given, *unit, *printed, *in;
} sizes[] = {
    {&kib, "5", "", "5", "KiB"}, {&kib, " +05", "mIb", "5120", "KiB"}, {&kib, "1", "b", "1", "KiB"},
    {&kib, "1024", "bytes", "1", "KiB"}, {&kib, "1025", "Byte", "2", "KiB"},
    {&kib, "5", "MB", "4883", "KiB"}, {&kib, "0", "b", "0", "KiB"},
    {&kib, "9007199254740991", "", "9007199254740991", "KiB"},
    {&kib, "9007199254740992", "", NULL, NULL}, {&kib, "9223372036854775807", "b", NULL, NULL},
    {&kib, "9223372036854774784", "b", "9007199254740991", "KiB"},
    {&kib, "16", "EiB", NULL, NULL}, {&kib, "18446744073709551616", "", NULL, NULL},
    {&kib, "5", "zz", NULL, NULL}, {&kib, "5", " KiB", NULL, NULL}, {&kib, "5", "Ki", NULL, NULL},
    {&kib, "", "", NULL, NULL}, {&kib, "-1", "", NULL, NULL}, {&kib, "5 ", "", NULL, NULL},
    {&mib, "4194304", "", "4", "M"}, {&mib, "4194305", "", NULL, NULL}, {&mib, "1", "G", "1024", "M"},
    {&pretty, "3072", "", "3", "MiB"}, {&pretty, "0", "KiB", "0", "B"},
    {&pretty, "1025", "b", "1025", "B"}, {&pretty, "1", "E", "1024", "PiB"},
    {&pretty, "15", "E", "15360", "PiB"}, {&pretty, "16", "E", NULL, NULL},
};

static lx_span span(const char *text)
{
    return (lx_span){(const uint8_t *)text, strlen(text)};
}

static bool is(const lx_buf *buf, const char *text)
{
    return buf->len == strlen(text) && !memcmp(buf->data, text, buf->len);
}

/* Would `plain` say that the value stays? It is in a block of its own size, with its stop. */
static bool plain(const lx_value_kind *kind, const char *value, const char *unit)
{
    size_t len = strlen(value);
    uint8_t *copy = malloc(len + 1);
    bool answer;

    memcpy(copy, value, len);
    copy[len] = '\'';
    answer = kind->is == LX_IS_SIZE ? lx_kind_is_plain_size(kind, copy, span(unit), '\'')
                                    : lx_kind_is_plain(kind, copy, '\'');
    free(copy);
    return answer;
}

static void *grow(void *user, void *old, size_t size)
{
    (void)user;
    return realloc(old, size);
}

static void *make(void *user, size_t size)
{
    return grow(user, NULL, size);
}

static void drop(void *user, void *old)
{
    (void)user;
    free(old);
}

int main(void)
{
    const lx_allocator alloc = {.alloc = make, .resize = grow, .release = drop};
    lx_buf out;

    lx_buf_init(&out, &alloc);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const char *given = values[i].given, *printed = values[i].printed;
        bool taken;

        out.len = 0;
        taken = lx_kind_spell(values[i].kind, span(given), &out);
        CHECK(taken == (printed != NULL) && (taken ? is(&out, printed) : !out.len),
              "'%s' is '%.*s'", given, (int)out.len, (const char *)out.data);
        CHECK(!plain(values[i].kind, given, "") || !printed || !strcmp(given, printed),
              "'%s' is called plain", given);
        CHECK(!printed || plain(values[i].kind, printed, ""), "'%s' is not plain", printed);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *given = sizes[i].given, *printed = sizes[i].printed;
        lx_span in = {NULL, 0};
        bool taken;

        out.len = 0;
        taken = lx_kind_spell_size(sizes[i].kind, span(given), span(sizes[i].unit), &out, &in);
        CHECK(taken == (printed != NULL), "%s '%s'", given, sizes[i].unit);
        CHECK(!taken || (is(&out, printed) && lx_span_equal(in, span(sizes[i].in))),
              "%s '%s' is %.*s", given, sizes[i].unit, (int)out.len, (const char *)out.data);
        CHECK(!plain(sizes[i].kind, given, sizes[i].unit) || !printed ||
                  (!strcmp(given, printed) && !strcmp(sizes[i].unit, sizes[i].in)),
              "%s '%s' is called plain", given, sizes[i].unit);
    }
    lx_buf_free(&out);
    return failures != 0;
}
