#include "eval/experiments/noise_study.h"

#include "core/io/file_io.h"
#include "eval/experiments/experiment_program.h"
#include "eval/figures/figure_scene.h"
#include "eval/measure/metric_table.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const config_key noise_keys[] = {
    {"noise.gaussian", CONFIG_TEXT, "", 0, 0, NULL, "", "variances for grey values in [0, 1], increasing"},
    {"noise.salt_and_pepper", CONFIG_TEXT, "", 0, 0, NULL, "", "shares of the pixels that become 0 or 1, increasing"},
    {"noise.seeds", CONFIG_TEXT, "1 2 3", 0, 0, NULL, "", "each level is evaluated with every seed"},
    {"noise.place", CONFIG_CHOICE, "after", 0, 0, "after|before", "", "noise comes after or before resizing"},
    {"noise.range", CONFIG_CHOICE, "clipped", 0, 0, "clipped|unclipped", "", "clipped: cut off at 0 and 1"},
    {"noise.examples", CONFIG_TEXT, "", 0, 0, NULL, "",
     "samples to show at every level: NAME, or DATA/NAME with several data sets"},
};
const int noise_key_count = sizeof noise_keys / sizeof *noise_keys;

int noise_study_seeds(const noise_study *s, int level) {
    return level == 0 ? 1 : s->seeds.count;
}

cell *noise_study_cell(const noise_study *s, int data, int method, noise_kind kind, int level, int seed) {
    size_t at = (size_t)data * (size_t)s->e->method_count + (size_t)method;
    at = (at * 2 + (size_t)kind) * MOST_NUMBERS + (size_t)level;
    return &s->cells[at * (size_t)s->seeds.count + (size_t)seed];
}

noise noise_study_noise(const noise_study *s, noise_kind kind, int level, int seed) {
    return (noise){.kind = kind,
                   .level = s->levels[kind].values[level],
                   .seed = (uint64_t)s->seeds.values[seed],
                   .place = s->place,
                   .range = s->range};
}

static void add_noise(const void *context, const char *name, float *image, size_t pixels) {
    noise_add(context, name, image, pixels);
}

sample_variation noise_study_variation(const noise *n) {
    return (sample_variation){add_noise, n, n->place == NOISE_BEFORE_RESIZING};
}

const char *noise_study_title(noise_kind kind) {
    return kind == NOISE_GAUSSIAN ? "Gaussian noise" : "Salt-and-pepper noise";
}

const char *noise_study_unit(noise_kind kind) {
    return kind == NOISE_GAUSSIAN ? "variance" : "density";
}

/* --- configuration --- */

/* The levels as given, behind that of the clean image. */
static status read_levels(noise_study *s, noise_kind kind, const char *key, double most) {
    number_list given, *levels = &s->levels[kind];
    TRY(number_list_read(key, config_text(s->e->c, key), NUMBERS_REAL, 0, most, &given));
    int first = given.count > 0 && given.values[0] == 0;
    if (given.count - first == MOST_NUMBERS)
        return status_fail(STATUS_USAGE, "%s: expected at most %d levels above 0", key, MOST_NUMBERS - 1);
    for (int i = first; i < given.count; i++)
        levels->values[1 + levels->count++] = given.values[i];
    levels->count += levels->count > 0;
    return STATUS_OK;
}

static status read_study(noise_study *s) {
    const config *c = s->e->c;
    TRY(read_levels(s, NOISE_GAUSSIAN, "noise.gaussian", 100));
    TRY(read_levels(s, NOISE_SALT_AND_PEPPER, "noise.salt_and_pepper", 1));
    TRY(number_list_read("noise.seeds", config_text(c, "noise.seeds"), NUMBERS_WHOLE, 0, UINT32_MAX, &s->seeds));
    if (s->levels[0].count + s->levels[1].count == 0)
        return status_fail(STATUS_USAGE, "noise.gaussian and noise.salt_and_pepper are both empty; expected levels");
    if (s->seeds.count == 0)
        return status_fail(STATUS_USAGE, "noise.seeds is empty; expected whole numbers");
    s->place = strcmp(config_text(c, "noise.place"), "before") ? NOISE_AFTER_RESIZING : NOISE_BEFORE_RESIZING;
    s->range = strcmp(config_text(c, "noise.range"), "unclipped") ? NOISE_CLIPPED : NOISE_UNCLIPPED;
    return STATUS_OK;
}

static status check_examples(const experiment *e) {
    const char *text = config_text(e->c, "noise.examples");
    sample_name *names;
    int count;
    if (!*text)
        return STATUS_OK;
    TRY(sample_names_find(e, "noise.examples", text, &names, &count));
    free(names);
    return STATUS_OK;
}

