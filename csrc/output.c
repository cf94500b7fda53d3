#include "output.h"

#define SP16 "                "
#define SP128 SP16 SP16 SP16 SP16 SP16 SP16 SP16 SP16

const uint8_t lx_newline_indent[1 + 2 * LX_MAX_DEPTH + LX_OVER] =
    "\n" SP128 SP128 SP128 SP128 SP16;
