#include "buffer.h"

void lx_buf_init(lx_buf *b, const lx_allocator *alloc)
{
    *b = (lx_buf){.alloc = alloc};
}

void lx_buf_free(lx_buf *b)
{
    if (b->data)
        b->alloc->release(b->alloc->user, b->data);
    lx_buf_init(b, b->alloc);
}

bool lx_buf_reserve_slow(lx_buf *b, size_t more)
{
    size_t cap = b->cap ? b->cap : 4096;
    uint8_t *data;

    if (b->failed || more > SIZE_MAX / 4 || b->len > SIZE_MAX / 4)
        return b->failed = true, false;
    while (cap - b->len < more)
        cap *= 2;
    data = b->alloc->resize(b->alloc->user, b->data, cap);
    if (!data)
        return b->failed = true, false;
    b->data = data;
    b->cap = cap;
    return true;
}

bool lx_grow(const lx_allocator *alloc, void **data, size_t *cap, size_t used, size_t size)
{
    size_t want = *cap ? *cap * 2 : 64;
    void *grown;

    if (used < *cap)
        return true;
    if (want > SIZE_MAX / size)
        return false;
    grown = alloc->resize(alloc->user, *data, want * size);
    if (!grown)
        return false;
    *data = grown;
    *cap = want;
    return true;
}
