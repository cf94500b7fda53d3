/* A growing byte buffer with a sticky failure flag: appends return nothing, one look at
 * `failed` at the end is enough. */
#ifndef LX_BUFFER_H
#define LX_BUFFER_H

#include "lineage_xml.h"

#include <string.h>

#if defined(__GNUC__)
#define LX_LIKELY(x) __builtin_expect(!!(x), 1)
#define LX_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define LX_NOINLINE __attribute__((noinline))
#define LX_HIDDEN __attribute__((visibility("hidden")))
/* Keep the compiler from using another variable that it knows to be equal. */
#define LX_OPAQUE(x) __asm__("" : "+r"(x))
#else
#define LX_LIKELY(x) (x)
#define LX_UNLIKELY(x) (x)
#define LX_NOINLINE
#define LX_HIDDEN
#define LX_OPAQUE(x) (void)0
#endif

typedef struct {
    uint8_t *data;
    size_t len, cap;
    bool failed; /* an allocation failed: contents are short */
    const lx_allocator *alloc;
} lx_buf;

void lx_buf_init(lx_buf *b, const lx_allocator *alloc);
void lx_buf_free(lx_buf *b);

/* Make room for `more` bytes; false (and failed) if there is none. */
bool lx_buf_reserve_slow(lx_buf *b, size_t more);

static inline bool lx_buf_reserve(lx_buf *b, size_t more)
{
    return LX_LIKELY(b->cap - b->len >= more) ? true : lx_buf_reserve_slow(b, more);
}

static inline void lx_buf_add(lx_buf *b, const void *data, size_t len)
{
    if (lx_buf_reserve(b, len) && len) {
        memcpy(b->data + b->len, data, len);
        b->len += len;
    }
}

/* The same for bytes that may be read LX_OVER bytes on: short ones are copied in one step of a
 * fixed size, without a branch on their length. */
#define LX_OVER 32
static inline void lx_buf_add_padded(lx_buf *b, const uint8_t *data, size_t len)
{
    if (LX_UNLIKELY(len > LX_OVER)) {
        lx_buf_add(b, data, len);
        return;
    }
    if (lx_buf_reserve(b, LX_OVER)) {
        memcpy(b->data + b->len, data, LX_OVER);
        b->len += len;
    }
}

static inline void lx_buf_byte(lx_buf *b, uint8_t byte)
{
    if (lx_buf_reserve(b, 1))
        b->data[b->len++] = byte;
}

/* A text constant. */
#define lx_buf_lit(b, text) lx_buf_add((b), (text), sizeof(text) - 1)

/* An array that grows: ensures room for one more element; false if memory is short. */
bool lx_grow(const lx_allocator *alloc, void **data, size_t *cap, size_t used, size_t size);

#endif
