#include "eval/browse/browse_view.h"

#include "core/base/process.h"
#include "core/draw/colour_map.h"
#include "core/io/png_io.h"
#include "eval/measure/json_text.h"
#include "eval/measure/metric_table.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

struct browse_view {
    const scores_set *set;
    bool has_truth;
    uint8_t *no_label;  /* zeros, as many as the largest scene has pixels */
    double least, most; /* that a threshold is compared with */
};

static status no_memory(void) {
    return status_fail(STATUS_MEMORY, "out of memory for a scene");
}

static size_t pixel_count(const scores_scene *s) {
    return (size_t)s->width * (size_t)s->height;
}

static scored_image image_of(const browse_view *v, const scores_scene *s) {
    return (scored_image){.width = s->width,
                          .height = s->height,
                          .score = s->score,
                          .kind = v->set->kind,
                          .logit = s->logit,
                          .label = s->label ? s->label : v->no_label};
}

/* The map that is compared with the threshold; owned by the caller. NULL: memory is out. */
static float *scaled_map(const browse_view *v, const scores_scene *s) {
    const scored_image image = image_of(v, s);
    float *map = malloc(pixel_count(s) * sizeof *map);
    if (map)
        score_rule_scale(v->set->how.rule, &image, map);
    return map;
}

/* --- the view --- */

static status find_range(browse_view *v) {
    v->least = INFINITY;
    v->most = -INFINITY;
    for (int i = 0; i < v->set->count; i++) {
        const scores_scene *s = &v->set->scenes[i];
        TRY(process_check_signals());
        float *map = scaled_map(v, s);
        if (!map)
            return no_memory();
        for (size_t k = 0; k < pixel_count(s); k++) {
            v->least = isfinite(map[k]) ? fmin(v->least, map[k]) : v->least;
            v->most = isfinite(map[k]) ? fmax(v->most, map[k]) : v->most;
        }
        free(map);
    }
    bool is_unit = v->set->how.rule != RULE_LOGIT && v->set->how.rule != RULE_SIGMA;
    if (is_unit || !(v->least < v->most)) {
        v->least = 0;
        v->most = 1;
    }
    return STATUS_OK;
}

status browse_view_new(const scores_set *set, browse_view **out) {
    browse_view *v = calloc(1, sizeof *v);
    size_t most = 1;
    *out = NULL;
    if (!v)
        return no_memory();
    v->set = set;
    for (int i = 0; i < set->count; i++) {
        v->has_truth |= set->scenes[i].label != NULL;
        most = pixel_count(&set->scenes[i]) > most ? pixel_count(&set->scenes[i]) : most;
    }
    v->no_label = calloc(most, 1);
    status result = v->no_label ? find_range(v) : no_memory();
    if (result == STATUS_OK)
        *out = v;
    else
        browse_view_free(v);
    return result;
}

void browse_view_free(browse_view *v) {
    if (!v)
        return;
    free(v->no_label);
    free(v);
}

int browse_view_count(const browse_view *v) {
    return v->set->count;
}

static status count_scene(const browse_view *v, const scores_scene *s, double threshold, per_image *out) {
    const scored_image image = image_of(v, s);
    scoring how = v->set->how;
    how.threshold = &threshold;
    return per_image_count(&image, &how, out);
}

/* --- JSON --- */

/* Prints an object, if it could be made, and frees it. */
static status print_object(json_t *object, text_buffer *out) {
    status result = object ? text_buffer_begin(out) : no_memory();
    if (result == STATUS_OK && json_dumpf(object, out->stream, JSON_COMPACT | JSON_REAL_PRECISION(15)) != 0)
        result = no_memory();
    json_decref(object);
    return result == STATUS_OK ? text_buffer_end(out) : result;
}

static json_t *text_of(const char *text) {
    return json_text(text ? text : "");
}

status browse_view_scenes(const browse_view *v, text_buffer *out) {
    const scores_set *set = v->set;
    json_t *scenes = json_array();
    *out = (text_buffer){0};
    for (int i = 0; i < set->count; i++)
        json_array_append_new(scenes, json_pack("{s:o, s:i, s:i}", "name", text_of(set->scenes[i].name), "width",
                                                set->scenes[i].width, "height", set->scenes[i].height));
    if (json_array_size(scenes) != (size_t)set->count) {
        json_decref(scenes);
        return no_memory();
    }
    return print_object(json_pack("{s:o, s:o, s:o, s:s, s:s, s:b, s:f, s:f, s:f, s:o}", "method", text_of(set->method),
                                  "dataset", text_of(set->dataset), "split", text_of(set->split), "rule",
                                  score_rule_names[set->how.rule], "protocol", match_protocol_names[set->how.protocol],
                                  "truth", v->has_truth, "threshold", set->threshold, "least", v->least, "most",
                                  v->most, "scenes", scenes),
                        out);
}

/* --- figures --- */

/* What can be said from pixels and targets alone. */
static const metric_id shown[] = {METRIC_pd,        METRIC_fa,     METRIC_miou, METRIC_niou,
                                  METRIC_precision, METRIC_recall, METRIC_f1};

static json_t *metrics_of(const browse_view *v, const metrics *m) {
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof shown / sizeof *shown && v->has_truth; i++) {
        const metric *what = &metric_table[shown[i]];
        char text[32];
        snprintf(text, sizeof text, "%.*f", what->decimals, metric_shown(shown[i], m));
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:f}", "name", what->name, "label",
                                              what->label, "unit", metric_unit_name(what->unit), "help", what->help,
                                              "shown", text, "value", metric_value(shown[i], m)));
    }
    return list;
}

