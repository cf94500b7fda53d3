/* Numbers as C reads them, and as libvirt prints them. */
#ifndef LX_NUMBER_H
#define LX_NUMBER_H

#include "names.h"

/* As strtoul reads base 0, in 32 bits and not negative: 0x for sixteen, 0 for eight. */
bool lx_number_c(lx_span text, uint64_t *value);
/* As strtoull reads base 10: a negative one counts from the other end. */
bool lx_number_wrapping(lx_span text, uint64_t *value);

/* Both give the start of what they wrote into `text`. */
const char *lx_number_decimal(char text[21], uint64_t n);
const char *lx_number_hex(char text[19], uint64_t n, unsigned least); /* digits */

#endif
