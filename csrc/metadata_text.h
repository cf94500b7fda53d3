/* Characters inside <metadata>, as libxml2 prints them. All values are decoded ones. */
#ifndef LX_METADATA_TEXT_H
#define LX_METADATA_TEXT_H

#include "names.h"

/* Append text; an attribute's value; '=' and a namespace name in quotes. */
void lx_metadata_text(lx_buf *out, lx_span value);
void lx_metadata_attribute(lx_buf *out, lx_span value);
void lx_metadata_uri(lx_buf *out, lx_span uri);

bool lx_metadata_all_blank(lx_span text);
bool lx_metadata_all_ascii(lx_span text);

/* Does libxml2 stop dropping blanks after this text, as it stands in the output? It does when a
 * run between references starts with a blank or holds a character beyond ASCII. */
bool lx_metadata_noticed(lx_span printed);

/* Make the blank at `at` in the buffer a reference. */
void lx_metadata_save_blank(lx_buf *out, size_t at);

#endif
