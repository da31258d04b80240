#include "eval/experiments/grid.h"

#include "core/io/file_io.h"
#include "datasets/dataset.h"
#include "eval/experiments/sweep.h"
#include "eval/measure/evaluate.h"
#include "eval/measure/measured_data.h"
#include "eval/measure/records.h"
#include "eval/measure/stored_threshold.h"
#include "eval/report/evaluation_page.h"
#include "eval/report/gallery_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t place(const grid *g, int method, int data, int condition) {
    return ((size_t)method * (size_t)g->e->data_count + (size_t)data) * (size_t)g->condition_count + (size_t)condition;
}

int grid_count(const grid *g, int method, int data, int condition) {
    return g->counts[place(g, method, data, condition)];
}

const cell *grid_cell(const grid *g, int method, int data, int condition, int index) {
    return &g->cells[place(g, method, data, condition) * (size_t)g->room + (size_t)index];
}

const grid_place *grid_place_of(const grid *g, int method, int data, int condition, int index) {
    return &g->places[place(g, method, data, condition) * (size_t)g->room + (size_t)index];
}

table_value grid_value(const grid *g, int method, int data, int condition, const grid_column *what) {
    int count = grid_count(g, method, data, condition);
    double mean = 0, squares = 0;
    for (int i = 0; i < count; i++)
        mean += column_value(what, grid_cell(g, method, data, condition, i)) / count;
    for (int i = 0; i < count; i++)
        squares += pow(column_value(what, grid_cell(g, method, data, condition, i)) - mean, 2);
    bool spreads = count > 1 && what->kind != COLUMN_PARAMS;
    table_value out = {
        .value = count ? mean : NAN, .spread = spreads ? sqrt(squares / (count - 1)) : NAN, .published = NAN};
    interval range;
    if (count == 1 && column_interval(what, grid_cell(g, method, data, condition, 0), &range)) {
        out.has_range = true;
        out.low = range.low;
        out.high = range.high;
    }
    return out;
}

/* --- conditions --- */

status grid_add_condition(grid *g, const grid_condition *c) {
    if (g->condition_count == GRID_CONDITIONS)
        return status_fail(STATUS_USAGE, "%s: more than %d conditions", g->kind->name, GRID_CONDITIONS);
    g->conditions[g->condition_count++] = *c;
    int room = c->draws * g->e->seed_count;
    g->room = room > g->room ? room : g->room;
    return STATUS_OK;
}

int grid_section_end(const grid *g, int first) {
    int end = first;
    while (end < g->condition_count && strcmp(g->conditions[end].section, g->conditions[first].section) == 0)
        end++;
    return end;
}

static status prepare(grid *g) {
    TRY(g->kind->conditions ? g->kind->conditions(g) : grid_add_condition(g, &(grid_condition){.draws = 1}));
    size_t places = place(g, g->e->method_count, 0, 0);
    g->cells = calloc(places * (size_t)g->room + 1, sizeof *g->cells);
    g->places = calloc(places * (size_t)g->room + 1, sizeof *g->places);
    g->counts = calloc(places + 1, sizeof *g->counts);
    g->data = calloc((size_t)g->e->data_count + 1, sizeof *g->data);
    return g->cells && g->places && g->counts && g->data ? STATUS_OK
                                                         : status_fail(STATUS_MEMORY, "out of memory for the results");
}

status grid_new(const experiment_kind *kind, const experiment *e, const char *folder, bool only_stored, grid **out) {
    grid *g = *out = calloc(1, sizeof *g);
    if (!g)
        return status_fail(STATUS_MEMORY, "out of memory for the results");
    *g = (grid){.kind = kind, .e = e, .folder = folder, .only_stored = only_stored};
    status result = prepare(g);
    if (result != STATUS_OK) {
        grid_free(g);
        *out = NULL;
    }
    return result;
}

void grid_free(grid *g) {
    if (!g)
        return;
    free(g->cells);
    free(g->places);
    free(g->counts);
    free(g->data);
    free(g);
}

/* --- measuring --- */

/* One method with one checkpoint on one data set; both are opened when the first cell needs them. */
typedef struct subject {
    char checkpoint[4096];
    detector *d;
    dataset *set;
} subject;

status grid_checkpoint(const experiment *e, const char *folder, int method, int data, int seed, char out[4096],
                       bool *found) {
    const char *given = experiment_checkpoint(e, method, data);
    *out = '\0';
    *found = true;
    if (given)
        return path_join(out, "", given, "");
    return sweep_trains(e, method, data) ? sweep_checkpoint(e, folder, method, data, e->seeds[seed], out, found)
                                         : STATUS_OK;
}

