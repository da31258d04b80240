#include "eval/experiments/results.h"

#include "core/io/file_io.h"
#include "datasets/dataset.h"
#include "eval/experiments/sweep.h"
#include "eval/measure/evaluate.h"
#include "eval/measure/metric_table.h"

#include <stdio.h>
#include <stdlib.h>

struct results {
    const experiment *e;
    const char *folder; /* of the experiment */
    bool only_stored;
    cell *cells; /* method by method, data set by data set, seed by seed */
    int *counts; /* of the cells of a method on a data set */
};

static int place(const results *r, int method, int data) {
    return method * r->e->data_count + data;
}

int results_count(const results *r, int method, int data) {
    return r->counts[place(r, method, data)];
}

const cell *results_cell(const results *r, int method, int data, int index) {
    return &r->cells[place(r, method, data) * r->e->seed_count + index];
}

void results_free(results *r) {
    if (!r)
        return;
    free(r->cells);
    free(r->counts);
    free(r);
}

/* --- evaluating --- */

static status evaluate_on(const experiment *e, detector *d, int data, const char *checkpoint, const char *label,
                          cell *out) {
    dataset *set;
    evaluate_options options = e->evaluate;
    options.label = label;
    TRY(experiment_dataset(e, data, checkpoint, &set));
    status result = evaluate_dataset(d, set, &options, &out->counts, &out->ms_image);
    dataset_close(set);
    out->params = parameter_count_trained(detector_parameters(d));
    return result;
}

static status evaluate_cell(const experiment *e, int method, int data, const char *checkpoint, const char *label,
                            cell *out) {
    detector *d;
    TRY(experiment_detector(e, method, checkpoint, &d));
    status result = evaluate_on(e, d, data, checkpoint, label, out);
    detector_free(d);
    return result == STATUS_OK ? result : status_prefix(result, "%s", label);
}

/* The cell called `name`, from its file or from an evaluation. */
static status find_cell(results *r, int method, int data, const char *checkpoint, const char *name) {
    char key[CELL_KEY_SIZE], folder[4096], path[4096];
    int at = place(r, method, data);
    cell *out = &r->cells[at * r->e->seed_count + r->counts[at]];
    TRY(path_join(folder, r->folder, "cells", ""));
    TRY(folder_create(folder));
    TRY(path_join(path, folder, name, ".json"));
    TRY(cell_key(r->e, method, data, checkpoint, key));
    if (!cell_read(path, key, out)) {
        if (r->only_stored)
            return STATUS_OK;
        TRY(evaluate_cell(r->e, method, data, checkpoint, name, out));
        TRY(cell_write(path, key, out));
        printf("evaluated %s: mIoU %.2f %%\n", name, metric_shown(METRIC_miou, &out->counts));
        fflush(stdout);
    }
    r->counts[at]++;
    return STATUS_OK;
}

static status find_trained(results *r, int method, int data) {
    const experiment *e = r->e;
    for (int s = 0; s < e->seed_count; s++) {
        char checkpoint[4096], name[256];
        bool finished;
        TRY(sweep_checkpoint(e, r->folder, method, data, e->seeds[s], checkpoint, &finished));
        snprintf(name, sizeof name, "%s.%s.seed%lld", e->methods[method].name, e->data[data].name,
                 (long long)e->seeds[s]);
        if (finished)
            TRY(find_cell(r, method, data, checkpoint, name));
    }
    return STATUS_OK;
}

static status find_all(results *r) {
    const experiment *e = r->e;
    for (int m = 0; m < e->method_count; m++)
        for (int d = 0; d < e->data_count; d++) {
            char name[256];
            snprintf(name, sizeof name, "%s.%s", e->methods[m].name, e->data[d].name);
            if (sweep_trains(e, m, d))
                TRY(find_trained(r, m, d));
            else
                TRY(find_cell(r, m, d, experiment_checkpoint(e, m, d), name));
        }
    return STATUS_OK;
}

status results_evaluate(const experiment *e, const char *folder, bool only_stored, results **out) {
    results *r = *out = calloc(1, sizeof *r);
    if (!r)
        return status_fail(STATUS_MEMORY, "out of memory for the results");
    size_t places = (size_t)e->method_count * (size_t)e->data_count;
    *r = (results){.e = e,
                   .folder = folder,
                   .only_stored = only_stored,
                   .cells = calloc(places * (size_t)e->seed_count, sizeof *r->cells),
                   .counts = calloc(places, sizeof *r->counts)};
    status result = r->cells && r->counts ? find_all(r) : status_fail(STATUS_MEMORY, "out of memory for the results");
    if (result != STATUS_OK) {
        results_free(r);
        *out = NULL;
    }
    return result;
}
