/* What libvirt's parser of storage sources refuses, and what it spells anew
 * (virDomainStorageSourceParse and what that calls).
 *
 * The source was written in canonical form; here that text is read once, from front to back.
 * libvirt looks for one kind of child after another, so a fault has the rank of its kind: the
 * least one counts, and of those of one rank the first. */
#include "head_source.h"
#include "canonical.h"
#include "number.h"
#include "text.h"
#include "twice.h"
#include "value.h"

/* In the order in which libvirt looks. */
enum {
    AT_ATTRIBUTES,
    AT_HOST,
    AT_SSL,
    AT_COOKIE,
    AT_COOKIE_VALUE, /* once all cookies were read */
    AT_READAHEAD,
    AT_TIMEOUT,
    AT_ADDRESS,
    AT_RECONNECT,
    AT_AUTH,
    AT_ENCRYPTION,
    AT_ENCRYPTION_SECRET,
    AT_CIPHER,
    AT_IVGEN,
    AT_RESERVATIONS,
    AT_SLICE,
    AT_SECLABEL
};

/* Children of which the first counts. */
enum {
    SEEN_SSL = 1 << 0,
    SEEN_COOKIES = 1 << 1,
    SEEN_READAHEAD = 1 << 2,
    SEEN_TIMEOUT = 1 << 3,
    SEEN_ADDRESS = 1 << 4,
    SEEN_RECONNECT = 1 << 5,
    SEEN_AUTH = 1 << 6,
    SEEN_ENCRYPTION = 1 << 7,
    SEEN_RESERVATIONS = 1 << 8,
    SEEN_SLICE = 1 << 9,
};

/* Names that must differ, and the first other fault of what bears them. */
typedef struct {
    lx_array list; /* lx_named */
    size_t fault_at;
    lx_code fault;
} names;

typedef struct {
    const char *name, *port;
    bool pool, web, ssl;
} protocol;

typedef struct {
    lx_head_data *h;
    lx_writer *w;
    lx_disk *disk;
    const protocol *protocol; /* of a network source */
    bool nvme, vhostuser;
    unsigned seen;
    const uint8_t *done; /* respelled or copied up to here */
    names models, cookies;
    unsigned rank;
    lx_code code;
} reader;

static const protocol protocols[] = {
    {"none", NULL, false, false, false},     {"nbd", "10809", false, false, false},
    {"rbd", NULL, true, false, false},       {"sheepdog", "7000", false, false, false},
    {"gluster", "24007", true, false, false}, {"iscsi", "3260", false, false, false},
    {"http", "80", false, true, false},      {"https", "443", false, true, true},
    {"ftp", "21", false, true, false},       {"ftps", "990", false, true, true},
    {"tftp", "69", false, false, false},     {"ssh", "22", false, false, false},
    {"vxhs", "9999", false, false, false},   {"nfs", NULL, false, false, false},
};

static void fault(reader *r, unsigned rank, lx_code code)
{
    if (r->code && r->rank <= rank)
        return;
    r->code = code;
    r->rank = rank;
}

/* ---- values ---- */

static bool is(lx_span text, const char *constant)
{
    return text.len == strlen(constant) && !memcmp(text.p, constant, text.len);
}

static bool yes_or_no(lx_span text)
{
    return is(text, "yes") || is(text, "no");
}

/* The characters of a value that stands in canonical text. */
static lx_span decoded(reader *r, lx_span escaped)
{
    lx_buf *text = &r->w->text;

    text->len = 0;
    if (!lx_buf_reserve(text, 1)) /* so that even an empty text has an address */
        return (lx_span){escaped.p, 0};
    lx_text_decode(text, escaped, false);
    return (lx_span){text->data, text->len};
}

/* A whole number, not negative, in decimal digits. */
static bool number(reader *r, lx_span escaped, uint64_t most, uint64_t *value)
{
    static const lx_span bytes = {(const uint8_t *)"", 0};

    return lx_value_scale(decoded(r, escaped), bytes, value) && *value <= most;
}

