#include "eval/figures/figures.h"

#include "core/io/file_io.h"
#include "eval/experiments/experiment_page.h"
#include "eval/experiments/experiment_program.h"
#include "eval/figures/convergence_figure.h"
#include "eval/figures/figure_scene.h"
#include "eval/figures/method_figure.h"
#include "eval/figures/stage_figure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const config_key figures_keys[] = {
    {"figures.images", CONFIG_TEXT, "", 0, 0, NULL, "",
     "samples to show, separated by blanks: NAME, or DATA/NAME with several data sets"},
    {"figures.stages", CONFIG_TEXT, "", 0, 0, NULL, "", "methods of [methods] whose stages are shown"},
    {"figures.convergence", CONFIG_TEXT, "", 0, 0, NULL, "",
     "methods whose residual and change by stage, or by iteration, are drawn, over the whole split"},
    {"figures.more_stages", CONFIG_INT, "0", 0, CONVERGENCE_STAGES - 1, NULL, "",
     "how many times more the last stage of those methods runs, with the same weights"},
    {"figures.columns", CONFIG_INT, "4", 1, 32, NULL, "", "maps side by side"},
    {"figures.format", CONFIG_CHOICE, "png", 0, 0, "png|svg", "", "of the figures"},
    {"figures.resolution", CONFIG_REAL, "1.5", 0.5, 8, NULL, "pixels per point", "of PNG files; text has 11 points"},
    {"figures.colours", CONFIG_INT, "0", 0, 256, NULL, "",
     "PNG files with a palette of that many are smaller; 0: as drawn"},
};
const int figures_key_count = sizeof figures_keys / sizeof *figures_keys;

typedef struct method_list {
    int methods[64]; /* indices */
    int count;
} method_list;

typedef struct figures {
    const experiment *e;
    const char *folder, *suffix;
    html_page *page;
    canvas_png png;
    method_list stages, convergence;
} figures;

static status read_words(const experiment *e, const char *key, char *words, method_list *out) {
    char *rest = NULL;
    for (char *word = strtok_r(words, " \t,", &rest); word; word = strtok_r(NULL, " \t,", &rest)) {
        int method = 0;
        while (method < e->method_count && strcmp(e->methods[method].name, word) != 0)
            method++;
        if (method == e->method_count || out->count == 64)
            return status_fail(STATUS_USAGE, "%s: %s: [methods] has no method of that name", key, word);
        out->methods[out->count++] = method;
    }
    return STATUS_OK;
}

static status read_methods(const experiment *e, const char *key, method_list *out) {
    char *words = strdup(config_text(e->c, key));
    status result = words ? read_words(e, key, words, out) : status_fail(STATUS_MEMORY, "%s: out of memory", key);
    free(words);
    return result;
}

static status announce(const figures *f, const char *path, status written) {
    TRY(written);
    printf("%s\n", path);
    fflush(stdout);
    return experiment_page_print_picture(f->page, path);
}

static status path_of(const figures *f, const sample_name *s, const char *what, char out[4096]) {
    char name[1024];
    snprintf(name, sizeof name, "%s_%s_%s", f->e->data[s->data].name, s->name, what);
    for (char *c = name; *c; c++)
        *c = *c == '/' ? '_' : *c; /* a sample's name may have a folder */
    return path_join(out, f->folder, name, f->suffix);
}

/* A method, and the sample as it sees it: its checkpoint may have a range of grey values of its own. */
typedef struct viewer {
    judged_detector by;
    sample s;
} viewer;

static status open_viewer(const figures *f, int method, const sample_name *name, viewer *out) {
    out->s = (sample){0};
    TRY(program_detector(f->e, f->folder, method, name->data, &out->by));
    return sample_name_read(f->e, name, &f->e->evaluate.sample, &out->by.range, &out->s);
}

static void close_viewer(viewer *v) {
    detector_free(v->by.d);
    sample_free(&v->s);
}

/* --- methods --- */

static status run_methods(const figures *f, const sample_name *name, scene_result *results) {
    for (int m = 0; m < f->e->method_count; m++) {
        viewer v;
        status result = open_viewer(f, m, name, &v);
        if (result == STATUS_OK)
            result = scene_detect(v.by.d, &v.s, &v.by.how, &results[m]);
        close_viewer(&v);
        TRY(result);
    }
    return STATUS_OK;
}

static status draw_methods(const figures *f, const sample_name *name, const sample *s, const scene_result *results,
                           figure_cell *cells) {
    char title[512], path[4096];
    int count = 0;
    cells[count++] = (figure_cell){FIGURE_IMAGE, "Image", s->image, NULL};
    cells[count++] = (figure_cell){FIGURE_TRUTH, "Ground truth", NULL, NULL};
    for (int m = 0; m < f->e->method_count; m++)
        cells[count++] = (figure_cell){FIGURE_SCORE, f->e->methods[m].name, results[m].score, results[m].detected};
    snprintf(title, sizeof title, "%s %s, %d × %d", f->e->data[name->data].name, name->name, s->width, s->height);
    method_figure figure = {.title = title,
                            .score_name = scene_score_name(f->e->evaluate.how.rule),
                            .width = s->width,
                            .height = s->height,
                            .label = s->label,
                            .protocol = f->e->evaluate.how.protocol,
                            .cells = cells,
                            .cell_count = count,
                            .columns = (int)config_int(f->e->c, "figures.columns")};
    TRY(path_of(f, name, "methods", path));
    return announce(f, path, method_figure_write(&figure, f->png, path));
}

