/* What libvirt refuses at the snapshot level, and what it fills in: the rules of its snapshot
 * parser (virDomainSnapshotDefParse and virDomainSnapshotDiskDefParseXML), in its order. */
#include "head.h"
#include "value.h"

void lx_head_error(lx_head_data *h, unsigned step, lx_code code, const uint8_t *at)
{
    if (h->error && h->error_step <= step)
        return;
    h->error = code;
    h->error_step = step;
    h->error_at = at;
}

static bool one_of(lx_span value, const char *const *names)
{
    for (; *names; names++)
        if (value.len == strlen(*names) && !memcmp(value.p, *names, value.len))
            return true;
    return false;
}

static lx_ref constant(lx_head_data *h, const char *text)
{
    return lx_head_keep(h, text, strlen(text));
}

/* ---- disks ---- */

const lx_pair *lx_node_attr(const lx_head_data *h, const lx_node *node, const char *name)
{
    for (uint32_t i = 0; i < node->pairs; i++) {
        const lx_pair *pair = (const lx_pair *)h->pair.data + node->pair0 + i;
        lx_span have = lx_head_span(h, pair->name);

        if (have.len == strlen(name) && !memcmp(have.p, name, have.len))
            return pair;
    }
    return NULL;
}

/* Of gluster and rbd the path is what follows the pool: is there nothing? */
static bool pool_alone(const lx_head_data *h, const lx_disk *disk, lx_span name)
{
    const lx_pair *protocol = lx_node_attr(h, &disk->source, "protocol");

    return protocol &&
           (lx_head_is(h, protocol->value, "gluster") || lx_head_is(h, protocol->value, "rbd")) &&
           memchr(name.p, '/', name.len) == name.p + name.len - 1;
}

/* The storage path of a file, block or network source, if it says one. */
static bool path_of(const lx_head_data *h, const lx_disk *disk, lx_span *path)
{
    static const char *const attr[][2] = {{"file", "file"}, {"block", "dev"}, {"network", "name"}};
    const lx_pair *pair = NULL;

    for (size_t i = 0; i < 3; i++) {
        lx_span type = disk->type.there ? lx_head_span(h, disk->type)
                                        : (lx_span){(const uint8_t *)"file", 4};

        if (type.len == strlen(attr[i][0]) && !memcmp(type.p, attr[i][0], type.len))
            pair = lx_node_attr(h, &disk->source, attr[i][1]);
    }
    if (!pair)
        return false;
    *path = lx_head_span(h, pair->value);
    return path->len > 0 && !(lx_head_is(h, disk->type, "network") && pool_alone(h, disk, *path));
}

static lx_code check_disk(const lx_head_data *h, const lx_disk *disk)
{
    static const char *const locations[] = {"no", "internal", "external", "manual", NULL};
    static const char *const types[] = {"file",      "block",      "network", "nvme",
                                        "vhostuser", "vhostvdpa", NULL};
    static const char *const unsupported[] = {"dir", "volume", NULL};
    static const char *const formats[] = {"raw", "dir",  "bochs", "cloop", "dmg",  "iso",
                                          "vpc", "vdi",  "fat",   "vhd",   "ploop", "cow",
                                          "qcow", "qcow2", "qed",  "vmdk",  NULL};
    const lx_pair *format = lx_node_attr(h, &disk->driver, "type");
    lx_span path;

    if (!disk->name.there)
        return LX_E_DISK_NAME;
    if (disk->snapshot.there && !one_of(lx_head_span(h, disk->snapshot), locations))
        return LX_E_DISK_SNAPSHOT;
    if (disk->type.there && one_of(lx_head_span(h, disk->type), unsupported))
        return LX_E_DISK_TYPE_UNSUPPORTED;
    if (disk->type.there && !one_of(lx_head_span(h, disk->type), types))
        return LX_E_DISK_TYPE;
    if (disk->bad_source)
        return disk->bad_source;
    if (format && format->value.len && !one_of(lx_head_span(h, format->value), formats))
        return LX_E_DISK_DRIVER;
    if (disk->bad_cache)
        return LX_E_DISK_CACHE;
    if (!lx_head_is(h, disk->type, "network") && path_of(h, disk, &path) && *path.p != '/')
        return LX_E_DISK_RELATIVE;
    return LX_OK;
}

