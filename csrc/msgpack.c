#include "msgpack.h"

static void tagged(lx_buf *out, uint8_t tag, uint64_t value, unsigned bytes)
{
    uint8_t b[9] = {tag};

    for (unsigned i = 0; i < bytes; i++)
        b[1 + i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    lx_buf_add(out, b, 1 + bytes);
}

void lx_pack_nil(lx_buf *out)
{
    lx_buf_byte(out, 0xc0);
}

void lx_pack_bool(lx_buf *out, bool value)
{
    lx_buf_byte(out, value ? 0xc3 : 0xc2);
}

void lx_pack_int(lx_buf *out, int64_t value)
{
    uint64_t u = (uint64_t)value;

    if (value >= 0) {
        if (value < 128)
            lx_buf_byte(out, (uint8_t)value);
        else if (value <= UINT8_MAX)
            tagged(out, 0xcc, u, 1);
        else if (value <= UINT16_MAX)
            tagged(out, 0xcd, u, 2);
        else if (value <= UINT32_MAX)
            tagged(out, 0xce, u, 4);
        else
            tagged(out, 0xcf, u, 8);
    } else if (value >= -32) {
        lx_buf_byte(out, (uint8_t)u);
    } else if (value >= INT8_MIN) {
        tagged(out, 0xd0, u, 1);
    } else if (value >= INT16_MIN) {
        tagged(out, 0xd1, u, 2);
    } else if (value >= INT32_MIN) {
        tagged(out, 0xd2, u, 4);
    } else {
        tagged(out, 0xd3, u, 8);
    }
}

void lx_pack_text(lx_buf *out, lx_span text)
{
    if (text.len < 32)
        lx_buf_byte(out, (uint8_t)(0xa0 | text.len));
    else if (text.len <= UINT8_MAX)
        tagged(out, 0xd9, text.len, 1);
    else if (text.len <= UINT16_MAX)
        tagged(out, 0xda, text.len, 2);
    else
        tagged(out, 0xdb, text.len, 4);
    lx_buf_add(out, text.p, text.len);
}

void lx_pack_bytes(lx_buf *out, lx_span bytes)
{
    if (bytes.len <= UINT8_MAX)
        tagged(out, 0xc4, bytes.len, 1);
    else if (bytes.len <= UINT16_MAX)
        tagged(out, 0xc5, bytes.len, 2);
    else
        tagged(out, 0xc6, bytes.len, 4);
    lx_buf_add(out, bytes.p, bytes.len);
}

void lx_pack_array(lx_buf *out, size_t n)
{
    if (n < 16)
        lx_buf_byte(out, (uint8_t)(0x90 | n));
    else if (n <= UINT16_MAX)
        tagged(out, 0xdc, n, 2);
    else
        tagged(out, 0xdd, n, 4);
}

void lx_pack_map(lx_buf *out, size_t n)
{
    if (n < 16)
        lx_buf_byte(out, (uint8_t)(0x80 | n));
    else
        tagged(out, 0xde, n, 2);
}

/* ---- reading ---- */

static uint64_t fail(lx_unpack *u)
{
    u->bad = true;
    u->p = u->end;
    return 0;
}

static uint64_t big_endian(lx_unpack *u, unsigned bytes)
{
    uint64_t v = 0;

    if ((size_t)(u->end - u->p) < bytes)
        return fail(u);
    for (unsigned i = 0; i < bytes; i++)
        v = v << 8 | *u->p++;
    return v;
}

static uint8_t next(lx_unpack *u)
{
    return (uint8_t)big_endian(u, 1);
}

static lx_span take(lx_unpack *u, uint64_t len)
{
    lx_span span = {u->p, (size_t)len};

    if (u->bad || (uint64_t)(u->end - u->p) < len) {
        fail(u);
        return (lx_span){u->end, 0};
    }
    u->p += len;
    return span;
}

bool lx_unpack_nil(lx_unpack *u)
{
    if (u->p == u->end || *u->p != 0xc0)
        return false;
    u->p++;
    return true;
}

bool lx_unpack_bool(lx_unpack *u)
{
    uint8_t c = next(u);

    if (c != 0xc2 && c != 0xc3)
        fail(u);
    return c == 0xc3;
}

int64_t lx_unpack_int(lx_unpack *u)
{
    uint8_t c = next(u);
    uint64_t v;

    if (c < 0x80 || c >= 0xe0)
        return (int8_t)c;
    switch (c) {
    case 0xcc: return (int64_t)big_endian(u, 1);
    case 0xcd: return (int64_t)big_endian(u, 2);
    case 0xce: return (int64_t)big_endian(u, 4);
    case 0xcf: v = big_endian(u, 8); return v <= INT64_MAX ? (int64_t)v : (int64_t)fail(u);
    case 0xd0: return (int8_t)big_endian(u, 1);
    case 0xd1: return (int16_t)big_endian(u, 2);
    case 0xd2: return (int32_t)big_endian(u, 4);
    case 0xd3: return (int64_t)big_endian(u, 8);
    default: return (int64_t)fail(u);
    }
}

lx_span lx_unpack_text(lx_unpack *u)
{
    uint8_t c = next(u);

    if ((c & 0xe0) == 0xa0)
        return take(u, c & 0x1f);
    if (c < 0xd9 || c > 0xdb)
        return take(u, fail(u));
    return take(u, big_endian(u, 1u << (c - 0xd9)));
}

lx_span lx_unpack_bytes(lx_unpack *u)
{
    uint8_t c = next(u);

    if (c < 0xc4 || c > 0xc6)
        return take(u, fail(u));
    return take(u, big_endian(u, 1u << (c - 0xc4)));
}

size_t lx_unpack_array(lx_unpack *u)
{
    uint8_t c = next(u);

    if ((c & 0xf0) == 0x90)
        return c & 0x0f;
    if (c == 0xdc || c == 0xdd)
        return (size_t)big_endian(u, c == 0xdc ? 2 : 4);
    return (size_t)fail(u);
}

size_t lx_unpack_map(lx_unpack *u)
{
    uint8_t c = next(u);

    if ((c & 0xf0) == 0x80)
        return c & 0x0f;
    if (c == 0xde || c == 0xdf)
        return (size_t)big_endian(u, c == 0xde ? 2 : 4);
    return (size_t)fail(u);
}
