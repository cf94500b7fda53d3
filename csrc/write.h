/* The canonical writer: one element and all below it, from tokens to canonical text. */
#ifndef LX_WRITE_H
#define LX_WRITE_H

#include "lines.h"
#include "scan.h"

#include <limits.h>

/* How the content of an element is treated. */
typedef enum {
    LX_AS_CONTAINER, /* known, holds elements: text is dropped */
    LX_AS_TEXT,      /* known, holds text */
    LX_AS_EITHER,    /* known by one name for both */
    LX_AS_UNKNOWN    /* keep whatever it is */
} lx_nature;

typedef struct {
    const uint8_t *start; /* '<' in the source */
    size_t out_start;     /* output before its line */
    size_t inner_from;    /* output after its '>', once it has a child */
    size_t kid0;          /* its first entry in lx_writer.kid */
    lx_span name;
    uint32_t attrs; /* in lx_scan.attr, as long as no other tag was read */
    int rank; /* of the last known child so far */
    uint8_t high; /* the highest rank so far */
    uint16_t ctx;
    uint8_t flags;
    uint8_t nature;
    uint16_t rule; /* of rules.c, 0: none */
    bool kids;       /* has a child: its '>' is written */
    bool disordered; /* a child came out of rank */
    bool alike;      /* some children may have to be sorted by value: see siblings.h */
    uint32_t sorts;  /* bits of the lx_slot.sort of its children */
} lx_frame;

typedef struct {
    uint32_t pos;
    int32_t rank;
} lx_kid;

/* The text of an element while it has no child: one plain piece, or decoded pieces. */
typedef struct {
    lx_span span; /* source, to be copied as it stands; len 0: none */
    bool decoded; /* it is in lx_writer.text instead */
    bool blank;
} lx_leaf;

/* What is learned of a <domain> in passing. */
typedef struct {
    bool wanted;
    bool inactive; /* only the UUID's spelling matters: it is not the snapshot's domain */
    bool seen_name, seen_uuid; /* only the first of each counts */
    bool has_uuid;
    lx_buf name, uuid;       /* decoded; empty: absent */
    lx_buf other;            /* what is looked at and not kept */
    const uint8_t *bad_uuid; /* source of a malformed one */
} lx_capture;

/* The size of a snapshot disk's metadata cache, printed in bytes. */
typedef struct {
    bool wanted, seen;  /* only the first counts */
    const uint8_t *bad; /* source of one that is no size */
    const uint8_t *known;  /* '<' of the element around it that was looked at last */
    bool foreign;          /* that one is in a default namespace */
} lx_cache_size;

/* Elements of the tree being written that are mixed (mixed.c). */
typedef struct {
    uint32_t *at; /* offsets of their '<' */
    size_t used, cap;
    size_t next; /* the first that may still be ahead */
    bool known;
    size_t outgrown; /* length of the output at which it is time to know */
} lx_mixed;

typedef struct {
    lx_scan *scan;
    lx_out out;
    lx_frame frame[LX_MAX_DEPTH];
    unsigned top; /* open frames */
    unsigned strange; /* how often lx_quick_run came no further */
    unsigned level;
    lx_kid *kid;
    size_t kids, kid_cap;
    lx_buf scratch, text;
    lx_buf values; /* of the attributes of the tag last read, where a rule changed them */
    const lx_allocator *alloc;
    size_t inner_from, inner_to; /* output between the tags of the element last written */
    lx_capture capture;
    lx_cache_size cache;
    bool long_way; /* no short cut is to be taken */
    bool unruled; /* values are somebody else's affair: see rules.h */
    uint16_t *order; /* attribute numbers in canonical order */
    int16_t *rank;   /* of each attribute, behind `order` in one allocation */
    lx_mixed mixed;
    struct lx_metadata *metadata;
    lx_lines lines; /* survive from document to document */
} lx_writer;

void lx_write_init(lx_writer *w, lx_scan *scan, const lx_allocator *alloc, uint64_t seed);
void lx_write_free(lx_writer *w);
size_t lx_write_footprint(const lx_writer *w);

/* Write the element whose start tag was just read, on a new line at `level`, and read it to its
 * end. `slot` says what it is: lx_order_child of the place where it stands, or NULL. */
bool lx_write_element(lx_writer *w, const lx_tag *tag, const lx_slot *slot, unsigned level);

/* Attribute numbers of the tag in canonical order for the context. Checks names and
 * duplicates. *sorted: they came in that order. NULL: refused. */
const uint16_t *lx_write_order(lx_writer *w, const lx_tag *tag, unsigned ctx, bool *sorted);

/* What a look at a tag's attributes finds. */
typedef struct {
    uint64_t seen;   /* ranks */
    uint16_t at[64]; /* of a seen rank: the attribute's number */
    bool rising;     /* all are listed, in order, none comes twice */
    bool single;     /* all are listed, none comes twice */
} lx_ranks;

/* Write "<name attributes" of a tag without its end, on a new line at `level` or LX_IN_LINE. */
#define LX_IN_LINE UINT_MAX
bool lx_write_start(lx_writer *w, const lx_tag *tag, unsigned ctx, unsigned level);

/* Append an attribute, " name='value'". */
void lx_write_attr(lx_writer *w, const lx_attr *a);

/* The slot of a name that its parent's context does not list; NULL if no table knows it.
 * Checks the name. *ok false: refused. */
const lx_slot *lx_write_unlisted(lx_writer *w, const lx_tag *tag, bool *ok);

/* The frame gets a child that is listed: its rank, and what it does to the order. */
static inline void lx_write_note(lx_frame *f, const lx_slot *slot)
{
    uint32_t sort = 1u << slot->sort & ~1u;

    f->disordered |= slot->rank < f->rank;
    f->alike |= (f->sorts & sort) != 0;
    f->sorts |= sort;
    f->rank = slot->rank;
    f->high = slot->rank > f->high ? slot->rank : f->high;
}

/* quick.c: read and write on while the source is spelled as libvirt spells. True if it came any
 * further. Must not be called with text pending in the frame on top. */
bool lx_quick_run(lx_writer *w);

/* metadata.c: the element <metadata> whose start tag was just read, by libxml2's rules. */
bool lx_metadata_write(lx_writer *w, const lx_tag *tag, unsigned level);
void lx_metadata_free(lx_writer *w);

#endif
