/* Siblings of one name that libvirt prints in an order of its own ([same_name] of order.toml).
 *
 * Their keys are read from what was written of them. A frame is `alike` once a second child of such
 * a name comes; for all others nothing is looked at. */
#ifndef LX_SIBLINGS_H
#define LX_SIBLINGS_H

#include "write.h"

/* The children of the frame are all written and in order of their ranks: do their values need
 * no sorting? False also where that cannot be seen without copying the output. */
bool lx_siblings_sorted(const lx_writer *w, const lx_frame *f);

/* Put the children of the frame, all written, in the order of their ranks, and those of one
 * name in the order of their keys. */
bool lx_siblings_arrange(lx_writer *w, const lx_frame *f);

#endif
