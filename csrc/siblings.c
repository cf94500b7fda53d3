#define LX_SORT_TABLES
#include "siblings.h"

#include "canonical.h"

_Static_assert(LX_SORTS < 32, "lx_frame.sorts has a bit for each");

/* A known child and the unknown ones that stand behind it, which go where it goes. */
typedef struct {
    const uint8_t *name; /* key LX_SORT_NAME: its bytes, and part[0] of them; else NULL */
    uint32_t part[LX_SORT_KEYS];
    uint32_t pos, len;
    int32_t rank;
} sibling;

/* ---- canonical text ---- */

/* Output bytes from pos on: in the buffer, or in the run behind it. */
static const uint8_t *text_at(const lx_out *o, size_t pos)
{
    return pos >= o->buf.len ? o->run + (pos - o->buf.len) : o->buf.data + pos;
}

static bool ends_name(uint8_t byte)
{
    return byte == ' ' || byte == '/' || byte == '>';
}

/* The name of the tag at p. */
static lx_span name_of(const uint8_t *p)
{
    const uint8_t *end = p + 1;

    while (!ends_name(*end))
        end++;
    return (lx_span){p + 1, (size_t)(end - p - 1)};
}

static bool same_name(lx_span a, lx_span b)
{
    return a.len == b.len && !memcmp(a.p, b.p, a.len);
}

/* The start tag of the first child with that name of the element at p; NULL: none. */
static const uint8_t *find_child(const uint8_t *p, const uint8_t *end, const char *name)
{
    lx_span want = {(const uint8_t *)name, strlen(name)};
    size_t depth = 0;

    do {
        int opens;

        if (depth == 1 && same_name(name_of(p), want))
            return p;
        p = lx_canonical_markup(p, end, &opens);
        depth += (size_t)opens;
        if (!depth)
            return NULL;
        p = memchr(p, '<', (size_t)(end - p));
    } while (p);
    return NULL;
}

/* The value of an attribute of the start tag at p, without references resolved. */
static bool find_value(const uint8_t *p, const uint8_t *end, const char *name, lx_span *value)
{
    lx_span want = {(const uint8_t *)name, strlen(name)}, tag = name_of(p);

    p = tag.p + tag.len;
    while (*p == ' ') {
        const uint8_t *equal = memchr(p, '=', (size_t)(end - p)), *from = equal + 2;
        const uint8_t *to = memchr(from, '\'', (size_t)(end - from));

        *value = (lx_span){from, (size_t)(to - from)};
        if (same_name((lx_span){p + 1, (size_t)(equal - p - 1)}, want))
            return true;
        p = to + 1;
    }
    return false;
}

/* ---- keys ---- */

static bool read_number(lx_span value, uint32_t *number)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < value.len; i++) {
        if (value.p[i] < '0' || value.p[i] > '9')
            return false;
        sum = sum * 10 + (value.p[i] - '0');
        if (sum > UINT32_MAX)
            return false;
    }
    *number = (uint32_t)sum;
    return value.len != 0;
}

static bool read_name(lx_span value, sibling *s)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.p[i], letter = c | 0x20;

        if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9') && c != '_')
            return false;
    }
    s->name = value.p;
    s->part[0] = (uint32_t)value.len;
    return value.len != 0;
}

/* Which of the words is it? `found`: there is a value. */
static bool read_word(lx_span value, bool found, const char *const *word, uint32_t *number)
{
    for (uint32_t i = 0; word[i]; i++) {
        *number = i;
        if (!strcmp(word[i], "*") ||
            (found && same_name(value, (lx_span){(const uint8_t *)word[i], strlen(word[i])})))
            return true;
    }
    return false;
}

