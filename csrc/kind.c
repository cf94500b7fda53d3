#include "kind.h"
#include "value.h"

#define SET_SIZE 16384 /* numbers in a set are below */

static const uint8_t *skip_space(const uint8_t *p, const uint8_t *end)
{
    while (p < end && lx_c_space(*p))
        p++;
    return p;
}

/* ---- is it spelled already? ---- */

static const uint8_t *pass_decimal(const uint8_t *p)
{
    if (*p == '0')
        return p + 1;
    while (*p >= '0' && *p <= '9')
        p++;
    return p;
}

static const uint8_t *pass_hex(const uint8_t *p, char a)
{
    while ((*p >= '0' && *p <= '9') || (*p >= a && *p <= a + 5))
        p++;
    return p;
}

static const uint8_t *pass_lower_hex(const uint8_t *p)
{
    return pass_hex(p, 'a');
}

static bool plain_number(const lx_value_kind *kind, const uint8_t *p, uint8_t stop)
{
    const uint8_t *from, *end;

    if (kind->hex) {
        if (p[0] != '0' || p[1] != 'x')
            return false;
        from = p + 2;
        end = pass_hex(from, kind->upper ? 'A' : 'a');
        return *end == stop &&
               (end - from == kind->hex || (end - from > kind->hex && *from != '0'));
    }
    if (kind->octal) {
        for (end = p; *end >= '0' && *end <= '7'; end++)
            ;
        return *end == stop && (end - p == kind->octal || (end - p > kind->octal && *p != '0'));
    }
    from = p + (kind->negative && *p == '-' && p[1] != '0');
    end = pass_decimal(from);
    return end > from && *end == stop;
}

/* Read a number of at most five digits, without zeros in front; false if there is none. */
static bool plain_small(const uint8_t **p, uint32_t *n)
{
    const uint8_t *from = *p, *end = pass_decimal(from);

    if (end == from || end - from > 5)
        return false;
    *n = 0;
    for (; from < end; from++)
        *n = *n * 10 + (*from - '0');
    *p = end;
    return true;
}

static bool plain_set(const uint8_t *p, uint8_t stop)
{
    uint32_t next = 0, low, high; /* the lowest number that may come */

    for (;;) {
        if (!plain_small(&p, &low) || low < next)
            return false;
        high = low;
        if (*p == '-') {
            p++;
            if (!plain_small(&p, &high) || high <= low)
                return false;
        }
        if (*p == stop)
            return true;
        if (*p++ != ',')
            return false;
        next = high + 2; /* what joins on would have been written as one range */
    }
}

static bool plain_mac(const uint8_t *p, uint8_t stop)
{
    for (unsigned i = 0; i < 6; i++, p += 3)
        if (pass_lower_hex(p) < p + 2 || p[2] != (i < 5 ? ':' : stop))
            return false;
    return true;
}

static bool plain_uuid(const uint8_t *p, uint8_t stop)
{
    static const uint8_t groups[5] = {8, 4, 4, 4, 12};

    for (unsigned i = 0; i < 5; i++) {
        if (pass_lower_hex(p) != p + groups[i])
            return false;
        p += groups[i];
        if (*p++ != (i < 4 ? '-' : stop))
            return false;
    }
    return true;
}

static bool plain_ports(const uint8_t *p, uint8_t stop)
{
    for (;; p++) {
        const uint8_t *end = pass_decimal(p);

        if (end == p || (*end != '.' && *end != stop))
            return false;
        p = end;
        if (*p == stop)
            return true;
    }
}

static bool plain_version(const uint8_t *p, uint8_t stop)
{
    const uint8_t *end = pass_decimal(p);

    return end > p && end - p < 3 && *end == '.' && lx_digit(end[1]) < 10 &&
           lx_digit(end[2]) < 10 && end[3] == stop;
}

#define LOADPARM 8 /* characters at most */

static bool is_loadparm(uint8_t c)
{
    return lx_digit(c) < 10 || (c >= 'A' && c <= 'Z') || c == '.' || c == ' ';
}

