/* Kept things in one order: that in which the printed document shows them. So two documents
 * with one canonical form have one head. */
#include "head.h"

#define RANKS 128

/* An empty <memory> is printed for what is kept in it. */
static bool memory_printed(const lx_head_data *h)
{
    const lx_extra *e = h->extra.data;

    for (size_t i = 0; i < h->extra.used; i++)
        if ((e[i].place >= LX_P_MEMORY_ATTR && e[i].place < LX_P_MEMORY_ATTR + 3) ||
            e[i].place == LX_P_INSIDE + LX_F_MEMORY + 1)
            return true;
    return h->memory.there || h->memory_file.there;
}

/* Is the field printed? */
static bool printed(const lx_head_data *h, unsigned f)
{
    switch (f) {
    case LX_F_NAME: return h->name.there;
    case LX_F_DESCRIPTION: return h->description.there;
    case LX_F_STATE: return h->state.there;
    case LX_F_PARENT: return h->parent.there;
    case LX_F_TIME: return h->has_time;
    case LX_F_MEMORY: return memory_printed(h);
    case LX_F_DISKS: return h->disk.used > 0;
    case LX_F_REVERT_DISKS: return h->revert_disk.used > 0;
    case LX_F_ACTIVE: return false;
    default: return h->body[f - LX_F_DOMAIN].there;
    }
}

/* Things behind a field that is not printed are behind the last one before it that is. */
static void anchor(const lx_head_data *h, lx_extra *e, size_t n)
{
    uint8_t place[LX_FIELDS + 1] = {LX_P_AFTER};

    for (unsigned f = 0; f < LX_FIELDS; f++)
        place[f + 1] = printed(h, f) ? (uint8_t)(LX_P_AFTER + f + 1) : place[f];
    for (size_t i = 0; i < n; i++)
        if (e[i].place <= LX_P_AFTER + LX_FIELDS)
            e[i].place = place[e[i].place - LX_P_AFTER];
}

/* The order in which the places of the root are printed. */
static void root_ranks(uint8_t rank[LX_PLACES])
{
    memset(rank, 0, LX_PLACES);
    rank[LX_P_AFTER] = 1;
    for (unsigned f = 0; f < LX_FIELDS; f++) {
        rank[LX_P_ATTR + f + 1] = (uint8_t)(8 * f + 2);
        rank[LX_P_INSIDE + f + 1] = (uint8_t)(8 * f + 6);
        rank[LX_P_AFTER + f + 1] = (uint8_t)(8 * f + 7);
    }
    for (unsigned i = 0; i < 3; i++)
        rank[LX_P_MEMORY_ATTR + i] = (uint8_t)(8 * LX_F_MEMORY + 2 + i);
    rank[LX_P_PARENT_BEFORE] = 8 * LX_F_PARENT + 3;
    rank[LX_P_PARENT_NAME_ATTR] = 8 * LX_F_PARENT + 4;
}

/* The same for a disk's. */
static void disk_ranks(uint8_t rank[LX_PLACES])
{
    memset(rank, 0, LX_PLACES);
    for (unsigned i = 0; i < 4; i++)
        rank[LX_P_DISK_ATTR + i] = (uint8_t)i;
    rank[LX_P_DISK_AFTER] = 4;
    rank[LX_P_PROGRESS_ATTR] = 5;
    rank[LX_P_PROGRESS_INSIDE] = 6;
    for (unsigned i = 1; i < 4; i++)
        rank[LX_P_DISK_AFTER + i] = (uint8_t)(6 + i);
}

/* Stable counting sort; false if memory is short. */
static bool sort(const lx_head_data *h, lx_extra *e, size_t n, const uint8_t *rank)
{
    size_t start[RANKS + 1] = {0}, sorted = 1;
    lx_extra *copy;

    while (sorted < n && rank[e[sorted - 1].place] <= rank[e[sorted].place])
        sorted++;
    if (sorted >= n)
        return true;
    copy = h->alloc->alloc(h->alloc->user, n * sizeof *copy);
    if (!copy)
        return false;
    memcpy(copy, e, n * sizeof *copy);
    for (size_t i = 0; i < n; i++)
        start[rank[copy[i].place] + 1]++;
    for (size_t r = 1; r <= RANKS; r++)
        start[r] += start[r - 1];
    for (size_t i = 0; i < n; i++)
        e[start[rank[copy[i].place]]++] = copy[i];
    h->alloc->release(h->alloc->user, copy);
    return true;
}

static bool sort_disks(const lx_head_data *h, const lx_array *list)
{
    const lx_disk *disk = list->data;
    uint8_t rank[LX_PLACES];

    disk_ranks(rank);
    for (size_t i = 0; i < list->used; i++)
        if (disk[i].extras > 1 &&
            !sort(h, (lx_extra *)h->disk_extra.data + disk[i].extra0, disk[i].extras, rank))
            return false;
    return true;
}

bool lx_head_settle(lx_head_data *h)
{
    uint8_t rank[LX_PLACES];

    if (h->extra.used) {
        root_ranks(rank);
        if (!sort(h, h->extra.data, h->extra.used, rank))
            return false;
        anchor(h, h->extra.data, h->extra.used);
    }
    return sort_disks(h, &h->disk) && sort_disks(h, &h->revert_disk);
}
