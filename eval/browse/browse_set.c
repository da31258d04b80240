#include "eval/browse/browse_set.h"

#include "core/base/process.h"
#include "core/io/file_io.h"
#include "core/io/image_file.h"
#include "core/io/json_read.h"
#include "core/io/png_io.h"
#include "eval/measure/predictions.h"
#include "eval/measure/sample.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_LIST = 1 << 28 }; /* bytes of detections.json */

static status no_memory(const char *name) {
    return status_fail(STATUS_MEMORY, "%s: out of memory for it", name);
}

/* --- detections.json --- */

static status read_list(const char *folder, json_t **out) {
    char path[4096];
    uint8_t *text;
    size_t size;
    json_error_t error;
    TRY(path_join(path, folder, "detections", ".json"));
    TRY(file_read(path, LARGEST_LIST, &text, &size));
    *out = json_read(text, size, 0, &error);
    free(text);
    if (!*out)
        return status_fail(STATUS_INPUT, "%s:%d: no JSON: %s", path, error.line, error.text);
    if (json_is_string(json_object_get(*out, "method")) && json_is_number(json_object_get(*out, "threshold")) &&
        json_is_array(json_object_get(*out, "images")))
        return STATUS_OK;
    json_decref(*out);
    return status_fail(STATUS_INPUT, "%s: not a list of detect: expected method, threshold and images", path);
}

static status begin_set(const json_t *list, int count, scores_set *out) {
    out->method = strdup(json_string_value(json_object_get(list, "method")));
    out->threshold = json_number_value(json_object_get(list, "threshold"));
    out->how.rule = RULE_SCORE;
    out->kind = SCORE_PROBABILITY;
    out->scenes = calloc((size_t)count + 1, sizeof *out->scenes);
    return out->method && out->scenes ? STATUS_OK : no_memory("the list of images");
}

/* --- with a data set --- */

static status read_sample(const score_source *source, const dataset *data, int index, mask_rule mask, scores_set *set) {
    scores_scene *out = &set->scenes[set->count++];
    const char *name = dataset_sample_name(data, index);
    const sample_options native = {.mask = mask};
    detector_maps maps;
    sample s;
    TRY(process_check_signals());
    TRY(sample_read(data, index, &native, &s));
    status result = source->run(source->context, name, &s, &maps);
    size_t pixels = (size_t)s.width * (size_t)s.height;
    *out = (scores_scene){.width = s.width, .height = s.height};
    if (result == STATUS_OK)
        result = scores_set_count(set, out, name);
    if (result == STATUS_OK) {
        *out = (scores_scene){.name = strdup(name),
                              .width = s.width,
                              .height = s.height,
                              .image = malloc(pixels),
                              .label = malloc(pixels),
                              .score = malloc(pixels * sizeof *out->score)};
        result = out->name && out->image && out->label && out->score ? STATUS_OK : no_memory(name);
    }
    if (result == STATUS_OK) {
        scores_image_grey(s.image, pixels, out->image);
        memcpy(out->label, s.label, pixels);
        memcpy(out->score, maps.score, pixels * sizeof *out->score);
    }
    sample_free(&s);
    return result;
}

static status read_samples(const browse_request *r, const dataset *data, scores_set *out) {
    predictions *p;
    TRY(predictions_open(r->folder, data, 0, &p));
    const score_source source = predictions_source(p);
    status result = STATUS_OK;
    for (int i = 0; i < dataset_count(data) && result == STATUS_OK; i++)
        result = read_sample(&source, data, i, r->mask ? *r->mask : MASK_MAX, out);
    predictions_free(p);
    return result;
}

static status read_with_truth(const browse_request *r, const json_t *list, scores_set *out) {
    dataset *data;
    TRY(dataset_open(r->data, r->split ? r->split : "test", &data));
    status result = begin_set(list, dataset_count(data), out);
    if (result == STATUS_OK) {
        out->how.protocol = r->protocol ? *r->protocol : PROTOCOL_OVERLAP;
        out->dataset = strdup(dataset_name(data));
        out->split = strdup(dataset_split(data));
        result = out->dataset && out->split ? read_samples(r, data, out) : no_memory(r->data);
    }
    dataset_close(data);
    return result;
}

/* --- without one --- */

/* Of a file of several images, what detect put behind the file's name for this one: "flight_0012". */
static int page_of(const char *name) {
    const char *mark = strrchr(name, '_');
    long page = mark ? strtol(mark + 1, NULL, 10) : 0;
    return page > 0 && page <= INT_MAX ? (int)page : 0;
}

