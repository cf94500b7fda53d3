#define LX_ORDER_TABLES
#include "order.h"

const lx_slot *lx_order_find_long(unsigned key, const lx_name *name)
{
    size_t low = 0, high = sizeof lx_order_long / sizeof *lx_order_long;

    while (low < high) {
        size_t mid = (low + high) / 2;
        const lx_long_name *e = lx_order_long + mid;
        size_t n = e->len < name->len ? e->len : name->len;
        int c = memcmp(e->name, name->p, n);

        if (!c)
            c = e->len != name->len ? (e->len < name->len ? -1 : 1)
                                    : (e->slot.key > key) - (e->slot.key < key);
        if (!c)
            return &e->slot;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}
