#include "delta.h"

#include <stdlib.h>
#include <string.h>

#define MOST_LOOKS 32 /* at lines of one hash, so that a base of equal lines costs no more */
#define NO_LINE UINT32_MAX
#define LONGEST_NUMBER 10 /* bytes */

struct lx_delta_base {
    lx_allocator alloc; /* without `release`: the C library's */
    const uint8_t *data;
    size_t len;
    uint32_t lines, mask;
    uint32_t *start; /* of each line, and where the last one ends */
    uint32_t *next;  /* the next line of the same slot, further down; NO_LINE: none */
    uint32_t *slot;  /* the first line of each hash */
};

static uint64_t load(const uint8_t *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

static uint32_t hash(const uint8_t *line, size_t len)
{
    uint64_t h = len;

    for (; len >= 8; line += 8, len -= 8)
        h = ((h << 5 | h >> 59) ^ load(line)) * UINT64_C(0x9E3779B97F4A7C15);
    for (; len; line++, len--)
        h = ((h << 5 | h >> 59) ^ *line) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(h >> 32);
}

/* Length of the line, its line feed included. */
static size_t line_length(const uint8_t *data, size_t len)
{
    const uint8_t *end = len ? memchr(data, '\n', len) : NULL;

    return end ? (size_t)(end - data) + 1 : len;
}

/* How many bytes at the start of both are equal. */
static size_t equal_ahead(const uint8_t *a, const uint8_t *b, size_t most)
{
    size_t n = 0;

    while (most - n >= 64 && !memcmp(a + n, b + n, 64)) /* the C library's is the fastest */
        n += 64;
    while (most - n >= 8 && load(a + n) == load(b + n))
        n += 8;
    while (n < most && a[n] == b[n])
        n++;
    return n;
}

/* How many bytes before both places are equal. */
static size_t equal_behind(const uint8_t *a, const uint8_t *b, size_t most)
{
    size_t n = 0;

    while (n < most && a[-1 - (ptrdiff_t)n] == b[-1 - (ptrdiff_t)n])
        n++;
    return n;
}

/* --- the index ---------------------------------------------------------------------------- */

static uint32_t count_lines(const uint8_t *data, size_t len)
{
    uint32_t lines = 0;

    for (size_t at = 0; at < len; at += line_length(data + at, len - at))
        lines++;
    return lines;
}

static void fill(lx_delta_base *b)
{
    size_t at = 0;

    for (uint32_t i = 0; i < b->lines; i++) {
        b->start[i] = (uint32_t)at;
        at += line_length(b->data + at, b->len - at);
    }
    b->start[b->lines] = (uint32_t)b->len;
    memset(b->slot, 0xff, ((size_t)b->mask + 1) * sizeof *b->slot);
    for (uint32_t i = b->lines; i-- > 0;) { /* from the end: lists then go from top to bottom */
        uint32_t *slot = &b->slot[hash(b->data + b->start[i], b->start[i + 1] - b->start[i]) &
                                  b->mask];

        b->next[i] = *slot;
        *slot = i;
    }
}

lx_delta_base *lx_delta_index(const lx_allocator *allocator, const uint8_t *base, size_t len)
{
    lx_delta_base *b;
    uint32_t lines;
    size_t slots = 16, size;

    if (len > LX_DELTA_LONGEST)
        return NULL;
    lines = count_lines(base, len);
    while (slots < (size_t)lines * 2)
        slots *= 2;
    size = sizeof *b + ((size_t)lines * 2 + 1 + slots) * sizeof(uint32_t);
    b = allocator ? allocator->alloc(allocator->user, size) : malloc(size);
    if (!b)
        return NULL;
    *b = (lx_delta_base){.data = base, .len = len, .lines = lines};
    if (allocator)
        b->alloc = *allocator;
    b->mask = (uint32_t)(slots - 1);
    b->start = (uint32_t *)(b + 1);
    b->next = b->start + lines + 1;
    b->slot = b->next + lines;
    fill(b);
    return b;
}

void lx_delta_free(lx_delta_base *base)
{
    lx_allocator alloc;

    if (!base)
        return;
    alloc = base->alloc;
    if (alloc.release)
        alloc.release(alloc.user, base);
    else
        free(base);
}

/* --- writing ------------------------------------------------------------------------------ */

typedef struct {
    const lx_delta_base *base;
    const uint8_t *target;
    size_t len;
    size_t from, to;   /* places reached in base and target: all before them is written */
    uint8_t *out;
    size_t written, room;
    bool full;
} encoder;

static void put_number(encoder *e, uint64_t n)
{
    uint8_t bytes[LONGEST_NUMBER];
    size_t len = 0;

    do {
        bytes[len++] = (uint8_t)((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
        n >>= 7;
    } while (n);
    if (e->full || e->room - e->written < len) {
        e->full = true;
        return;
    }
    memcpy(e->out + e->written, bytes, len);
    e->written += len;
}

static void put_step(encoder *e, size_t copy, size_t insert, size_t next_from)
{
    size_t from = e->from + copy;

    put_number(e, copy);
    put_number(e, insert);
    if (e->full || e->room - e->written < insert) {
        e->full = true;
        return;
    }
    if (insert)
        memcpy(e->out + e->written, e->target + e->to + copy, insert);
    e->written += insert;
    put_number(e, next_from >= from ? (uint64_t)(next_from - from) << 1
                                    : ((uint64_t)(from - next_from) << 1) - 1);
    e->from = next_from;
    e->to += copy + insert;
}

static bool same_line(const lx_delta_base *b, uint32_t i, const uint8_t *line, size_t len)
{
    return b->start[i + 1] - b->start[i] == len && !memcmp(b->data + b->start[i], line, len);
}

/* The line of the base that is equal to this one and next at or behind `from`; else the last of
 * those before it; NO_LINE if there is none (or not among the first few of that hash). */
static uint32_t find_line(const lx_delta_base *b, size_t from, const uint8_t *line, size_t len)
{
    uint32_t found = NO_LINE, i = b->slot[hash(line, len) & b->mask];

    for (int looks = 0; i != NO_LINE && looks < MOST_LOOKS; i = b->next[i], looks++) {
        if (!same_line(b, i, line, len))
            continue;
        found = i;
        if (b->start[i] >= from)
            break;
    }
    return found;
}

/* Behind a difference: find the next line of the target that the base has, and write what stands
 * before it. False if there is none. */
static bool step(encoder *e, size_t copy)
{
    const lx_delta_base *b = e->base;
    const uint8_t *target = e->target;
    size_t to = e->to + copy, at = to, from;

    while (at > e->to && target[at - 1] != '\n')
        at--;
    from = e->from + (at - e->to); /* a line put in before this one may have its first bytes */
    if (at < to)
        at += line_length(target + at, e->len - at);
    while (at < e->len) {
        size_t len = line_length(target + at, e->len - at);
        uint32_t i = find_line(b, from, target + at, len);

        if (i != NO_LINE) {
            size_t place = b->start[i], most = at - to < place ? at - to : place;
            size_t behind = equal_behind(b->data + place, target + at, most);

            put_step(e, copy, at - behind - to, place - behind);
            return true;
        }
        at += len;
    }
    return false;
}

/* The rest has no line of the base: copy what both end with. */
static void finish(encoder *e, size_t copy)
{
    size_t to = e->to + copy, left = e->len - to, most = e->base->len;
    size_t behind;

    if (most > left)
        most = left;
    behind = equal_behind(e->base->data + e->base->len, e->target + e->len, most);
    put_step(e, copy, left - behind, e->base->len - behind);
}

size_t lx_delta_encode(const lx_delta_base *base, const uint8_t *target, size_t len, uint8_t *out,
                       size_t room)
{
    encoder e = {.base = base, .target = target, .len = len, .out = out, .room = room};

    if (len > LX_DELTA_LONGEST)
        return LX_DELTA_NONE;
    while (!e.full) {
        size_t most = base->len - e.from < len - e.to ? base->len - e.from : len - e.to;
        size_t copy = most ? equal_ahead(base->data + e.from, target + e.to, most) : 0;

        if (copy == len - e.to && copy == base->len - e.from)
            return e.written; /* the rest of the base is the rest of the target */
        if (!step(&e, copy)) {
            finish(&e, copy);
            break;
        }
    }
    return e.full ? LX_DELTA_NONE : e.written;
}

/* --- reading ------------------------------------------------------------------------------ */

/* Read a number below 2^32; false if there is none. */
static bool get_number(const uint8_t **at, const uint8_t *end, uint64_t *n)
{
    *n = 0;
    for (unsigned shift = 0; shift < 35 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;

        *n |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return *n <= UINT32_MAX;
    }
    return false;
}

typedef struct {
    uint64_t copy, insert;
    const uint8_t *bytes;
    uint64_t from; /* in the base, where the next step starts */
} instruction;

/* Read one step of which nothing reaches beyond the base or the delta. */
static bool get_step(const uint8_t **at, const uint8_t *end, uint64_t from, size_t base_len,
                     instruction *step)
{
    uint64_t move;

    if (!get_number(at, end, &step->copy) || !get_number(at, end, &step->insert) ||
        step->copy > base_len - from || step->insert > (uint64_t)(end - *at))
        return false;
    step->bytes = *at;
    *at += step->insert;
    if (!get_number(at, end, &move))
        return false;
    from += step->copy;
    if (move & 1) {
        if (move / 2 + 1 > from)
            return false;
        from -= move / 2 + 1;
    } else {
        if (move / 2 > base_len - from)
            return false;
        from += move / 2;
    }
    step->from = from;
    return true;
}

size_t lx_delta_size(const uint8_t *delta, size_t len, size_t base_len, size_t most)
{
    const uint8_t *at = delta, *end = len ? delta + len : delta;
    uint64_t from = 0, size = 0;
    instruction step;

    if (base_len > LX_DELTA_LONGEST)
        return LX_DELTA_NONE;
    if (most > LX_DELTA_LONGEST)
        most = LX_DELTA_LONGEST;
    while (at < end) {
        if (!get_step(&at, end, from, base_len, &step))
            return LX_DELTA_NONE;
        size += step.copy + step.insert;
        from = step.from;
        if (size > most)
            return LX_DELTA_NONE;
    }
    size += base_len - from;
    return size > most ? LX_DELTA_NONE : (size_t)size;
}

void lx_delta_apply(const uint8_t *delta, size_t len, const uint8_t *base, size_t base_len,
                    uint8_t *out)
{
    const uint8_t *at = delta, *end = len ? delta + len : delta;
    uint64_t from = 0;
    instruction step;

    while (at < end && get_step(&at, end, from, base_len, &step)) {
        if (step.copy)
            memcpy(out, base + from, step.copy);
        out += step.copy;
        if (step.insert)
            memcpy(out, step.bytes, step.insert);
        out += step.insert;
        from = step.from;
    }
    if (base_len - from)
        memcpy(out, base + from, base_len - from);
}
