/* Namespaces of <metadata>: which direct child is the first of its namespace, and which
 * declarations have to come in from the elements around. */
#ifndef LX_METADATA_NAMES_H
#define LX_METADATA_NAMES_H

#include "scan.h"

typedef struct {
    size_t at, len; /* in lx_metadata_names.uris */
} lx_uri_slice;

typedef struct {
    /* Bindings that were there before <metadata>: the first ones of lx_ns. A stamp marks those
     * that are declared anew. */
    size_t outside;
    lx_buf declarations; /* of those: " xmlns:p=..." each */
    uint32_t *taken, stamp;
    size_t taken_cap;

    /* The namespaces of the direct children so far. */
    lx_buf uris;
    lx_uri_slice *uri;
    size_t uri_count, uri_cap;
    uint32_t *table; /* hash table of their numbers + 1 */
    size_t table_cap, mask;
} lx_metadata_names;

void lx_metadata_names_init(lx_metadata_names *n, const lx_allocator *alloc);
void lx_metadata_names_free(lx_metadata_names *n, const lx_allocator *alloc);
size_t lx_metadata_names_footprint(const lx_metadata_names *n);

/* Start over; the first `outside` bindings are from outside. */
void lx_metadata_names_clear(lx_metadata_names *n, size_t outside);

static inline bool lx_is_declaration(const lx_attr *a)
{
    return a->colon ? !memcmp(a->name.p, "xmlns:", 6) : lx_name_is(&a->name, "xmlns");
}

/* Declare anew what the tag uses of the bindings outside, in the order of use: the element's
 * prefix, then its attributes'. */
bool lx_metadata_names_use(lx_metadata_names *n, lx_scan *s, const lx_tag *tag);

/* *first: a direct child is in a namespace, and the first one of it. */
bool lx_metadata_names_first(lx_metadata_names *n, lx_scan *s, const lx_tag *tag, bool *first);

#endif