/* A raw file has frames of the size of the scores. */
static status read_again(const char *path, const scores_scene *s, grey_image *out) {
    image_source source = {.path = path, .raw_width = s->width, .raw_height = s->height};
    int pages = 1;
    TRY(image_count_pages(&source, &pages));
    source.page = pages > 1 ? page_of(s->name) : 0;
    TRY(image_read(&source, out));
    return out->width == s->width && out->height == s->height
               ? STATUS_OK
               : status_fail(STATUS_INPUT, "%s: %dx%d pixels, but its scores are of %dx%d", path, out->width,
                             out->height, s->width, s->height);
}

/* What detect was given, if it still lies there; black if it does not. */
static status read_image(const char *path, scores_set *set, scores_scene *s) {
    size_t pixels = (size_t)s->width * (size_t)s->height;
    grey_image image = {0};
    s->image = calloc(pixels, 1);
    float *unit = malloc(pixels * sizeof *unit);
    status result = s->image && unit ? STATUS_OK : no_memory(path);
    if (result == STATUS_OK && read_again(path, s, &image) == STATUS_OK) {
        image_to_unit(&image, unit);
        scores_image_grey(unit, pixels, s->image);
    } else if (result == STATUS_OK && set->black++ == 0) {
        snprintf(set->why_black, sizeof set->why_black, "%s", status_message());
    }
    grey_image_free(&image);
    free(unit);
    return result;
}

static status read_score(const char *folder, const char *name, scores_set *set, scores_scene *s) {
    char path[4096];
    grey_image stored;
    TRY(path_join(path, folder, name, "_score.png"));
    TRY(png_read_grey(path, &stored));
    s->width = stored.width;
    s->height = stored.height;
    status result = scores_set_count(set, s, path);
    s->score = result == STATUS_OK ? malloc((size_t)s->width * (size_t)s->height * sizeof *s->score) : NULL;
    if (s->score)
        image_to_unit(&stored, s->score);
    else if (result == STATUS_OK)
        result = no_memory(path);
    grey_image_free(&stored);
    return result;
}

static status read_listed(const browse_request *r, const json_t *images, size_t index, scores_set *set) {
    scores_scene *s = &set->scenes[set->count++];
    const json_t *entry = json_array_get(images, index);
    const char *name = json_string_value(json_object_get(entry, "image"));
    const char *file = json_string_value(json_object_get(entry, "file"));
    if (!name || !file || !path_stays_inside(name))
        return status_fail(STATUS_INPUT, "%s/detections.json: image %zu has no name in this folder, or no file",
                           r->folder, index + 1);
    s->name = strdup(name);
    if (!s->name)
        return no_memory(name);
    TRY(process_check_signals());
    TRY(read_score(r->folder, name, set, s));
    return read_image(file, set, s);
}

static status read_without_truth(const browse_request *r, const json_t *list, scores_set *out) {
    const json_t *images = json_object_get(list, "images");
    int count = (int)json_array_size(images);
    if (count < 1)
        return status_fail(STATUS_INPUT, "%s/detections.json: holds no image", r->folder);
    TRY(begin_set(list, count, out));
    for (int i = 0; i < count; i++)
        TRY(read_listed(r, images, (size_t)i, out));
    return STATUS_OK;
}

/* --- either --- */

static status read_scores(const browse_request *r, const char *path, scores_set *out) {
    const char *given = r->data ? "data" : r->split ? "split" : r->mask ? "mask" : NULL;
    if (given)
        return status_fail(STATUS_USAGE, "%s holds the ground truth: no --%s", path, given);
    TRY(scores_file_read(path, out));
    if (r->protocol)
        out->how.protocol = *r->protocol;
    return STATUS_OK;
}

/* Without the ground truth nothing finds a target. */
static status refuse_without_data(const browse_request *r) {
    const char *given = r->split ? "split" : r->mask ? "mask" : r->protocol ? "protocol" : NULL;
    return given && !r->data ? status_fail(STATUS_USAGE, "%s: --%s needs --data", r->folder, given) : STATUS_OK;
}

status browse_set_open(const browse_request *r, scores_set *out) {
    char path[4096];
    json_t *list;
    *out = (scores_set){0};
    TRY(path_join(path, r->folder, "scores", ".h5"));
    if (path_is_file(path))
        return read_scores(r, path, out);
    TRY(path_join(path, r->folder, "detections", ".json"));
    if (!path_is_file(path))
        return status_fail(STATUS_INPUT,
                           "%s: neither scores.h5 (evaluate --out) nor detections.json (detect --out) is there",
                           r->folder);
    TRY(refuse_without_data(r));
    TRY(read_list(r->folder, &list));
    status result = r->data ? read_with_truth(r, list, out) : read_without_truth(r, list, out);
    json_decref(list);
    if (result != STATUS_OK)
        scores_set_free(out);
    return result;
}
