/* The texts of error.def. */
#include "lineage_xml.h"

static const struct {
    const char *code, *message;
    lx_class class;
} texts[] = {
    {"", "", LX_CLASS_NONE},
    {"no-memory", "out of memory", LX_CLASS_NONE},
#define LX_ERROR(symbol, class, code, message, example) {code, message, LX_CLASS_##class},
#include "error.def"
#undef LX_ERROR
};

const char *lx_error_code(lx_code code)
{
    return (unsigned)code < LX_ERROR_END ? texts[code].code : "";
}

const char *lx_error_message(lx_code code)
{
    return (unsigned)code < LX_ERROR_END ? texts[code].message : "";
}

lx_class lx_error_class(lx_code code)
{
    return (unsigned)code < LX_ERROR_END ? texts[code].class : LX_CLASS_NONE;
}