static bool c_number(reader *r, lx_span escaped, uint64_t *value)
{
    return lx_number_c(decoded(r, escaped), value);
}

/* Write the element's start tag with changes. */
static void respell(reader *r, const lx_element *e, unsigned ctx, const lx_edit *edits, size_t n)
{
    lx_buf *out = &r->w->scratch;
    const uint8_t *start = e->name.p - 1;

    lx_buf_add(out, r->done, (size_t)(start - r->done));
    lx_canonical_start(out, e, ctx, edits, n);
    r->done = e->attrs.p + e->attrs.len;
}

/* Respell one attribute that is there. */
static void respell_attr(reader *r, const lx_element *e, const char *name, lx_span old,
                         const char *value)
{
    lx_edit edit = {name, value};

    if (!is(old, value))
        respell(r, e, LX_CTX_NOTHING, &edit, 1);
}

/* Check and respell a decimal attribute: false if it is there and no such number. */
static bool decimal_attr(reader *r, const lx_element *e, const char *name, uint64_t most,
                         lx_span *value)
{
    char text[21];
    uint64_t n;

    if (!number(r, *value, most, &n))
        return false;
    respell_attr(r, e, name, *value, lx_number_decimal(text, n));
    return true;
}

/* True for the first element that has this bit. */
static bool first(reader *r, unsigned bit)
{
    bool first = !(r->seen & bit);

    r->seen |= bit;
    return first;
}

/* ---- names that must differ ---- */

static void add_name(reader *r, names *all, lx_span text, size_t number)
{
    lx_named *entry = lx_head_add(r->h, &all->list);

    if (entry)
        *entry = (lx_named){text, number};
}

static void fault_of(names *all, size_t number, lx_code code)
{
    if (all->fault)
        return;
    all->fault = code;
    all->fault_at = number;
}

/* ---- attributes of the source ---- */

/* The value of an attribute, undecoded; false if there is none. */
static bool own(const reader *r, const char *name, lx_span *value)
{
    const lx_pair *pair = lx_node_attr(r->h, &r->disk->source, name);

    if (pair)
        *value = lx_head_span(r->h, pair->value);
    return pair != NULL;
}

static lx_code check_network(reader *r)
{
    lx_span text, name = {NULL, 0};
    bool named;
    int64_t n;

    if (!own(r, "protocol", &text))
        return LX_E_DISK_PROTOCOL_MISSING;
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (is(text, protocols[i].name))
            r->protocol = protocols + i;
    if (!r->protocol)
        return LX_E_DISK_PROTOCOL;
    named = own(r, "name", &name);
    if (!named && !is(text, "nbd"))
        return LX_E_DISK_SOURCE_NAME;
    if (own(r, "tls", &text) && !yes_or_no(text))
        return LX_E_DISK_TLS;
    /* Read only with what libvirt wrote itself. */
    if (r->h->mode != LX_CREATE && own(r, "tlsFromConfig", &text) &&
        (!lx_value_integer(text, &n) || n < INT32_MIN || n > INT32_MAX))
        return LX_E_DISK_TLS_CONFIG;
    if (r->protocol->pool && (!name.len || *name.p == '/' || !memchr(name.p, '/', name.len)))
        return LX_E_DISK_SOURCE_POOL;
    return LX_OK;
}

static lx_code check_nvme(reader *r)
{
    lx_span text;
    uint64_t n;
    char digits[21];
    const char *canonical;

    if (!own(r, "type", &text))
        return LX_E_DISK_SOURCE_TYPE_MISSING;
    if (!is(text, "pci"))
        return LX_E_DISK_SOURCE_TYPE;
    if (!own(r, "namespace", &text))
        return LX_E_DISK_NAMESPACE_MISSING;
    if (!lx_number_wrapping(text, &n))
        return LX_E_DISK_NAMESPACE;
    canonical = lx_number_decimal(digits, n);
    if (!is(text, canonical)) {
        lx_pair *pair = (lx_pair *)r->h->pair.data +
                        (lx_node_attr(r->h, &r->disk->source, "namespace") -
                         (const lx_pair *)r->h->pair.data);

        pair->value = lx_head_keep(r->h, canonical, strlen(canonical));
    }
    if (own(r, "managed", &text) && !yes_or_no(text))
        return LX_E_DISK_MANAGED;
    return LX_OK;
}

