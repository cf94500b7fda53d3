#include "index.h"

#ifdef LX_HAVE_AVX2
#include <immintrin.h>
#endif

static const uint8_t special[256] = {
    ['<'] = 1, ['>'] = 1, ['&'] = 1, ['"'] = 1, ['\''] = 1,
};

size_t lx_index_scalar(const uint8_t *text, size_t from, size_t to, uint32_t *out)
{
    size_t n = 0;

    for (size_t i = from; i < to; i++) {
        out[n] = (uint32_t)i;
        n += special[text[i]];
    }
    return n;
}

#ifdef LX_HAVE_SSE2
/* Write eight offsets, whether or not m has that many bits: a fixed count needs no branch. */
static inline uint64_t write8(uint64_t m, uint32_t at, uint32_t *out)
{
    for (unsigned k = 0; k < 8; k++) {
        out[k] = at + (uint32_t)__builtin_ctzll(m | (uint64_t)1 << 63);
        m &= m - 1;
    }
    return m;
}

size_t lx_index_sse2(const uint8_t *text, size_t from, size_t to, uint32_t *out)
{
    uint32_t *o = out;

    for (size_t i = from; i < to; i += 64) {
        const uint8_t *p = text + i;
        uint64_t m = lx_specials16(p) | (uint64_t)lx_specials16(p + 16) << 16 |
                     (uint64_t)lx_specials16(p + 32) << 32 | (uint64_t)lx_specials16(p + 48) << 48;
        unsigned n;

        if (to - i < 64)
            m &= ((uint64_t)1 << (to - i)) - 1;
        n = lx_count_bits(m);
        m = write8(m, (uint32_t)i, o);
        if (n > 8)
            m = write8(m, (uint32_t)i, o + 8);
        for (unsigned k = 16; k < n; k += 8)
            m = write8(m, (uint32_t)i, o + k);
        o += n;
    }
    return (size_t)(o - out);
}
#endif

#ifdef LX_HAVE_AVX2
#define AVX2 __attribute__((target("avx2,bmi,popcnt")))

AVX2 static inline uint32_t specials32(const uint8_t *p)
{
    __m256i x = _mm256_loadu_si256((const __m256i *)p);
    __m256i angle =
        _mm256_cmpeq_epi8(_mm256_or_si256(x, _mm256_set1_epi8(2)), _mm256_set1_epi8('>'));
    __m256i amp =
        _mm256_cmpeq_epi8(_mm256_or_si256(x, _mm256_set1_epi8(1)), _mm256_set1_epi8('\''));
    __m256i quote = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('"'));

    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(angle, amp), quote));
}

AVX2 size_t lx_index_avx2(const uint8_t *text, size_t from, size_t to, uint32_t *out)
{
    uint32_t *o = out;

    for (size_t i = from; i < to; i += 64) {
        uint64_t m = specials32(text + i) | (uint64_t)specials32(text + i + 32) << 32;
        unsigned n;

        if (to - i < 64)
            m &= ((uint64_t)1 << (to - i)) - 1;
        n = (unsigned)__builtin_popcountll(m);
        /* Eight at a time, whether or not there are so many: a fixed count needs no branch. */
        for (unsigned k = 0; k < n; k += 8)
            for (unsigned j = 0; j < 8; j++) {
                o[k + j] = (uint32_t)i + (uint32_t)_tzcnt_u64(m);
                m = _blsr_u64(m);
            }
        o += n;
    }
    return (size_t)(o - out);
}
#endif

lx_index_fn *lx_index_best(void)
{
#ifdef LX_HAVE_AVX2
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
        return lx_index_avx2;
#endif
#ifdef LX_HAVE_SSE2
    return lx_index_sse2;
#else
    return lx_index_scalar;
#endif
}

static bool illegal_control(uint8_t c)
{
    return c < 0x20 && c != '\n' && c != '\t' && c != '\r';
}

/* How far a copy has come. */
typedef struct {
    uint8_t *to;
    const uint8_t *from, *end;
} copy;

/* The first `n` bytes at c->from were copied, and a carriage return follows: a line feed takes its
 * place, the one behind it if there is one. */
static inline void copy_cr(copy *c, unsigned n)
{
    c->to += n;
    c->from += n + 1;
    if (c->from == c->end || *c->from != '\n')
        *c->to++ = '\n';
}

#ifdef LX_HAVE_AVX2
/* Where control characters are, as bytes that are not zero; line feed, tab and CR are none. */
AVX2 static inline __m256i illegal32(__m256i x, __m256i cr)
{
    __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(0x1f)), x);
    __m256i fine = _mm256_or_si256(_mm256_cmpeq_epi8(x, _mm256_set1_epi8('\n')),
                                   _mm256_cmpeq_epi8(x, _mm256_set1_epi8('\t')));

    return _mm256_andnot_si256(_mm256_or_si256(fine, cr), control);
}

