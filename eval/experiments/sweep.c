/* Which trainings a sweep has, what each is given, and which are finished. */
#include "eval/experiments/sweep.h"
#include "eval/experiments/sweep_private.h"

#include "core/base/process.h"
#include "core/io/file_io.h"
#include "core/io/text_buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool sweep_trains(const experiment *e, int method, int data) {
    return e->methods[method].is_network && experiment_checkpoint(e, method, data) == NULL;
}

void sweep_selection(const experiment *e, int data, char out[128]) {
    const experiment_data *d = &e->data[data];
    if (e->select_on_test)
        snprintf(out, 128, "the split %.60s, which is then evaluated", d->split);
    else if (*d->val_split)
        snprintf(out, 128, "the split %.60s", d->val_split);
    else
        snprintf(out, 128, "%g %% of the training split", 100 * config_real(e->c, "sweep.holdout"));
}

static status name_training(const experiment *e, const char *folder, int method, int data, int64_t seed,
                            training *out) {
    char trainings[4096];
    out->method = method;
    out->data = data;
    snprintf(out->name, sizeof out->name, "%s.%s.seed%lld", e->methods[method].name, e->data[data].name,
             (long long)seed);
    TRY(path_join(trainings, folder, "train", ""));
    return path_join(out->prefix, trainings, out->name, "");
}

/* --- the ini of a training --- */

static const char *bare(const char *key) {
    return strchr(key, '.') + 1;
}

static void print_lines(const name_list *lines, FILE *stream) {
    for (int i = 0; i < lines->count; i++)
        fprintf(stream, "%s\n", lines->names[i]);
}

static void print_ini(const experiment *e, int method, int data, int64_t seed, FILE *stream) {
    const config *model = e->methods[method].options;
    const experiment_data *d = &e->data[data];
    fprintf(stream, "[model]\n");
    for (int i = 0; i < config_count(model); i++)
        fprintf(stream, "%s = %s\n", bare(config_key_at(model, i)->name),
                config_value(model, config_key_at(model, i)->name));
    fprintf(stream, "\n[data]\nroot = %s\ntrain_split = %s\ntest_split = %s\n", d->root, d->train_split, d->split);
    if (*d->val_split && !e->select_on_test)
        fprintf(stream, "validation_split = %s\n", d->val_split);
    else if (!e->keep_last && !e->select_on_test)
        fprintf(stream, "holdout = %g\n", config_real(e->c, "sweep.holdout"));
    if (*d->augment)
        fprintf(stream, "augment = %s\n", d->augment);
    if (e->evaluate.sample.size > 0)
        fprintf(stream, "size = %d\n", e->evaluate.sample.size);
    const experiment_recipe *recipe = experiment_recipe_of(e, method, data);
    print_lines(&recipe->data, stream);
    fprintf(stream, "\n[train]\n");
    print_lines(&recipe->train, stream);
    print_lines(&e->train, stream);
    fprintf(stream, "seed = %lld\n", (long long)seed);
}

static status ini_text(const experiment *e, int method, int data, int64_t seed, text_buffer *out) {
    TRY(text_buffer_begin(out));
    print_ini(e, method, data, seed, out->stream);
    status result = text_buffer_end(out);
    if (result != STATUS_OK)
        text_buffer_free(out);
    return result;
}

/* --- finished or not --- */

static status file_equals(const char *path, const char *text, bool *out) {
    uint8_t *stored;
    size_t size;
    *out = false;
    status result = file_read(path, strlen(text), &stored, &size);
    if (result != STATUS_OK)
        return result == STATUS_INPUT ? STATUS_OK : result; /* mostly, it is not there; or longer */
    *out = size == strlen(text) && !memcmp(stored, text, size);
    free(stored);
    return STATUS_OK;
}

/* A training is finished when its file .done holds the very ini that would be trained now. */
static status is_finished(const training *t, const char *text, bool *out) {
    char done[4096];
    TRY(path_join(done, "", t->prefix, ".done"));
    return file_equals(done, text, out);
}

/* NAME.h5 of the training's folder. */
static status find_checkpoint(const experiment *e, const char *folder, int method, int data, int64_t seed,
                              const char *name, char out[4096], bool *found) {
    training t = {0};
    text_buffer text;
    TRY(name_training(e, folder, method, data, seed, &t));
    TRY(ini_text(e, method, data, seed, &text));
    status result = is_finished(&t, text.text, found);
    text_buffer_free(&text);
    return result == STATUS_OK ? path_join(out, t.prefix, name, ".h5") : result;
}

status sweep_checkpoint(const experiment *e, const char *folder, int method, int data, int64_t seed, char out[4096],
                        bool *found) {
    return find_checkpoint(e, folder, method, data, seed, e->keep_last ? "last" : "best", out, found);
}

status sweep_last_checkpoint(const experiment *e, const char *folder, int method, int data, int64_t seed,
                             char out[4096], bool *found) {
    TRY(find_checkpoint(e, folder, method, data, seed, "last", out, found));
    *found = *found && path_is_file(out);
    return STATUS_OK;
}

/* --- what is missing --- */

static status add_if_missing(const experiment *e, const char *folder, int method, int data, int64_t seed,
                             training_list *list) {
    training *t = &list->items[list->count];
    char ini[4096];
    text_buffer text;
    bool finished;
    TRY(name_training(e, folder, method, data, seed, t));
    TRY(path_join(ini, "", t->prefix, ".ini"));
    TRY(ini_text(e, method, data, seed, &text));
    status result = is_finished(t, text.text, &finished);
    if (result == STATUS_OK && !finished) {
        list->count++;
        result = file_write(ini, text.text, text.size);
    }
    text_buffer_free(&text);
    return result;
}

static status find_missing(const experiment *e, const char *folder, training_list *out) {
    char trainings[4096];
    TRY(path_join(trainings, folder, "train", ""));
    TRY(folder_create(trainings));
    for (int s = 0; s < e->seed_count; s++)
        for (int d = 0; d < e->data_count; d++)
            for (int m = 0; m < e->method_count; m++)
                if (sweep_trains(e, m, d))
                    TRY(add_if_missing(e, folder, m, d, e->seeds[s], out));
    return STATUS_OK;
}

status sweep_missing(const experiment *e, const char *folder, training_list *out) {
    size_t most = (size_t)e->seed_count * (size_t)e->data_count * (size_t)e->method_count;
    *out = (training_list){.items = malloc(most * sizeof *out->items)};
    if (!out->items)
        return status_fail(STATUS_MEMORY, "out of memory for %zu trainings", most);
    status result = find_missing(e, folder, out);
    if (result != STATUS_OK) {
        free(out->items);
        *out = (training_list){0};
    }
    return result;
}

status sweep_program(char out[4096]) {
    TRY(process_sibling("train", out));
    if (access(out, X_OK) != 0)
        return status_fail(STATUS_INPUT, "%s: the program that trains is missing: %s", out, strerror(errno));
    return STATUS_OK;
}