static lx_code check_vhostuser(reader *r)
{
    lx_span text;

    if (!own(r, "type", &text))
        return LX_E_DISK_SOURCE_TYPE_MISSING;
    if (!is(text, "unix"))
        return LX_E_DISK_SOURCE_TYPE;
    return own(r, "path", &text) ? LX_OK : LX_E_DISK_SOURCE_PATH;
}

/* ---- children of a network source ---- */

static void read_host(reader *r, const lx_element *e)
{
    lx_edit edits[2] = {{"port", NULL}, {"transport", NULL}};
    lx_span transport = {0}, text, port;
    bool said = lx_canonical_attr(e, "transport", &transport), tcp, has_port;
    uint64_t n = 0;
    char digits[21];

    tcp = !said || is(transport, "tcp");
    if (!tcp && !is(transport, "unix") && !is(transport, "rdma")) {
        fault(r, AT_HOST, LX_E_DISK_HOST_TRANSPORT);
        return;
    }
    if (!tcp && is(transport, "unix")) {
        if (!lx_canonical_attr(e, "socket", &text))
            fault(r, AT_HOST, LX_E_DISK_HOST_SOCKET);
        return; /* its name and port are not looked at */
    }
    has_port = lx_canonical_attr(e, "port", &port);
    if (lx_canonical_attr(e, "socket", &text))
        fault(r, AT_HOST, LX_E_DISK_HOST_NO_SOCKET);
    else if (!lx_canonical_attr(e, "name", &text))
        fault(r, AT_HOST, LX_E_DISK_HOST_NAME);
    else if (has_port && !number(r, port, 65535, &n))
        fault(r, AT_HOST, LX_E_DISK_HOST_PORT);
    if (n)
        edits[0].value = lx_number_decimal(digits, n);
    else if (tcp)
        edits[0].value = r->protocol->port;
    if (!tcp)
        edits[1].value = "rdma";
    if ((tcp && said) || has_port != (edits[0].value != NULL) ||
        (has_port && !is(port, edits[0].value)))
        respell(r, e, LX_CTX_HOST, edits, 2);
}

static const char name_separators[] = "\t\n\r \"(),/:;<=>?@[\\]{}";
static const char value_separators[] = "\t\n\r \",;\\";

static bool has_any(lx_span text, const char *characters)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.p[i] && strchr(characters, text.p[i]))
            return true;
    return false;
}

static void read_cookie(reader *r, const lx_element *e, size_t number)
{
    lx_span name, value;

    if (!lx_canonical_attr(e, "name", &name) || !name.len || !(e->inner.len || e->kids)) {
        fault(r, AT_COOKIE, LX_E_DISK_COOKIE_MISSING);
        return;
    }
    add_name(r, &r->cookies, name, number);
    if (has_any(decoded(r, name), name_separators))
        fault_of(&r->cookies, number, LX_E_DISK_COOKIE);
    if (e->kids)
        return; /* markup in it: the text is another than libvirt's */
    value = decoded(r, e->inner);
    if (value.len && *value.p == '"' && value.p[value.len - 1] == '"')
        value = (lx_span){value.p + 1, value.len - (value.len > 1 ? 2 : 1)};
    if (has_any(value, value_separators))
        fault_of(&r->cookies, number, LX_E_DISK_COOKIE);
}

/* The children of e of this name, one a call: false if there is no other. */
static bool next_named(const lx_element *e, const char *name, lx_element *child)
{
    const uint8_t *p = child->end ? child->end : e->inner.p, *end = e->inner.p + e->inner.len;

    while (lx_canonical_next(p, end, child)) {
        if (child->plain && is(child->name, name))
            return true;
        p = child->end;
    }
    return false;
}

