#include "eval/measure/scores_file.h"

#include "core/base/process.h"
#include "core/config/word_choice.h"
#include "core/io/hdf5_io.h"
#include "core/io/image.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {[SCORE_PROBABILITY] = "probability", [SCORE_RAW] = "raw"};
enum { KINDS = sizeof kind_names / sizeof *kind_names };

static void path_of(int scene, const char *what, char out[64]) {
    snprintf(out, 64, "scenes/%06d/%s", scene, what);
}

void scores_image_grey(const float *map, size_t pixels, uint8_t *out) {
    float low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < pixels; i++) {
        low = fminf(low, map[i]);
        high = fmaxf(high, map[i]);
    }
    for (size_t i = 0; i < pixels; i++)
        out[i] = high > low ? (uint8_t)lrintf(255 * (map[i] - low) / (high - low)) : 0;
}

/* --- writing --- */

struct scores_writer {
    image_watcher watcher;
    const image_watcher *next;
    h5_file *file;
    bool with_logits;
    name_list names;
};

static status write_maps(scores_writer *w, const scored_image *image, uint8_t *grey) {
    const h5_shape shape = {.rank = 2, .size = {image->height, image->width}};
    char path[64];
    int scene = w->names.count;
    path_of(scene, "image", path);
    TRY(h5_write_compressed(w->file, path, H5_UINT8, &shape, grey));
    path_of(scene, "label", path);
    TRY(h5_write_compressed(w->file, path, H5_UINT8, &shape, image->label));
    path_of(scene, "score", path);
    TRY(h5_write_compressed(w->file, path, H5_FLOAT32, &shape, image->score));
    if (!w->with_logits)
        return STATUS_OK;
    path_of(scene, "logit", path);
    return h5_write_compressed(w->file, path, H5_FLOAT32, &shape, image->logit);
}

static status see(void *context, const char *name, const scored_image *image, const per_image *outcome) {
    scores_writer *w = context;
    size_t pixels = (size_t)image->width * (size_t)image->height;
    uint8_t *grey = calloc(pixels, 1);
    if (!grey)
        return status_fail(STATUS_MEMORY, "%s: out of memory for its scores", name);
    if (image->image)
        scores_image_grey(image->image, pixels, grey);
    status result = write_maps(w, image, grey);
    free(grey);
    TRY(result);
    TRY(name_list_add(&w->names, name));
    return w->next ? w->next->see(w->next->context, name, image, outcome) : STATUS_OK;
}

static status write_head(h5_file *file, const evaluation *e, score_kind kind) {
    const scoring *how = &e->options.how;
    TRY(h5_write_attribute_text(file, "/", "method", e->method));
    TRY(h5_write_attribute_text(file, "/", "dataset", e->dataset));
    TRY(h5_write_attribute_text(file, "/", "split", e->split));
    TRY(h5_write_attribute_text(file, "/", "rule", score_rule_names[how->rule]));
    TRY(h5_write_attribute_text(file, "/", "protocol", match_protocol_names[how->protocol]));
    TRY(h5_write_attribute_double(file, "/", "threshold", scoring_threshold(how)));
    return h5_write_attribute_text(file, "/", "kind", kind_names[kind]);
}

status scores_writer_new(const char *path, const evaluation *e, score_kind kind, const image_watcher *next,
                         scores_writer **out) {
    scores_writer *w = calloc(1, sizeof *w);
    *out = NULL;
    if (!w)
        return status_fail(STATUS_MEMORY, "%s: out of memory", path);
    w->watcher = (image_watcher){see, w};
    w->next = next;
    w->with_logits = e->options.how.rule == RULE_LOGIT;
    status result = h5_create(path, &w->file);
    if (result == STATUS_OK)
        result = write_head(w->file, e, kind);
    if (result != STATUS_OK) {
        scores_writer_free(w);
        return result;
    }
    *out = w;
    return STATUS_OK;
}

const image_watcher *scores_writer_watcher(const scores_writer *w) {
    return &w->watcher;
}

status scores_writer_commit(scores_writer *w) {
    TRY(h5_write_strings(w->file, "names", (const char *const *)w->names.names, w->names.count));
    h5_file *file = w->file;
    w->file = NULL;
    return h5_commit(file);
}

void scores_writer_free(scores_writer *w) {
    if (!w)
        return;
    h5_close(w->file);
    name_list_free(&w->names);
    free(w);
}

/* --- reading --- */

static void scene_free(scores_scene *s) {
    free(s->name);
    free(s->image);
    free(s->label);
    free(s->score);
    free(s->logit);
}

void scores_set_free(scores_set *set) {
    for (int i = 0; i < set->count; i++)
        scene_free(&set->scenes[i]);
    free(set->scenes);
    free(set->method);
    free(set->dataset);
    free(set->split);
    *set = (scores_set){0};
}

status scores_set_count(scores_set *set, const scores_scene *scene, const char *path) {
    set->pixels += (int64_t)scene->width * scene->height;
    if (set->pixels <= SCORES_MOST_PIXELS)
        return STATUS_OK;
    return status_fail(STATUS_INPUT, "%s: its scenes have more than %lld pixels together", path,
                       (long long)SCORES_MOST_PIXELS);
}

