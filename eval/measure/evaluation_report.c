#include "eval/measure/evaluation_report.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const mask_rule_names[] = {[MASK_MAX] = "max", [MASK_HALF] = "half", [MASK_ANY] = "any"};
const char *const match_protocol_names[] = {[PROTOCOL_OVERLAP] = "overlap", [PROTOCOL_CENTROID] = "centroid"};
const char *const report_format_names[] = {[REPORT_TEXT] = "text", [REPORT_CSV] = "csv", [REPORT_JSON] = "json"};
const char *const report_extent_names[] = {[REPORT_PUBLISHED] = "published", [REPORT_ALL] = "all"};

static const char *size_text(int size, char text[16]) {
    snprintf(text, 16, "%d", size);
    return size > 0 ? text : "native";
}

double scoring_threshold(const scoring *how) {
    return how->threshold ? *how->threshold : score_rule_threshold(how->rule);
}

/* --- JSON and CSV: the same fields, in the same order --- */

static json_t *number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static int set_rates(json_t *object, const metrics *m) {
    int failed = 0;
    for (int id = 0; id < METRICS; id++)
        failed |= json_object_set_new(object, metric_table[id].name, number(metric_value((metric_id)id, m)));
    return failed;
}

/* `images` stands before the rates; sums and curves are in the rates made of them. */
static int set_counts(json_t *object, const metrics *m) {
    int failed = 0;
#define COUNT(name) failed |= json_object_set_new(object, #name, json_integer(m->name));
#define SUM(name)
#define CURVE(name, points)
#include "eval/measure/counts.def"
#undef COUNT
#undef SUM
#undef CURVE
    return failed;
}

static int set_fields(json_t *object, const evaluation *e) {
    char size[16];
    const evaluate_options *o = &e->options;
    return json_object_set_new(object, "method", json_string(e->method)) ||
           json_object_set_new(object, "dataset", json_string(e->dataset)) ||
           json_object_set_new(object, "split", json_string(e->split)) ||
           json_object_set_new(object, "size", json_string(size_text(o->sample.size, size))) ||
           json_object_set_new(object, "rule", json_string(score_rule_names[o->how.rule])) ||
           json_object_set_new(object, "mask", json_string(mask_rule_names[o->sample.mask])) ||
           json_object_set_new(object, "protocol", json_string(match_protocol_names[o->how.protocol])) ||
           json_object_set_new(object, "images", json_integer(e->counts.images)) ||
           json_object_set_new(object, "params", json_integer(e->params)) || set_rates(object, &e->counts) ||
           set_counts(object, &e->counts) ||
           json_object_set_new(object, "threshold", number(scoring_threshold(&o->how))) ||
           json_object_set_new(object, "ms_per_image", json_real(e->ms_per_image));
}

static status print_json(const json_t *object, FILE *stream) {
    if (json_dumpf(object, stream, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15)) ||
        fputc('\n', stream) == EOF)
        return status_fail(STATUS_OUTPUT, "the report cannot be written");
    return STATUS_OK;
}

