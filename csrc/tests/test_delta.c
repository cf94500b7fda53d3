/* Deltas: what was encoded comes back, short memory is reported, and no bytes that call themselves
 * a delta reach beyond base, delta or limit. */
#include "delta.h"

#include "check.h"

#define ROOM 4096

typedef struct {
    size_t left, blocks;
} budget;

static void *budget_alloc(void *user, size_t size)
{
    budget *b = user;

    if (!b->left)
        return NULL;
    b->left--;
    b->blocks++;
    return malloc(size);
}

static void budget_release(void *user, void *old)
{
    budget *b = user;

    b->blocks--;
    free(old);
}

static uint32_t next(uint32_t *state)
{
    return *state = *state * 1664525u + 1013904223u;
}

/* A block of exactly that size, so that a sanitizer sees any over-read. */
static uint8_t *block(const void *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);

    if (len)
        memcpy(copy, bytes, len);
    return copy;
}

/* Encode, decode, compare; returns the delta's length, or LX_DELTA_NONE if it has no room. */
static size_t round_trip(const void *from, size_t from_len, const void *to, size_t to_len,
                         size_t room)
{
    uint8_t *base = block(from, from_len), *target = block(to, to_len), *out = malloc(room + 1);
    lx_delta_base *index = lx_delta_index(NULL, base, from_len);
    size_t len = lx_delta_encode(index, target, to_len, out, room);

    if (len != LX_DELTA_NONE) {
        uint8_t *delta = block(out, len), *result = malloc(to_len + 1);
        size_t size = lx_delta_size(delta, len, from_len, LX_DELTA_LONGEST);

        CHECK(len <= room, "%zu bytes in a room of %zu", len, room);
        CHECK(size == to_len, "%zu bytes instead of %zu", size, to_len);
        if (size == to_len) {
            lx_delta_apply(delta, len, base, from_len, result);
            CHECK(!memcmp(result, target, to_len), "another target");
            CHECK(!to_len || lx_delta_size(delta, len, from_len, to_len - 1) == LX_DELTA_NONE,
                  "more than the limit");
        }
        free(result);
        free(delta);
    }
    lx_delta_free(index);
    free(out);
    free(target);
    free(base);
    return len;
}

static size_t texts(const char *from, const char *to)
{
    return round_trip(from, strlen(from), to, strlen(to), ROOM);
}

static void test_lengths(void)
{
    CHECK(texts("a\nb\n", "a\nb\n") == 0, "what is equal costs something");
    CHECK(texts("", "") == 0, "nothing costs something");
    CHECK(texts("<a>1</a>\n<b/>\n", "<a>2</a>\n<b/>\n") == 4, "a digit costs more than a step");
    CHECK(texts("a\nb\nc\nd\n", "a\nc\nd\n") == 3, "a line less costs more than a step");
    CHECK(texts("a\nb\nc\n", "a\nb\nxyz\nc\n") == 6, "a line more costs more than itself");
    CHECK(texts("", "new") == 6, "a new text costs more than itself");
    CHECK(texts("old", "") == 3, "an end costs more than a step");
    CHECK(texts("1\n2\n3\n4\n", "3\n4\n1\n2\n") == 9, "lines that moved are written again");
}

static void test_room(void)
{
    const char *from = "a\nb\nc\n", *to = "a\nwhat is new\nc\n";
    size_t len = texts(from, to);

    for (size_t room = 0; room < 40; room++)
        CHECK(round_trip(from, strlen(from), to, strlen(to), room) ==
                  (room < len ? LX_DELTA_NONE : len),
              "room for %zu", room);
}

static void test_random(void)
{
    static const char *const pieces[] = {"a\n", "bb\n", "ccc", "\n", "a line of some length\n",
                                         "  <address slot='0x01'/>\n", "  <address slot='0x02'/>\n"};
    uint32_t state = 1;

    for (int n = 0; n < 20000; n++) {
        char text[2][1024] = {"", ""};

        for (int side = 0; side < 2; side++)
            for (uint32_t left = next(&state) >> 28; left--;)
                strcat(text[side], pieces[(next(&state) >> 20) % 7]);
        texts(text[0], text[1]);
    }
}

