#include "lines.h"

#include "index.h"

#ifdef __SSE2__
const uint8_t lx_line_mask[2 * LX_LINE_SPAN] = {
#define ONES 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
    ONES, ONES, ONES, ONES, ONES, ONES, ONES, ONES, ONES, ONES, ONES, ONES, ONES, ONES,
};
#endif

void lx_lines_init(lx_lines *l, const lx_allocator *alloc, uint64_t seed)
{
    *l = (lx_lines){NULL, 0, seed, alloc};
}

void lx_lines_free(lx_lines *l)
{
    l->alloc->release(l->alloc->user, l->line);
}

size_t lx_lines_footprint(const lx_lines *l)
{
    return l->line ? (LX_LINES + 1) * sizeof *l->line : 0;
}

static uint64_t load(const uint8_t *p)
{
    uint64_t word;

    memcpy(&word, p, 8);
    return word;
}

#define WORDS 6 /* of a line's end, in which lines differ */

/* A line is at this number or at the one beside it (n ^ 1). The seed keeps anybody from choosing
 * lines that fall on one number; if they do, lines are forgotten, no more. The products do not
 * wait for each other. */
static unsigned number_of(const lx_lines *l, const uint8_t *p, size_t len, unsigned ctx)
{
    static const uint64_t odd[WORDS] = {0x9e3779b97f4a7c15u, 0xc2b2ae3d27d4eb4fu,
                                        0x165667b19e3779f9u, 0xd6e8feb86659fd93u,
                                        0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu};
    const uint8_t *end = p + len;
    uint64_t h = len * odd[1] ^ ctx * odd[2];
    size_t words = len / 8 < WORDS ? len / 8 : WORDS;

    for (size_t i = 0; i < words; i++)
        h += ((load(end - 8 * (i + 1)) ^ l->seed) + (l->seed >> 7)) * odd[i];
    h ^= h >> 32;
    return (unsigned)(h * odd[0] >> 40) % LX_LINES;
}

size_t lx_line_length(const uint8_t *p, const uint8_t *end, unsigned level)
{
    const uint8_t *q;

    if (1 + 2 * level >= LX_LINE_TEXT)
        return 0;
    q = p + 1 + 2 * level;
#ifdef LX_HAVE_SSE2
    for (; q < end && q - p < LX_LINE_TEXT; q += 16) {
        unsigned feeds = (unsigned)_mm_movemask_epi8(
            _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)q), _mm_set1_epi8('\n')));

        if (feeds) {
            size_t len = (size_t)(q - p) + (unsigned)__builtin_ctz(feeds);

            return len < LX_LINE_TEXT && p + len < end ? len : 0;
        }
    }
#else
    for (; q < end && q - p < LX_LINE_TEXT; q++)
        if (*q == '\n')
            return (size_t)(q - p);
#endif
    return 0;
}

const lx_line *lx_lines_find(lx_lines *l, const uint8_t *p, const uint8_t *end, unsigned ctx,
                             unsigned level)
{
    size_t len = lx_line_length(p, end, level);
    unsigned n;

    if (!len)
        return NULL;
    n = number_of(l, p, len, ctx);
    if (l->line[n].len != len || !lx_line_is(l->line + n, p, ctx, level)) {
        n ^= 1;
        if (l->line[n].len != len || !lx_line_is(l->line + n, p, ctx, level))
            return NULL;
    }
    l->line[n].used = true;
    l->line[l->last].next[1] = l->line[l->last].next[0];
    l->line[l->last].next[0] = (uint16_t)n;
    l->last = n;
    return l->line + n;
}

void lx_lines_keep(lx_lines *l, const uint8_t *text, size_t len, const lx_line *facts)
{
    lx_line *line;
    unsigned n;

    if (len >= LX_LINE_TEXT)
        return;
    if (LX_UNLIKELY(!l->line)) {
        size_t size = (LX_LINES + 1) * sizeof *l->line;

        l->line = l->alloc->alloc(l->alloc->user, size);
        if (!l->line)
            return;
        memset(l->line, 0, size);
    }
    n = number_of(l, text, len, facts->ctx);
    n ^= l->line[n].used;
    line = l->line + n;
    if (line->used) { /* what comes often stays; but not for ever */
        line->used = l->line[n ^ 1].used = false;
        return;
    }
    *line = *facts;
    line->len = (uint8_t)len;
    /* What was recognised last goes on guessing as it did: a line that no other document has, such
     * as one with a MAC, would guess wrong and be guessed wrongly. */
    line->next[0] = line->next[1] = (uint16_t)n;
    memcpy(line->text, text, len + 1);
}
