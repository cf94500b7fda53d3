/* Any bytes as a base and a body, and as a delta: what was encoded comes back, and a delta that is
 * none is refused or gives as many bytes as it says. */
#include "delta_laws.h"

#include "delta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "broken law: %s\n", what);
        abort();
    }
}

/* Bytes of exactly that size, so that an over-read is found. */
static uint8_t *copy(const uint8_t *data, size_t len)
{
    uint8_t *bytes = malloc(len ? len : 1);

    if (len)
        memcpy(bytes, data, len);
    return bytes;
}

static void there_and_back(const uint8_t *base, size_t base_len, const uint8_t *body, size_t len)
{
    size_t room = 16 * len + 64, size; /* a step for every byte, at worst */
    uint8_t *delta = malloc(room), *out = malloc(len ? len : 1), *exact;
    lx_delta_base *index = lx_delta_index(NULL, base, base_len);

    size = lx_delta_encode(index, body, len, delta, room);
    check(size != LX_DELTA_NONE, "a delta has a step a byte at most");
    exact = copy(delta, size);
    check(lx_delta_size(exact, size, base_len, len) == len, "a delta says how much it gives");
    check(!len || lx_delta_size(exact, size, base_len, len - 1) == LX_DELTA_NONE, "and no more");
    lx_delta_apply(exact, size, base, base_len, out);
    check(!memcmp(out, body, len), "what was encoded comes back");
    check(!size || lx_delta_encode(index, body, len, delta, size - 1) == LX_DELTA_NONE,
          "there is no room for a byte less");
    lx_delta_free(index);
    free(exact);
    free(delta);
    free(out);
}

static void any_bytes(const uint8_t *delta, size_t len, const uint8_t *base, size_t base_len)
{
    size_t size = lx_delta_size(delta, len, base_len, 1 << 16);
    uint8_t *out;

    if (size == LX_DELTA_NONE)
        return;
    out = malloc(size ? size : 1);
    lx_delta_apply(delta, len, base, base_len, out);
    free(out);
}

void delta_laws(const uint8_t *data, size_t len)
{
    size_t half = len / 2;
    uint8_t *first = copy(data, half), *second = copy(data + half, len - half);
    uint8_t *whole = copy(data, len);

    there_and_back(first, half, second, len - half);
    there_and_back(whole, len, second, len - half);
    there_and_back(second, len - half, whole, len);
    any_bytes(first, half, second, len - half);
    any_bytes(whole, len, whole, len);
    free(first);
    free(second);
    free(whole);
}
