#include "modules/checkpoint.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct dataset_path {
    char text[320];
} dataset_path;

static dataset_path path_of(const char *group, const parameter *p) {
    dataset_path out;
    snprintf(out.text, sizeof out.text, "%s/%s", group, p->name);
    return out;
}

static h5_shape shape_of(const parameter *p) {
    h5_shape shape = {.rank = p->rank};
    for (int i = 0; i < p->rank; i++)
        shape.size[i] = p->shape[i];
    return shape;
}

static status write_parameter(h5_file *file, const char *group, const parameter *p, const float *value, bool compress) {
    enum { LARGE = 4096 }; /* elements, worth the index of a compressed dataset */
    h5_shape shape = shape_of(p);
    dataset_path path = path_of(group, p);
    if (compress && p->count >= LARGE)
        return h5_write_compressed(file, path.text, H5_FLOAT32, &shape, value);
    if (p->kind != PARAMETER_COUNTER)
        return h5_write(file, path.text, H5_FLOAT32, &shape, value);
    int64_t count = llrintf(*value);
    return h5_write(file, path.text, H5_INT64, &shape, &count);
}

#define FORMAT "checkpoint.format"
enum { FORMAT_NOW = 1 };

/* `what`: "is", or what of it the format is of. */
static status check_number(const h5_file *file, const char *what, int64_t format, int newest) {
    if (format <= newest)
        return STATUS_OK;
    return status_fail(STATUS_INPUT, "%s: %s of format %lld, of a newer irst; this one reads up to %d", h5_path(file),
                       what, (long long)format, newest);
}

static status check_format(const h5_file *file) {
    int64_t format;
    if (!h5_has_attribute(file, "/", FORMAT)) /* older, and of other programs */
        return STATUS_OK;
    TRY(h5_read_attribute_int(file, "/", FORMAT, &format));
    return check_number(file, "is", format, FORMAT_NOW);
}

status checkpoint_open(const char *path, h5_file **out) {
    *out = NULL;
    TRY(h5_verify(path));
    TRY(h5_open(path, out));
    status result = check_format(*out);
    if (result == STATUS_OK)
        return STATUS_OK;
    h5_close(*out);
    *out = NULL;
    return result;
}

status checkpoint_write_model(h5_file *file, detector *d, bool compress) {
    const parameter_set *set = detector_parameters(d);
    for (int i = 0; i < set->count; i++)
        TRY(write_parameter(file, "model", set->items[i], set->items[i]->value, compress));
    TRY(h5_write_attribute_int(file, "/", FORMAT, FORMAT_NOW));
    TRY(h5_write_attribute_text(file, "/", "model.name", detector_name(d)));
    const config_key *keys;
    int count;
    TRY(detector_method_options(detector_name(d), &keys, &count));
    for (int i = 0; i < count; i++)
        TRY(h5_write_attribute_text(file, "/", keys[i].name, detector_option(d, keys[i].name)));
    return STATUS_OK;
}

status checkpoint_write_average(h5_file *file, detector *d, const float *const *values) {
    const parameter_set *set = detector_parameters(d);
    for (int i = 0; i < set->count; i++)
        TRY(write_parameter(file, "average", set->items[i], values[i], false));
    return STATUS_OK;
}

status checkpoint_write_config(h5_file *file, const config *c) {
    for (int i = 0; i < config_count(c); i++) {
        const char *name = config_key_at(c, i)->name;
        if (!h5_has_attribute(file, "/", name))
            TRY(h5_write_attribute_text(file, "/", name, config_value(c, name)));
    }
    return STATUS_OK;
}