/* Bytes without meaning, and true deltas with a byte changed, are refused or give what they say. */
static void test_hostile(void)
{
    uint32_t state = 7;
    uint8_t *base = block("0123456789", 10);

    for (int n = 0; n < 200000; n++) {
        size_t len = next(&state) >> 28;
        uint8_t bytes[16], *delta;
        size_t size;

        for (size_t i = 0; i < len; i++)
            bytes[i] = next(&state) >> 31 ? (uint8_t)(next(&state) >> 24)
                                          : (uint8_t)((next(&state) >> 24) & 7);
        delta = block(bytes, len);
        size = lx_delta_size(delta, len, 10, 64);
        if (size != LX_DELTA_NONE) {
            uint8_t *out = malloc(size + 1);

            CHECK(size <= 64, "%zu bytes", size);
            lx_delta_apply(delta, len, base, 10, out);
            free(out);
        }
        free(delta);
    }
    free(base);
}

static void test_refused(void)
{
    static const struct {
        const char *why;
        uint8_t bytes[12];
        size_t len;
    } bad[] = {
        {"a step cut off", {1}, 1},
        {"a step without a move", {1, 0}, 2},
        {"a number cut off", {0x81}, 1},
        {"more than the base has", {11, 0, 0}, 3},
        {"more than is there", {0, 5, 'a'}, 3},
        {"before the base", {2, 0, 5}, 3},
        {"behind the base", {2, 0, 18}, 3},
        {"a number of more than 32 bits", {0xff, 0xff, 0xff, 0xff, 0x1f, 0, 0}, 7},
        {"a number without end", {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0, 0}, 10},
    };
    static const uint8_t again[] = {10, 0, 19, 10, 0, 19}; /* the whole base, and back: thrice */

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(lx_delta_size(bad[i].bytes, bad[i].len, 10, ROOM) == LX_DELTA_NONE, "%s", bad[i].why);
    CHECK(lx_delta_size(again, sizeof again, 10, 30) == 30, "what repeats is allowed");
    CHECK(lx_delta_size(again, sizeof again, 10, 29) == LX_DELTA_NONE, "but has its limit");
    CHECK(lx_delta_size(again, 0, (size_t)LX_DELTA_LONGEST + 1, SIZE_MAX) == LX_DELTA_NONE,
          "a base of any length");
}

static void test_memory(void)
{
    budget b = {0, 0};
    lx_allocator allocator = {budget_alloc, NULL, budget_release, &b};
    uint8_t out[8];
    lx_delta_base *index;

    CHECK(!lx_delta_index(&allocator, (const uint8_t *)"a\n", 2), "memory out of nowhere");
    CHECK(!lx_delta_index(&allocator, out, (size_t)LX_DELTA_LONGEST + 1), "a base of any length");
    CHECK(!b.blocks, "%zu blocks are left", b.blocks);
    b.left = 1;
    index = lx_delta_index(&allocator, (const uint8_t *)"a\n", 2);
    CHECK(index && b.blocks == 1, "one block is enough");
    CHECK(lx_delta_encode(index, (const uint8_t *)"b\n", 2, out, sizeof out) == 4, "encodes");
    lx_delta_free(index);
    CHECK(!b.blocks, "%zu blocks are left", b.blocks);
    lx_delta_free(NULL);
}

/* A base of equal lines, and a target that has none of its order: no square in the time. */
static void test_equal_lines(void)
{
    enum { LEN = 1 << 20 };
    uint8_t *base = malloc(LEN), *target = malloc(LEN), *out = malloc(2 * LEN);
    lx_delta_base *index;
    size_t len;

    memset(base, '\n', LEN);
    for (size_t i = 0; i < LEN; i++)
        target[i] = i % 3 ? '\n' : 'x';
    index = lx_delta_index(NULL, base, LEN);
    len = lx_delta_encode(index, target, LEN, out, 2 * LEN);
    if (len != LX_DELTA_NONE)
        CHECK(lx_delta_size(out, len, LEN, LEN) == LEN, "another length");
    lx_delta_free(index);
    free(out);
    free(target);
    free(base);
}

int main(void)
{
    test_lengths();
    test_room();
    test_random();
    test_hostile();
    test_refused();
    test_memory();
    test_equal_lines();
    return failures != 0;
}