status grid_scoring(const experiment *e, const char *folder, const grid_place *at, scoring *how, double *threshold) {
    char checkpoint[4096];
    bool found;
    *how = e->evaluate.how;
    TRY(grid_checkpoint(e, folder, at->method, at->data, at->training, checkpoint, &found));
    return stored_threshold_take(*checkpoint && found ? checkpoint : NULL, how, threshold);
}

static status evaluate_watched(const grid *g, const grid_place *at, detector *d, const dataset *set,
                               const sample_variation *vary, const image_watcher *watcher, cell *out) {
    evaluate_options options = g->e->evaluate;
    char label[256];
    double threshold;
    TRY(grid_scoring(g->e, g->folder, at, &options.how, &threshold));
    snprintf(label, sizeof label, "%s on %s %s", g->e->methods[at->method].name, g->e->data[at->data].name,
             g->conditions[at->condition].label);
    options.label = label;
    options.sample.vary = vary;
    options.watcher = watcher;
    return evaluate_dataset(d, set, &options, &out->counts, &out->ms_image);
}

const bootstrap grid_how_sure = {.draws = 1000, .seed = 1};

static status find_intervals(const records *kept, cell *out) {
    TRY(bootstrap_intervals(records_images(kept), records_count(kept), &grid_how_sure, out->intervals));
    out->has_intervals = true;
    return STATUS_OK;
}

status grid_evaluate(const grid *g, const grid_place *at, detector *d, const dataset *set, const sample_variation *vary,
                     cell *out) {
    records *kept;
    TRY(records_new(&kept));
    status result = evaluate_watched(g, at, d, set, vary, records_watcher(kept), out);
    if (result == STATUS_OK)
        result = find_intervals(kept, out);
    records_free(kept);
    return result;
}

static void say(void *context, const char *remark) {
    (void)context;
    fprintf(stderr, "%s\n", remark);
}

static status open_subject(const grid *g, const grid_place *at, subject *s) {
    const char *checkpoint = *s->checkpoint ? s->checkpoint : NULL;
    if (!s->d)
        TRY(experiment_detector(g->e, at->method, checkpoint,
                                g->kind->measures_anew ? WEIGHTS_MAY_BE_RANDOM : WEIGHTS_MUST_BE_TRAINED, &s->d));
    if (s->set)
        return STATUS_OK;
    const experiment_data *data = &g->e->data[at->data];
    const sample_options *how = &g->e->evaluate.sample;
    return measured_data_open(&(measured_data){.path = data->root,
                                               .split = data->split,
                                               .checkpoint = checkpoint,
                                               .mask = how->mask,
                                               .size = how->size,
                                               .centred = how->resizing == RESIZE_PILLOW,
                                               .words = {.range = "an ini of [recipe] with data.range = ",
                                                         .mask = "evaluate.mask = ",
                                                         .size = "evaluate.size"},
                                               .say = say},
                              &s->set);
}

/* --- the page of an evaluation, and what the experiment's page shows of it --- */

enum { SHOWN_SCENES = 1, SHOWN_MARKS = 4 };

bool grid_has_pages(const grid *g) {
    return !g->kind->measure;
}

static status write_page(const grid *g, const grid_place *at, const subject *s, const gallery *seen, const char *name,
                         const cell *c) {
    char folder[4096], path[4096];
    double threshold;
    evaluation e = {.method = g->e->methods[at->method].name,
                    .dataset = g->e->data[at->data].name,
                    .split = dataset_split(s->set),
                    .params = parameter_count_trained(detector_parameters(s->d)),
                    .options = g->e->evaluate,
                    .counts = c->counts,
                    .ms_per_image = c->ms_image,
                    .intervals = c->intervals,
                    .how_sure = grid_how_sure};
    TRY(grid_scoring(g->e, g->folder, at, &e.options.how, &threshold));
    TRY(path_join(folder, g->folder, "cells", ""));
    TRY(path_join(path, folder, name, ".html"));
    TRY(evaluation_page_write(&e, seen, path));
    TRY(path_join(path, folder, name, ".h5"));
    return gallery_file_write(seen, SHOWN_SCENES, SHOWN_MARKS, path);
}

static status evaluate_and_show(const grid *g, const grid_place *at, const subject *s, const char *name, cell *out) {
    gallery_options how = evaluation_page_gallery(dataset_count(s->set), g->e->evaluate.how.protocol);
    records *kept;
    gallery *seen = NULL;
    TRY(records_new(&kept));
    how.next = records_watcher(kept);
    status result = gallery_new(&how, &seen);
    if (result == STATUS_OK)
        result = evaluate_watched(g, at, s->d, s->set, NULL, gallery_watcher(seen), out);
    if (result == STATUS_OK)
        result = find_intervals(kept, out);
    if (result == STATUS_OK)
        result = write_page(g, at, s, seen, name, out);
    gallery_free(seen);
    records_free(kept);
    return result;
}

