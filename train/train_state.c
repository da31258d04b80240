#include "train/train_state.h"

#include "core/config/same_value.h"
#include "core/io/hdf5_io.h"
#include "modules/checkpoint.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
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

/* The counters of the state by name: one list for writing and reading. None is negative. */
typedef struct counter {
    const char *path;
    int64_t *value;
    int64_t most;
    bool is_newer; /* checkpoints of older versions lack it; it is 0 then */
} counter;

enum { COUNTERS = 12 };
#define MOST_COUNTED ((int64_t)1 << 53) /* no training counts so far, and doubles hold it */

static void list_counters(train_state *s, int64_t *optimizer_step, int64_t *average_steps, counter out[COUNTERS]) {
    const counter list[COUNTERS] = {
        {"trainer/epoch", &s->epoch, MOST_COUNTED, false},
        {"trainer/batch", &s->batch, INT_MAX, false},
        {"trainer/step", &s->step, MOST_COUNTED, false},
        {"trainer/best_epoch", &s->best_epoch, MOST_COUNTED, false},
        {"trainer/idle_evaluations", &s->idle_evaluations, MOST_COUNTED, true},
        {"trainer/epoch_steps", &s->epoch_steps, MOST_COUNTED, true},
        {"trainer/average_steps", average_steps, MOST_COUNTED, true},
        {"trainer/train_images", &s->train.images, MOST_COUNTED, true},
        {"trainer/train_checksum", &s->train.checksum, UINT32_MAX, true},
        {"trainer/validation_images", &s->validation.images, MOST_COUNTED, true},
        {"trainer/validation_checksum", &s->validation.checksum, UINT32_MAX, true},
        {"optimizer/step", optimizer_step, MOST_COUNTED, false},
    };
    memcpy(out, list, sizeof list);
}

#define STEPS "optimizer/steps" /* of each parameter */

static status write_memories(h5_file *file, const optimizer *o) {
    const optimizer_rule *rule = o->options.rule;
    TRY(h5_write(file, STEPS, H5_INT64, &(h5_shape){.rank = 1, .size = {o->parameters->count}}, o->steps));
    for (int i = 0; i < o->parameters->count; i++) {
        const parameter *p = o->parameters->items[i];
        h5_shape shape = {.rank = p->rank};
        for (int k = 0; k < p->rank; k++)
            shape.size[k] = p->shape[k];
        for (int m = 0; m < rule->memory_count && o->memory[m][i]; m++)
            TRY(h5_write(file, memory_path(rule->memory_names[m], p).text, H5_FLOAT32, &shape, o->memory[m][i]));
    }
    return STATUS_OK;
}

/* Before there were any, every parameter counted all of them. */
static status read_steps(const h5_file *file, optimizer *o) {
    int count = o->parameters->count;
    for (int i = 0; i < count; i++)
        o->steps[i] = o->step;
    if (!h5_exists(file, STEPS))
        return STATUS_OK;
    TRY(h5_read(file, STEPS, H5_INT64, (size_t)count, o->steps));
    for (int i = 0; i < count; i++)
        if (o->steps[i] < 0 || o->steps[i] > o->step)
            return status_fail(STATUS_INPUT, "%s: " STEPS " has %lld; expected 0 to %lld, the steps done",
                               h5_path(file), (long long)o->steps[i], (long long)o->step);
    return STATUS_OK;
}

static status read_memories(const h5_file *file, optimizer *o) {
    const optimizer_rule *rule = o->options.rule;
    for (int i = 0; i < o->parameters->count; i++) {
        const parameter *p = o->parameters->items[i];
        for (int m = 0; m < rule->memory_count && o->memory[m][i]; m++)
            TRY(h5_read(file, memory_path(rule->memory_names[m], p).text, H5_FLOAT32, p->count, o->memory[m][i]));
    }
    return STATUS_OK;
}

/* The numbers of the state that are no counters. */
typedef struct number {
    const char *path;
    double *value;
    const char *older_path; /* what older versions called it; NULL: they lack it, and it is 0 then */
} number;

enum { NUMBERS = 6 };

static void list_numbers(train_state *s, double *largest_rate, double *weight_sum, number out[NUMBERS]) {
    const number list[NUMBERS] = {{"trainer/best_score", &s->best_score, "trainer/best_miou"},
                                  {"trainer/best_tie", &s->best_tie, NULL},
                                  {"trainer/images", &s->images, "trainer/images"},
                                  {"trainer/norm_sum", &s->norm_sum, NULL},
                                  {"optimizer/largest_rate", largest_rate, NULL},
                                  {"optimizer/weight_sum", weight_sum, NULL}};
    memcpy(out, list, sizeof list);
}

