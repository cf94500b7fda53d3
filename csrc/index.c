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

static lx_survey survey_exactly(const uint8_t *p, size_t len)
{
    lx_survey s = {false, false, false};
    size_t i = 0;

#ifdef LX_HAVE_SSE2
    __m128i high = _mm_setzero_si128(), low = high, cr = high;

    for (; i + 16 <= len; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(p + i));
        __m128i is_low = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
        __m128i is_cr = _mm_cmpeq_epi8(x, _mm_set1_epi8('\r'));
        __m128i fine = _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('\n')),
                                    _mm_cmpeq_epi8(x, _mm_set1_epi8('\t')));

        high = _mm_or_si128(high, x);
        cr = _mm_or_si128(cr, is_cr);
        low = _mm_or_si128(low, _mm_andnot_si128(_mm_or_si128(fine, is_cr), is_low));
    }
    s.high = _mm_movemask_epi8(high) != 0;
    s.illegal = _mm_movemask_epi8(low) != 0;
    s.cr = _mm_movemask_epi8(cr) != 0;
#endif
    for (; i < len; i++) {
        s.high |= p[i] >= 0x80;
        s.cr |= p[i] == '\r';
        s.illegal |= illegal_control(p[i]);
    }
    return s;
}

#ifdef LX_HAVE_AVX2
/* Copy all whole 64 bytes; return how many. *high, *odd: as below. */
AVX2 static size_t copy_avx2(uint8_t *to, const uint8_t *from, size_t len, bool *high, bool *odd)
{
    const __m256i control = _mm256_set1_epi8(0x1f), newline = _mm256_set1_epi8('\n');
    __m256i any = _mm256_setzero_si256(), low = any;
    size_t i = 0;

    for (; i + 64 <= len; i += 64) {
        __m256i x = _mm256_loadu_si256((const __m256i *)(from + i));
        __m256i y = _mm256_loadu_si256((const __m256i *)(from + i + 32));

        _mm256_storeu_si256((__m256i *)(to + i), x);
        _mm256_storeu_si256((__m256i *)(to + i + 32), y);
        any = _mm256_or_si256(any, _mm256_or_si256(x, y));
        x = _mm256_andnot_si256(_mm256_cmpeq_epi8(x, newline),
                                _mm256_cmpeq_epi8(_mm256_min_epu8(x, control), x));
        y = _mm256_andnot_si256(_mm256_cmpeq_epi8(y, newline),
                                _mm256_cmpeq_epi8(_mm256_min_epu8(y, control), y));
        low = _mm256_or_si256(low, _mm256_or_si256(x, y));
    }
    *high = _mm256_movemask_epi8(any) != 0;
    *odd = _mm256_movemask_epi8(low) != 0;
    return i;
}
#endif

#ifdef LX_HAVE_SSE2
static size_t copy_sse2(uint8_t *to, const uint8_t *from, size_t len, bool *high, bool *odd)
{
    const __m128i control = _mm_set1_epi8(0x1f), newline = _mm_set1_epi8('\n');
    __m128i any = _mm_setzero_si128(), low = any;
    size_t i = 0;

    for (; i + 32 <= len; i += 32) {
        __m128i x = _mm_loadu_si128((const __m128i *)(from + i));
        __m128i y = _mm_loadu_si128((const __m128i *)(from + i + 16));

        _mm_storeu_si128((__m128i *)(to + i), x);
        _mm_storeu_si128((__m128i *)(to + i + 16), y);
        any = _mm_or_si128(any, _mm_or_si128(x, y));
        x = _mm_andnot_si128(_mm_cmpeq_epi8(x, newline),
                             _mm_cmpeq_epi8(_mm_min_epu8(x, control), x));
        y = _mm_andnot_si128(_mm_cmpeq_epi8(y, newline),
                             _mm_cmpeq_epi8(_mm_min_epu8(y, control), y));
        low = _mm_or_si128(low, _mm_or_si128(x, y));
    }
    *high = _mm_movemask_epi8(any) != 0;
    *odd = _mm_movemask_epi8(low) != 0;
    return i;
}
#endif

lx_survey lx_copy_survey(uint8_t *to, const uint8_t *from, size_t len)
{
    size_t i = 0;
    /* a byte of 0x80 or more; a control character other than the line feed */
    bool high = false, odd = false;
    lx_survey tail;

#ifdef LX_HAVE_AVX2
    if (lx_index_best() == lx_index_avx2)
        i = copy_avx2(to, from, len, &high, &odd);
    else
#endif
#ifdef LX_HAVE_SSE2
        i = copy_sse2(to, from, len, &high, &odd);
#endif
    if (len > i)
        memcpy(to + i, from + i, len - i);
    if (odd)
        return survey_exactly(to, len);
    tail = survey_exactly(to + i, len - i);
    return (lx_survey){tail.cr, high || tail.high, tail.illegal};
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

size_t lx_unify_newlines(uint8_t *text, size_t len)
{
    uint8_t *end = text + len, *to = memchr(text, '\r', len), *from = to;

    while (from && from < end) {
        uint8_t *next;

        from += from + 1 < end && from[1] == '\n'; /* CR LF: the LF stays */
        *to++ = '\n';
        from++;
        next = memchr(from, '\r', (size_t)(end - from));
        if (!next)
            next = end;
        memmove(to, from, (size_t)(next - from));
        to += next - from;
        from = next;
    }
    return from ? (size_t)(to - text) : len;
}