AVX2 static void copy_avx2(copy *c, lx_survey *s)
{
    __m256i high = _mm256_setzero_si256(), low = high;

    while (c->end - c->from >= 64) {
        __m256i x = _mm256_loadu_si256((const __m256i *)c->from);
        __m256i y = _mm256_loadu_si256((const __m256i *)(c->from + 32));
        __m256i cr_x = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('\r'));
        __m256i cr_y = _mm256_cmpeq_epi8(y, _mm256_set1_epi8('\r'));
        __m256i cr = _mm256_or_si256(cr_x, cr_y);

        _mm256_storeu_si256((__m256i *)c->to, x);
        _mm256_storeu_si256((__m256i *)(c->to + 32), y);
        high = _mm256_or_si256(high, _mm256_or_si256(x, y));
        low = _mm256_or_si256(low, _mm256_or_si256(illegal32(x, cr_x), illegal32(y, cr_y)));
        if (LX_LIKELY(_mm256_testz_si256(cr, cr))) {
            c->from += 64;
            c->to += 64;
        } else {
            uint64_t at = (uint32_t)_mm256_movemask_epi8(cr_x) |
                          (uint64_t)(uint32_t)_mm256_movemask_epi8(cr_y) << 32;

            copy_cr(c, (unsigned)_tzcnt_u64(at));
        }
    }
    s->high = _mm256_movemask_epi8(high) != 0;
    s->illegal = _mm256_movemask_epi8(low) != 0;
}
#endif

#ifdef LX_HAVE_SSE2
static void copy_sse2(copy *c, lx_survey *s)
{
    __m128i high = _mm_setzero_si128(), low = high;

    while (c->end - c->from >= 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)c->from);
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
        __m128i cr = _mm_cmpeq_epi8(x, _mm_set1_epi8('\r'));
        __m128i fine = _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('\n')),
                                    _mm_cmpeq_epi8(x, _mm_set1_epi8('\t')));
        unsigned at = (unsigned)_mm_movemask_epi8(cr);

        _mm_storeu_si128((__m128i *)c->to, x);
        high = _mm_or_si128(high, x);
        low = _mm_or_si128(low, _mm_andnot_si128(_mm_or_si128(fine, cr), control));
        if (LX_LIKELY(!at)) {
            c->from += 16;
            c->to += 16;
        } else {
            copy_cr(c, (unsigned)__builtin_ctz(at));
        }
    }
    s->high |= _mm_movemask_epi8(high) != 0;
    s->illegal |= _mm_movemask_epi8(low) != 0;
}
#endif

lx_survey lx_copy_survey(uint8_t *to, const uint8_t *from, size_t len)
{
    lx_survey s = {0, false, false};
    copy c = {to, from, from + len};

#ifdef LX_HAVE_AVX2
    if (lx_index_best() == lx_index_avx2)
        copy_avx2(&c, &s);
#endif
#ifdef LX_HAVE_SSE2
    copy_sse2(&c, &s);
#endif
    while (c.from < c.end) {
        s.high |= *c.from >= 0x80;
        s.illegal |= illegal_control(*c.from);
        if (*c.from == '\r')
            copy_cr(&c, 0);
        else
            *c.to++ = *c.from++;
    }
    s.len = (size_t)(c.to - to);
    return s;
}

/* Length of the UTF-8 sequence at p (2 to 4), 0 if it is none; *point is its character. */
static unsigned sequence(const uint8_t *p, size_t left, uint32_t *point)
{
    uint8_t c = p[0];

    if (c >= 0xc2 && c < 0xe0 && left >= 2 && (p[1] & 0xc0) == 0x80) {
        *point = (uint32_t)(c & 0x1f) << 6 | (p[1] & 0x3f);
        return 2;
    }
    if (c >= 0xe0 && c < 0xf0 && left >= 3 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80) {
        *point = (uint32_t)(c & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
        return *point >= 0x800 && (*point < 0xd800 || *point > 0xdfff) ? 3 : 0;
    }
    if (c >= 0xf0 && c < 0xf5 && left >= 4 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80 &&
        (p[3] & 0xc0) == 0x80) {
        *point = (uint32_t)(c & 7) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
                 (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
        return *point >= 0x10000 && *point <= 0x10ffff ? 4 : 0;
    }
    return 0;
}

/* How many bytes from p on are ASCII, as far as a quick look tells. */
static inline size_t ascii_run(const uint8_t *p, size_t left)
{
    size_t n = 0;
    uint64_t word;

#ifdef LX_HAVE_SSE2
    while (left - n >= 16 && !_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(p + n))))
        n += 16;
#endif
    while (left - n >= 8 && (memcpy(&word, p + n, 8), !(word & 0x8080808080808080u)))
        n += 8;
    return n;
}

size_t lx_check_chars(const uint8_t *text, size_t len, bool controls, lx_code *code)
{
    size_t illegal = len;

    for (size_t i = 0; i < len;) {
        uint32_t point = 0;
        unsigned n;

        i += ascii_run(text + i, len - i);
        while (i < len && text[i] < 0x80)
            i++;
        if (i == len)
            break;
        n = sequence(text + i, len - i, &point);
        if (!n)
            return *code = LX_E_UTF8, i;
        if (illegal == len && (point == 0xfffe || point == 0xffff))
            illegal = i;
        i += n;
    }
    for (size_t i = 0; controls && i < illegal; i++)
        if (illegal_control(text[i]))
            illegal = i;
    return *code = LX_E_CHAR, illegal;
}
