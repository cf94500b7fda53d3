/* What a name means where it stands: its rank among siblings, its own context, its nature.
 * The tables are generated from lineage/canon/order.toml. */
#ifndef LX_ORDER_H
#define LX_ORDER_H

#include "buffer.h"

typedef struct {
    uint64_t word[2]; /* the name, zero-padded, as loaded little-endian */
    uint16_t key;     /* 2 * context for a child, 2 * context + 1 for an attribute */
    uint16_t child;   /* the context inside the element */
    uint8_t rank;
    uint8_t flags; /* LX_FLAG_* */
    uint8_t sort;  /* siblings of this name are sorted by lx_sorts[sort - 1]; 0: they are not */
    uint8_t rule;  /* the group of rules.c for its values, 0: none */
} lx_slot;

#define LX_NO_KEY 0xffff /* of an empty slot */

#define LX_RANKS 256 /* a rank is below */

typedef struct {
    const char *name;
    size_t len;
    lx_slot slot;
} lx_long_name;

/* By what siblings of one name are sorted (siblings.c). */
#define LX_SORT_KEYS 3

typedef enum {
    LX_SORT_NUMBER,
    LX_SORT_NAME, /* bytes; then the only key */
    LX_SORT_WORDS
} lx_sort_as;

typedef struct {
    const char *attribute, *child; /* child "": the sibling's own attribute */
    lx_sort_as as;
    const char *const *words; /* in order, NULL behind the last; "*" is anything else */
} lx_sort_key;

typedef struct {
    unsigned keys;
    lx_sort_key key[LX_SORT_KEYS];
} lx_sort;

#include "order_table.h"

enum { LX_CTX_GLOBAL, LX_CTX_NOTHING };

/* A name as the scanner found it. Names over 16 bytes have words of 0. */
typedef struct {
    const uint8_t *p;
    uint32_t len;
    uint64_t word[2];
} lx_name;

extern const lx_slot lx_order_slots[1 << LX_ORDER_BITS] LX_HIDDEN;
extern const uint16_t lx_order_displace[1 << LX_ORDER_BUCKETS] LX_HIDDEN;
const lx_slot *lx_order_find_long(unsigned key, const lx_name *name);

/* The slot of a name under a key, NULL if it is not listed there. */
static inline const lx_slot *lx_order_find(unsigned key, const lx_name *name)
{
    const lx_slot *s;
    uint64_t h;

    if (LX_UNLIKELY(name->len > 16))
        return lx_order_find_long(key, name);
    h = name->word[0] * 0x9e3779b97f4a7c15u ^ name->word[1] * 0xc2b2ae3d27d4eb4fu ^
        (uint64_t)key * 0x165667b19e3779f9u;
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15u;
    h = (h >> 32) + lx_order_displace[h >> (64 - LX_ORDER_BUCKETS)] * (h >> 16 | 1);
    s = lx_order_slots + (h & ((1u << LX_ORDER_BITS) - 1));
    /* Branches, not a selection: what follows need not wait for the comparison. */
    if (LX_LIKELY(s->word[0] == name->word[0] && s->word[1] == name->word[1] && s->key == key))
        return s;
    return NULL;
}

static inline const lx_slot *lx_order_child(unsigned ctx, const lx_name *name)
{
    return lx_order_find(2 * ctx, name);
}

static inline const lx_slot *lx_order_attr(unsigned ctx, const lx_name *name)
{
    return lx_order_find(2 * ctx + 1, name);
}

/* True if the name is this text constant of at most 16 bytes. */
#define lx_name_is(name, text) \
    ((name)->len == sizeof(text) - 1 && !memcmp((name)->p, (text), sizeof(text) - 1))

#endif