static void read_cookies(reader *r, const lx_element *e)
{
    lx_element cookie = {0};

    for (size_t number = 0; next_named(e, "cookie", &cookie); number++)
        read_cookie(r, &cookie, number);
}

static void settle_cookies(reader *r)
{
    size_t twice = lx_find_twice(r->cookies.list.data, r->cookies.list.used, true);

    if (r->cookies.fault && r->cookies.fault_at <= twice)
        fault(r, AT_COOKIE_VALUE, r->cookies.fault);
    else if (twice != SIZE_MAX)
        fault(r, AT_COOKIE_VALUE, LX_E_DISK_COOKIE_TWICE);
}

/* A number in an attribute; the first element that has the attribute counts, empty or not. */
static void read_number(reader *r, const lx_element *e, const char *name, unsigned bit,
                        unsigned rank, lx_code code)
{
    lx_span value;

    if (!lx_canonical_attr(e, name, &value) || !first(r, bit) || !value.len)
        return;
    if (!decimal_attr(r, e, name, UINT64_MAX, &value))
        fault(r, rank, code);
}

static void read_web(reader *r, const lx_element *e)
{
    lx_span text;

    if (is(e->name, "ssl") && r->protocol->ssl && first(r, SEEN_SSL)) {
        if (lx_canonical_attr(e, "verify", &text) && !yes_or_no(text))
            fault(r, AT_SSL, LX_E_DISK_SSL);
    } else if (is(e->name, "cookies") && r->protocol->name[0] == 'h' && first(r, SEEN_COOKIES)) {
        read_cookies(r, e);
    } else if (is(e->name, "readahead")) {
        read_number(r, e, "size", SEEN_READAHEAD, AT_READAHEAD, LX_E_DISK_READAHEAD);
    } else if (is(e->name, "timeout")) {
        read_number(r, e, "seconds", SEEN_TIMEOUT, AT_TIMEOUT, LX_E_DISK_TIMEOUT);
    }
}

/* ---- children of nvme and vhostuser sources ---- */

static bool zpci_numbers(reader *r, const lx_element *e)
{
    lx_element zpci = {0};
    lx_span text;
    uint64_t n;

    while (next_named(e, "zpci", &zpci))
        if ((lx_canonical_attr(&zpci, "uid", &text) && !c_number(r, text, &n)) ||
            (lx_canonical_attr(&zpci, "fid", &text) && !c_number(r, text, &n)))
            return false;
    return true;
}

static void read_address(reader *r, const lx_element *e)
{
    static const struct {
        const char *name;
        unsigned digits;
        uint64_t most;
    } part[4] = {
        {"domain", 4, UINT32_MAX}, {"bus", 2, 0xff}, {"slot", 2, 0x1f}, {"function", 1, 7}};
    lx_edit edits[4];
    char text[4][19];
    uint64_t n[4] = {0};
    bool same = true, over = false;
    lx_span value;

    for (unsigned i = 0; i < 4; i++) {
        bool there = lx_canonical_attr(e, part[i].name, &value);

        if (there && !c_number(r, value, n + i)) {
            fault(r, AT_ADDRESS, LX_E_DISK_ADDRESS);
            return;
        }
        over |= n[i] > part[i].most;
        edits[i] = (lx_edit){part[i].name, lx_number_hex(text[i], n[i], part[i].digits)};
        same &= there && is(value, edits[i].value);
    }
    if (lx_canonical_attr(e, "multifunction", &value) && !is(value, "on") && !is(value, "off"))
        over = true;
    else if (!n[0] && !n[1] && !n[2])
        over = false; /* libvirt does not look at an address that is empty but for a function */
    if (over || !zpci_numbers(r, e))
        fault(r, AT_ADDRESS, LX_E_DISK_ADDRESS);
    if (!same)
        respell(r, e, LX_CTX_ADDRESS, edits, 4);
}

