/* Names that must differ. */
#ifndef LX_TWICE_H
#define LX_TWICE_H

#include "names.h"

typedef struct {
    lx_span text;
    size_t number; /* rises from name to name */
} lx_named;

/* The least number of a name that is there twice: of its second bearer, or of the `earliest`.
 * SIZE_MAX: all differ. Sorts the list. */
size_t lx_find_twice(lx_named *list, size_t n, bool earliest);

#endif
