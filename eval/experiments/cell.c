#include "eval/experiments/cell.h"

#include "core/io/file_io.h"
#include "core/log/event_log.h"
#include "datasets/check/set_content.h"
#include "eval/measure/evaluation_report.h"
#include "eval/measure/stored_threshold.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- the key --- */

/* Size and checksum of a file: a checkpoint that was trained anew has others. */
static status fingerprint(const char *path, char *out, size_t size) {
    uint8_t *content;
    size_t length;
    TRY(file_read(path, SIZE_MAX, &content, &length));
    snprintf(out, size, "%zu bytes, CRC-32C %08" PRIx32, length, crc32c(content, length));
    free(content);
    return STATUS_OK;
}

static void append_options(const config *options, char *out, size_t size) {
    for (int i = 0; i < config_count(options); i++) {
        const char *name = config_key_at(options, i)->name;
        size_t used = strlen(out);
        snprintf(out + used, size - used, "%s=%s ", name, config_value(options, name));
    }
}

status cell_data_find(const experiment *e, int data, cell_data *out) {
    dataset *set;
    TRY(dataset_open(e->data[data].root, e->data[data].split, &set));
    out->images = dataset_count(set);
    status result = set_content_find(set, &out->content);
    dataset_close(set);
    return result == STATUS_OK ? STATUS_OK : status_prefix(result, "data.%s", e->data[data].name);
}

status cell_key(const experiment *e, int method, int data, const cell_data *what, const char *checkpoint,
                char out[CELL_KEY_SIZE]) {
    const experiment_method *m = &e->methods[method];
    const experiment_data *d = &e->data[data];
    const evaluate_options *o = &e->evaluate;
    char content[64] = "none", options[2048] = "", above[32] = "";
    scoring how = o->how;
    double threshold;
    TRY(stored_threshold_take(checkpoint, &how, &threshold));
    if (how.threshold)
        snprintf(above, sizeof above, " > %.9g", *how.threshold);
    if (checkpoint)
        TRY(fingerprint(checkpoint, content, sizeof content));
    else
        append_options(m->options, options, sizeof options);
    snprintf(out, CELL_KEY_SIZE,
             "irst " IRST_VERSION "; %s %s; checkpoint %s; %s, split %s, %d images, CRC-32 %08" PRIx32
             "; size %d%s, rule %s%s, mask %s, protocol %s; %d threads",
             m->method, options, content, d->root, d->split, what->images, what->content, o->sample.size,
             sample_resizing_text(&o->sample), score_rule_names[o->how.rule], above, mask_rule_names[o->sample.mask],
             match_protocol_names[o->how.protocol], engine_threads(e->engine));
    return STATUS_OK;
}

/* --- the file --- */

/* The file's fields: those of a cell, and all counts. */
#define CELL_FIELDS                                                                                                    \
    INTEGER("params", params)                                                                                          \
    REAL("ms_per_image", ms_image)                                                                                     \
    INTEGER("runs", runs)                                                                                              \
    REAL("ms_low", ms_low)                                                                                             \
    REAL("ms_high", ms_high)
#define COUNT(name) INTEGER(#name, counts.name)
#define SUM(name) REAL(#name, counts.name)
#define CURVE(name, points) INTEGERS(#name, counts.name, points)

/* Sums of a few counts stay within 64 bits. */
#define MOST_COUNTED ((int64_t)1 << 53)

static bool read_count(const json_t *value, int64_t *out) {
    *out = json_integer_value(value);
    return json_is_integer(value) && *out >= 0 && *out <= MOST_COUNTED;
}

static bool read_curve(const json_t *array, int64_t *out, size_t points) {
    bool good = json_array_size(array) == points;
    for (size_t i = 0; i < points && good; i++)
        good = read_count(json_array_get(array, i), &out[i]);
    return good;
}

/* null is what fewer than half of the draws define. */
static bool read_bound(const json_t *value, double *out) {
    *out = json_is_number(value) ? json_number_value(value) : NAN;
    return json_is_number(value) || json_is_null(value);
}

/* NULL: a timing has none, nor has a cell of an older program. */
static bool read_intervals(const json_t *object, cell *out) {
    out->has_intervals = object != NULL;
    for (int m = 0; object && m < METRICS; m++) {
        const json_t *pair = json_object_get(object, metric_table[m].name);
        interval *i = &out->intervals[m];
        if (!read_bound(json_array_get(pair, 0), &i->low) || !read_bound(json_array_get(pair, 1), &i->high))
            return false;
    }
    return true;
}

static bool read_fields(const json_t *object, cell *out) {
    const json_t *value;
#define INTEGER(name, member)                                                                                          \
    if (!read_count(json_object_get(object, name), &out->member))                                                      \
        return false;
#define REAL(name, member)                                                                                             \
    value = json_object_get(object, name);                                                                             \
    if (!json_is_number(value))                                                                                        \
        return false;                                                                                                  \
    out->member = json_number_value(value);
#define INTEGERS(name, member, points)                                                                                 \
    if (!read_curve(json_object_get(object, name), out->member, points))                                               \
        return false;
    CELL_FIELDS
#include "eval/measure/counts.def"
#undef INTEGER
#undef REAL
#undef INTEGERS
    return read_intervals(json_object_get(object, "intervals"), out);
}

enum { LARGEST_FILE = 1 << 20 }; /* ours have 10 kB */

bool cell_read(const char *path, const char *key, cell *out) {
    uint8_t *text;
    size_t size;
    *out = (cell){0};
    if (file_read(path, LARGEST_FILE, &text, &size) != STATUS_OK)
        return false;
    json_t *object = json_loadb((const char *)text, size, 0, NULL);
    free(text);
    const char *stored = json_string_value(json_object_get(object, "key"));
    bool found = stored && strcmp(stored, key) == 0 && read_fields(object, out);
    json_decref(object);
    return found;
}

static json_t *curve_new(const int64_t *points, int count) {
    json_t *array = json_array();
    for (int i = 0; i < count; i++)
        if (json_array_append_new(array, json_integer(points[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *bound_new(double value) {
    return isnan(value) ? json_null() : json_real(value);
}

static int set_intervals(json_t *object, const cell *c) {
    json_t *intervals = json_object();
    int failed = 0;
    for (int m = 0; m < METRICS; m++) {
        json_t *pair = json_array();
        failed |= json_array_append_new(pair, bound_new(c->intervals[m].low)) ||
                  json_array_append_new(pair, bound_new(c->intervals[m].high)) ||
                  json_object_set_new(intervals, metric_table[m].name, pair);
    }
    return json_object_set_new(object, "intervals", intervals) || failed;
}

static int set_fields(json_t *object, const char *key, const cell *c) {
    int failed = json_object_set_new(object, "key", json_string(key));
#define INTEGER(name, member) failed |= json_object_set_new(object, name, json_integer(c->member));
#define REAL(name, member) failed |= json_object_set_new(object, name, json_real(c->member));
#define INTEGERS(name, member, points) failed |= json_object_set_new(object, name, curve_new(c->member, points));
    CELL_FIELDS
#include "eval/measure/counts.def"
#undef INTEGER
#undef REAL
#undef INTEGERS
    return c->has_intervals ? failed | set_intervals(object, c) : failed;
}

status cell_write(const char *path, const char *key, const cell *c) {
    json_t *object = json_object();
    char *text =
        object && !set_fields(object, key, c) ? json_dumps(object, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    json_decref(object);
    if (!text)
        return status_fail(STATUS_INPUT, "%s: cannot be built: out of memory, or a name is not UTF-8", path);
    status result = file_write(path, text, strlen(text));
    free(text);
    return result;
}
