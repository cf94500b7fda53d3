/* Reading canonical text that the core wrote itself: well-formed, one blank before an attribute,
 * single quotes. Nothing is checked again. Only the metadata of a domain that somebody put into an
 * unknown place has more: double quotes, comments, processing instructions, CDATA. */
#ifndef LX_CANONICAL_H
#define LX_CANONICAL_H

#include "write.h"

/* Behind the markup at p, a '<'. *opens: 1 for a start tag, -1 for an end tag, 0 for all else. */
const uint8_t *lx_canonical_markup(const uint8_t *p, const uint8_t *end, int *opens);

/* An element in canonical text. */
typedef struct {
    lx_span name, attrs; /* attrs: between the name and the end of the start tag */
    lx_span inner;       /* between the tags */
    const uint8_t *end;  /* behind the element */
    bool plain;          /* in no namespace, if what is around it is in none */
    bool kids;           /* has a child element */
} lx_element;

/* The first element that starts at or after p; false if none does before `end`. */
bool lx_canonical_next(const uint8_t *p, const uint8_t *end, lx_element *e);

/* An attribute's value as it stands; false if there is none of that name. */
bool lx_canonical_attr(const lx_element *e, const char *name, lx_span *value);

/* A change to a start tag: a value to set (not escaped: it needs no escapes), or NULL to take
 * the attribute away. */
typedef struct {
    const char *name, *value;
} lx_edit;

/* Append the start tag with changed attributes up to its "/>" or ">". New ones stand where the
 * order of the context has them, last of those of their rank. The edits are in that order. */
void lx_canonical_start(lx_buf *out, const lx_element *e, unsigned ctx, const lx_edit *edits,
                        size_t n);

#endif