static void read_reconnect(reader *r, const lx_element *e)
{
    lx_span text;

    if (!lx_canonical_attr(e, "enabled", &text))
        return;
    if (!yes_or_no(text))
        fault(r, AT_RECONNECT, LX_E_DISK_RECONNECT);
    else if (is(text, "yes") && (!lx_canonical_attr(e, "timeout", &text) ||
                                 !decimal_attr(r, e, "timeout", UINT32_MAX, &text)))
        fault(r, AT_RECONNECT, LX_E_DISK_RECONNECT);
}

/* ---- children of every source ---- */

/* Which secret is meant: by UUID or by usage. */
static void read_secret(reader *r, const lx_element *e, unsigned rank)
{
    lx_span uuid, usage;
    bool by_uuid = lx_canonical_attr(e, "uuid", &uuid);
    bool by_usage = lx_canonical_attr(e, "usage", &usage);
    uint8_t canonical[37] = {0};

    if (by_uuid == by_usage)
        fault(r, rank, by_uuid ? LX_E_DISK_SECRET_BOTH : LX_E_DISK_SECRET_MISSING);
    else if (by_uuid && !lx_value_uuid(decoded(r, uuid), canonical))
        fault(r, rank, LX_E_DISK_SECRET_UUID);
    else if (by_uuid)
        respell_attr(r, e, "uuid", uuid, (const char *)canonical);
}

/* Some attributes count as absent when they are empty. */
static bool filled(const lx_element *e, const char *name, lx_span *value)
{
    return lx_canonical_attr(e, name, value) && value->len;
}

static void read_auth(reader *r, const lx_element *e)
{
    lx_element secret = {0};
    lx_span text;

    if (!filled(e, "username", &text))
        fault(r, AT_AUTH, LX_E_DISK_AUTH_USERNAME);
    else if (filled(e, "type", &text) && !is(text, "none") && !is(text, "chap") &&
             !is(text, "ceph"))
        fault(r, AT_AUTH, LX_E_DISK_AUTH_TYPE);
    else if (!next_named(e, "secret", &secret))
        fault(r, AT_AUTH, LX_E_DISK_AUTH_SECRET);
    else
        read_secret(r, &secret, AT_AUTH);
}

/* luks alone has its cipher looked at. */
static void read_luks(reader *r, const lx_element *e)
{
    lx_element cipher = {0}, ivgen = {0};
    bool ciphered = next_named(e, "cipher", &cipher);
    lx_span text;

    if (ciphered) {
        if (!lx_canonical_attr(&cipher, "name", &text))
            fault(r, AT_CIPHER, LX_E_DISK_CIPHER_NAME);
        else if (!lx_canonical_attr(&cipher, "size", &text) ||
                 !decimal_attr(r, &cipher, "size", UINT32_MAX, &text))
            fault(r, AT_CIPHER, LX_E_DISK_CIPHER_SIZE);
    }
    if (!next_named(e, "ivgen", &ivgen))
        return;
    if (!ciphered)
        fault(r, AT_IVGEN, LX_E_DISK_IVGEN_CIPHER);
    else if (!lx_canonical_attr(&ivgen, "name", &text))
        fault(r, AT_IVGEN, LX_E_DISK_IVGEN_NAME);
}

static void read_encryption(reader *r, const lx_element *e)
{
    lx_element secret = {0};
    lx_span format, text;

    if (!filled(e, "format", &format)) {
        fault(r, AT_ENCRYPTION, LX_E_DISK_ENCRYPTION_FORMAT_MISSING);
        return;
    }
    if (!is(format, "default") && !is(format, "qcow") && !is(format, "luks") &&
        !is(format, "luks2") && !is(format, "luks-any")) {
        fault(r, AT_ENCRYPTION, LX_E_DISK_ENCRYPTION_FORMAT);
        return;
    }
    if (lx_canonical_attr(e, "engine", &text) && !is(text, "qemu") && !is(text, "librbd"))
        fault(r, AT_ENCRYPTION, LX_E_DISK_ENCRYPTION_ENGINE);
    while (next_named(e, "secret", &secret)) {
        if (!filled(&secret, "type", &text))
            fault(r, AT_ENCRYPTION_SECRET, LX_E_DISK_ENCRYPTION_SECRET_MISSING);
        else if (!is(text, "passphrase"))
            fault(r, AT_ENCRYPTION_SECRET, LX_E_DISK_ENCRYPTION_SECRET);
        else
            read_secret(r, &secret, AT_ENCRYPTION_SECRET);
    }
    if (is(format, "luks"))
        read_luks(r, e);
}

