/* What the C tests share: documents from strings, and the text that comes out. */
#ifndef CHECK_H
#define CHECK_H

#include "lineage_xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

#define CHECK(ok, ...)                               \
    do {                                             \
        if (!(ok)) {                                 \
            printf("%s:%d: ", __FILE__, __LINE__);   \
            printf(__VA_ARGS__);                     \
            printf("\n");                            \
            failures++;                              \
        }                                            \
    } while (0)

/* Read exactly the bytes, in a block of exactly that size: an over-read is found. */
static inline bool read_exactly(lx_ctx *ctx, const void *bytes, size_t len, lx_mode mode,
                                lx_document *document, lx_error *error)
{
    uint8_t *copy = malloc(len ? len : 1);
    bool ok;

    if (len)
        memcpy(copy, bytes, len);
    ok = lx_read(ctx, copy, len, mode, document, error);
    free(copy); /* results must not point into the input */
    return ok;
}

/* The text that the ctx holds, as a string; NULL if there is none. */
static inline char *text_of(lx_ctx *ctx, bool active, size_t *len)
{
    lx_bytes pieces[LX_MAX_PIECES];
    lx_error error;
    size_t n = lx_text(ctx, active, pieces, &error), at = 0;
    char *text;

    *len = 0;
    for (size_t i = 0; i < n; i++)
        *len += pieces[i].len;
    if (!n)
        return NULL;
    text = malloc(*len + 1);
    for (size_t i = 0; i < n; i++) {
        memcpy(text + at, pieces[i].data, pieces[i].len);
        at += pieces[i].len;
    }
    text[*len] = 0;
    return text;
}

#endif
