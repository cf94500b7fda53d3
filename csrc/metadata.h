/* <metadata>: the one subtree that libvirt does not print itself but leaves to libxml2.
 *
 * The rules are those of libvirt 9.0 with libxml2 2.9.14 (FORMAT.md, "Metadata"), made to
 * give text that reads back as itself. lx_metadata_write and lx_metadata_free are in write.h. */
#ifndef LX_METADATA_H
#define LX_METADATA_H

#include "write.h"

/* A new document starts. Optional: without it what the elements around <metadata> say of
 * xml:space is looked up for every <metadata>, instead of once. */
void lx_metadata_begin(lx_writer *w);

/* Bytes held for <metadata>. */
size_t lx_metadata_footprint(const lx_writer *w);

#endif
