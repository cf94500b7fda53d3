/* Stage two: tokens.
 *
 * The scanner walks the padded copy of a document from special byte to special byte. It owns
 * well-formedness: whatever a caller then drops has been checked. It copies and decodes
 * nothing; values are spans of the source with flags that say what is in them. */
#ifndef LX_SCAN_H
#define LX_SCAN_H

#include "index.h"
#include "names.h"
#include "order.h"

/* What a value holds (several at once). */
enum {
    LX_V_NAMED = 1,   /* named references: &amp; and the other four */
    LX_V_NUMERIC = 2, /* character references */
    LX_V_RAW = 4,     /* > " or ' as themselves, where canonical text has a reference */
    LX_V_SPACE = 8,   /* in an attribute: a tab or line feed as itself */
};
/* These keep a value from being copied as it stands. */
#define LX_V_REWRITE (LX_V_NUMERIC | LX_V_RAW | LX_V_SPACE)

typedef struct {
    lx_name name;
    const uint8_t *value, *value_end;
    uint8_t flags;
    bool colon;
} lx_attr;

typedef struct {
    lx_name name;
    const uint8_t *start;     /* '<' */
    const uint8_t *attrs_end; /* after the last attribute, or after the name */
    uint32_t attrs;           /* number of them; they are in lx_scan.attr */
    bool empty;               /* ends in "/>" */
    bool plain;               /* spelled as libvirt spells, the order of attributes apart */
    bool colon;               /* a name has a prefix, or a namespace is declared */
} lx_tag;

typedef enum { LX_TEXT, LX_CDATA, LX_COMMENT, LX_PI, LX_START, LX_END } lx_kind_of_piece;

/* A piece of an element's content. */
typedef struct {
    lx_kind_of_piece kind;
    lx_span span;  /* text; inside of CDATA; the whole comment or PI */
    uint8_t flags; /* of text */
    bool blank;    /* of text and CDATA: white space only, none of it by reference */
} lx_piece;

#define LX_WINDOW_END UINT32_MAX

typedef struct {
    const uint8_t *base, *end, *p;
    uint32_t *pos;     /* window of special offsets, ends in LX_WINDOW_END */
    const uint32_t *k; /* the first of them that may still be ahead */
    size_t indexed;    /* where the next window starts */
    size_t block;      /* how much of the text it is to cover */
    lx_index_fn *index;
    lx_attr *attr;
    size_t attr_cap;
    lx_span open[LX_MAX_DEPTH]; /* names of the open elements */
    const uint8_t *open_at[LX_MAX_DEPTH]; /* '<' of their start tags */
    size_t ns_mark[LX_MAX_DEPTH + 1]; /* bindings before each of them */
    unsigned depth;
    lx_ns ns;
    uint32_t *twice; /* hash table for duplicate attributes */
    lx_code code;
    const uint8_t *at; /* where it went wrong */
    const lx_allocator *alloc;
} lx_scan;

bool lx_scan_init(lx_scan *s, const lx_allocator *alloc, uint64_t seed);
void lx_scan_free(lx_scan *s);
size_t lx_scan_footprint(const lx_scan *s);

/* Start on a text of `len` bytes followed by LX_PAD zero bytes, all characters checked. */
void lx_scan_begin(lx_scan *s, const uint8_t *text, size_t len);

/* Pass the XML declaration, comments and PIs; stops at the root's '<'. */
bool lx_scan_prolog(lx_scan *s);
/* Nothing but white space, comments and PIs may follow the root. */
bool lx_scan_epilog(lx_scan *s);

/* Read a start tag at s->p and open the element; an empty one (lx_tag.empty) is closed with
 * lx_scan_close when the caller is done with it. Names without a colon that the caller does
 * not find in a table are the caller's to check. */
bool lx_scan_tag(lx_scan *s, lx_tag *tag);
/* Read the end tag at s->p and close the element; *plain false if it holds white space. */
bool lx_scan_end(lx_scan *s, bool *plain);
static inline void lx_scan_close(lx_scan *s);
/* Read the next piece of content. LX_START and LX_END leave s->p at their '<'. */
bool lx_scan_piece(lx_scan *s, lx_piece *piece);

/* Check a name that no table knows. */
bool lx_scan_check_name(lx_scan *s, const lx_name *name);
/* Check that no name comes twice among the tag's attributes. */
bool lx_scan_check_twice(lx_scan *s, const lx_tag *tag);

/* Go back to an earlier '<' of the element that was opened at depth `depth` + 1. */
void lx_scan_rewind(lx_scan *s, const uint8_t *p, unsigned depth);

bool lx_scan_fail(lx_scan *s, lx_code code, const uint8_t *at);

/* True if an element without prefix is in some namespace here. */
bool lx_scan_default_namespace(const lx_scan *s);