static status show_methods(const figures *f, const sample_name *name, const sample *s) {
    size_t count = (size_t)f->e->method_count;
    scene_result *results = calloc(count + 1, sizeof *results);
    figure_cell *cells = calloc(count + 2, sizeof *cells);
    status result = results && cells ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for a figure");
    if (result == STATUS_OK)
        result = run_methods(f, name, results);
    if (result == STATUS_OK)
        result = draw_methods(f, name, s, results, cells);
    for (size_t m = 0; results && m < count; m++)
        scene_result_free(&results[m]);
    free(results);
    free(cells);
    return result;
}

/* --- stages --- */

static status draw_stages(const figures *f, const sample_name *name, int method, const viewer *v) {
    const sample *s = &v->s;
    const char *method_name = f->e->methods[method].name, *data = f->e->data[name->data].name;
    char what[128], title[512], path[4096];
    detector_maps maps;
    TRY(detector_run(v->by.d, s->image, s->width, s->height, DETAIL_STAGES, &maps));
    snprintf(what, sizeof what, "stages_%s", method_name);
    snprintf(title, sizeof title, "The stages of %s: %s %s", method_name, data, name->name);
    TRY(path_of(f, name, what, path));
    stage_figure figure = {title, s->width, s->height, s->image, s->label, &maps};
    return announce(f, path, stage_figure_write(&figure, f->png, path));
}

static status show_stages(const figures *f, const sample_name *name) {
    for (int i = 0; i < f->stages.count; i++) {
        viewer v;
        status result = open_viewer(f, f->stages.methods[i], name, &v);
        if (result == STATUS_OK)
            result = draw_stages(f, name, f->stages.methods[i], &v);
        close_viewer(&v);
        TRY(result);
    }
    return STATUS_OK;
}

static status show_images(const figures *f, const sample_name *names, int count) {
    for (int i = 0; i < count; i++) {
        sample s; /* as it is stored */
        TRY(sample_name_read(f->e, &names[i], &f->e->evaluate.sample, &(grey_range){.kind = RANGE_FULL}, &s));
        status result = show_methods(f, &names[i], &s);
        if (result == STATUS_OK)
            result = show_stages(f, &names[i]);
        sample_free(&s);
        TRY(result);
    }
    return STATUS_OK;
}

/* --- convergence --- */

static status measure_convergence(const figures *f, int method, int data, named_convergence *out) {
    const experiment *e = f->e;
    judged_detector by;
    dataset *set;
    *out = (named_convergence){.name = e->methods[method].name};
    TRY(program_detector(e, f->folder, method, data, &by));
    status result = dataset_open(e->data[data].root, e->data[data].split, &set);
    if (result == STATUS_OK) {
        evaluate_options options = e->evaluate;
        options.label = out->name;
        options.how = by.how;
        dataset_set_range(set, &by.range);
        result = convergence_measure(by.d, set, &options, (int)config_int(e->c, "figures.more_stages"), &out->curve);
        dataset_close(set);
    }
    detector_free(by.d);
    return result;
}

static status draw_convergence(const figures *f, int data, named_convergence *curves) {
    char title[256], name[256];
    for (int i = 0; i < f->convergence.count; i++)
        TRY(measure_convergence(f, f->convergence.methods[i], data, &curves[i]));
    snprintf(title, sizeof title, "Convergence on %.200s", f->e->data[data].name);
    snprintf(name, sizeof name, "convergence.%.200s", f->e->data[data].name);
    TRY(convergence_figure_write(title, curves, f->convergence.count, f->folder, name));
    printf("%s/%s.{csv,png,svg}\n", f->folder, name);
    return convergence_figure_print(title, curves, f->convergence.count, html_page_stream(f->page));
}

static status show_convergence(const figures *f) {
    if (f->convergence.count == 0)
        return STATUS_OK;
    named_convergence *curves = calloc((size_t)f->convergence.count, sizeof *curves);
    status result = curves ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for curves of convergence");
    for (int data = 0; data < f->e->data_count && result == STATUS_OK; data++)
        result = draw_convergence(f, data, curves);
    free(curves);
    return result;
}

static status read_figures(figures *f, sample_name **names, int *count) {
    const config *c = f->e->c;
    f->png = (canvas_png){config_real(c, "figures.resolution"), (int)config_int(c, "figures.colours")};
    f->suffix = strcmp(config_text(c, "figures.format"), "svg") ? ".png" : ".svg";
    TRY(read_methods(f->e, "figures.stages", &f->stages));
    TRY(read_methods(f->e, "figures.convergence", &f->convergence));
    *names = NULL;
    *count = 0;
    if (f->convergence.count > 0 && !*config_text(c, "figures.images"))
        return STATUS_OK;
    TRY(sample_names_find(f->e, "figures.images", config_text(c, "figures.images"), names, count));
    if (*count > 0)
        return STATUS_OK;
    free(*names);
    *names = NULL;
    return status_fail(STATUS_USAGE,
                       "figures.images is empty, or all that it names lies in data sets that are left out");
}

status figures_check(const experiment *e) {
    figures f = {.e = e};
    sample_name *names;
    int count;
    TRY(read_figures(&f, &names, &count));
    free(names);
    return STATUS_OK;
}

status figures_write(const experiment *e, const char *folder, html_page *page) {
    figures f = {.e = e, .folder = folder, .page = page};
    sample_name *names;
    int count;
    TRY(read_figures(&f, &names, &count));
    html_page_section(page, "Figures");
    status result = show_images(&f, names, count);
    free(names);
    if (result == STATUS_OK)
        result = show_convergence(&f);
    return result == STATUS_OK ? experiment_page_save(page, folder) : result;
}
