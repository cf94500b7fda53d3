/* The canonical text as it grows.
 *
 * Most input is canonical already, so output is kept as a run of the source for as long as the
 * two agree, and only copied where they part: a canonical document is verified, not written. */
#ifndef LX_OUTPUT_H
#define LX_OUTPUT_H

#include "buffer.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define LX_MANY_BREAKS 16

typedef struct {
    lx_buf buf;
    const uint8_t *run, *run_end; /* source bytes that follow buf in the output */
    unsigned breaks;              /* how often source and output parted */
} lx_out;

/* "\n" and two blanks a level for the deepest level. */
extern const uint8_t lx_newline_indent[1 + 2 * LX_MAX_DEPTH + LX_OVER];

static inline size_t lx_out_pos(const lx_out *o)
{
    return o->buf.len + (size_t)(o->run_end - o->run);
}

/* Start over; `source` is any place of the (padded) source. */
static inline void lx_out_begin(lx_out *o, const uint8_t *source)
{
    o->buf.len = 0;
    o->breaks = 0;
    o->run = o->run_end = source;
}

/* Copy the pending run, so that all output is in buf. */
static inline void lx_out_flush(lx_out *o)
{
    /* The source is padded. */
    lx_buf_add_padded(&o->buf, o->run, (size_t)(o->run_end - o->run));
    o->run = o->run_end;
}

/* Go back to an earlier position. */
static inline void lx_out_truncate(lx_out *o, size_t pos)
{
    if (pos >= o->buf.len) {
        o->run_end = o->run + (pos - o->buf.len);
    } else {
        o->buf.len = pos;
        o->run_end = o->run;
    }
}

/* Append source bytes. */
static inline void lx_out_source(lx_out *o, const uint8_t *from, const uint8_t *to)
{
    if (LX_UNLIKELY(from != o->run_end)) {
        lx_out_flush(o);
        o->run = from;
    }
    o->run_end = to;
}

#ifdef __SSE2__
/* A bit for each of 16 bytes that differ. */
static inline unsigned lx_differ16(const uint8_t *a, const uint8_t *b)
{
    __m128i x = _mm_loadu_si128((const __m128i *)a), y = _mm_loadu_si128((const __m128i *)b);

    return ~(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, y)) & 0xffff;
}
#endif

/* Equal for n bytes? Both sides may be read 16 bytes on from the first byte in which they differ,
 * or from the last; not further, which memcmp may do. */
static inline bool lx_same(const uint8_t *a, const uint8_t *b, size_t n)
{
#ifdef __SSE2__
    for (; LX_UNLIKELY(n > 16); a += 16, b += 16, n -= 16)
        if (lx_differ16(a, b))
            return false;
    return !(lx_differ16(a, b) & ((1u << n) - 1));
#else
    while (n && *a == *b)
        a++, b++, n--;
    return !n;
#endif
}

/* Source and output have parted so often that they will go on doing so. */
static inline bool lx_out_parted(const lx_out *o)
{
    return o->breaks >= LX_MANY_BREAKS;
}

/* Append bytes of our own; they must be readable LX_OVER bytes on. */
static inline void lx_out_padded(lx_out *o, const uint8_t *bytes, size_t n)
{
    /* Comparing no longer pays in a document that is all different. */
    if (LX_LIKELY(!lx_out_parted(o)) && LX_LIKELY(lx_same(o->run_end, bytes, n))) {
        o->run_end += n;
        return;
    }
    o->breaks++;
    lx_out_flush(o);
    lx_buf_add_padded(&o->buf, bytes, n);
}

static inline void lx_out_bytes(lx_out *o, const void *bytes, size_t n)
{
    lx_out_flush(o);
    lx_buf_add(&o->buf, bytes, n);
}

static inline void lx_out_newline(lx_out *o, unsigned level)
{
    lx_out_padded(o, lx_newline_indent, 1 + 2 * level);
}

/* Append a short text constant. */
#define lx_out_lit(o, text) lx_out_padded((o), (const uint8_t *)text LX_PADDING, sizeof(text) - 1)
#define LX_PADDING                      \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

#endif