status noise_study_check(const experiment *e) {
    noise_study s = {.e = e};
    TRY(read_study(&s));
    return check_examples(e);
}

/* --- evaluating --- */

/* One method on one data set; the detector is opened when the first cell needs it. */
typedef struct pair {
    int method, data;
    char checkpoint[4096];
    detector *d;
    dataset *set;
} pair;

static status open_pair(const noise_study *s, pair *p) {
    const char *checkpoint = *p->checkpoint ? p->checkpoint : NULL;
    if (!p->d)
        TRY(experiment_detector(s->e, p->method, checkpoint, &p->d));
    if (!p->set)
        TRY(experiment_dataset(s->e, p->data, checkpoint, &p->set));
    return STATUS_OK;
}

static status evaluate(const noise_study *s, pair *p, const noise *n, const char *label, cell *out) {
    evaluate_options options = s->e->evaluate;
    sample_variation vary = noise_study_variation(n);
    options.sample.vary = n->level > 0 ? &vary : NULL;
    options.label = label;
    TRY(open_pair(s, p));
    TRY(evaluate_dataset(p->d, p->set, &options, &out->counts, &out->ms_image));
    out->params = parameter_count_trained(detector_parameters(p->d));
    printf("evaluated %s: mIoU %.2f %%\n", label, metric_shown(METRIC_miou, &out->counts));
    fflush(stdout);
    return STATUS_OK;
}

/* The name of a cell and its key, which is that of the clean cell with the noise behind it. */
static status name_cell(const noise_study *s, const pair *p, const noise *n, char name[512],
                        char key[CELL_KEY_SIZE + 256]) {
    const experiment *e = s->e;
    TRY(cell_key(e, p->method, p->data, *p->checkpoint ? p->checkpoint : NULL, key));
    int used = snprintf(name, 512, "%s.%s", e->methods[p->method].name, e->data[p->data].name);
    if (n->level <= 0)
        return STATUS_OK;
    snprintf(name + used, 512 - (size_t)used, ".%s_%g.seed%llu", noise_kind_names[n->kind], n->level,
             (unsigned long long)n->seed);
    size_t length = strlen(key);
    snprintf(key + length, CELL_KEY_SIZE + 256 - length, "; noise %s %.17g %s resizing, %s, seed %llu",
             noise_kind_names[n->kind], n->level, noise_place_names[n->place], noise_range_names[n->range],
             (unsigned long long)n->seed);
    return STATUS_OK;
}

static status find_cell(const noise_study *s, pair *p, const noise *n, cell *out) {
    char name[512], key[CELL_KEY_SIZE + 256], folder[4096], path[4096];
    TRY(path_join(folder, s->folder, "cells", ""));
    TRY(folder_create(folder));
    TRY(name_cell(s, p, n, name, key));
    TRY(path_join(path, folder, name, ".json"));
    if (cell_read(path, key, out))
        return STATUS_OK;
    status result = evaluate(s, p, n, name, out);
    return result == STATUS_OK ? cell_write(path, key, out) : status_prefix(result, "%s", name);
}

static status find_cells(const noise_study *s, pair *p) {
    TRY(program_checkpoint(s->e, s->folder, p->method, p->data, p->checkpoint));
    for (int kind = 0; kind < 2; kind++)
        for (int level = 0; level < s->levels[kind].count; level++)
            for (int seed = 0; seed < noise_study_seeds(s, level); seed++) {
                noise n = noise_study_noise(s, (noise_kind)kind, level, seed);
                TRY(find_cell(s, p, &n, noise_study_cell(s, p->data, p->method, (noise_kind)kind, level, seed)));
            }
    return STATUS_OK;
}

static status find_all(const noise_study *s) {
    status result = STATUS_OK;
    for (int data = 0; data < s->e->data_count; data++)
        for (int method = 0; method < s->e->method_count && result == STATUS_OK; method++) {
            pair p = {.method = method, .data = data};
            result = find_cells(s, &p);
            detector_free(p.d);
            dataset_close(p.set);
        }
    return result;
}

status noise_study_write(const experiment *e, const char *folder) {
    noise_study s = {.e = e, .folder = folder};
    TRY(read_study(&s));
    size_t pairs = (size_t)e->data_count * (size_t)e->method_count;
    s.cells = calloc(pairs * 2 * MOST_NUMBERS * (size_t)s.seeds.count, sizeof *s.cells);
    status result = s.cells ? find_all(&s) : status_fail(STATUS_MEMORY, "out of memory for the results");
    if (result == STATUS_OK)
        result = noise_report_write(&s);
    if (result == STATUS_OK)
        result = noise_examples_write(&s);
    free(s.cells);
    return result;
}
