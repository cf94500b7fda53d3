/* libFuzzer target: any bytes as a document, in every mode, and as a packed head.
 *
 * Beyond not crashing: what was accepted is a fixed point, comes back the same from its
 * MessagePack, whole or in the parts a store keeps, and depends neither on the index that was
 * used, nor on short cuts, nor on what was read before; memory may run out at any allocation; a
 * packed head that is damaged is refused, or is one that packs to itself; and deltas keep their
 * own laws (delta_laws.c). */
#include "delta_laws.h"
#include "lineage_xml.h"

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

typedef struct {
    uint8_t *data; /* of exactly that size, so that an over-read is found */
    size_t len;
} block;

static block copy(lx_bytes bytes)
{
    block b = {malloc(bytes.len ? bytes.len : 1), bytes.len};

    if (bytes.len)
        memcpy(b.data, bytes.data, bytes.len);
    return b;
}

static lx_bytes bytes_of(block b)
{
    return (lx_bytes){b.data, b.len};
}

static block text_of(lx_ctx *ctx, bool active)
{
    lx_bytes pieces[LX_MAX_PIECES];
    lx_error error;
    size_t n = lx_text(ctx, active, pieces, &error), at = 0;
    block text = {NULL, 0};

    check(n > 0 || error.code == LX_E_LIMIT_SIZE, "has a text");
    for (size_t i = 0; i < n; i++)
        text.len += pieces[i].len;
    text.data = malloc(text.len ? text.len : 1);
    for (size_t i = 0; i < n; i++) {
        if (pieces[i].len)
            memcpy(text.data + at, pieces[i].data, pieces[i].len);
        at += pieces[i].len;
    }
    return text;
}

/* Does the ctx hold that text? */
static bool holds(lx_ctx *ctx, bool active, block text)
{
    block other = text_of(ctx, active);
    bool same = other.len == text.len && !memcmp(other.data, text.data, text.len);

    free(other.data);
    return same;
}

/* ---- memory that runs out ---- */

typedef struct {
    size_t left, blocks;
} budget;

static void *budget_resize(void *user, void *old, size_t size)
{
    budget *b = user;
    void *block;

    if (!b->left)
        return NULL;
    b->left--;
    block = realloc(old, size);
    b->blocks += !old && block;
    return block;
}

static void *budget_alloc(void *user, size_t size)
{
    return budget_resize(user, NULL, size);
}

static void budget_release(void *user, void *old)
{
    budget *b = user;

    b->blocks -= old != NULL;
    free(old);
}

/* Read, print, pack, load and print again. */
static bool whole_way(lx_ctx *ctx, const uint8_t *data, size_t size, lx_mode mode, lx_error *error)
{
    lx_bytes pieces[LX_MAX_PIECES], head;
    lx_document document;
    block packed;
    bool ok;

    if (!lx_read(ctx, data, size, mode, &document, error) ||
        !lx_text(ctx, true, pieces, error))
        return false;
    if (document.kind == LX_DOMAIN)
        return true;
    if (!lx_head(ctx, true, true, &head, error))
        return false;
    packed = copy(head);
    ok = lx_load(ctx, bytes_of(packed), NULL, error) && lx_text(ctx, true, pieces, error);
    free(packed.data);
    return ok;
}

/* Allow `n` allocations: the result is that of the error `wanted`, or memory ran out. */
static void try_short(const uint8_t *data, size_t size, lx_mode mode, size_t n, lx_code wanted)
{
    budget b = {n, 0};
    lx_allocator allocator = {budget_alloc, budget_resize, budget_release, &b};
    lx_ctx *ctx = lx_new(&allocator, 3);
    lx_error error = {LX_OK, 0};

    if (ctx) {
        bool ok = whole_way(ctx, data, size, mode, &error);

        check(ok == (error.code == LX_OK), "an error has a code");
        check(error.code == wanted || (error.code == LX_NOMEM && !b.left), "or memory ran out");
        b.left = SIZE_MAX;
        check(whole_way(ctx, data, size, mode, &error) == (wanted == LX_OK), "works again");
    }
    lx_free(ctx);
    check(!b.blocks, "nothing leaks");
}

/* ---- packed heads ---- */

/* Any bytes as a head. */
static void try_packed(lx_ctx *ctx, lx_ctx *other, lx_bytes packed, const lx_bytes *bodies)
{
    lx_error error;
    lx_bytes again;
    block text, kept;

    if (!lx_load(ctx, packed, bodies, &error)) {
        check(error.code == LX_OK || error.code == LX_E_CHAR || error.code == LX_E_UTF8 ||
                  error.code == LX_E_NAME,
              "a packed head is refused for its form or its characters");
        return;
    }
    text = text_of(ctx, true);
    check(lx_head(ctx, true, true, &again, &error), "packs what it loaded");
    kept = copy(again);
    check(lx_load(other, bytes_of(kept), NULL, &error), "loads what it packed of it");
    check(holds(other, true, text), "same text of it");
    lx_set_active(other, INT64_MIN);
    free(text_of(other, true).data);
    free(kept.data);
    free(text.data);
}