static status read_choice(const h5_file *file, const char *name, const char *const *words, int count, int *out) {
    char *text;
    TRY(h5_read_attribute_text(file, "/", name, &text));
    status result = word_choose(name, text, words, count, out);
    free(text);
    return result == STATUS_OK ? result : status_prefix(STATUS_INPUT, "%s", h5_path(file));
}

static status read_head(const h5_file *file, scores_set *out) {
    int rule, protocol, kind;
    TRY(h5_read_attribute_text(file, "/", "method", &out->method));
    TRY(h5_read_attribute_text(file, "/", "dataset", &out->dataset));
    TRY(h5_read_attribute_text(file, "/", "split", &out->split));
    TRY(read_choice(file, "rule", score_rule_names, SCORE_RULES, &rule));
    TRY(read_choice(file, "protocol", match_protocol_names, 2, &protocol));
    TRY(read_choice(file, "kind", kind_names, KINDS, &kind));
    TRY(h5_read_attribute_double(file, "/", "threshold", &out->threshold));
    if (!isfinite(out->threshold))
        return status_fail(STATUS_INPUT, "%s: threshold is %g; expected a finite number", h5_path(file),
                           out->threshold);
    out->how = (scoring){.rule = (score_rule)rule, .protocol = (match_protocol)protocol};
    out->kind = (score_kind)kind;
    return STATUS_OK;
}

static status read_size(const h5_file *file, int index, scores_scene *s) {
    char path[64];
    h5_shape shape;
    path_of(index, "score", path);
    TRY(h5_get_shape(file, path, &shape));
    if (shape.rank != 2)
        return status_fail(STATUS_INPUT, "%s: %s has %d dimensions, expected 2", h5_path(file), path, shape.rank);
    status fits = grey_image_check_size(shape.size[1], shape.size[0]);
    if (fits != STATUS_OK)
        return status_prefix(fits, "%s: %s", h5_path(file), path);
    s->height = (int)shape.size[0];
    s->width = (int)shape.size[1];
    return STATUS_OK;
}

static status read_map(const h5_file *file, int index, const char *what, h5_type type, size_t pixels, void *data) {
    char path[64];
    path_of(index, what, path);
    if (!data)
        return status_fail(STATUS_MEMORY, "%s: out of memory for %s", h5_path(file), path);
    return h5_read(file, path, type, pixels, data);
}

static status check_label(const h5_file *file, int index, size_t pixels, const uint8_t *label) {
    for (size_t i = 0; i < pixels; i++)
        if (label[i] > 1)
            return status_fail(STATUS_INPUT, "%s: the label of scene %d holds %d; expected 0 and 1", h5_path(file),
                               index + 1, label[i]);
    return STATUS_OK;
}

static status read_scene(const h5_file *file, int index, bool with_logits, scores_scene *s) {
    size_t pixels = (size_t)s->width * (size_t)s->height;
    s->image = malloc(pixels);
    s->label = malloc(pixels);
    s->score = malloc(pixels * sizeof *s->score);
    s->logit = with_logits ? malloc(pixels * sizeof *s->logit) : NULL;
    TRY(read_map(file, index, "image", H5_UINT8, pixels, s->image));
    TRY(read_map(file, index, "label", H5_UINT8, pixels, s->label));
    TRY(check_label(file, index, pixels, s->label));
    TRY(read_map(file, index, "score", H5_FLOAT32, pixels, s->score));
    return with_logits ? read_map(file, index, "logit", H5_FLOAT32, pixels, s->logit) : STATUS_OK;
}

static status read_scenes(const h5_file *file, scores_set *out) {
    char **names;
    int count;
    TRY(h5_read_strings(file, "names", &names, &count));
    out->scenes = calloc((size_t)count + 1, sizeof *out->scenes);
    out->count = out->scenes ? count : 0;
    for (int i = 0; i < count; i++)
        if (out->scenes)
            out->scenes[i].name = names[i];
        else
            free(names[i]);
    free(names);
    if (!out->scenes || count < 1)
        return status_fail(out->scenes ? STATUS_INPUT : STATUS_MEMORY, "%s: holds no scene, or memory is out",
                           h5_path(file));
    for (int i = 0; i < count; i++) {
        TRY(read_size(file, i, &out->scenes[i]));
        TRY(scores_set_count(out, &out->scenes[i], h5_path(file)));
    }
    for (int i = 0; i < count; i++) {
        TRY(process_check_signals());
        TRY(read_scene(file, i, out->how.rule == RULE_LOGIT, &out->scenes[i]));
    }
    return STATUS_OK;
}

status scores_file_read(const char *path, scores_set *out) {
    h5_file *file;
    *out = (scores_set){0};
    TRY(h5_verify(path));
    TRY(h5_open(path, &file));
    status result = read_head(file, out);
    if (result == STATUS_OK)
        result = read_scenes(file, out);
    h5_close(file);
    if (result != STATUS_OK)
        scores_set_free(out);
    return result;
}
