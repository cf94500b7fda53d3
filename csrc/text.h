/* Character data: references decoded on the way in, escapes put in on the way out. */
#ifndef LX_TEXT_H
#define LX_TEXT_H

#include "names.h"

/* p is after "&#": the character, or a number no character has; the byte after ';', NULL if
 * it is not of that form. */
const uint8_t *lx_numeric_reference(const uint8_t *p, uint32_t *point);
/* p is after '&': the character of one of the five named references and the length up to and
 * with its ';'; 0 if it is none. */
uint8_t lx_named_reference(const uint8_t *p, size_t *len);

/* Append the value of a checked source span: references resolved and, in an attribute, white
 * space made blanks. */
void lx_text_decode(lx_buf *out, lx_span span, bool attribute);

/* Append a value in canonical spelling: the five references, and numbers for what a parser
 * would change (TAB, LF and CR in an attribute, CR in text). */
void lx_text_escape(lx_buf *out, lx_span value, bool attribute);

#endif