static bool plain_loadparm(const uint8_t *p, uint8_t stop)
{
    const uint8_t *from = p;
    bool blank = true;

    for (; is_loadparm(*p); p++)
        blank &= *p == ' ';
    return *p == stop && !blank && p - from <= LOADPARM;
}

bool lx_kind_is_plain(const lx_value_kind *kind, const uint8_t *p, uint8_t stop)
{
    switch (kind->is) {
    case LX_IS_NUMBER:
        return plain_number(kind, p, stop);
    case LX_IS_SET:
        return plain_set(p, stop);
    case LX_IS_MAC:
        return plain_mac(p, stop);
    case LX_IS_UUID:
        return plain_uuid(p, stop);
    case LX_IS_PORTS:
        return plain_ports(p, stop);
    case LX_IS_VERSION:
        return plain_version(p, stop);
    case LX_IS_LOADPARM:
        return plain_loadparm(p, stop);
    default:
        return false;
    }
}

static const lx_span pretty_units[] = {
    {(const uint8_t *)"B", 1},   {(const uint8_t *)"KiB", 3}, {(const uint8_t *)"MiB", 3},
    {(const uint8_t *)"GiB", 3}, {(const uint8_t *)"TiB", 3}, {(const uint8_t *)"PiB", 3},
};
#define PRETTY (sizeof pretty_units / sizeof *pretty_units)

bool lx_kind_is_plain_size(const lx_value_kind *kind, const uint8_t *p, lx_span unit, uint8_t stop)
{
    const uint8_t *end = pass_decimal(p);
    uint64_t n = 0;

    if (end == p || *end != stop || end - p > 18 || !unit.p)
        return false;
    if (kind->unit.p)
        return lx_span_equal(unit, kind->unit);
    for (; p < end; p++)
        n = n * 10 + (*p - (uint8_t)'0');
    for (unsigned i = 0; i < PRETTY; i++)
        if (lx_span_equal(unit, pretty_units[i]))
            return n % 1024 != 0;
    return false;
}

/* ---- spelling ---- */

/* Read a number to the end of the text. */
static bool read_number(const lx_value_kind *kind, lx_span text, uint64_t *value, bool *negative)
{
    const uint8_t *p = text.p, *end = p + text.len;
    unsigned base = kind->base;
    uint64_t n = 0;

    p = skip_space(p, end);
    *negative = false;
    if (p < end && (*p == '+' || (*p == '-' && kind->negative)))
        *negative = *p++ == '-';
    if ((!base || base == 16) && end - p > 2 && p[0] == '0' && (p[1] | 0x20) == 'x') {
        p += 2;
        base = 16;
    } else if (!base) {
        base = p < end && *p == '0' ? 8 : 10;
    }
    if (p == end)
        return false;
    for (; p < end; p++) {
        unsigned d = lx_digit(*p);

        if (d >= base || d > kind->most || n > (kind->most - d) / base)
            return false;
        n = n * base + d;
    }
    *value = n;
    return true;
}

static void add_number(lx_buf *out, uint64_t n, unsigned base, unsigned least)
{
    uint8_t digits[22]; /* 64 bits in base 8 */
    size_t at = sizeof digits;

    do
        digits[--at] = (uint8_t)"0123456789abcdef"[n % base];
    while (n /= base);
    while (sizeof digits - at < least)
        digits[--at] = '0';
    lx_buf_add(out, digits + at, sizeof digits - at);
}

static uint8_t large(uint8_t c)
{
    return c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
}

static bool spell_number(const lx_value_kind *kind, lx_span value, lx_buf *out)
{
    size_t at = out->len;
    uint64_t n;
    bool negative;

    if (!read_number(kind, value, &n, &negative))
        return false;
    if (kind->hex) {
        lx_buf_lit(out, "0x");
        add_number(out, n, 16, kind->hex);
        for (size_t i = at + 2; kind->upper && i < out->len; i++)
            out->data[i] = large(out->data[i]);
        return true;
    }
    if (kind->octal) {
        add_number(out, n, 8, kind->octal);
        return true;
    }
    if (negative && n)
        lx_buf_byte(out, '-');
    add_number(out, n, 10, 1);
    return true;
}

