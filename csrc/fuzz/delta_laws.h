/* The part of the libFuzzer target that is about deltas. */
#ifndef DELTA_LAWS_H
#define DELTA_LAWS_H

#include <stddef.h>
#include <stdint.h>

/* Aborts if a law is broken. */
void delta_laws(const uint8_t *data, size_t len);

#endif
