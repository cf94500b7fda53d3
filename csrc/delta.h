/* A body told by what it has other than a like one, the base: pieces of the base are copied, and
 * what is new stands between them. Equal pieces are looked for by lines, then grown to the byte.
 *
 * A delta is a list of steps. Each is
 *
 *     copy    unsigned: so many bytes of the base, from the place reached in it
 *     insert  unsigned: so many bytes, which follow
 *     move    signed: how far to go on in the base, or back
 *
 * The first step starts at the base's first byte; behind the last step the rest of the base is
 * copied. So the empty delta means the base itself. Unsigned numbers are written in base 128, the
 * low seven bits first, all bytes but the last with the high bit set; a signed number n as 2n, or
 * -2n-1 if it is negative. FORMAT.md says the same.
 */
#ifndef LX_DELTA_H
#define LX_DELTA_H

#include "lineage_xml.h"

#define LX_DELTA_NONE SIZE_MAX
#define LX_DELTA_LONGEST ((size_t)1 << 30) /* bytes of a base and of what a delta gives */

typedef struct lx_delta_base lx_delta_base;

/* Index the lines of a base, which has to stay where it is while the index is used. `allocator`
 * NULL: the C library's. Returns NULL if memory is short or the base too long. */
lx_delta_base *lx_delta_index(const lx_allocator *allocator, const uint8_t *base, size_t len);
void lx_delta_free(lx_delta_base *base);

/* Write the delta that leads from the base to the target.
 *
 * Returns its length, or LX_DELTA_NONE if it would be longer than `room`. Takes time in proportion
 * to the target, whatever is in it; allocates nothing. */
size_t lx_delta_encode(const lx_delta_base *base, const uint8_t *target, size_t len, uint8_t *out,
                       size_t room);

/* How many bytes a delta gives; LX_DELTA_NONE if it is none for a base of that length, or gives
 * more than `most`. Looks at every step, so that nothing is allocated for a bad one. */
size_t lx_delta_size(const uint8_t *delta, size_t len, size_t base_len, size_t most);

/* Write what a delta gives. lx_delta_size must have accepted it; `out` has room for that many. */
void lx_delta_apply(const uint8_t *delta, size_t len, const uint8_t *base, size_t base_len,
                    uint8_t *out);

#endif