static json_t *row_of(const browse_view *v, const per_image *p) {
    match_protocol protocol = v->set->how.protocol;
    int missed = 0, alarms = 0;
    for (int t = 0; t < p->targets.count; t++)
        missed += !per_image_is_found(p, protocol, t);
    for (int d = 0; d < p->outcome.detections.count && v->has_truth; d++)
        alarms += per_image_is_false(p, protocol, d);
    return json_pack("[i, i, i, i]", p->targets.count, missed, p->outcome.detections.count, alarms);
}

status browse_view_figures(const browse_view *v, double threshold, text_buffer *out) {
    metrics sum = {0};
    json_t *rows = json_array();
    *out = (text_buffer){0};
    for (int i = 0; i < v->set->count; i++) {
        per_image p;
        status result = count_scene(v, &v->set->scenes[i], threshold, &p);
        if (result != STATUS_OK) {
            json_decref(rows);
            return result;
        }
        metrics_merge(&sum, &p.counts);
        json_array_append_new(rows, row_of(v, &p));
        per_image_free(&p);
    }
    return print_object(json_pack("{s:f, s:o, s:I, s:I, s:I, s:I, s:o}", "threshold", threshold, "metrics",
                                  metrics_of(v, &sum), "targets", (json_int_t)sum.targets, "found",
                                  (json_int_t)sum.targets_detected, "false_pixels", (json_int_t)sum.false_pixels,
                                  "area", (json_int_t)sum.area_pixels, "scenes", rows),
                        out);
}

/* --- one scene --- */

enum { MOST_LISTED = 2000 }; /* detections of a scene: at a low threshold there may be as many as pixels */

/* `flag` says what the component is. */
static json_t *component_of(const component_list *list, int index, double peak, const char *flag, bool is_so) {
    const component *c = &list->items[index];
    return json_pack("{s:i, s:i, s:i, s:i, s:f, s:f, s:i, s:o, s:b}", "x0", c->x0, "y0", c->y0, "x1", c->x1, "y1",
                     c->y1, "x", c->centroid_x, "y", c->centroid_y, "area", c->area, "peak",
                     isfinite(peak) ? json_real(peak) : json_null(), flag, is_so);
}

static json_t *targets_of(const browse_view *v, const per_image *p, const float *map, int width) {
    json_t *list = json_array();
    for (int t = 0; t < p->targets.count; t++)
        json_array_append_new(list, component_of(&p->targets, t, component_peak(&p->targets, t, map, width), "found",
                                                 per_image_is_found(p, v->set->how.protocol, t)));
    return list;
}

static json_t *detections_of(const browse_view *v, const per_image *p, const float *map, int width) {
    const component_list *found = &p->outcome.detections;
    json_t *list = json_array();
    for (int d = 0; d < found->count && d < MOST_LISTED; d++)
        json_array_append_new(list, component_of(found, d, component_peak(found, d, map, width), "false",
                                                 v->has_truth && per_image_is_false(p, v->set->how.protocol, d)));
    return list;
}

status browse_view_scene(const browse_view *v, int scene, double threshold, text_buffer *out) {
    const scores_scene *s = &v->set->scenes[scene];
    per_image p;
    *out = (text_buffer){0};
    TRY(count_scene(v, s, threshold, &p));
    float *map = scaled_map(v, s);
    json_t *object = map ? json_pack("{s:o, s:o}", "targets", targets_of(v, &p, map, s->width), "detections",
                                     detections_of(v, &p, map, s->width))
                         : NULL;
    free(map);
    per_image_free(&p);
    return print_object(object, out);
}

/* --- pictures --- */

static status print_scores(const browse_view *v, const scores_scene *s, FILE *stream) {
    uint32_t heat[256];
    uint8_t *indices = malloc(pixel_count(s));
    float *map = scaled_map(v, s);
    status result = indices && map ? STATUS_OK : no_memory();
    for (int i = 0; i < 256; i++)
        heat[i] = colour_map_at(COLOUR_HEAT, i / 255.0);
    for (size_t i = 0; i < pixel_count(s) && result == STATUS_OK; i++)
        indices[i] = (uint8_t)lrint(255 * fmin(fmax((map[i] - v->least) / (v->most - v->least), 0), 1));
    if (result == STATUS_OK)
        result = png_print_palette(stream, s->width, s->height, heat, 256, indices);
    free(indices);
    free(map);
    return result;
}

static status print_detected(const browse_view *v, const scores_scene *s, double threshold, FILE *stream) {
    static const uint32_t black_and_white[] = {0x000000, 0xffffff};
    const scored_image image = image_of(v, s);
    uint8_t *predicted = malloc(pixel_count(s));
    if (!predicted)
        return no_memory();
    score_rule_apply(v->set->how.rule, threshold, &image, predicted);
    status result = png_print_palette(stream, s->width, s->height, black_and_white, 2, predicted);
    free(predicted);
    return result;
}

status browse_view_picture(const browse_view *v, int scene, browse_picture which, double threshold, text_buffer *out) {
    static const uint32_t black_and_white[] = {0x000000, 0xffffff};
    const scores_scene *s = &v->set->scenes[scene];
    TRY(text_buffer_begin(out));
    switch (which) {
    case BROWSE_IMAGE:
        TRY(png_print_8(out->stream, s->width, s->height, 1, s->image));
        break;
    case BROWSE_LABEL:
        TRY(png_print_palette(out->stream, s->width, s->height, black_and_white, 2, image_of(v, s).label));
        break;
    case BROWSE_SCORE:
        TRY(print_scores(v, s, out->stream));
        break;
    case BROWSE_DETECTED:
        TRY(print_detected(v, s, threshold, out->stream));
        break;
    }
    return text_buffer_end(out);
}
