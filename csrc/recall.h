/* The same <domain> as in a document before.
 *
 * Snapshots of one domain come one after another, and half of the time their <domain> is one that
 * came lately, to the byte. What was canonical as it stood is that again. */
#ifndef LX_RECALL_H
#define LX_RECALL_H

#include "write.h"

#define LX_RECALLED 32 /* a tar or a directory has a domain's snapshots in any order */

typedef struct {
    lx_buf text;          /* the element, '<' to '>', as it stood one level deep; then what was
                             captured of it: its name, its UUID */
    size_t len, name_len; /* of the element, 0: none; of the name */
    bool has_uuid;
} lx_recalled;

typedef struct {
    lx_recalled slot[LX_RECALLED];
    unsigned next; /* slot to be used next */
} lx_recall;

void lx_recall_init(lx_recall *r, const lx_allocator *alloc);
void lx_recall_free(lx_recall *r);
size_t lx_recall_footprint(const lx_recall *r);

/* The start tag of a snapshot's <domain> was just read: if the element is one of those kept, write
 * it, read on behind it, and return true. */
bool lx_recall_write(const lx_recall *r, lx_writer *w, const lx_tag *tag);

/* Keep the <domain> that was just written, if its output is its source. Failing to keep it only
 * costs time. */
void lx_recall_keep(lx_recall *r, const lx_writer *w, const uint8_t *start);

#endif
