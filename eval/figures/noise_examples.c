#include "eval/figures/noise_examples.h"

#include "core/io/file_io.h"
#include "eval/experiments/experiment_page.h"
#include "eval/experiments/experiment_program.h"
#include "eval/experiments/noise_experiment.h"
#include "eval/figures/figure_scene.h"
#include "eval/figures/method_figure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const canvas_png png = {.scale = 1, .colours = 256};

/* A row for each level: the noisy image, then the score of every method. */
typedef struct example {
    const grid *g;
    const sample_name *name;
    int first, levels, columns; /* conditions first .. first + levels - 1 */
    sample *samples;            /* per level */
    scene_result *results;      /* per cell; empty for the images */
    figure_cell *cells;
    char (*labels)[48]; /* per level */
} example;

/* The noisy sample of a level, after its grey values are spread from `range`. */
static status read_level(const example *x, int level, const grey_range *range, sample *out) {
    noise n = noise_of(x->g->e, &x->g->conditions[x->first + level], 0);
    sample_options options = x->g->e->evaluate.sample;
    sample_variation vary = noise_variation(&n);
    options.vary = n.level > 0 ? &vary : NULL;
    return sample_name_read(x->g->e, x->name, &options, range, out);
}

static status read_samples(example *x) {
    for (int level = 0; level < x->levels; level++) {
        const grid_condition *c = &x->g->conditions[x->first + level];
        TRY(read_level(x, level, &(grey_range){.kind = RANGE_FULL}, &x->samples[level]));
        snprintf(x->labels[level], sizeof x->labels[level], "%s %g", noise_unit((noise_kind)c->kind), c->value);
        x->cells[level * x->columns] = (figure_cell){
            .kind = FIGURE_IMAGE, .name = level ? x->labels[level] : "Clean", .map = x->samples[level].image};
    }
    return STATUS_OK;
}

static status run_method(example *x, int method, const judged_detector *by) {
    for (int level = 0; level < x->levels; level++) {
        int at = level * x->columns + 1 + method;
        scene_result *r = &x->results[at];
        sample s;
        TRY(read_level(x, level, &by->range, &s));
        status result = scene_detect(by->d, &s, &by->how, r);
        sample_free(&s);
        TRY(result);
        x->cells[at] = (figure_cell){FIGURE_SCORE, x->g->e->methods[method].name, r->score, r->detected};
    }
    return STATUS_OK;
}

static status run_methods(example *x) {
    for (int method = 0; method < x->g->e->method_count; method++) {
        judged_detector by;
        TRY(program_detector(x->g->e, x->g->folder, method, x->name->data, &by));
        status result = run_method(x, method, &by);
        detector_free(by.d);
        TRY(result);
    }
    return STATUS_OK;
}

static status draw(const example *x, html_page *page) {
    const char *data = x->g->e->data[x->name->data].name;
    noise_kind kind = (noise_kind)x->g->conditions[x->first].kind;
    char title[512], name[1024], path[4096];
    snprintf(title, sizeof title, "%s on %s %s", noise_title(kind), data, x->name->name);
    snprintf(name, sizeof name, "%s_%s_%s", data, x->name->name, noise_kind_names[kind]);
    for (char *c = name; *c; c++)
        *c = *c == '/' ? '_' : *c; /* a sample's name may have a folder */
    TRY(path_join(path, x->g->folder, name, ".png"));
    method_figure figure = {.title = title,
                            .score_name = scene_score_name(x->g->e->evaluate.how.rule),
                            .width = x->samples[0].width,
                            .height = x->samples[0].height,
                            .label = x->samples[0].label,
                            .protocol = x->g->e->evaluate.how.protocol,
                            .cells = x->cells,
                            .cell_count = x->levels * x->columns,
                            .columns = x->columns,
                            .surfaces = WITHOUT_SURFACES};
    TRY(method_figure_write(&figure, png, path));
    printf("%s\n", path);
    return experiment_page_print_picture(page, path);
}

static status show(example *x, html_page *page) {
    TRY(read_samples(x));
    TRY(run_methods(x));
    return draw(x, page);
}

/* The levels of one kind: conditions first .. end - 1. */
static status show_example(const grid *g, const sample_name *name, int first, int end, html_page *page) {
    example x = {.g = g, .name = name, .first = first, .levels = end - first, .columns = 1 + g->e->method_count};
    size_t levels = (size_t)x.levels, cells = levels * (size_t)x.columns;
    x.samples = calloc(levels, sizeof *x.samples);
    x.labels = calloc(levels, sizeof *x.labels);
    x.results = calloc(cells, sizeof *x.results);
    x.cells = calloc(cells, sizeof *x.cells);
    bool ready = x.samples && x.labels && x.results && x.cells;
    status result = ready ? show(&x, page) : status_fail(STATUS_MEMORY, "out of memory for a figure");
    for (size_t i = 0; x.samples && i < levels; i++)
        sample_free(&x.samples[i]);
    for (size_t i = 0; x.results && i < cells; i++)
        scene_result_free(&x.results[i]);
    free(x.samples);
    free(x.labels);
    free(x.results);
    free(x.cells);
    return result;
}

status noise_examples_check(const experiment *e) {
    const char *text = config_text(e->c, "noise.examples");
    sample_name *names;
    int count;
    if (!*text)
        return STATUS_OK;
    TRY(sample_names_find(e, "noise.examples", text, &names, &count));
    free(names);
    return STATUS_OK;
}

status noise_examples_write(const grid *g, html_page *page) {
    const char *text = config_text(g->e->c, "noise.examples");
    sample_name *names;
    int count;
    if (!*text || g->only_stored)
        return STATUS_OK;
    TRY(sample_names_find(g->e, "noise.examples", text, &names, &count));
    status result = STATUS_OK;
    if (count > 0)
        html_page_section(page, "Examples");
    for (int i = 0; i < count; i++)
        for (int first = 0, end; first < g->condition_count && result == STATUS_OK; first = end) {
            end = grid_section_end(g, first);
            result = show_example(g, &names[i], first, end, page);
        }
    free(names);
    return result;
}