static void read_reservations(reader *r, const lx_element *e)
{
    lx_element from = {0};
    lx_span managed, type = {0}, path, mode = {0};
    bool typed = false, pathed = false, moded = false;

    if (!lx_canonical_attr(e, "managed", &managed) || !yes_or_no(managed)) {
        fault(r, AT_RESERVATIONS, LX_E_DISK_RESERVATIONS);
        return;
    }
    if (next_named(e, "source", &from)) {
        typed = filled(&from, "type", &type);
        pathed = filled(&from, "path", &path);
        moded = filled(&from, "mode", &mode);
    }
    if ((is(managed, "no") || typed || pathed || moded) && !(typed && pathed && moded))
        fault(r, AT_RESERVATIONS, LX_E_DISK_RESERVATIONS_SOURCE_MISSING);
    else if (typed && (!is(type, "unix") || !is(mode, "client")))
        fault(r, AT_RESERVATIONS, LX_E_DISK_RESERVATIONS_SOURCE);
}

/* The first slice of type storage in any list counts. */
static void read_slices(reader *r, const lx_element *e)
{
    static const char *const bounds[] = {"offset", "size"};
    lx_element slice = {0};
    lx_span text[2], type;
    uint64_t n[2];
    char digits[2][21];
    lx_edit edits[2];

    while (!(r->seen & SEEN_SLICE) && next_named(e, "slice", &slice)) {
        if (!lx_canonical_attr(&slice, "type", &type) || !is(type, "storage"))
            continue;
        r->seen |= SEEN_SLICE;
        if (!filled(&slice, bounds[0], text) || !filled(&slice, bounds[1], text + 1)) {
            fault(r, AT_SLICE, LX_E_DISK_SLICE_MISSING);
            return;
        }
        if (!number(r, text[0], UINT64_MAX, n) || !number(r, text[1], UINT64_MAX, n + 1)) {
            fault(r, AT_SLICE, LX_E_DISK_SLICE);
            return;
        }
        for (unsigned i = 0; i < 2; i++)
            edits[i] = (lx_edit){bounds[i], lx_number_decimal(digits[i], n[i])};
        if (!is(text[0], edits[0].value) || !is(text[1], edits[1].value))
            respell(r, &slice, LX_CTX_NOTHING, edits, 2);
    }
}

/* libvirt reads no label that is longer. */
#define LONGEST_LABEL 4096

static void read_seclabel(reader *r, const lx_element *e, size_t number)
{
    lx_edit edits[2] = {{"relabel", "yes"}, {"labelskip", NULL}};
    lx_element label = {0};
    lx_span model, relabel, skip = {0};
    bool relabels = lx_canonical_attr(e, "relabel", &relabel);
    bool skips = lx_canonical_attr(e, "labelskip", &skip);

    if (lx_canonical_attr(e, "model", &model))
        add_name(r, &r->models, model, number);
    /* In its own files libvirt does not look for labelskip. */
    if ((relabels && !yes_or_no(relabel)) ||
        (skips && r->h->mode != LX_INTERNAL && !yes_or_no(skip)))
        fault_of(&r->models, number, LX_E_DISK_SECLABEL);
    else if (relabels && is(relabel, "no") && next_named(e, "label", &label) && !label.kids &&
             label.inner.len && decoded(r, label.inner).len <= LONGEST_LABEL)
        fault_of(&r->models, number, LX_E_DISK_SECLABEL_LABEL);
    if (skips && !is(skip, "no"))
        edits[1].value = is(skip, "yes") ? "yes" : NULL;
    if (relabels)
        edits[0].value = is(relabel, "no") ? "no" : "yes";
    else if (edits[1].value)
        edits[0].value = NULL;
    if ((skips && !edits[1].value) || (!relabels && edits[0].value))
        respell(r, e, LX_CTX_SECLABEL, edits, 2);
}