/* Damage the head in one place, chosen by `seed`. */
static void damage(lx_ctx *ctx, lx_ctx *other, lx_bytes head, uint32_t seed)
{
    block bad = copy(head);
    size_t at = seed % bad.len;

    bad.data[at] ^= (uint8_t)(1 + (seed >> 16) % 255);
    try_packed(ctx, other, bytes_of(bad), NULL);
    bad.data[at] = (uint8_t)"\xc0\xc2\xd9\xda\xdb\xdc\xdd\xd3\xcf\xcd\xc4\xff"[(seed >> 8) % 12];
    try_packed(ctx, other, bytes_of(bad), NULL);
    try_packed(ctx, other, (lx_bytes){bad.data, at}, NULL);
    free(bad.data);
}

/* A snapshot that `ctx` holds, from its MessagePack. */
static void try_head(lx_ctx *ctx, lx_ctx *other, lx_ctx *third, const lx_document *document,
                     bool active, block text, uint32_t seed)
{
    lx_bytes head, bodies[LX_BODIES];
    block parts[LX_BODIES], packed;
    lx_error error;

    for (unsigned i = 0; i < LX_BODIES; i++) {
        parts[i] = copy(document->body[i]);
        bodies[i] = (lx_bytes){document->body[i].data ? parts[i].data : NULL, parts[i].len};
    }
    check(lx_head(ctx, true, active, &head, &error), "packs");
    packed = copy(head);
    check(lx_load(other, bytes_of(packed), NULL, &error), "loads what it packed");
    check(holds(other, active, text), "same text from MessagePack");
    damage(other, third, bytes_of(packed), seed);
    free(packed.data);
    check(lx_head(ctx, false, active, &head, &error), "packs without bodies");
    packed = copy(head);
    check(lx_load(other, bytes_of(packed), bodies, &error), "loads a head with its bodies");
    check(holds(other, active, text), "same text from a head and its bodies");
    free(packed.data);
    for (unsigned i = 0; i < LX_BODIES; i++)
        free(parts[i].data);
}

/* ---- documents ---- */

typedef struct {
    lx_ctx *ctx, *scalar, *slow, *third;
} contexts;

/* Another ctx comes to the same. */
static void same_in(lx_ctx *other, const char *which, const uint8_t *data, size_t size,
                    lx_mode mode, lx_error error, block text)
{
    lx_document document;
    lx_error error2;

    check(lx_read(other, data, size, mode, &document, &error2) == !error.code, which);
    check(error.code == error2.code && error.offset == error2.offset, which);
    if (!error.code)
        check(holds(other, mode == LX_INTERNAL, text), which);
}

static void try_mode(const contexts *c, const uint8_t *data, size_t size, lx_mode mode,
                     uint32_t seed)
{
    bool active = mode == LX_INTERNAL, ok;
    lx_document document, again;
    lx_error error;
    block text = {NULL, 0};

    ok = lx_read(c->ctx, data, size, mode, &document, &error);
    check(ok || error.offset <= size, "the offset lies in the document");
    check(ok || (*lx_error_code(error.code) && *lx_error_message(error.code) &&
                 lx_error_class(error.code) != LX_CLASS_NONE),
          "an error has a code, a message and a class");
    if (seed % 8 == 0)
        try_short(data, size, mode, seed / 8 % 64, error.code);
    if (ok)
        text = text_of(c->ctx, active);
    same_in(c->scalar, "the same with the scalar index", data, size, mode, error, text);
    same_in(c->slow, "the same the long way", data, size, mode, error, text);
    if (seed % 4 == 1) {
        lx_ctx *fresh = lx_new(NULL, seed);

        same_in(fresh, "the same in a new context", data, size, mode, error, text);
        lx_free(fresh);
    }
    if (!ok)
        return;
    if (document.kind == LX_SNAPSHOT)
        try_head(c->ctx, c->scalar, c->third, &document, active, text, seed);
    check(lx_read(c->ctx, text.data, text.len, mode, &again, &error), "accepts its own text");
    check(holds(c->ctx, active, text), "fixed point");
    check(lx_footprint(c->ctx) <=
              LX_MEMORY_FACTOR * 2 * (size_t)(LX_MAX_DOCUMENT) + LX_MEMORY_BASE, "footprint");
    free(text.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static contexts c;
    uint32_t seed = 2166136261u;

    if (!c.ctx) {
        c.ctx = lx_new(NULL, 1);
        c.scalar = lx_new(NULL, 2);
        c.slow = lx_new(NULL, 3);
        c.third = lx_new(NULL, 4);
        lx_use_shortcuts(c.slow, false);
        lx_use_scalar(c.scalar, true);
    }
    for (size_t i = 0; i < size; i++)
        seed = (seed ^ data[i]) * 16777619u;
    seed ^= seed >> 15;
    try_mode(&c, data, size, LX_REDEFINE, seed);
    try_mode(&c, data, size, LX_CREATE, seed >> 3);
    try_mode(&c, data, size, LX_INTERNAL, seed >> 6);
    try_packed(c.ctx, c.third, (lx_bytes){data, size}, NULL);
    delta_laws(data, size);
    return 0;
}
