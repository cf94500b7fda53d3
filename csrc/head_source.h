/* The <source> of a snapshot disk. */
#ifndef LX_HEAD_SOURCE_H
#define LX_HEAD_SOURCE_H

#include "head.h"

/* A disk's <source> was just read: find what libvirt's parser of storage sources refuses in it
 * (disk->bad_source), and spell numbers, addresses and UUIDs in it as libvirt does. */
void lx_head_source(lx_head_data *h, lx_writer *w, lx_disk *disk);

#endif