bool lx_kind_is_nonzero(const lx_value_kind *kind, lx_span value)
{
    uint64_t n;
    bool negative;

    return kind->is == LX_IS_NUMBER && read_number(kind, value, &n, &negative) && n;
}

/* Read digits of a number below SET_SIZE. */
static bool read_member(const uint8_t **p, const uint8_t *end, uint32_t *n)
{
    const uint8_t *from = *p;

    *n = 0;
    while (*p < end && lx_digit(**p) < 10 && *n < SET_SIZE)
        *n = *n * 10 + lx_digit(*(*p)++);
    return *p > from && *n < SET_SIZE;
}

static void put(uint64_t *set, uint32_t low, uint32_t high, bool in)
{
    for (uint32_t word = low >> 6; word <= high >> 6; word++) {
        uint64_t bits = UINT64_MAX;

        if (word == low >> 6)
            bits &= UINT64_MAX << (low & 63);
        if (word == high >> 6)
            bits &= UINT64_MAX >> (63 - (high & 63));
        set[word] = in ? set[word] | bits : set[word] & ~bits;
    }
}

/* The first number from `i` on that is in the set, or is not; SET_SIZE if there is none. */
static uint32_t find(const uint64_t *set, uint32_t i, bool in)
{
    while (i < SET_SIZE) {
        uint64_t word = (in ? set[i >> 6] : ~set[i >> 6]) >> (i & 63);

        if (word)
            return i + (uint32_t)__builtin_ctzll(word);
        i = (i | 63) + 1;
    }
    return SET_SIZE;
}

/* Read a set as libvirt reads bitmaps. */
static bool read_set(const uint8_t *p, const uint8_t *end, uint64_t *set)
{
    p = skip_space(p, end);
    if (p == end)
        return false;
    while (p < end) {
        bool out = *p == '^';
        uint32_t low, high;

        p += out;
        if (!read_member(&p, end, &low))
            return false;
        p = skip_space(p, end);
        high = low;
        if (p < end && *p == '-') {
            p = skip_space(p + 1, end);
            p += p < end && *p == '+';
            if (out || !read_member(&p, end, &high) || high < low)
                return false;
            p = skip_space(p, end);
        }
        put(set, low, high, !out);
        if (p < end && *p++ != ',')
            return false;
        p = skip_space(p, end);
    }
    return true;
}

static bool spell_set(lx_span value, lx_buf *out)
{
    uint64_t set[SET_SIZE / 64] = {0};
    uint32_t from, to;

    if (!read_set(value.p, value.p + value.len, set) || find(set, 0, true) == SET_SIZE)
        return false;
    for (from = find(set, 0, true); from < SET_SIZE; from = find(set, to, true)) {
        to = find(set, from, false);
        add_number(out, from, 10, 1);
        if (to > from + 1) {
            lx_buf_byte(out, '-');
            add_number(out, to - 1, 10, 1);
        }
        lx_buf_byte(out, ',');
    }
    out->len -= out->len > 0; /* the last comma; nothing is there if memory was short */
    return true;
}

static bool spell_mac(lx_span value, lx_buf *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = value.p, *end = p + value.len;
    uint8_t text[17];

    for (unsigned i = 0; i < 6; i++) {
        unsigned n = 0, count = 0;

        for (; p < end && lx_digit(*p) < 16 && count < 3; count++)
            n = n * 16 + lx_digit(*p++);
        /* The lowest bit of the first byte: the address of a group. */
        if (!count || count > 2 || (i == 0 && n & 1))
            return false;
        if (i < 5 && (p == end || *p++ != ':'))
            return false;
        text[3 * i] = (uint8_t)digits[n >> 4];
        text[3 * i + 1] = (uint8_t)digits[n & 15];
        if (i < 5)
            text[3 * i + 2] = ':';
    }
    if (skip_space(p, end) != end)
        return false;
    lx_buf_add(out, text, sizeof text);
    return true;
}

