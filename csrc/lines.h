/* Lines seen before.
 *
 * libvirt prints one element a line, and nearly every line of a domain is one that stood in an
 * earlier document, in the same place: addresses, models, features, drivers. A line that was
 * verified once, letter by letter, is recognised by comparing bytes. What followed it then is
 * most likely what follows it now, so the next line is mostly guessed and not looked for. */
#ifndef LX_LINES_H
#define LX_LINES_H

#include "order.h"
#include "output.h"

#define LX_LINES 2048     /* a few domains' worth; what is not seen again makes room */
#define LX_LINE_SPAN 112
#define LX_LINE_TEXT 103  /* bytes: an address line of libvirt's deepest devices fits */

typedef struct {
    const lx_slot *slot; /* of its element */
    uint16_t ctx;        /* of the element around it */
    uint16_t child;      /* context inside the element */
    uint16_t next[2];    /* numbers of the lines that came after it lately */
    uint8_t level;       /* of its indentation */
    uint8_t len;         /* from the line feed before it to its last '>'; 0: no line is here */
    uint8_t name_len;
    bool opens;          /* the element goes on over lines */
    bool used;           /* recognised since it was last asked to make room */
    uint8_t text[LX_LINE_TEXT]; /* with the line feeds before and after it */
} lx_line;

typedef struct {
    lx_line *line; /* LX_LINES and one that is never used, so that all may be read on behind */
    unsigned last; /* number of the line recognised last */
    uint64_t seed;
    const lx_allocator *alloc;
} lx_lines;

/* Memory is taken when the first line is kept. */
void lx_lines_init(lx_lines *l, const lx_allocator *alloc, uint64_t seed);
void lx_lines_free(lx_lines *l);
size_t lx_lines_footprint(const lx_lines *l);

#ifdef __SSE2__
/* Loading at LX_LINE_SPAN - n + i gives the bytes from i on of n bytes of ones. */
extern const uint8_t lx_line_mask[2 * LX_LINE_SPAN] LX_HIDDEN;

/* The bits in which 16 bytes at i differ, beyond n bytes none. */
static inline __m128i lx_line_differs(const uint8_t *a, const uint8_t *b, size_t n, size_t i)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(a + i));
    __m128i y = _mm_loadu_si128((const __m128i *)(b + i));
    __m128i mask = _mm_loadu_si128((const __m128i *)(lx_line_mask + LX_LINE_SPAN - n + i));

    return _mm_and_si128(_mm_xor_si128(x, y), mask);
}
#endif

/* Are the first n bytes equal? LX_LINE_SPAN bytes of both may be read. All of them are compared,
 * whatever n is: lines are of any length, and a loop over each would end unforeseen. */
static inline bool lx_line_same(const uint8_t *a, const uint8_t *b, size_t n)
{
#ifdef __SSE2__
    __m128i d = _mm_or_si128(lx_line_differs(a, b, n, 0), lx_line_differs(a, b, n, 16));

    d = _mm_or_si128(d, _mm_or_si128(lx_line_differs(a, b, n, 32), lx_line_differs(a, b, n, 48)));
    if (n > 64) {
        d = _mm_or_si128(d, lx_line_differs(a, b, n, 64));
        d = _mm_or_si128(d, lx_line_differs(a, b, n, 80));
        d = _mm_or_si128(d, lx_line_differs(a, b, n, 96));
    }
    return _mm_movemask_epi8(_mm_cmpeq_epi8(d, _mm_setzero_si128())) == 0xffff;
#else
    return !memcmp(a, b, n);
#endif
}

/* Is this the line that starts with the line feed at p? */
static inline bool lx_line_is(const lx_line *line, const uint8_t *p, unsigned ctx, unsigned level)
{
    return (line->ctx == ctx) & (line->level == level) &&
           lx_line_same(p, line->text, line->len + 1u);
}

/* Look for the line by its bytes; NULL if it is not known. `end` is the end of the text, behind
 * which LX_PAD bytes can be read. */
const lx_line *lx_lines_find(lx_lines *l, const uint8_t *p, const uint8_t *end, unsigned ctx,
                             unsigned level);

/* Length of the line at p, from the line feed before it to its end; 0: too long to be kept. */
size_t lx_line_length(const uint8_t *p, const uint8_t *end, unsigned level);

/* The line at p, or NULL. */
static inline const lx_line *lx_lines_next(lx_lines *l, const uint8_t *p, const uint8_t *end,
                                           unsigned ctx, unsigned level)
{
    lx_line *last;
    unsigned guess;

    if (LX_UNLIKELY(!l->line))
        return NULL;
    last = l->line + l->last;
    guess = last->next[0];
    if (LX_LIKELY(lx_line_is(l->line + guess, p, ctx, level)))
        return l->line[l->last = guess].used = true, l->line + guess;
    guess = last->next[1];
    if (lx_line_is(l->line + guess, p, ctx, level)) {
        last->next[1] = last->next[0];
        last->next[0] = (uint16_t)guess;
        return l->line[l->last = guess].used = true, l->line + guess;
    }
    return lx_lines_find(l, p, end, ctx, level);
}

/* Keep a line that was verified: `text` from the line feed before it to its last '>', and a line
 * feed follows. Failing to keep it only costs time. */
void lx_lines_keep(lx_lines *l, const uint8_t *text, size_t len, const lx_line *facts);

#endif
