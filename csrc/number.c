#include "number.h"
#include "value.h"

bool lx_number_c(lx_span text, uint64_t *value)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = text.p, *end = p + text.len;
    unsigned base = 10;

    while (p < end && (*p == ' ' || (*p >= '\t' && *p <= '\r')))
        p++;
    p += p < end && *p == '+';
    if (end - p > 2 && *p == '0' && (p[1] | 0x20) == 'x') {
        base = 16;
        p += 2;
    } else if (end - p > 1 && *p == '0') {
        base = 8;
    }
    if (p == end)
        return false;
    for (*value = 0; p < end; p++) {
        uint8_t lower = *p > '9' ? *p | 0x20 : *p;
        const char *digit = lower ? memchr(digits, lower, base) : NULL;

        if (!digit)
            return false;
        *value = *value * base + (uint64_t)(digit - digits);
        if (*value > UINT32_MAX)
            return false;
    }
    return true;
}

const char *lx_number_decimal(char text[21], uint64_t n)
{
    size_t at = 20;

    text[at] = 0;
    do
        text[--at] = (char)('0' + n % 10);
    while (n /= 10);
    return text + at;
}

const char *lx_number_hex(char text[19], uint64_t n, unsigned least)
{
    size_t at = 18;

    text[at] = 0;
    do {
        text[--at] = "0123456789abcdef"[n % 16];
        n /= 16;
    } while (n || 18 - at < least);
    text[--at] = 'x';
    text[--at] = '0';
    return text + at;
}

bool lx_number_wrapping(lx_span text, uint64_t *value)
{
    static const lx_span bytes = {(const uint8_t *)"", 0};
    const uint8_t *minus = memchr(text.p, '-', text.len);
    lx_span digits = text;

    for (const uint8_t *p = text.p; minus && p < minus; p++)
        if (*p != ' ' && (*p < '\t' || *p > '\r'))
            return false;
    if (minus) {
        digits = (lx_span){minus + 1, text.len - (size_t)(minus + 1 - text.p)};
        if (!digits.len || *digits.p < '0' || *digits.p > '9')
            return false;
    }
    if (!lx_value_scale(digits, bytes, value))
        return false;
    *value = minus ? 0 - *value : *value;
    return true;
}
