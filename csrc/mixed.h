/* Mixed content: unknown elements that hold text beside elements are kept word for word. */
#ifndef LX_MIXED_H
#define LX_MIXED_H

#include "write.h"

/* Append the character data of a piece of text or CDATA. */
void lx_piece_decode(lx_buf *out, const lx_piece *piece);
/* Is the piece white space, by reference or not? */
bool lx_piece_blank(lx_writer *w, const lx_piece *piece);

/* Forget what was known of the element written before. */
void lx_mixed_begin(lx_writer *w);
/* Is the unknown element of this tag, which comes next, known to be mixed? */
bool lx_mixed_known(lx_writer *w, const lx_tag *tag);
/* Write the mixed element whose start tag was just read, and read it to its end. `text`: where its
 * character data is to go too, or NULL. */
bool lx_mixed_write(lx_writer *w, const lx_tag *tag, lx_buf *text);
/* The frame on top turned out to be mixed: write it again, as what it is; if an unknown frame
 * around it is going to turn out so too, that one. */
bool lx_mixed_again(lx_writer *w);
/* The output has outgrown its source, which only the indentation of what is not known to be mixed
 * can do: look ahead for what is. *written: an open frame is, and was written again. */
bool lx_mixed_outgrown(lx_writer *w, bool *written);

#endif
