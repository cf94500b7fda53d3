/* The same <domain> as in the document before.
 *
 * Snapshots of one domain come one after another, and more often than not their <domain> has not
 * changed by a byte. What was canonical as it stood is that again. */
#ifndef LX_RECALL_H
#define LX_RECALL_H

#include "write.h"

typedef struct {
    lx_buf source;     /* the element, '<' to '>', as it stood one level deep; empty: none */
    lx_buf name, uuid; /* what was captured of it */
    bool has_uuid;
} lx_recall;

void lx_recall_init(lx_recall *r, const lx_allocator *alloc);
void lx_recall_free(lx_recall *r);

/* The start tag of a snapshot's <domain> was just read: if the element is the one kept, write it,
 * read on behind it, and return true. */
bool lx_recall_write(const lx_recall *r, lx_writer *w, const lx_tag *tag);

/* Keep the <domain> that was just written, if its output is its source. Failing to keep it only
 * costs time. */
void lx_recall_keep(lx_recall *r, const lx_writer *w, const uint8_t *start);

#endif