static void shape_text(const h5_shape *shape, char *out, size_t size) {
    size_t used = (size_t)snprintf(out, size, "(");
    for (int i = 0; i < shape->rank && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%lld", i ? ", " : "", (long long)shape->size[i]);
    if (used < size)
        snprintf(out + used, size - used, ")");
}

static bool same_shape(const h5_shape *a, const h5_shape *b) {
    bool same = a->rank == b->rank;
    for (int i = 0; same && i < a->rank; i++)
        same = a->size[i] == b->size[i];
    return same;
}

static status read_parameter(const h5_file *file, const char *group, const parameter *p, float *value) {
    dataset_path path = path_of(group, p);
    if (!h5_exists(file, path.text))
        return status_fail(STATUS_INPUT, "%s: %s is missing", h5_path(file), path.text);
    h5_shape stored, expected = shape_of(p);
    TRY(h5_get_shape(file, path.text, &stored));
    if (!same_shape(&stored, &expected)) {
        char found[160], wanted[160];
        shape_text(&stored, found, sizeof found);
        shape_text(&expected, wanted, sizeof wanted);
        return status_fail(STATUS_INPUT, "%s: %s has shape %s, expected %s", h5_path(file), path.text, found, wanted);
    }
    TRY(h5_read(file, path.text, H5_FLOAT32, p->count, value));
    for (size_t i = 0; i < p->count; i++)
        if (!isfinite(value[i]))
            return status_fail(STATUS_INPUT, "%s: %s holds a value that is not finite", h5_path(file), path.text);
    return STATUS_OK;
}

typedef struct known_tensors {
    const h5_file *file;
    const parameter_set *set;
    const char *group;
} known_tensors;

static status refuse_unknown(void *context, const char *dataset) {
    const known_tensors *known = context;
    const char *name = dataset + strlen(known->group) + 1;
    if (parameter_find(known->set, name))
        return STATUS_OK;
    return status_fail(STATUS_INPUT, "%s: %s is not part of the network that its attributes describe",
                       h5_path(known->file), dataset);
}

static status read_group(const h5_file *file, const char *group, detector *d) {
    parameter_set *set = detector_parameters(d);
    for (int i = 0; i < set->count; i++)
        TRY(read_parameter(file, group, set->items[i], set->items[i]->value));
    known_tensors known = {file, set, group};
    return h5_exists(file, group) ? h5_each_dataset(file, group, refuse_unknown, &known) : STATUS_OK;
}

status checkpoint_read_model(const h5_file *file, detector *d) {
    return read_group(file, "model", d);
}

status checkpoint_read_average(const h5_file *file, detector *d, float *const *values) {
    const parameter_set *set = detector_parameters(d);
    for (int i = 0; i < set->count; i++)
        TRY(read_parameter(file, "average", set->items[i], values[i]));
    return STATUS_OK;
}

/* --- ranges of activations --- */

#define RANGES "ranges"
#define RANGES_FORMAT "ranges.format"
#define MOST_RANGE 1e30f
enum { RANGES_NOW = 1 };

status checkpoint_write_ranges(h5_file *file, detector *d) {
    const parameter_set *set = detector_parameters(d);
    bool any = false;
    for (int i = 0; i < set->count; i++) {
        const parameter *p = set->items[i];
        if (!p->ranges)
            continue;
        const h5_shape shape = {.rank = 2, .size = {2, p->shape[0]}};
        TRY(h5_write(file, path_of(RANGES, p).text, H5_FLOAT32, &shape, p->ranges));
        any = true;
    }
    return any ? h5_write_attribute_int(file, "/", RANGES_FORMAT, RANGES_NOW) : STATUS_OK;
}

static status read_range(void *context, const char *dataset) {
    const known_tensors *known = context;
    parameter *p = parameter_find(known->set, dataset + strlen(RANGES "/"));
    h5_shape shape;
    if (!p || p->kind != PARAMETER_TRAINED || p->rank != 4)
        return status_fail(STATUS_INPUT, "%s: %s: the network has no convolution with weights of that name",
                           h5_path(known->file), dataset);
    TRY(h5_get_shape(known->file, dataset, &shape));
    if (shape.rank != 2 || shape.size[0] != 2 || shape.size[1] != p->shape[0])
        return status_fail(STATUS_INPUT, "%s: %s is not two numbers for each of %d channels", h5_path(known->file),
                           dataset, p->shape[0]);
    TRY(parameter_make_ranges(p));
    TRY(h5_read(known->file, dataset, H5_FLOAT32, 2 * (size_t)p->shape[0], p->ranges));
    for (int i = 0; i < p->shape[0]; i++)
        if (!(p->ranges[i] >= FLT_MIN && p->ranges[i] <= MOST_RANGE))
            return status_fail(STATUS_INPUT, "%s: %s holds %g; a range of activations is above 0 and at most %g",
                               h5_path(known->file), dataset, (double)p->ranges[i], (double)MOST_RANGE);
    for (int i = p->shape[0]; i < 2 * p->shape[0]; i++)
        if (!(p->ranges[i] >= 0 && p->ranges[i] <= MOST_RANGE))
            return status_fail(STATUS_INPUT, "%s: %s holds %g; a mean of activations is 0 to %g", h5_path(known->file),
                               dataset, (double)p->ranges[i], (double)MOST_RANGE);
    return STATUS_OK;
}

static status read_ranges(const h5_file *file, detector *d) {
    int64_t format;
    if (!h5_exists(file, RANGES))
        return STATUS_OK;
    if (!h5_has_attribute(file, "/", RANGES_FORMAT))
        return status_fail(STATUS_INPUT, "%s: has " RANGES ", but no attribute " RANGES_FORMAT, h5_path(file));
    TRY(h5_read_attribute_int(file, "/", RANGES_FORMAT, &format));
    TRY(check_number(file, "has " RANGES, format, RANGES_NOW));
    known_tensors known = {file, detector_parameters(d), RANGES};
    return h5_each_dataset(file, RANGES, read_range, &known);
}

/* The weights that a file is read for: the averaged ones where there are any. */
static const char *best_group(const h5_file *file) {
    return h5_exists(file, "average") ? "average" : "model";
}

/* One key from the attribute of its name; an older file may lack it, then the default stands. */
static status read_option(const h5_file *file, const char *name, config *c) {
    if (!h5_has_attribute(file, "/", name))
        return STATUS_OK;
    char *text;
    TRY(h5_read_attribute_text(file, "/", name, &text));
    status result = config_set(c, name, text, h5_path(file));
    free(text);
    return result;
}

static status read_options(const h5_file *file, config *c) {
    TRY(config_declare(c, &detector_name_key, 1));
    if (!h5_has_attribute(file, "/", "model.name"))
        return status_fail(STATUS_INPUT, "%s: not a checkpoint of irst: it has no attribute model.name", h5_path(file));
    TRY(read_option(file, "model.name", c));
    TRY(detector_declare_options(c));
    const config_key *keys;
    int count;
    TRY(detector_method_options(config_text(c, "model.name"), &keys, &count));
    for (int i = 0; i < count; i++)
        TRY(read_option(file, keys[i].name, c));
    return STATUS_OK;
}

static status load(engine *e, const h5_file *file, checkpoint_weights which, config *c, detector **out) {
    TRY(read_options(file, c));
    TRY(detector_new_blank(e, c, out));
    TRY(read_group(file, which == WEIGHTS_RAW ? "model" : best_group(file), *out));
    return read_ranges(file, *out);
}

status checkpoint_load(engine *e, const char *path, detector **out) {
    return checkpoint_load_weights(e, path, WEIGHTS_BEST, out);
}

status checkpoint_load_weights(engine *e, const char *path, checkpoint_weights which, detector **out) {
    *out = NULL;
    h5_file *file;
    TRY(checkpoint_open(path, &file));
    config *c = NULL;
    status result = config_new(&c);
    if (result == STATUS_OK)
        result = load(e, file, which, c, out);
    if (result != STATUS_OK) {
        detector_free(*out);
        *out = NULL;
        /* What stands in a file is no usage error of the command line. */
        result = result == STATUS_USAGE ? status_prefix(STATUS_INPUT, "%s", path) : result;
    }
    config_free(c);
    h5_close(file);
    return result;
}

status checkpoint_has_average(const char *path, bool *out) {
    h5_file *file;
    *out = false;
    status result = checkpoint_open(path, &file);
    if (result != STATUS_OK)
        return result == STATUS_INPUT ? STATUS_OK : result; /* whoever loads it says what it is */
    *out = h5_exists(file, "average");
    h5_close(file);
    return STATUS_OK;
}

/* --- threshold --- */

#define THRESHOLD "detect.threshold"

bool checkpoint_is_threshold(double value) {
    return value >= 0 && (float)value < 1;
}

static status read_threshold(const h5_file *file, double *out) {
    double stored;
    TRY(h5_read_attribute_double(file, "/", THRESHOLD, &stored));
    if (!checkpoint_is_threshold(stored))
        return status_fail(STATUS_INPUT, "%s: " THRESHOLD " is %g; expected at least 0 and less than 1", h5_path(file),
                           stored);
    *out = stored;
    return STATUS_OK;
}

status checkpoint_read_threshold(const char *path, double *out) {
    h5_file *file;
    *out = NAN;
    status result = checkpoint_open(path, &file);
    if (result != STATUS_OK)
        return result == STATUS_INPUT ? STATUS_OK : result; /* whoever loads it says what it is */
    if (h5_has_attribute(file, "/", THRESHOLD))
        result = read_threshold(file, out);
    h5_close(file);
    return result;
}

status checkpoint_write_threshold(h5_file *file, double threshold) {
    return h5_write_attribute_double(file, "/", THRESHOLD, threshold);
}

status checkpoint_store_threshold(const char *path, double threshold) {
    h5_file *file;
    if (!checkpoint_is_threshold(threshold))
        return status_fail(STATUS_USAGE, "a threshold of %g: expected at least 0 and less than 1", threshold);
    TRY(h5_amend(path, &file));
    status result =
        h5_has_attribute(file, "/", "model.name")
            ? checkpoint_write_threshold(file, threshold)
            : status_fail(STATUS_INPUT, "%s: not a checkpoint of irst: it has no attribute model.name", path);
    if (result == STATUS_OK)
        return h5_commit(file);
    h5_close(file);
    return result;
}

status checkpoint_read_range(const char *path, grey_range *out) {
    static const char key[] = "data.range";
    h5_file *file;
    char *text = NULL;
    *out = (grey_range){.kind = RANGE_FULL};
    status result = checkpoint_open(path, &file);
    if (result != STATUS_OK)
        return result == STATUS_INPUT ? STATUS_OK : result; /* whoever loads it says what it is */
    if (h5_has_attribute(file, "/", key))
        result = h5_read_attribute_text(file, "/", key, &text);
    if (result == STATUS_OK && text)
        result = grey_range_read(text, key, out);
    free(text);
    h5_close(file);
    /* The user did not write it now: it is the file that is wrong. */
    return result == STATUS_OK ? STATUS_OK : status_prefix(result == STATUS_USAGE ? STATUS_INPUT : result, "%s", path);
}