/* A text is quoted where a comma, a quote or a line break stands in it. */
static void print_cell(const json_t *value, FILE *stream) {
    if (json_is_null(value)) {
        return;
    } else if (json_is_integer(value)) {
        fprintf(stream, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_real(value)) {
        fprintf(stream, "%.15g", json_real_value(value));
    } else if (!strpbrk(json_string_value(value), ",\"\r\n")) {
        fputs(json_string_value(value), stream);
    } else {
        fputc('"', stream);
        for (const char *c = json_string_value(value); *c; c++)
            fprintf(stream, *c == '"' ? "\"\"" : "%c", *c);
        fputc('"', stream);
    }
}

static status print_csv(json_t *object, FILE *stream) {
    const char *key, *separator = "";
    json_t *value;
    json_object_foreach(object, key, value) {
        fprintf(stream, "%s%s", separator, key);
        separator = ",";
    }
    separator = "\n";
    json_object_foreach(object, key, value) {
        fputs(separator, stream);
        print_cell(value, stream);
        separator = ",";
    }
    fputc('\n', stream);
    return ferror(stream) ? status_fail(STATUS_OUTPUT, "the report cannot be written") : STATUS_OK;
}

/* --- text --- */

/* What stands behind a metric of the published tables; empty for most. */
static void note_counts(const metrics *m, metric_id id, char out[128]) {
    *out = '\0';
    if (id == METRIC_miou)
        snprintf(out, 128, "pixels: %" PRId64 " right, %" PRId64 " false, %" PRId64 " missed", m->tp, m->fp, m->fn);
    else if (id == METRIC_pd)
        snprintf(out, 128, "%" PRId64 "/%" PRId64 " targets", m->targets_detected, m->targets);
    else if (id == METRIC_fa)
        snprintf(out, 128, "%" PRId64 "/%" PRId64 " pixels", m->false_pixels, m->area_pixels);
}

static void print_metric(const metrics *m, metric_id id, FILE *stream) {
    const metric *what = &metric_table[id];
    char note[128], value[32] = "-";
    if (what->group == GROUP_PUBLISHED)
        note_counts(m, id, note);
    else
        snprintf(note, sizeof note, "%.120s", what->help);
    double shown = metric_shown(id, m);
    if (isfinite(shown))
        snprintf(value, sizeof value, "%.*f", what->decimals, shown);
    const char *unit = what->unit == UNIT_PER_1E5   ? "e-5"
                       : what->unit == UNIT_PER_1E6 ? "e-6"
                                                    : metric_unit_name(what->unit);
    int width = what->group == GROUP_PUBLISHED ? 10 : 18;
    int used = fprintf(stream, "  %-*s %7s%s%s", width, what->label, value, *unit ? " " : "", unit);
    if (*note)
        fprintf(stream, "%*s%s", used < width + 15 ? width + 15 - used : 1, "", note);
    fputc('\n', stream);
}

/* Images without a target count in mIoU, and in Fa only by the centroid protocol: that has to be said. */
static void print_empty(const evaluation *e, FILE *stream) {
    const metrics *m = &e->counts;
    if (m->empty_images == 0)
        return;
    fprintf(stream, "%" PRId64 " image%s no target: %" PRId64 " pixels in %" PRId64 " components were predicted there",
            m->empty_images, m->empty_images == 1 ? " has" : "s have", m->empty_false_pixels, m->empty_detections);
    if (e->options.how.protocol == PROTOCOL_OVERLAP)
        fprintf(stream, ", which Fa leaves out, as published; over all images it is %.3f e-5",
                metric_shown(METRIC_fa_all, m));
    fprintf(stream, "\n\n");
}

static status print_text(const evaluation *e, report_extent extent, FILE *stream) {
    const metrics *m = &e->counts;
    const evaluate_options *o = &e->options;
    char size[16];
    fprintf(stream, "%s on %s, split %s: %" PRId64 " images, size %s\n", e->method, e->dataset, e->split, m->images,
            size_text(o->sample.size, size));
    fprintf(stream, "rule %s > %g, mask %s, protocol %s\n", score_rule_names[o->how.rule], scoring_threshold(&o->how),
            mask_rule_names[o->sample.mask], match_protocol_names[o->how.protocol]);
    for (int group = 0; group < (extent == REPORT_ALL ? METRIC_GROUPS : 1); group++) {
        fprintf(stream, "\n%s%s", metric_group_titles[group], group ? "\n" : "");
        for (int id = 0; id < METRICS; id++)
            if ((int)metric_table[id].group == group)
                print_metric(m, (metric_id)id, stream);
    }
    fputc('\n', stream);
    print_empty(e, stream);
    fprintf(stream, "%.2f ms per image, %" PRId64 " parameters\n", e->ms_per_image, e->params);
    return ferror(stream) ? status_fail(STATUS_OUTPUT, "the report cannot be written") : STATUS_OK;
}

status evaluation_print(const evaluation *e, report_format format, report_extent extent, FILE *stream) {
    if (format == REPORT_TEXT)
        return print_text(e, extent, stream);
    json_t *object = json_object();
    status result = STATUS_OK;
    if (!object || set_fields(object, e))
        result = status_fail(STATUS_INPUT, "the report on %s cannot be built: out of memory, or a name is not UTF-8",
                             e->dataset);
    else
        result = format == REPORT_JSON ? print_json(object, stream) : print_csv(object, stream);
    json_decref(object);
    return result;
}