static status write_state(h5_file *file, const optimizer *o, const average *a, const train_state *s) {
    train_state copy = *s;
    int64_t optimizer_step = o->step, average_steps = a->steps;
    double largest_rate = o->largest_rate, weight_sum = o->weight_sum;
    counter counters[COUNTERS];
    number numbers[NUMBERS];
    h5_shape scalar = {0}, sums = {.rank = 1, .size = {LOSS_SUMS}};
    list_counters(&copy, &optimizer_step, &average_steps, counters);
    list_numbers(&copy, &largest_rate, &weight_sum, numbers);
    for (int i = 0; i < COUNTERS; i++)
        TRY(h5_write(file, counters[i].path, H5_INT64, &scalar, counters[i].value));
    for (int i = 0; i < NUMBERS; i++)
        TRY(h5_write(file, numbers[i].path, H5_FLOAT64, &scalar, numbers[i].value));
    TRY(h5_write(file, "trainer/loss_sums", H5_FLOAT64, &sums, s->loss_sums));
    TRY(training_cost_write(file, &s->cost));
    return h5_write_attribute_text(file, "trainer", "selection", s->selection);
}

static status require_finite(const char *what, const parameter *p, const float *numbers) {
    for (size_t i = 0; i < p->count; i++)
        if (!isfinite(numbers[i]))
            return status_fail(STATUS_NUMERIC, "%s%s became %g; a smaller train.learning_rate may help", what, p->name,
                               (double)numbers[i]);
    return STATUS_OK;
}

/* Of everything that a resumed run would go on with. */
static status check_numbers(const optimizer *o, const average *a) {
    const optimizer_rule *rule = o->options.rule;
    for (int i = 0; i < o->parameters->count; i++) {
        const parameter *p = o->parameters->items[i];
        TRY(require_finite("", p, p->value));
        if (a->value)
            TRY(require_finite("the average of ", p, a->value[i]));
        for (int m = 0; m < rule->memory_count && o->memory[m][i]; m++)
            TRY(require_finite("the optimizer's memory of ", p, o->memory[m][i]));
    }
    return STATUS_OK;
}

static status write_all(h5_file *file, detector *d, const config *c, const optimizer *o, const average *a,
                        const train_state *s) {
    TRY(checkpoint_write_model(file, d, false));
    if (a->value)
        TRY(checkpoint_write_average(file, d, (const float *const *)a->value));
    TRY(checkpoint_write_config(file, c));
    TRY(trained_view_write(file, &s->view));
    TRY(write_memories(file, o));
    return write_state(file, o, a, s);
}

status train_state_save(const char *path, detector *d, const config *c, const optimizer *o, const average *a,
                        const train_state *s) {
    h5_file *file;
    status finite = check_numbers(o, a);
    if (finite != STATUS_OK)
        return status_prefix(finite, "%s is not written", path);
    TRY(h5_create(path, &file));
    status result = write_all(file, d, c, o, a, s);
    if (result == STATUS_OK)
        return h5_commit(file);
    h5_close(file);
    return result;
}

/* Where the data lie, how many threads work on them, in how much memory, when one looks at the test split, when one
 * saves or gives up and what threshold is stored changes no weight. */
