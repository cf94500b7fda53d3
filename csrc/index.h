/* Stage one: where the bytes are that can end a token.
 *
 * The scanner then jumps from one to the next instead of reading byte by byte. Several versions
 * with one answer: portable, SSE2, and AVX2 with BMI where the processor has them. */
#ifndef LX_INDEX_H
#define LX_INDEX_H

#include "buffer.h"

#if defined(__SSE2__) && !defined(LX_NO_SSE2)
#define LX_HAVE_SSE2 1
#endif

#define LX_PAD 128 /* readable bytes that must follow an indexed text */

/* Write to `out` the offsets in [from, to) of the bytes < > & " ' and return how
 * many. `out` must have room for to - from + LX_INDEX_SPARE. */
#define LX_INDEX_SPARE 80
typedef size_t lx_index_fn(const uint8_t *text, size_t from, size_t to, uint32_t *out);
lx_index_fn lx_index_scalar;
#ifdef LX_HAVE_SSE2
lx_index_fn lx_index_sse2;
#endif
#if defined(LX_HAVE_SSE2) && defined(__GNUC__) && defined(__x86_64__)
#define LX_HAVE_AVX2 1
lx_index_fn lx_index_avx2; /* only where lx_index_best returns it */
#endif

/* The quickest version that this processor runs. */
lx_index_fn *lx_index_best(void);

/* What a text holds besides plain ASCII. */
typedef struct {
    size_t len;   /* of the copy */
    bool high;    /* a byte of 0x80 or more */
    bool illegal; /* a control character that XML forbids */
} lx_survey;

/* Copy `len` bytes, CR LF and CR as LF, and survey them on the way; `to` must have LX_PAD bytes to
 * spare. */
lx_survey lx_copy_survey(uint8_t *to, const uint8_t *from, size_t len);

/* Offset of the first byte that is not UTF-8 (*code LX_E_UTF8) or is a character that XML
 * forbids (LX_E_CHAR); len if there is none. `controls`: look for control characters too. */
size_t lx_check_chars(const uint8_t *text, size_t len, bool controls, lx_code *code);

#ifdef LX_HAVE_SSE2
#include <emmintrin.h>

/* Which of 16 bytes are special. */
static inline unsigned lx_specials16(const uint8_t *p)
{
    __m128i x = _mm_loadu_si128((const __m128i *)p);
    __m128i angle = _mm_cmpeq_epi8(_mm_or_si128(x, _mm_set1_epi8(2)), _mm_set1_epi8('>'));
    __m128i amp = _mm_cmpeq_epi8(_mm_or_si128(x, _mm_set1_epi8(1)), _mm_set1_epi8('\''));
    __m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('"'));

    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(angle, amp), quote));
}
#endif

/* Bits set; without the instruction for it, which not every machine has. */
static inline unsigned lx_count_bits(uint64_t m)
{
    m -= m >> 1 & 0x5555555555555555u;
    m = (m & 0x3333333333333333u) + (m >> 2 & 0x3333333333333333u);
    m = (m + (m >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (unsigned)(m * 0x0101010101010101u >> 56);
}

#endif