static status measure(const grid *g, const grid_place *at, subject *s, const char *name, cell *out) {
    TRY(open_subject(g, at, s));
    TRY(g->kind->measure ? g->kind->measure(g, at, s->d, s->set, out) : evaluate_and_show(g, at, s, name, out));
    out->params = parameter_count_trained(detector_parameters(s->d));
    if (g->kind->measures_anew)
        printf("timed %s: %.1f ms\n", name, out->ms_image);
    else
        printf("evaluated %s: mIoU %.2f %%\n", name, metric_shown(METRIC_miou, &out->counts));
    fflush(stdout);
    const char *remark = metrics_remark(&out->counts);
    if (remark)
        fprintf(stderr, "%s: %s\n", name, remark);
    return STATUS_OK;
}

/* File name of a cell, and what its key has more than method and data set. */
static void name_file(const grid *g, const grid_place *at, char name[512], char more[256]) {
    const experiment *e = g->e;
    char training[32] = "", file[128] = "";
    *more = '\0';
    if (sweep_trains(e, at->method, at->data) && !g->kind->measures_anew)
        snprintf(training, sizeof training, ".seed%lld", (long long)e->seeds[at->training]);
    if (g->kind->name_cell)
        g->kind->name_cell(g, at, file, more);
    snprintf(name, 512, "%s.%s%s%s", e->methods[at->method].name, e->data[at->data].name, training, file);
}

void grid_page_name(const grid *g, const grid_place *at, char out[512]) {
    char unused[256];
    name_file(g, at, out, unused);
}

static status name_cell(const grid *g, const grid_place *at, const subject *s, char name[512],
                        char key[CELL_KEY_SIZE + 256]) {
    char more[256];
    name_file(g, at, name, more);
    TRY(cell_key(g->e, at->method, at->data, &g->data[at->data].what, *s->checkpoint ? s->checkpoint : NULL, key));
    size_t length = strlen(key);
    snprintf(key + length, CELL_KEY_SIZE + 256 - length, "%s", more);
    return STATUS_OK;
}

/* A cell from its file or from a measurement. */
static status find_cell(grid *g, const grid_place *at, subject *s) {
    char name[512], key[CELL_KEY_SIZE + 256], folder[4096], path[4096];
    size_t where = place(g, at->method, at->data, at->condition);
    size_t next = where * (size_t)g->room + (size_t)g->counts[where];
    cell *out = &g->cells[next];
    g->places[next] = *at;
    TRY(path_join(folder, g->folder, "cells", ""));
    TRY(folder_create(folder));
    TRY(name_cell(g, at, s, name, key));
    TRY(path_join(path, folder, name, ".json"));
    bool stored = !g->kind->measures_anew && cell_read(path, key, out);
    if (!stored && g->only_stored)
        return STATUS_OK;
    if (!stored) {
        status result = measure(g, at, s, name, out);
        if (result != STATUS_OK)
            return status_prefix(result, "%s", name);
        TRY(cell_write(path, key, out));
    }
    g->counts[where]++;
    return STATUS_OK;
}

static status know_data(grid *g, int data) {
    if (!g->data[data].known)
        TRY(cell_data_find(g->e, data, &g->data[data].what));
    g->data[data].known = true;
    return STATUS_OK;
}

/* The cells of one training (or of the only one there is), under every condition. */
static status find_cells(grid *g, int method, int data, int seed, subject *s) {
    bool found;
    TRY(grid_checkpoint(g->e, g->folder, method, data, seed, s->checkpoint, &found));
    if (!found && !g->kind->measures_anew)
        return STATUS_OK;
    if (!found) /* a time does not depend on the weights */
        *s->checkpoint = '\0';
    TRY(know_data(g, data));
    for (int c = 0; c < g->condition_count; c++)
        for (int draw = 0; draw < g->conditions[c].draws; draw++)
            TRY(find_cell(g, &(grid_place){method, data, c, seed, draw}, s));
    return STATUS_OK;
}

status grid_fill(grid *g) {
    status result = STATUS_OK;
    for (int m = 0; m < g->e->method_count; m++)
        for (int d = 0; d < g->e->data_count; d++) {
            int seeds = sweep_trains(g->e, m, d) && g->kind->trains ? g->e->seed_count : 1;
            for (int seed = 0; seed < seeds && result == STATUS_OK; seed++) {
                subject s = {.d = NULL};
                result = find_cells(g, m, d, seed, &s);
                detector_free(s.d);
                dataset_close(s.set);
            }
        }
    return result;
}
