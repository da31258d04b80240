/* Pictures of a noise study: chosen images at every level, and what the methods find in them. */
#include "core/io/file_io.h"
#include "eval/experiments/experiment_program.h"
#include "eval/experiments/noise_study.h"
#include "eval/figures/figure_scene.h"
#include "eval/figures/method_figure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const canvas_png png = {.scale = 1, .colours = 256};

/* A row for each level: the noisy image, then the score of every method. */
typedef struct example {
    const noise_study *s;
    const sample_name *name;
    noise_kind kind;
    int levels, columns;
    sample *samples;       /* per level */
    scene_result *results; /* per cell; empty for the images */
    figure_cell *cells;
    char (*labels)[48]; /* per level */
} example;

static status read_samples(example *x) {
    for (int level = 0; level < x->levels; level++) {
        noise n = noise_study_noise(x->s, x->kind, level, 0);
        sample_options options = x->s->e->evaluate.sample;
        sample_variation vary = noise_study_variation(&n);
        options.vary = n.level > 0 ? &vary : NULL;
        TRY(sample_name_read(x->s->e, x->name, &options, &x->samples[level]));
        snprintf(x->labels[level], sizeof x->labels[level], "%s %g", noise_study_unit(x->kind), n.level);
        x->cells[level * x->columns] = (figure_cell){
            .kind = FIGURE_IMAGE, .name = level ? x->labels[level] : "Clean", .map = x->samples[level].image};
    }
    return STATUS_OK;
}

static status run_method(example *x, int method, detector *d) {
    for (int level = 0; level < x->levels; level++) {
        int at = level * x->columns + 1 + method;
        scene_result *r = &x->results[at];
        TRY(scene_detect(d, &x->samples[level], &x->s->e->evaluate.how, DETAIL_SCORE, NULL, r));
        x->cells[at] = (figure_cell){FIGURE_SCORE, x->s->e->methods[method].name, r->score, r->detected};
    }
    return STATUS_OK;
}

static status run_methods(example *x) {
    for (int method = 0; method < x->s->e->method_count; method++) {
        detector *d;
        TRY(program_detector(x->s->e, x->s->folder, method, x->name->data, &d));
        status result = run_method(x, method, d);
        detector_free(d);
        TRY(result);
    }
    return STATUS_OK;
}

static status draw(const example *x) {
    const char *data = x->s->e->data[x->name->data].name;
    char title[512], name[1024], path[4096];
    snprintf(title, sizeof title, "%s on %s %s", noise_study_title(x->kind), data, x->name->name);
    snprintf(name, sizeof name, "%s_%s_%s", data, x->name->name, noise_kind_names[x->kind]);
    for (char *c = name; *c; c++)
        *c = *c == '/' ? '_' : *c; /* a sample's name may have a folder */
    TRY(path_join(path, x->s->folder, name, ".png"));
    method_figure figure = {.title = title,
                            .score_name = scene_score_name(x->s->e->evaluate.how.rule),
                            .width = x->samples[0].width,
                            .height = x->samples[0].height,
                            .label = x->samples[0].label,
                            .cells = x->cells,
                            .cell_count = x->levels * x->columns,
                            .columns = x->columns,
                            .surfaces = WITHOUT_SURFACES};
    TRY(method_figure_write(&figure, png, path));
    printf("%s\n", path);
    return STATUS_OK;
}

static status show(example *x) {
    TRY(read_samples(x));
    TRY(run_methods(x));
    return draw(x);
}

static status show_example(const noise_study *s, const sample_name *name, noise_kind kind) {
    example x = {
        .s = s, .name = name, .kind = kind, .levels = s->levels[kind].count, .columns = 1 + s->e->method_count};
    size_t levels = (size_t)x.levels, cells = levels * (size_t)x.columns;
    if (x.levels == 0)
        return STATUS_OK;
    x.samples = calloc(levels, sizeof *x.samples);
    x.labels = calloc(levels, sizeof *x.labels);
    x.results = calloc(cells, sizeof *x.results);
    x.cells = calloc(cells, sizeof *x.cells);
    bool ready = x.samples && x.labels && x.results && x.cells;
    status result = ready ? show(&x) : status_fail(STATUS_MEMORY, "out of memory for a figure");
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

status noise_examples_write(const noise_study *s) {
    const char *text = config_text(s->e->c, "noise.examples");
    sample_name *names;
    int count;
    if (!*text)
        return STATUS_OK;
    TRY(sample_names_find(s->e, "noise.examples", text, &names, &count));
    status result = STATUS_OK;
    for (int i = 0; i < count; i++)
        for (int kind = 0; kind < 2 && result == STATUS_OK; kind++)
            result = show_example(s, &names[i], (noise_kind)kind);
    free(names);
    return result;
}
