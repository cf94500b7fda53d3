/* A fixed run of the core for valgrind to count: `instructions WORK FILE`.
 *
 * FILE holds documents, each behind its length (8 bytes, of this machine's order). Everything is
 * done once before `measured` does it again: what is counted is not the growing of buffers. */
#include "lineage_xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED 1

typedef struct {
    lx_bytes *document;
    size_t count;
} work;

static void fail(const char *what)
{
    fprintf(stderr, "instructions: %s\n", what);
    exit(1);
}

static void *needed(void *memory)
{
    if (!memory)
        fail("no memory");
    return memory;
}

static work load(const char *path)
{
    FILE *file = fopen(path, "rb");
    work w = {NULL, 0};
    uint64_t len;

    if (!file)
        fail("cannot open the documents");
    while (fread(&len, sizeof len, 1, file) == 1) {
        uint8_t *data = needed(malloc(len ? len : 1));

        if (fread(data, 1, len, file) != len)
            fail("the documents are cut short");
        w.document = needed(realloc(w.document, (w.count + 1) * sizeof *w.document));
        w.document[w.count++] = (lx_bytes){data, len};
    }
    fclose(file);
    return w;
}

static size_t canonicalize(lx_ctx *ctx, lx_bytes b)
{
    lx_bytes pieces[LX_MAX_PIECES];
    lx_document document;
    lx_error error;

    return lx_read(ctx, b.data, b.len, LX_REDEFINE, &document, &error) &&
           lx_text(ctx, false, pieces, &error);
}

static size_t parse(lx_ctx *ctx, lx_bytes b)
{
    lx_document document;
    lx_bytes packed;
    lx_error error;

    return lx_read(ctx, b.data, b.len, LX_REDEFINE, &document, &error) &&
           lx_head(ctx, true, false, &packed, &error);
}

static size_t format(lx_ctx *ctx, lx_bytes b)
{
    lx_bytes pieces[LX_MAX_PIECES];
    lx_error error;

    return lx_load(ctx, b, NULL, &error) && lx_text(ctx, true, pieces, &error);
}

/* Replace each document by its record. */
static void pack(lx_ctx *ctx, work w)
{
    for (size_t i = 0; i < w.count; i++) {
        lx_document document;
        lx_bytes packed, *b = w.document + i;
        lx_error error;
        uint8_t *copy;

        if (!lx_read(ctx, b->data, b->len, LX_REDEFINE, &document, &error) ||
            !lx_head(ctx, true, false, &packed, &error))
            fail("a document is refused");
        copy = needed(malloc(packed.len));
        memcpy(copy, packed.data, packed.len);
        free((void *)b->data);
        *b = (lx_bytes){copy, packed.len};
    }
}

/* Valgrind counts in here and nowhere else. */
__attribute__((noinline)) size_t measured(lx_ctx *ctx, work w, size_t (*step)(lx_ctx *, lx_bytes));

size_t measured(lx_ctx *ctx, work w, size_t (*step)(lx_ctx *, lx_bytes))
{
    size_t done = 0;

    for (size_t i = 0; i < w.count; i++)
        done += step(ctx, w.document[i]);
    return done;
}

int main(int argc, char **argv)
{
    size_t (*step)(lx_ctx *, lx_bytes) = canonicalize;
    size_t (*volatile run)(lx_ctx *, work, size_t (*)(lx_ctx *, lx_bytes)) = measured;
    lx_ctx *ctx = needed(lx_new(NULL, SEED));
    work w;

    if (argc != 3)
        fail("usage: instructions WORK FILE");
    w = load(argv[2]);
    if (!strcmp(argv[1], "parse"))
        step = parse;
    if (!strcmp(argv[1], "format")) {
        step = format;
        pack(ctx, w);
    }
    for (size_t i = 0; i < w.count; i++)
        if (!step(ctx, w.document[i]))
            fail("a document is refused");
    if (run(ctx, w, step) != w.count)
        fail("a document is refused");
    for (size_t i = 0; i < w.count; i++)
        free((void *)w.document[i].data);
    free(w.document);
    lx_free(ctx);
    return 0;
}