static void settle_seclabels(reader *r)
{
    size_t twice = lx_find_twice(r->models.list.data, r->models.list.used, false);

    if (twice != SIZE_MAX && (!r->models.fault || twice <= r->models.fault_at))
        fault(r, AT_SECLABEL, LX_E_DISK_SECLABEL_TWICE);
    else if (r->models.fault)
        fault(r, AT_SECLABEL, r->models.fault);
}

/* ---- the source ---- */

static void read_child(reader *r, const lx_element *e, size_t number)
{
    if (is(e->name, "auth") && first(r, SEEN_AUTH))
        read_auth(r, e);
    else if (is(e->name, "encryption") && first(r, SEEN_ENCRYPTION))
        read_encryption(r, e);
    else if (is(e->name, "reservations") && first(r, SEEN_RESERVATIONS))
        read_reservations(r, e);
    else if (is(e->name, "slices"))
        read_slices(r, e);
    else if (is(e->name, "seclabel"))
        read_seclabel(r, e, number);
    else if (r->protocol && is(e->name, "host"))
        read_host(r, e);
    else if (r->protocol && r->protocol->web)
        read_web(r, e);
    else if (r->nvme && is(e->name, "address") && first(r, SEEN_ADDRESS))
        read_address(r, e);
    else if (r->vhostuser && is(e->name, "reconnect") && first(r, SEEN_RECONNECT))
        read_reconnect(r, e);
}

static void read_children(reader *r)
{
    lx_span inner = lx_head_span(r->h, r->disk->source.inner);
    const uint8_t *p = inner.p, *end = p + inner.len;
    lx_buf *out = &r->w->scratch;
    lx_element e;

    r->done = p;
    out->len = 0;
    for (size_t number = 0; lx_canonical_next(p, end, &e); number++) {
        if (e.plain)
            read_child(r, &e, number);
        p = e.end;
    }
    settle_cookies(r);
    settle_seclabels(r);
    if (r->nvme && !(r->seen & SEEN_ADDRESS))
        fault(r, AT_ADDRESS, LX_E_DISK_ADDRESS_MISSING);
    if (r->done == inner.p)
        return;
    lx_buf_add(out, r->done, (size_t)(end - r->done));
    if (out->failed) {
        r->h->nomem = true;
        return;
    }
    r->disk->source.inner = lx_head_keep(r->h, out->data, out->len);
}

void lx_head_source(lx_head_data *h, lx_writer *w, lx_disk *disk)
{
    reader r = {.h = h, .w = w, .disk = disk};
    lx_code code = LX_OK;

    r.models.list.size = r.cookies.list.size = sizeof(lx_named);
    r.nvme = lx_head_is(h, disk->type, "nvme");
    r.vhostuser = lx_head_is(h, disk->type, "vhostuser");
    if (lx_head_is(h, disk->type, "network"))
        code = check_network(&r);
    else if (r.nvme)
        code = check_nvme(&r);
    else if (r.vhostuser)
        code = check_vhostuser(&r);
    if (code)
        fault(&r, AT_ATTRIBUTES, code);
    if (disk->source.inner.len)
        read_children(&r);
    else if (r.nvme)
        fault(&r, AT_ADDRESS, LX_E_DISK_ADDRESS_MISSING);
    h->alloc->release(h->alloc->user, r.models.list.data);
    h->alloc->release(h->alloc->user, r.cookies.list.data);
    if (w->text.failed)
        h->nomem = true;
    disk->bad_source = r.code;
}