static bool spell_ports(lx_span value, lx_buf *out)
{
    static const lx_value_kind port = {.is = LX_IS_NUMBER, .base = 10, .most = UINT32_MAX};
    const uint8_t *p = value.p, *end = p + value.len;
    uint64_t ports[4];
    unsigned count = 0;

    for (;; p++) {
        const uint8_t *from = p;
        bool negative;

        while (p < end && *p != '.')
            p++;
        if (count == 4 || !read_number(&port, (lx_span){from, (size_t)(p - from)}, ports + count,
                                       &negative) || !ports[count])
            return false;
        count++;
        if (p == end)
            break;
    }
    for (unsigned i = 0; i < count; i++) {
        if (i)
            lx_buf_byte(out, '.');
        add_number(out, ports[i], 10, 1);
    }
    return true;
}

/* Two numbers below 100; one digit behind the dot counts tens. */
static bool spell_version(lx_span value, lx_buf *out)
{
    static const lx_value_kind part = {.is = LX_IS_NUMBER, .base = 10, .most = 99};
    const uint8_t *p = value.p, *end = p + value.len;
    uint64_t major, minor;
    bool negative;

    while (p < end && *p != '.')
        p++;
    if (p == end ||
        !read_number(&part, (lx_span){value.p, (size_t)(p - value.p)}, &major, &negative))
        return false;
    p++;
    if (!read_number(&part, (lx_span){p, (size_t)(end - p)}, &minor, &negative))
        return false;
    add_number(out, major, 10, 1);
    lx_buf_byte(out, '.');
    add_number(out, end - p == 1 ? minor * 10 : minor, 10, 2);
    return true;
}

static bool spell_loadparm(lx_span value, lx_buf *out)
{
    uint8_t text[LOADPARM];
    bool blank = true;

    if (value.len > LOADPARM)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        text[i] = large(value.p[i]);
        if (!is_loadparm(text[i]))
            return false;
        blank &= text[i] == ' ';
    }
    if (!blank)
        lx_buf_add(out, text, value.len);
    return !blank;
}

static bool spell_uuid(lx_span value, lx_buf *out)
{
    uint8_t text[36];

    if (!lx_value_uuid(value, text))
        return false;
    lx_buf_add(out, text, sizeof text);
    return true;
}

bool lx_kind_spell(const lx_value_kind *kind, lx_span value, lx_buf *out)
{
    switch (kind->is) {
    case LX_IS_NUMBER:
        return spell_number(kind, value, out);
    case LX_IS_SET:
        return spell_set(value, out);
    case LX_IS_MAC:
        return spell_mac(value, out);
    case LX_IS_UUID:
        return spell_uuid(value, out);
    case LX_IS_PORTS:
        return spell_ports(value, out);
    case LX_IS_VERSION:
        return spell_version(value, out);
    case LX_IS_LOADPARM:
        return spell_loadparm(value, out);
    default:
        return false;
    }
}

bool lx_kind_spell_size(const lx_value_kind *kind, lx_span value, lx_span unit, lx_buf *out,
                        lx_span *in)
{
    static const lx_span one = {(const uint8_t *)"1", 1};
    uint64_t bytes, scale = 1;

    if (!lx_value_scale(value, unit.len ? unit : kind->assumed, &bytes))
        return false;
    if (kind->unit.p)
        lx_value_scale(one, kind->unit, &scale);
    if (kind->exact && bytes % scale)
        return false;
    bytes = bytes / scale + (bytes % scale != 0);
    if (bytes > kind->most / scale)
        return false;
    *in = kind->unit;
    if (!kind->unit.p) {
        unsigned i = 0;

        for (; bytes && bytes % 1024 == 0 && i < PRETTY - 1; i++)
            bytes /= 1024;
        *in = pretty_units[i];
    }
    add_number(out, bytes, 10, 1);
    return true;
}
