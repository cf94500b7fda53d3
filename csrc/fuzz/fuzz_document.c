/* libFuzzer target: any bytes as a document, in every mode.
 *
 * Beyond not crashing, what was accepted must be a fixed point, must come back from its
 * MessagePack the same, and must not depend on which index was used. */
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

/* The whole text in one allocation. */
static uint8_t *text_of(lx_ctx *ctx, lx_mode mode, size_t *len)
{
    lx_bytes pieces[LX_MAX_PIECES];
    lx_error error;
    size_t n = lx_text(ctx, mode == LX_INTERNAL, pieces, &error);
    uint8_t *text, *to;

    *len = 0;
    for (size_t i = 0; i < n; i++)
        *len += pieces[i].len;
    if (!n)
        return NULL;
    to = text = malloc(*len + 1);
    for (size_t i = 0; i < n; i++) {
        memcpy(to, pieces[i].data, pieces[i].len);
        to += pieces[i].len;
    }
    return text;
}

static void try_mode(lx_ctx *ctx, lx_ctx *other, const uint8_t *data, size_t size, lx_mode mode)
{
    lx_document document, again;
    lx_error error, error2;
    size_t len, len2;
    uint8_t *text, *text2;
    lx_bytes head;
    bool ok = lx_read(ctx, data, size, mode, &document, &error);

    check(lx_read(other, data, size, mode, &again, &error2) == ok, "same verdict, scalar");
    check(error.code == error2.code && error.offset == error2.offset, "same error, scalar");
    check(ok || error.offset <= size, "the offset lies in the document");
    if (!ok)
        return;
    text = text_of(ctx, mode, &len);
    text2 = text_of(other, mode, &len2);
    check(text && text2 && len == len2 && !memcmp(text, text2, len), "same text, scalar");
    free(text2);
    if (document.kind == LX_SNAPSHOT) {
        uint8_t *packed;

        check(lx_head(ctx, true, mode == LX_INTERNAL, &head, &error), "packs");
        packed = malloc(head.len);
        memcpy(packed, head.data, head.len);
        check(lx_load(other, (lx_bytes){packed, head.len}, NULL, &error), "loads what it packed");
        text2 = text_of(other, mode, &len2);
        check(text2 && len == len2 && !memcmp(text, text2, len), "same text from MessagePack");
        free(text2);
        free(packed);
    }
    check(lx_read(ctx, text, len, mode, &again, &error), "accepts its own text");
    text2 = text_of(ctx, mode, &len2);
    check(text2 && len == len2 && !memcmp(text, text2, len), "fixed point");
    free(text2);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lx_ctx *ctx, *other;

    if (!ctx) {
        ctx = lx_new(NULL, 1);
        other = lx_new(NULL, 2);
        lx_use_scalar(other, true);
    }
    try_mode(ctx, other, data, size, LX_REDEFINE);
    try_mode(ctx, other, data, size, LX_CREATE);
    try_mode(ctx, other, data, size, LX_INTERNAL);
    return 0;
}
