/* The snapshot level of a document: its own fields, understood and checked.
 *
 *   XML --head.c--> lx_head --head_text.c--> canonical XML
 *   MessagePack <--head_pack.c--> lx_head
 *
 * Texts are decoded values in one buffer, addressed by offset; bodies stay where they are. */
#ifndef LX_HEAD_H
#define LX_HEAD_H

#include "recall.h"

/* Children of <domainsnapshot> in the order of output; also the bits of lx_head.seen. */
typedef enum {
    LX_F_NAME,
    LX_F_DESCRIPTION,
    LX_F_STATE,
    LX_F_PARENT,
    LX_F_TIME,
    LX_F_MEMORY,
    LX_F_DISKS,
    LX_F_REVERT_DISKS,
    LX_F_DOMAIN,
    LX_F_INACTIVE,
    LX_F_COOKIE,
    LX_F_ACTIVE,
    LX_FIELDS
} lx_field;

/* Places at which unknown things are kept (FORMAT.md, "Places"). For a field f:
 * LX_P_AFTER + f + 1 children of the root after it (LX_P_AFTER: before all), LX_P_ATTR + f + 1
 * attributes of its element (LX_P_ATTR: of the root), LX_P_INSIDE + f + 1 its children. */
enum {
    LX_P_AFTER = 0,
    LX_P_ATTR = 16,
    LX_P_INSIDE = 32,
    LX_P_MEMORY_ATTR = 48,      /* + 1 after snapshot=, + 2 after file= */
    LX_P_PARENT_NAME_ATTR = 52, /* attributes of <parent>'s <name> */
    LX_P_PARENT_BEFORE = 53,    /* children of <parent> before its <name> */
    LX_PLACES = 64,             /* a place is below */
    /* of a disk: */
    LX_P_DISK_ATTR = 0,  /* + 1 after name=, + 2 after snapshot=, + 3 after type= */
    LX_P_DISK_AFTER = 8, /* + 1 after snapshotDeleteInProgress, + 2 after driver, + 3 source */
    LX_P_PROGRESS_ATTR = 16,
    LX_P_PROGRESS_INSIDE = 17,
};

typedef struct {
    uint32_t off, len;
    bool there;
} lx_ref;

typedef struct {
    lx_ref name, value;
} lx_pair;

/* <driver> or <source>: attributes by name, and what is between the tags. */
typedef struct {
    bool there;
    uint32_t pair0, pairs; /* in lx_head.pair */
    lx_ref inner;
} lx_node;

typedef struct {
    lx_ref name, snapshot, type;
    bool in_progress;
    lx_node driver, source;
    uint32_t extra0, extras; /* in lx_head.disk_extra */
    const uint8_t *at;       /* '<' of the element, for errors */
    const uint8_t *bad_cache; /* '<' of a cache size that is none */
    lx_code bad_source;       /* what is wrong with the source */
} lx_disk;

typedef struct {
    uint32_t place;
    lx_ref xml; /* canonical; children begin with their line feed */
} lx_extra;

typedef struct {
    void *data;
    size_t used, cap, size;
} lx_array;

/* A body: in the writer's output (from, to), or bytes of the caller's. */
typedef struct {
    bool there;
    size_t from, to;
    lx_bytes given;
} lx_body;

typedef struct {
    lx_mode mode;
    uint32_t seen;                  /* fields that had an element */
    bool parent_named;              /* some <parent> had a <name>, if an empty one */
    const uint8_t *root;            /* '<' of the root */
    bool root_colon;                /* a name in the root's tag has a prefix */
    const uint8_t *at[LX_FIELDS];   /* '<' of each first element */
    lx_ref name, description, state, parent;
    lx_ref time_text, active_text;
    bool has_time, has_active;
    int64_t time, active;
    lx_ref memory, memory_file; /* location as given, then as defaulted */
    bool has_disks, has_revert_disks;
    size_t handed_down;         /* bytes of attributes that disks took over from their lists */
    lx_body body[LX_BODIES];
    bool verbatim; /* so far, the canonical form is the source as it stands */
    lx_code error; /* first semantic error so far, by libvirt's check order */
    const uint8_t *error_at;
    unsigned error_step;
    bool nomem;
    /* What follows survives from document to document. */
    const lx_allocator *alloc;
    lx_buf text;                /* what every lx_ref points into */
    lx_array disk, revert_disk; /* lx_disk */
    lx_array pair;              /* lx_pair */
    lx_array extra, disk_extra; /* lx_extra */
    lx_recall *recall;          /* the ctx's */
} lx_head_data;

void lx_head_init(lx_head_data *h, const lx_allocator *alloc);
void lx_head_free(lx_head_data *h);
size_t lx_head_footprint(const lx_head_data *h);
void lx_head_clear(lx_head_data *h, lx_mode mode);

/* Room for one more entry; its address, NULL (and h->nomem) if memory is short. */
void *lx_head_add(lx_head_data *h, lx_array *array);
/* Keep bytes in h->text. */
lx_ref lx_head_keep(lx_head_data *h, const void *bytes, size_t len);

static inline lx_span lx_head_span(const lx_head_data *h, lx_ref ref)
{
    return (lx_span){h->text.data + ref.off, ref.len};
}

#define lx_head_is(h, ref, constant) \
    ((ref).there && lx_span_is(lx_head_span((h), (ref)), constant))

/* head.c: read the document whose root tag was just read. */
bool lx_head_read(lx_head_data *h, lx_writer *w, const lx_tag *root);

/* head_quick.c: read fields as long as they are in the usual form; the number of the last one + 1,
 * 0: none. The root is open, and nothing of it was read. */
unsigned lx_head_quick(lx_head_data *h, lx_scan *s);

/* head_check.c: libvirt's checks and defaults, in libvirt's order. Errors found while reading
 * are reported to lx_head_error with the step at which libvirt would see them. */
enum {
    LX_STEP_TIME = 2,
    LX_STEP_STATE,
    LX_STEP_DOMAIN,
    LX_STEP_INACTIVE,
    LX_STEP_MEMORY,
    LX_STEP_DISKS,
    LX_STEP_REVERT_DISKS,
    LX_STEP_ACTIVE
};
void lx_head_error(lx_head_data *h, unsigned step, lx_code code, const uint8_t *at);
bool lx_head_check(lx_head_data *h, lx_scan *s);
/* Check one disk that was just read and give it libvirt's defaults. */
void lx_head_check_disk(lx_head_data *h, lx_disk *disk, unsigned step);
const lx_pair *lx_node_attr(const lx_head_data *h, const lx_node *node, const char *name);

/* head_extra.c: put kept things in order once all else is known; false if memory is short. */
bool lx_head_settle(lx_head_data *h);

/* head_text.c: print; pieces as in lx_text. */
size_t lx_head_text(const lx_head_data *h, const lx_writer *w, lx_buf *out, bool active,
                    lx_bytes pieces[LX_MAX_PIECES]);
lx_bytes lx_head_body(const lx_head_data *h, const lx_writer *w, unsigned which);

/* head_pack.c */
void lx_head_pack(const lx_head_data *h, const lx_writer *w, lx_buf *out, bool bodies, bool active);
/* False: not such an array, or (*code set) a text with characters that XML forbids. */
bool lx_head_unpack(lx_head_data *h, lx_bytes packed, lx_code *code);

#endif
