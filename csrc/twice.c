#include "twice.h"

#include <string.h>

static int compare(const lx_named *a, const lx_named *b)
{
    size_t len = a->text.len < b->text.len ? a->text.len : b->text.len;
    int order = len ? memcmp(a->text.p, b->text.p, len) : 0;

    if (order)
        return order;
    if (a->text.len != b->text.len)
        return a->text.len < b->text.len ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static void sift(lx_named *list, size_t at, size_t n)
{
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        lx_named moved = list[at];

        if (child + 1 < n && compare(list + child, list + child + 1) < 0)
            child++;
        if (compare(&moved, list + child) >= 0)
            return;
        list[at] = list[child];
        list[child] = moved;
    }
}

size_t lx_find_twice(lx_named *list, size_t n, bool earliest)
{
    size_t least = SIZE_MAX;

    for (size_t i = n / 2; i-- > 0;)
        sift(list, i, n);
    for (size_t i = n; i-- > 1;) {
        lx_named last = list[i];

        list[i] = list[0];
        list[0] = last;
        sift(list, 0, i);
    }
    for (size_t i = 1; i < n; i++) {
        size_t number = list[i - earliest].number;

        if (lx_span_equal(list[i - 1].text, list[i].text) && number < least)
            least = number;
    }
    return least;
}
