/* Rules about values of a domain that one element decides: libvirt's spelling, and what it adds
 * to the element. The rules are lineage/canon/values.toml's, by the numbers in lx_slot.rule. */
#ifndef LX_RULES_H
#define LX_RULES_H

#include "write.h"

/* Would the rules leave an element as it is that is spelled as libvirt spells: attributes in
 * order, single quotes? `attrs` is behind its name, `end` at the '/' or '>' of its tag; text
 * follows that. False may mean that this is not known. Reads on to the next ' or <. */
bool lx_rules_hold(unsigned group, const uint8_t *attrs, const uint8_t *end);

/* The start tag of an element was read: bring its attributes, in lx_scan.attr and ranked, to
 * libvirt's spelling, and add those that libvirt adds; tag->attrs then grows. The frame learns the
 * rule. False: memory is short. */
bool lx_rules_start(lx_writer *w, lx_tag *tag, lx_frame *f, unsigned group, const lx_ranks *r);

/* A leaf with a rule ends: bring its text to libvirt's spelling, and a unit with it. */
bool lx_rules_text(lx_writer *w, const lx_frame *f, lx_leaf *leaf);

#endif
