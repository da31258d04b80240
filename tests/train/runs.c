#include "tests/train/runs.h"

#include "core/io/file_io.h"
#include "core/io/hdf5_io.h"
#include "datasets/make/synthesize.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "tests/thread_peers.h"
#include "train/train_config.h"
#include "train/trainer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OVERRIDES = 24 };

void runs_write_tiny(const char *name, int stages, const char *train, char ini[4096]) {
    char text[8192];
    const char *scenes = scratch_path("scenes");
    if (!path_is_folder(scenes))
        assert_ok(synthesize_folder(scenes, 2, 40, 10, 3, NULL, NULL));
    snprintf(text, sizeof text,
             "[model]\nstages = %d\nbottleneck_channels = 2\ntotal_channels = 4\nse_reduction = 2\n"
             "[data]\nroot = %s\nsize = 32\naugment = flips\n[train]\n%s",
             stages, scenes, train);
    snprintf(ini, 4096, "%s", scratch_file(name, text, strlen(text)));
}

status runs_read(recipe r, config **out) {
    char text[16384];
    const char *overrides[OVERRIDES];
    int count = 0;
    snprintf(text, sizeof text, "%s", r.overrides ? r.overrides : "");
    char *rest;
    for (char *one = strtok_r(text, " ", &rest); one && count < OVERRIDES; one = strtok_r(NULL, " ", &rest))
        overrides[count++] = one;
    return train_config_read(r.ini, overrides, count, out);
}

static void stop_in_time(void *context, const train_report *report) {
    if (report->row->epoch == *(const int64_t *)context)
        trainer_interrupt();
}

typedef struct run_request {
    recipe r;
    const char *folder;
    bool resume;
    int64_t stop_after;
} run_request;

static status train(void *context, peers *p) {
    run_request *q = context;
    config *c;
    TRY(runs_read(q->r, &c));
    train_options options = {
        .folder = q->folder, .resume = q->resume, .on_epoch = stop_in_time, .context = &q->stop_after, .peers = p};
    status result = trainer_run(c, &options);
    config_free(c);
    return result;
}

status runs_train(recipe r, const char *folder, bool resume, int64_t stop_after) {
    return train(&(run_request){r, folder, resume, stop_after}, NULL);
}

status runs_train_together(recipe r, const char *folder, bool resume, int64_t stop_after, int ranks) {
    return thread_peers_run(ranks, train, &(run_request){r, folder, resume, stop_after});
}

static void keep_notice(void *context, const char *line) {
    run_notes *notes = context;
    assert_true(notes->count < 8);
    snprintf(notes->lines[notes->count++], sizeof notes->lines[0], "%s", line);
}

static void keep_row(void *context, const train_report *report) {
    run_notes *notes = context;
    notes->last = *report->row;
    notes->epochs++;
}

status runs_train_noting(const char *ini, const char *folder, bool resume, run_notes *notes,
                         const char *const *overrides) {
    config *c;
    int count = 0;
    *notes = (run_notes){0};
    while (overrides[count])
        count++;
    TRY(train_config_read(ini, overrides, count, &c));
    train_options options = {
        .folder = folder, .resume = resume, .on_epoch = keep_row, .on_notice = keep_notice, .context = notes};
    status result = trainer_run(c, &options);
    config_free(c);
    return result;
}

typedef struct bits {
    h5_file *a, *b;
    int compared;
} bits;

static status compare_dataset(void *context, const char *dataset) {
    bits *both = context;
    h5_shape shape;
    if (strstr(dataset, "processor_seconds"))
        return STATUS_OK; /* no two runs take the same */
    TRY(h5_get_shape(both->a, dataset, &shape));
    size_t count = 1;
    for (int i = 0; i < shape.rank; i++)
        count *= (size_t)shape.size[i];
    double *x = malloc(count * sizeof *x), *y = malloc(count * sizeof *y);
    assert_true(x && y);
    assert_ok(h5_read(both->a, dataset, H5_FLOAT64, count, x));
    assert_ok(h5_read(both->b, dataset, H5_FLOAT64, count, y));
    if (memcmp(x, y, count * sizeof *x))
        fail_msg("%s differs", dataset);
    free(x);
    free(y);
    both->compared++;
    return STATUS_OK;
}

void runs_expect_same(const char *one, const char *other) {
    char path_a[4096], path_b[4096];
    bits both = {0};
    assert_ok(path_join(path_a, one, "last", ".h5"));
    assert_ok(path_join(path_b, other, "last", ".h5"));
    assert_ok(h5_open(path_a, &both.a));
    assert_ok(h5_open(path_b, &both.b));
    assert_ok(h5_each_dataset(both.a, "/", compare_dataset, &both));
    assert_true(both.compared > 100); /* model, optimizer and trainer */
    h5_close(both.a);
    h5_close(both.b);
}

void runs_expect_resumed(recipe r, int64_t stop_after, const char *step) {
    static int number;
    char whole[4096], parts[4096], name[32];
    snprintf(name, sizeof name, "whole%d", ++number);
    snprintf(whole, sizeof whole, "%s", scratch_path(name));
    snprintf(name, sizeof name, "parts%d", number);
    snprintf(parts, sizeof parts, "%s", scratch_path(name));
    assert_ok(runs_train(r, whole, false, 0));
    assert_fails(runs_train(r, parts, false, stop_after), STATUS_INTERRUPTED, "--resume", step);
    assert_ok(runs_train(r, parts, true, 0));
    runs_expect_same(whole, parts);
}