/* Read the keys of the child whose text is from p to end; false if it has not all of them. */
static bool read_keys(const lx_sort *sort, const uint8_t *p, const uint8_t *end, sibling *s)
{
    memset(s->part, 0, sizeof s->part);
    s->name = NULL;
    for (unsigned i = 0; i < sort->keys; i++) {
        const lx_sort_key *key = sort->key + i;
        const uint8_t *tag = key->child[0] ? find_child(p, end, key->child) : p;
        lx_span value = {NULL, 0};
        bool found = tag && find_value(tag, end, key->attribute, &value), ok;

        if (key->as == LX_SORT_WORDS)
            ok = read_word(value, found, key->words, s->part + i);
        else if (key->as == LX_SORT_NUMBER)
            ok = found && read_number(value, s->part + i);
        else
            ok = found && read_name(value, s);
        if (!ok)
            return false;
    }
    return true;
}

static int compare(const sibling *a, const sibling *b)
{
    if (a->name) {
        int c = memcmp(a->name, b->name, a->part[0] < b->part[0] ? a->part[0] : b->part[0]);

        if (c)
            return c;
    }
    for (unsigned i = 0; i < LX_SORT_KEYS; i++)
        if (a->part[i] != b->part[i])
            return a->part[i] < b->part[i] ? -1 : 1;
    return 0;
}

/* How children of the frame with that name are sorted; NULL: they are not. */
static const lx_sort *sort_of(const lx_frame *f, lx_span name)
{
    lx_name n = {name.p, (uint32_t)name.len, {0, 0}};
    const lx_slot *slot;

    if (n.len <= 16)
        lx_scan_words(n.p, n.len, n.word);
    slot = lx_order_child(f->ctx, &n);
    return slot && slot->sort ? lx_sorts + slot->sort - 1 : NULL;
}

/* ---- is there anything to do? ---- */

/* The same for children first to last - 1 alone, which have one rank. */
static bool run_sorted(const lx_writer *w, const lx_frame *f, size_t first, size_t last)
{
    const lx_out *o = &w->out;
    const uint8_t *end = o->run == o->run_end ? o->buf.data + o->buf.len : o->run_end;
    const lx_sort *sort = NULL;
    sibling before = {NULL, {0}, 0, 0, 0}, now;
    lx_span name = {NULL, 0};

    for (size_t i = first; i < last; i++) {
        const uint8_t *p = text_at(o, w->kid[i].pos);

        p = memchr(p, '<', (size_t)(end - p));
        if (i == first) {
            name = name_of(p);
            sort = sort_of(f, name);
        } else if (!same_name(name_of(p), name)) {
            continue; /* an unknown one */
        }
        if (!sort || !read_keys(sort, p, end, &now))
            return true;
        if (i > first && compare(&before, &now) > 0)
            return false;
        before = now;
    }
    return true;
}

bool lx_siblings_sorted(const lx_writer *w, const lx_frame *f)
{
    const lx_out *o = &w->out;

    /* Part of it lacks, or lies elsewhere than the rest. */
    if (o->buf.failed || (w->kid[f->kid0].pos < o->buf.len && o->run != o->run_end))
        return false;
    for (size_t i = f->kid0, end; i < w->kids; i = end) {
        for (end = i + 1; end < w->kids && w->kid[end].rank == w->kid[i].rank;)
            end++;
        if (end - i > 1 && w->kid[i].rank >= 0 && !run_sorted(w, f, i, end))
            return false;
    }
    return true;
}

/* ---- sorting ---- */

/* Fill `s` with the frame's children in the order of the source; return how many there are. */
static size_t gather(const lx_writer *w, const lx_frame *f, sibling *s)
{
    const uint8_t *text = w->out.buf.data;
    size_t count = 0;
    lx_span head = {NULL, 0};

    for (size_t i = f->kid0; i < w->kids; i++) {
        uint32_t pos = w->kid[i].pos;
        size_t to = i + 1 < w->kids ? w->kid[i + 1].pos : w->out.buf.len;
        lx_span name = name_of(memchr(text + pos, '<', to - pos));

        if (count && s[count - 1].rank == w->kid[i].rank && !same_name(name, head)) {
            s[count - 1].len += (uint32_t)(to - pos);
            continue;
        }
        head = name;
        s[count].pos = pos;
        s[count].len = (uint32_t)(to - pos);
        s[count++].rank = w->kid[i].rank;
    }
    return count;
}

