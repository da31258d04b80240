#include "train/train_state.h"

#include "core/hdf5_io.h"
#include "modules/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOSS_SUMS = 1 + DETECTOR_LOSS_PARTS };

typedef struct object_path {
    char text[320];
} object_path;

static object_path memory_path(const char *memory, const parameter *p) {
    object_path out;
    snprintf(out.text, sizeof out.text, "optimizer/%s/%s", memory, p->name);
    return out;
}

/* The counters of the state by name: one list for writing and reading. */
typedef struct counter {
    const char *path;
    int64_t *value;
} counter;

enum { COUNTERS = 5 };

static void list_counters(train_state *s, int64_t *optimizer_step, counter out[COUNTERS]) {
    const counter list[COUNTERS] = {{"trainer/epoch", &s->epoch},
                                    {"trainer/batch", &s->batch},
                                    {"trainer/step", &s->step},
                                    {"trainer/best_epoch", &s->best_epoch},
                                    {"optimizer/step", optimizer_step}};
    memcpy(out, list, sizeof list);
}

static status write_memories(h5_file *file, const optimizer *o) {
    const optimizer_rule *rule = o->options.rule;
    for (int i = 0; i < o->parameters->count; i++) {
        const parameter *p = o->parameters->items[i];
        h5_shape shape = {.rank = p->rank};
        for (int k = 0; k < p->rank; k++)
            shape.size[k] = p->shape[k];
        for (int m = 0; m < rule->memory_count && p->kind == PARAMETER_TRAINED; m++)
            TRY(h5_write(file, memory_path(rule->memory_names[m], p).text, H5_FLOAT32, &shape, o->memory[m][i]));
    }
    return STATUS_OK;
}

static status read_memories(const h5_file *file, optimizer *o) {
    const optimizer_rule *rule = o->options.rule;
    for (int i = 0; i < o->parameters->count; i++) {
        const parameter *p = o->parameters->items[i];
        for (int m = 0; m < rule->memory_count && p->kind == PARAMETER_TRAINED; m++)
            TRY(h5_read(file, memory_path(rule->memory_names[m], p).text, H5_FLOAT32, p->count, o->memory[m][i]));
    }
    return STATUS_OK;
}

static status write_all(h5_file *file, detector *d, const config *c, const optimizer *o, const train_state *s) {
    TRY(checkpoint_write_model(file, d, false));
    TRY(checkpoint_write_config(file, c));
    TRY(write_memories(file, o));
    train_state copy = *s;
    int64_t optimizer_step = o->step;
    counter counters[COUNTERS];
    list_counters(&copy, &optimizer_step, counters);
    h5_shape scalar = {0}, sums = {.rank = 1, .size = {LOSS_SUMS}};
    for (int i = 0; i < COUNTERS; i++)
        TRY(h5_write(file, counters[i].path, H5_INT64, &scalar, counters[i].value));
    TRY(h5_write(file, "trainer/best_miou", H5_FLOAT64, &scalar, &s->best_miou));
    TRY(h5_write(file, "trainer/images", H5_FLOAT64, &scalar, &s->images));
    return h5_write(file, "trainer/loss_sums", H5_FLOAT64, &sums, s->loss_sums);
}

status train_state_save(const char *path, detector *d, const config *c, const optimizer *o, const train_state *s) {
    h5_file *file;
    TRY(h5_create(path, &file));
    status result = write_all(file, d, c, o, s);
    if (result == STATUS_OK)
        return h5_commit(file);
    h5_close(file);
    return result;
}

/* Where the data lie, how many threads work on them, in how much memory, and when one looks at the test split changes
 * no weight. */
static bool may_change(const char *key) {
    static const char *const keys[] = {"data.root", "train.threads", "train.checkpointing", "train.evaluate_every"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(key, keys[i]))
            return true;
    return false;
}

/* What the run was begun with; owned by the caller. A checkpoint without the key was made before there was one, and
 * with what is its default now. data.augment was a flag then. */
static status begun_with(const h5_file *file, const config_key *key, char **out) {
    *out = NULL;
    if (h5_has_attribute(file, "/", key->name))
        TRY(h5_read_attribute_text(file, "/", key->name, out));
    const char *now = *out ? NULL : key->default_value;
    if (*out && !strcmp(key->name, "data.augment"))
        now = !strcmp(*out, "true") ? "flips" : !strcmp(*out, "false") ? "none" : NULL;
    if (now) {
        free(*out);
        *out = strdup(now);
    }
    return *out ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for %s", key->name);
}

static status compare_config(const h5_file *file, const config *c) {
    for (int i = 0; i < config_count(c); i++) {
        const char *key = config_key_at(c, i)->name;
        if (may_change(key))
            continue;
        char *stored;
        TRY(begun_with(file, config_key_at(c, i), &stored));
        bool same = !strcmp(stored, config_value(c, key));
        status result = same ? STATUS_OK
                             : status_fail(STATUS_USAGE,
                                           "%s was begun with %s = %s, not %s: resume with the same configuration, or "
                                           "begin another run with --out",
                                           h5_path(file), key, stored, config_value(c, key));
        free(stored);
        TRY(result);
    }
    return STATUS_OK;
}

static status read_all(const h5_file *file, detector *d, const config *c, optimizer *o, train_state *s) {
    TRY(compare_config(file, c));
    TRY(checkpoint_read_model(file, d));
    TRY(read_memories(file, o));
    counter counters[COUNTERS];
    list_counters(s, &o->step, counters);
    for (int i = 0; i < COUNTERS; i++)
        TRY(h5_read(file, counters[i].path, H5_INT64, 1, counters[i].value));
    TRY(h5_read(file, "trainer/best_miou", H5_FLOAT64, 1, &s->best_miou));
    TRY(h5_read(file, "trainer/images", H5_FLOAT64, 1, &s->images));
    h5_shape sums;
    TRY(h5_get_shape(file, "trainer/loss_sums", &sums));
    if (sums.rank != 1 || sums.size[0] > LOSS_SUMS)
        return status_fail(STATUS_INPUT, "%s: trainer/loss_sums has more than %d numbers", h5_path(file), LOSS_SUMS);
    return h5_read(file, "trainer/loss_sums", H5_FLOAT64, (size_t)sums.size[0], s->loss_sums); /* once there were 9 */
}

status train_state_load(const char *path, detector *d, const config *c, optimizer *o, train_state *s) {
    h5_file *file;
    TRY(h5_open(path, &file));
    status result = read_all(file, d, c, o, s);
    h5_close(file);
    return result;
}