static inline bool lx_is_space(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

/* Other bytes up to the blank do not occur, but for the zeros behind the text. */
static inline const uint8_t *lx_skip_space(const uint8_t *p)
{
#ifdef LX_HAVE_SSE2
    for (;;) {
        __m128i x = _mm_loadu_si128((const __m128i *)p);
        __m128i space = _mm_andnot_si128(_mm_cmpeq_epi8(x, _mm_setzero_si128()),
                                         _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(' ')), x));
        unsigned other = ~(unsigned)_mm_movemask_epi8(space);

        p += __builtin_ctz(other);
        if (LX_LIKELY(other & 0xffff))
            return p;
    }
#else
    while (lx_is_space(*p))
        p++;
    return p;
#endif
}

/* Pass white space if a tag follows it: a short cut around lx_scan_piece for content whose text
 * is dropped. */
static inline void lx_scan_pass_blank(lx_scan *s)
{
    const uint8_t *p = lx_skip_space(s->p);

    s->p = *p == '<' ? p : s->p;
}

/* ---- for the callers' inner loops ---- */

static inline void lx_scan_close(lx_scan *s)
{
    s->depth--;
    if (LX_UNLIKELY(s->ns.used != s->ns_mark[s->depth]))
        lx_ns_pop(&s->ns, s->ns_mark[s->depth]);
}

/* Index on until there is a special byte at or after `off`; the end of the text if there is
 * none. */
const uint8_t *lx_scan_refill(lx_scan *s, size_t off);

/* Bring the window to p and return where in it the first special byte at or after p is
 * (LX_WINDOW_END: there is none in it). It covers `ahead` bytes from p on (0: as many as usual).
 * What was passed over is not indexed. */
const uint32_t *lx_scan_seek(lx_scan *s, const uint8_t *p, size_t ahead);

/* The first special byte at or after `from`; the end of the text if there is none. */
static inline const uint8_t *lx_next_special(lx_scan *s, const uint8_t *from)
{
    uint32_t off = (uint32_t)(from - s->base);
    const uint32_t *k = s->k;

    while (*k < off)
        k++;
    s->k = k;
    return LX_LIKELY(*k != LX_WINDOW_END) ? s->base + *k : lx_scan_refill(s, off);
}

/* The little-endian words of a name of at most 16 bytes. */
void lx_scan_words(const uint8_t *p, uint32_t len, uint64_t word[2]);
const uint8_t *lx_scan_long_name(const uint8_t *p, lx_name *name, bool *colon);

#ifdef LX_HAVE_SSE2
/* Loading at 16 - n gives n bytes of ones. */
static const uint8_t lx_keep_bytes[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* Which of 16 bytes are blanks or below. */
static inline unsigned lx_low_bytes(__m128i x)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(' ')), x));
}

/* Which of 16 bytes end a name besides those. */
static inline unsigned lx_name_marks(__m128i x)
{
    return (unsigned)_mm_movemask_epi8(
        _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('=')),
                     _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('/')),
                                  _mm_cmpeq_epi8(x, _mm_set1_epi8('>')))));
}
#endif

/* The name of at most 16 bytes at p. */
static inline void lx_scan_name_at(const uint8_t *p, uint32_t len, lx_name *name)
{
    name->p = p;
    name->len = len;
#ifdef LX_HAVE_SSE2
    _mm_storeu_si128((__m128i *)name->word,
                     _mm_and_si128(_mm_loadu_si128((const __m128i *)p),
                                   _mm_loadu_si128((const __m128i *)(lx_keep_bytes + 16 - len))));
#else
    lx_scan_words(p, len, name->word);
#endif
}

/* Read the name at p; return the byte after it. *colon becomes true if it holds one. */
static inline const uint8_t *lx_read_name(const uint8_t *p, lx_name *name, bool *colon)
{
#ifdef LX_HAVE_SSE2
    __m128i x = _mm_loadu_si128((const __m128i *)p);
    unsigned stops = lx_low_bytes(x) | lx_name_marks(x);

    if (LX_LIKELY(stops)) {
        unsigned len = (unsigned)__builtin_ctz(stops);
        unsigned colons = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8(':')));

        name->p = p;
        name->len = len;
        x = _mm_and_si128(x, _mm_loadu_si128((const __m128i *)(lx_keep_bytes + 16 - len)));
        _mm_storeu_si128((__m128i *)name->word, x);
        *colon |= (colons & (stops - 1) & ~stops) != 0;
        return p + len;
    }
#endif
    return lx_scan_long_name(p, name, colon);
}

/* Is there a tab or line feed? */
static inline bool lx_has_space_control(const uint8_t *p, const uint8_t *end)
{
#ifdef LX_HAVE_SSE2
    for (; p < end; p += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)p);
        unsigned low = (unsigned)_mm_movemask_epi8(
            _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x));

        if (LX_UNLIKELY(end - p < 16))
            return (low & ((1u << (end - p)) - 1)) != 0;
        if (LX_UNLIKELY(low))
            return true;
    }
    return false;
#else
    while (p < end && *p >= ' ')
        p++;
    return p < end;
#endif
}

#endif