/* Stable counting sort by rank, from -1 to high. */
static void sort_ranks(const sibling *from, size_t n, unsigned high, sibling *to)
{
    uint32_t start[LX_RANKS + 3];

    memset(start, 0, (high + 3) * sizeof *start);
    for (size_t i = 0; i < n; i++)
        start[from[i].rank + 2]++;
    for (size_t r = 1; r < high + 3; r++)
        start[r] += start[r - 1];
    for (size_t i = 0; i < n; i++)
        to[start[from[i].rank + 1]++] = from[i];
}

/* Merge two sorted stretches, one behind the other, into `to`. */
static void merge(const sibling *s, size_t half, size_t n, sibling *to)
{
    for (size_t i = 0, j = half; i < half || j < n;)
        *to++ = j == n || (i < half && compare(s + i, s + j) <= 0) ? s[i++] : s[j++];
}

/* Stable merge sort by keys. */
static void sort_keys(sibling *s, size_t n, sibling *spare)
{
    for (size_t half = 1; half < n; half *= 2) {
        for (size_t i = 0; i < n; i += 2 * half) {
            size_t left = n - i;

            merge(s + i, half < left ? half : left, 2 * half < left ? 2 * half : left, spare + i);
        }
        memcpy(s, spare, n * sizeof *s);
    }
}

/* Sort n children of one rank. */
static void sort_run(const lx_writer *w, const lx_frame *f, sibling *s, size_t n, sibling *spare)
{
    const uint8_t *text = w->out.buf.data;
    const lx_sort *sort = NULL;
    bool sorted = true;

    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = memchr(text + s[i].pos, '<', s[i].len);

        if (!i)
            sort = sort_of(f, name_of(p));
        if (!sort || !read_keys(sort, p, text + s[i].pos + s[i].len, s + i))
            return;
        sorted &= !i || compare(s + i - 1, s + i) <= 0;
    }
    if (!sorted)
        sort_keys(s, n, spare);
}

/* Write the children in their new order. */
static bool move(lx_writer *w, const lx_frame *f, const sibling *s, size_t n)
{
    size_t from = w->kid[f->kid0].pos, len = w->out.buf.len - from;
    uint8_t *to;

    w->scratch.len = 0;
    if (!lx_buf_reserve(&w->scratch, len))
        return lx_scan_fail(w->scan, LX_NOMEM, w->scan->p);
    to = w->scratch.data;
    for (size_t i = 0; i < n; to += s[i++].len)
        memcpy(to, w->out.buf.data + s[i].pos, s[i].len);
    memcpy(w->out.buf.data + from, w->scratch.data, len);
    return true;
}

bool lx_siblings_arrange(lx_writer *w, const lx_frame *f)
{
    size_t n = w->kids - f->kid0;
    sibling *s, *spare, *memory;
    bool ok;

    lx_out_flush(&w->out);
    if (!f->disordered && lx_siblings_sorted(w, f))
        return true;
    memory = w->out.buf.failed ? NULL : w->alloc->alloc(w->alloc->user, 2 * n * sizeof *memory);
    if (!memory)
        return lx_scan_fail(w->scan, LX_NOMEM, w->scan->p);
    s = memory;
    spare = memory + n;
    n = gather(w, f, s);
    if (f->disordered) {
        sort_ranks(s, n, f->high, spare);
        s = spare;
        spare = memory;
    }
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && s[end].rank == s[i].rank;)
            end++;
        if (end - i > 1 && s[i].rank >= 0)
            sort_run(w, f, s + i, end - i, spare);
    }
    ok = move(w, f, s, n);
    w->alloc->release(w->alloc->user, memory);
    return ok;
}
