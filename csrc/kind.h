/* Kinds of values that libvirt reads and spells its own way: numbers, sizes, sets of numbers,
 * UUIDs, MAC addresses, USB ports and versions, load parameters. What each is says
 * lineage/canon/values.toml. */
#ifndef LX_KIND_H
#define LX_KIND_H

#include "names.h"

typedef enum {
    LX_IS_NOTHING,
    LX_IS_NUMBER,
    LX_IS_SIZE,
    LX_IS_SET,
    LX_IS_UUID,
    LX_IS_MAC,
    LX_IS_PORTS,
    LX_IS_VERSION,
    LX_IS_LOADPARM,
} lx_is;

typedef struct {
    uint8_t is;       /* lx_is */
    uint8_t base;     /* of a number as read; 0: as in C */
    uint8_t hex;      /* of a number as written: at least so many digits; 0: not in base 16 */
    uint8_t octal;    /* the same for base 8 */
    bool upper;       /* hexadecimal letters are written large */
    bool negative;    /* may it be? */
    bool exact;       /* a size that would have to be rounded is left alone */
    uint64_t most;    /* of a number, or of a size in bytes */
    lx_span unit;     /* a size is written in; NULL: in the largest that divides it */
    lx_span assumed;  /* unit of a size that has none */
} lx_value_kind;

/* Would the value at p, which ends at the first byte `stop`, stay as it is, whatever its unit?
 * False may mean that this is not known. Nothing is read behind `stop`. */
bool lx_kind_is_plain(const lx_value_kind *kind, const uint8_t *p, uint8_t stop);
/* The same for a size and its unit. */
bool lx_kind_is_plain_size(const lx_value_kind *kind, const uint8_t *p, lx_span unit, uint8_t stop);

/* Append the value as libvirt prints it; false, and nothing appended, if the kind does not take
 * it. */
bool lx_kind_spell(const lx_value_kind *kind, lx_span value, lx_buf *out);
/* The same for a size; *in is the unit that it is written in. */
bool lx_kind_spell_size(const lx_value_kind *kind, lx_span value, lx_span unit, lx_buf *out,
                        lx_span *in);

/* Is the value a number of the kind, and not 0? */
bool lx_kind_is_nonzero(const lx_value_kind *kind, lx_span value);

#endif