void lx_head_check_disk(lx_head_data *h, lx_disk *disk, unsigned step)
{
    const lx_pair *format = lx_node_attr(h, &disk->driver, "type");
    lx_code code = check_disk(h, disk);
    lx_span path;
    bool stored = path_of(h, disk, &path) || (format && format->value.len);

    if (code)
        lx_head_error(h, step, code, code == LX_E_DISK_CACHE ? disk->bad_cache : disk->at);
    /* libvirt: a path or a format without a location means external, without a type a file. */
    if (stored && !disk->snapshot.there)
        disk->snapshot = constant(h, "external");
    if (stored && !disk->type.there)
        disk->type = constant(h, "file");
}

/* ---- fields ---- */

static bool offline(const lx_head_data *h)
{
    return lx_head_is(h, h->state, "shutoff") || lx_head_is(h, h->state, "disk-snapshot");
}

static lx_code check_memory(lx_head_data *h)
{
    bool defined = h->mode != LX_CREATE;

    if (h->memory.there) {
        if (lx_head_is(h, h->memory, "manual"))
            return LX_E_MEMORY_MANUAL;
        if (!lx_head_is(h, h->memory, "no") && !lx_head_is(h, h->memory, "internal") &&
            !lx_head_is(h, h->memory, "external"))
            return LX_E_MEMORY_INVALID;
    } else if (h->memory_file.there) {
        h->memory = constant(h, "external");
    } else if (defined) {
        h->memory = constant(h, offline(h) ? "no" : "internal");
    }
    if (h->memory_file.there && !lx_head_is(h, h->memory, "external"))
        return LX_E_MEMORY_FILE_REQUIRES_EXTERNAL;
    if (!h->memory_file.there && lx_head_is(h, h->memory, "external"))
        return LX_E_MEMORY_EXTERNAL_REQUIRES_FILE;
    if (defined && offline(h) && !lx_head_is(h, h->memory, "no"))
        return LX_E_MEMORY_OFFLINE;
    if (h->memory_file.there &&
        (!h->memory_file.len || *lx_head_span(h, h->memory_file).p != '/'))
        return LX_E_MEMORY_RELATIVE;
    return LX_OK;
}

static void check_state(lx_head_data *h, const uint8_t *at)
{
    static const char *const states[] = {"running", "blocked", "paused", "shutdown", "shutoff",
                                         "crashed", "pmsuspended", "disk-snapshot", NULL};

    if (!h->state.there)
        lx_head_error(h, LX_STEP_STATE, LX_E_STATE_MISSING, at);
    else if (!one_of(lx_head_span(h, h->state), states))
        lx_head_error(h, LX_STEP_STATE, LX_E_STATE_INVALID, h->at[LX_F_STATE]);
}

/* Where a field is, or its parent if it is missing. */
static const uint8_t *place_of(const lx_head_data *h, lx_field f)
{
    return h->at[f] ? h->at[f] : h->root;
}

static void check_numbers(lx_head_data *h)
{
    bool defined = h->mode != LX_CREATE;

    if (h->time_text.there)
        h->has_time = lx_value_integer(lx_head_span(h, h->time_text), &h->time);
    if (h->time_text.there && !h->has_time)
        lx_head_error(h, LX_STEP_TIME, LX_E_TIME_INVALID, h->at[LX_F_TIME]);
    if (defined && !h->time_text.there)
        lx_head_error(h, LX_STEP_TIME, LX_E_TIME_MISSING, place_of(h, LX_F_TIME));
    if (h->active_text.there)
        h->has_active = lx_value_integer(lx_head_span(h, h->active_text), &h->active) &&
                        h->active >= INT32_MIN && h->active <= INT32_MAX;
    if (h->mode == LX_INTERNAL && !h->has_active)
        lx_head_error(h, LX_STEP_ACTIVE, LX_E_ACTIVE_MISSING, place_of(h, LX_F_ACTIVE));
}

bool lx_head_check(lx_head_data *h, lx_scan *s)
{
    bool defined = h->mode != LX_CREATE;
    lx_code code;

    if (defined && !h->name.there)
        lx_head_error(h, 0, LX_E_NAME_MISSING, place_of(h, LX_F_NAME));
    check_numbers(h);
    if (defined)
        check_state(h, place_of(h, LX_F_STATE));
    code = check_memory(h);
    if (code)
        lx_head_error(h, LX_STEP_MEMORY, code, place_of(h, LX_F_MEMORY));
    if (h->text.failed)
        return lx_scan_fail(s, LX_NOMEM, s->p);
    return h->error ? lx_scan_fail(s, h->error, h->error_at) : true;
}