static bool may_change(const char *key) {
    static const char *const keys[] = {"data.root",      "data.may_change",       "train.epochs",
                                       "train.threads",  "train.checkpointing",   "train.evaluate_every",
                                       "train.patience", "train.threshold_at_fa", "train.save_minutes"};
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

static status read_epochs_begun(const h5_file *file, int64_t *out) {
    int64_t done, batches;
    TRY(h5_read(file, "trainer/epoch", H5_INT64, 1, &done));
    TRY(h5_read(file, "trainer/batch", H5_INT64, 1, &batches));
    *out = done + (batches > 0);
    return STATUS_OK;
}

/* A run may be made longer, finished or not: the rate of the steps to come is then that of the longer one. */
static status compare_epochs(const h5_file *file, const config *c) {
    int64_t begun;
    TRY(read_epochs_begun(file, &begun));
    if (config_int(c, "train.epochs") >= begun)
        return STATUS_OK;
    return status_fail(STATUS_USAGE, "%s is in or behind epoch %lld, later than train.epochs = %lld", h5_path(file),
                       (long long)begun, (long long)config_int(c, "train.epochs"));
}

/* What is to happen may be chosen anew as long as it has not: from another epoch on than the run was begun with. */
static status lies_ahead(const h5_file *file, const char *stored, int64_t now, bool *out) {
    int64_t first;
    TRY(read_epochs_begun(file, &first));
    *out = atoll(stored) >= first && now >= first;
    return STATUS_OK;
}

static status compare_value(const h5_file *file, const config *c, const char *key, const char *stored) {
    bool same = config_value_is(c, key, stored);
    if (!same && !strcmp(key, "train.norm_epochs"))
        TRY(lies_ahead(file, stored, config_int(c, key), &same));
    return same ? STATUS_OK
                : status_fail(STATUS_USAGE,
                              "%s was begun with %s = %s, not %s: resume with the same configuration, or "
                              "begin another run with --out",
                              h5_path(file), key, stored, config_value(c, key));
}

static status compare_config(const h5_file *file, const config *c) {
    TRY(compare_epochs(file, c));
    for (int i = 0; i < config_count(c); i++) {
        const char *key = config_key_at(c, i)->name;
        if (may_change(key))
            continue;
        char *stored;
        TRY(begun_with(file, config_key_at(c, i), &stored));
        status result = compare_value(file, c, key, stored);
        free(stored);
        TRY(result);
    }
    return STATUS_OK;
}

/* `begun`: without images where an older version did not note them. */
static bool same_data(const data_content *begun, const data_content *now) {
    return begun->images == 0 || (begun->images == now->images && begun->checksum == now->checksum);
}

static status compare_data(const h5_file *file, const char *what, const data_content *begun, const data_content *now) {
    if (same_data(begun, now))
        return STATUS_OK;
    char numbers[128] = "as many as now, with other names or pixels";
    if (begun->images != now->images)
        snprintf(numbers, sizeof numbers, "now there are %lld", (long long)now->images);
    return status_fail(STATUS_USAGE,
                       "%s was begun with other data: it %s %lld images, %s; data.may_change=true goes on nevertheless",
                       h5_path(file), what, (long long)begun->images, numbers);
}

/* Older versions had room for fewer parts. */
static status read_loss_sums(const h5_file *file, double *sums) {
    h5_shape shape;
    TRY(h5_get_shape(file, "trainer/loss_sums", &shape));
    if (shape.rank != 1 || shape.size[0] > LOSS_SUMS)
        return status_fail(STATUS_INPUT, "%s: trainer/loss_sums has more than %d numbers", h5_path(file), LOSS_SUMS);
    return h5_read(file, "trainer/loss_sums", H5_FLOAT64, (size_t)shape.size[0], sums);
}

static status read_counter(const h5_file *file, const counter *c) {
    if (c->is_newer && !h5_exists(file, c->path))
        return STATUS_OK;
    TRY(h5_read(file, c->path, H5_INT64, 1, c->value));
    if (*c->value >= 0 && *c->value <= c->most)
        return STATUS_OK;
    return status_fail(STATUS_INPUT, "%s: %s is %lld; expected 0 to %lld", h5_path(file), c->path, (long long)*c->value,
                       (long long)c->most);
}

static status read_number(const h5_file *file, const number *n) {
    const char *path = h5_exists(file, n->path) ? n->path : n->older_path;
    if (!path)
        return STATUS_OK;
    TRY(h5_read(file, path, H5_FLOAT64, 1, n->value));
    return isfinite(*n->value)
               ? STATUS_OK
               : status_fail(STATUS_INPUT, "%s: %s is %g; expected a finite number", h5_path(file), path, *n->value);
}

static status read_all(const h5_file *file, detector *d, const config *c, optimizer *o, average *a, train_state *s) {
    const data_content train = s->train, validation = s->validation;
    TRY(compare_config(file, c));
    TRY(checkpoint_read_model(file, d));
    if (a->value)
        TRY(checkpoint_read_average(file, d, a->value));
    TRY(read_memories(file, o));
    counter counters[COUNTERS];
    number numbers[NUMBERS];
    list_counters(s, &o->step, &a->steps, counters);
    list_numbers(s, &o->largest_rate, &o->weight_sum, numbers);
    for (int i = 0; i < COUNTERS; i++)
        TRY(read_counter(file, &counters[i]));
    for (int i = 0; i < NUMBERS; i++)
        TRY(read_number(file, &numbers[i]));
    TRY(read_steps(file, o));
    TRY(read_loss_sums(file, s->loss_sums));
    TRY(training_cost_read(file, &s->cost));
    if (!config_flag(c, "data.may_change")) {
        TRY(compare_data(file, "was trained on", &s->train, &train));
        TRY(compare_data(file, "was evaluated on", &s->validation, &validation));
    }
    s->data_changed = !same_data(&s->train, &train);
    s->validation_changed = !same_data(&s->validation, &validation);
    s->train = train;
    s->validation = validation;
    return STATUS_OK;
}

status train_state_load(const char *path, detector *d, const config *c, optimizer *o, average *a, train_state *s) {
    h5_file *file;
    TRY(checkpoint_open(path, &file));
    status result = read_all(file, d, c, o, a, s);
    h5_close(file);
    return result;
}
