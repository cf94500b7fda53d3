/* Rules about single values of a domain. */
#ifndef LX_VALUE_H
#define LX_VALUE_H

#include "write.h"

/* C's isspace(). */
static inline bool lx_c_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The value of a hexadecimal digit, 16 for another byte. */
static inline unsigned lx_digit(uint8_t c)
{
    unsigned letter = (unsigned)(c | 0x20) - 'a';

    if (c >= '0' && c <= '9')
        return (unsigned)c - '0';
    return letter < 6 ? letter + 10 : 16;
}

/* C's strtoll in base 10, nothing behind the number: libvirt's way to read integers. */
bool lx_value_integer(lx_span text, int64_t *value);

/* A UUID as libvirt reads it (any case, dashes and blanks between bytes or nowhere,
 * white space around) in canonical
 * form; false if it is none. */
bool lx_value_uuid(lx_span text, uint8_t out[36]);
/* In that form already? */
bool lx_value_is_uuid(lx_span text);

/* A whole number of at most 64 bits and a unit (`unit` empty: bytes) in bytes: a letter or
 * KiB for 1024s, KB for 1000s, in any case, as libvirt scales integers. */
bool lx_value_scale(lx_span number, lx_span unit, uint64_t *bytes);

/* Does the tag, which was read last, give this value to the attribute? */
bool lx_value_attribute_is(lx_writer *w, const lx_tag *tag, const char *name, const char *wanted);

/* A child of <domain> without children of its own ends: learn the domain's name and UUID from
 * it; the UUID's text becomes the canonical one. */
void lx_value_capture(lx_writer *w, const lx_frame *f, lx_leaf *leaf);

/* The same for one with markup in it, which stays: where to add the text that is in it, NULL if
 * it is neither of the two; and what to do once all of it is there. */
lx_buf *lx_value_capture_mixed(lx_writer *w, const lx_frame *f);
void lx_value_captured(lx_writer *w, const lx_frame *f, lx_buf *text);

/* A leaf two levels inside a snapshot disk's <driver> ends: if it is the cache's <max_size>,
 * it is written in bytes. */
void lx_value_cache_size(lx_writer *w, const lx_frame *f, lx_leaf *leaf);

#endif
