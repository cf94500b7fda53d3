/* The part of MessagePack that heads are made of. */
#ifndef LX_MSGPACK_H
#define LX_MSGPACK_H

#include "names.h"

void lx_pack_nil(lx_buf *out);
void lx_pack_bool(lx_buf *out, bool value);
void lx_pack_int(lx_buf *out, int64_t value);
void lx_pack_text(lx_buf *out, lx_span text);
void lx_pack_bytes(lx_buf *out, lx_span bytes);
void lx_pack_array(lx_buf *out, size_t n);
void lx_pack_map(lx_buf *out, size_t n);

/* Reading: each function takes the next value or sets `bad` and returns nothing useful. */
typedef struct {
    const uint8_t *p, *end;
    bool bad;
} lx_unpack;

bool lx_unpack_nil(lx_unpack *u); /* true, and passed, if the next value is nil */
bool lx_unpack_bool(lx_unpack *u);
int64_t lx_unpack_int(lx_unpack *u);
lx_span lx_unpack_text(lx_unpack *u);
lx_span lx_unpack_bytes(lx_unpack *u);
size_t lx_unpack_array(lx_unpack *u);
size_t lx_unpack_map(lx_unpack *u);

#endif
