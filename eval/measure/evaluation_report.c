#include "eval/measure/evaluation_report.h"

#include "core/io/csv_text.h"
#include "eval/measure/json_text.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
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

static status written(FILE *stream) {
    return ferror(stream) ? status_fail(STATUS_OUTPUT, "the report cannot be written") : STATUS_OK;
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

static int set_named(json_t *object, metric_id id, const char *suffix, double value) {
    char name[64];
    snprintf(name, sizeof name, "%s%s", metric_table[id].name, suffix);
    return json_object_set_new(object, name, number(value));
}

static int set_certainty(json_t *object, const evaluation *e) {
    int failed = 0;
    for (int i = 0; i < METRICS; i++) {
        metric_id id = (metric_id)i;
        if (e->intervals)
            failed |= set_named(object, id, "_low", e->intervals[i].low) ||
                      set_named(object, id, "_high", e->intervals[i].high);
        if (e->against)
            failed |= set_named(object, id, "_difference", e->against[i].difference) ||
                      set_named(object, id, "_difference_low", e->against[i].interval.low) ||
                      set_named(object, id, "_difference_high", e->against[i].interval.high) ||
                      set_named(object, id, "_p", e->against[i].p);
    }
    if (e->against)
        failed |= json_object_set_new(object, "against", json_text(e->against_name)) ||
                  json_object_set_new(object, "against_threshold", number(e->against_threshold));
    if (e->intervals || e->against)
        failed |= json_object_set_new(object, "bootstrap_draws", json_integer(e->how_sure.draws)) ||
                  json_object_set_new(object, "bootstrap_seed", json_integer((json_int_t)e->how_sure.seed));
    return failed;
}

/* A detector made the scores, here. */
static bool is_timed(const evaluation *e) {
    return !isnan(e->ms_per_image);
}

static int set_fields(json_t *object, const evaluation *e) {
    char size[16];
    const evaluate_options *o = &e->options;
    return json_object_set_new(object, "method", json_text(e->method)) ||
           json_object_set_new(object, "dataset", json_text(e->dataset)) ||
           json_object_set_new(object, "split", json_text(e->split)) ||
           json_object_set_new(object, "size", json_string(size_text(o->sample.size, size))) ||
           json_object_set_new(object, "rule", json_string(score_rule_names[o->how.rule])) ||
           json_object_set_new(object, "mask", json_string(mask_rule_names[o->sample.mask])) ||
           json_object_set_new(object, "protocol", json_string(match_protocol_names[o->how.protocol])) ||
           json_object_set_new(object, "images", json_integer(e->counts.images)) ||
           json_object_set_new(object, "params", is_timed(e) ? json_integer(e->params) : json_null()) ||
           set_rates(object, &e->counts) || set_counts(object, &e->counts) ||
           json_object_set_new(object, "threshold", number(scoring_threshold(&o->how))) ||
           json_object_set_new(object, "ms_per_image", number(e->ms_per_image)) ||
           json_object_set_new(object, "resize", json_string(sample_resizing_names[o->sample.resizing])) ||
           set_certainty(object, e);
}

static status print_json(const json_t *object, FILE *stream) {
    int failed = json_dumpf(object, stream, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    fputc('\n', stream);
    return failed ? status_fail(STATUS_OUTPUT, "the report cannot be written") : written(stream);
}

static void print_cell(const json_t *value, FILE *stream) {
    if (json_is_null(value)) {
        return;
    } else if (json_is_integer(value)) {
        fprintf(stream, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_real(value)) {
        fprintf(stream, "%.15g", json_real_value(value));
    } else {
        csv_text_print(stream, json_string_value(value));
    }
}

/* A header in front of the first row. */
static status print_csv(json_t *object, bool is_first, FILE *stream) {
    const char *key, *separator = "";
    json_t *value;
    if (is_first) {
        json_object_foreach(object, key, value) {
            fprintf(stream, "%s%s", separator, key);
            separator = ",";
        }
        fputc('\n', stream);
    }
    separator = "";
    json_object_foreach(object, key, value) {
        fputs(separator, stream);
        print_cell(value, stream);
        separator = ",";
    }
    fputc('\n', stream);
    return written(stream);
}

static json_t *object_of(const evaluation *e) {
    json_t *object = json_object();
    if (object && !set_fields(object, e))
        return object;
    json_decref(object);
    status_fail(STATUS_MEMORY, "out of memory for the report on %s", e->dataset);
    return NULL;
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

static const char *unit_text(metric_unit unit) {
    return unit == UNIT_PER_1E5 ? "e-5" : unit == UNIT_PER_1E6 ? "e-6" : metric_unit_name(unit);
}

static const char *value_text(metric_id id, double fraction, char out[32]) {
    const metric *what = &metric_table[id];
    snprintf(out, 32, "-");
    if (isfinite(fraction))
        snprintf(out, 32, "%.*f", what->decimals, fraction * metric_unit_factor(what->unit));
    return out;
}

static void print_interval(metric_id id, const interval *between, FILE *stream) {
    char low[32], high[32];
    fprintf(stream, "  [%s, %s]", value_text(id, between->low, low), value_text(id, between->high, high));
}

static void print_metric(const evaluation *e, metric_id id, FILE *stream) {
    const metric *what = &metric_table[id];
    char note[128], value[32];
    if (what->group == GROUP_PUBLISHED)
        note_counts(&e->counts, id, note);
    else
        snprintf(note, sizeof note, "%.120s", what->help);
    const char *unit = unit_text(what->unit);
    int width = what->group == GROUP_PUBLISHED ? 10 : 18;
    int used = fprintf(stream, "  %-*s %7s%s%s", width, what->label,
                       value_text(id, metric_value(id, &e->counts), value), *unit ? " " : "", unit);
    if (e->intervals)
        print_interval(id, &e->intervals[id], stream);
    else if (*note)
        fprintf(stream, "%*s", used < width + 15 ? width + 15 - used : 1, "");
    fprintf(stream, "%s%s\n", e->intervals && *note ? "  " : "", note);
}

bool evaluation_empty_remark(const evaluation *e, char *text, size_t size) {
    const metrics *m = &e->counts;
    char all[96] = "";
    *text = '\0';
    if (m->empty_images == 0)
        return false;
    if (e->options.how.protocol == PROTOCOL_OVERLAP)
        snprintf(all, sizeof all, ", which Fa leaves out, as published; over all images it is %.3f e-5",
                 metric_shown(METRIC_fa_all, m));
    snprintf(text, size,
             "%" PRId64 " image%s no target: %" PRId64 " pixels in %" PRId64
             " components were predicted there%s; nIoU counts %s as 0",
             m->empty_images, m->empty_images == 1 ? " has" : "s have", m->empty_false_pixels, m->empty_detections, all,
             m->empty_images == 1 ? "it" : "each of them");
    return true;
}

static void print_empty(const evaluation *e, FILE *stream) {
    char remark[512];
    if (evaluation_empty_remark(e, remark, sizeof remark))
        fprintf(stream, "%s\n\n", remark);
}

/* Of several ways: what each rule predicts there. */
static void print_empty_by_rule(const evaluation *all, int count, FILE *stream) {
    char remark[512];
    for (int i = 0; i < count; i++)
        if (all[i].options.how.protocol == PROTOCOL_OVERLAP && evaluation_empty_remark(&all[i], remark, sizeof remark))
            fprintf(stream, "rule %s: %s\n", score_rule_names[all[i].options.how.rule], remark);
    if (all[0].counts.empty_images > 0)
        fputc('\n', stream);
}

static void print_head(const evaluation *e, FILE *stream) {
    char size[16];
    const sample_options *o = &e->options.sample;
    fprintf(stream, "%s on %s, split %s: %" PRId64 " images, size %s%s\n", e->method, e->dataset, e->split,
            e->counts.images, size_text(o->size, size), sample_resizing_text(o));
}

static void print_metrics(const evaluation *e, report_extent extent, FILE *stream) {
    for (int group = 0; group < (extent == REPORT_ALL ? METRIC_GROUPS : 1); group++) {
        fprintf(stream, "\n%s%s", metric_group_titles[group], group ? "\n" : "");
        for (int id = 0; id < METRICS; id++)
            if ((int)metric_table[id].group == group)
                print_metric(e, (metric_id)id, stream);
    }
    fputc('\n', stream);
}

static void print_against(const evaluation *e, report_extent extent, FILE *stream) {
    fprintf(stream, "difference to %s, rule %s > %.9g, on the same images\n", e->against_name,
            score_rule_names[e->options.how.rule], e->against_threshold);
    for (int i = 0; i < METRICS; i++) {
        char value[32], p[32] = "-";
        metric_id id = (metric_id)i;
        const comparison *c = &e->against[i];
        if (metric_table[i].group != GROUP_PUBLISHED && extent != REPORT_ALL)
            continue;
        if (isfinite(c->p))
            snprintf(p, sizeof p, "%.3g", c->p);
        fprintf(stream, "  %-18s %s%s %s", metric_table[i].label, c->difference > 0 ? "+" : "",
                value_text(id, c->difference, value), unit_text(metric_table[i].unit));
        print_interval(id, &c->interval, stream);
        fprintf(stream, "  p %s\n", p);
    }
    fputc('\n', stream);
}

static status print_text(const evaluation *e, report_extent extent, FILE *stream) {
    const evaluate_options *o = &e->options;
    print_head(e, stream);
    fprintf(stream, "rule %s > %.9g, mask %s, protocol %s\n", score_rule_names[o->how.rule], scoring_threshold(&o->how),
            mask_rule_names[o->sample.mask], match_protocol_names[o->how.protocol]);
    print_metrics(e, extent, stream);
    print_empty(e, stream);
    if (e->against)
        print_against(e, extent, stream);
    if (e->intervals || e->against)
        fprintf(stream, "in brackets: %g %% confidence, bootstrap over the images, %d draws, seed %" PRIu64 "\n\n",
                100 * BOOTSTRAP_CONFIDENCE, e->how_sure.draws, e->how_sure.seed);
    if (is_timed(e))
        fprintf(stream, "%.2f ms per image, %" PRId64 " parameters\n", e->ms_per_image, e->params);
    return written(stream);
}

static bool is_in_table(int id) {
    return metric_table[id].group == GROUP_PUBLISHED || id == METRIC_fa_old;
}

/* The rest of a row of the table; NULL: of its head. */
static void print_cells(const metrics *m, FILE *stream) {
    for (int i = 0; i < METRICS; i++) {
        const metric *what = &metric_table[i];
        metric_id id = (metric_id)i;
        char head[64], value[32];
        if (!is_in_table(i))
            continue;
        snprintf(head, sizeof head, "%s%s%s", what->label, what->unit == UNIT_ONE ? "" : " ",
                 metric_unit_name(what->unit));
        fprintf(stream, "  %*s", (int)strlen(head), m ? value_text(id, metric_value(id, m), value) : head);
    }
    fputc('\n', stream);
}

static status print_table(const evaluation *all, int count, FILE *stream) {
    print_head(&all[0], stream);
    fprintf(stream, "mask %s\n\n  %-16s %-9s", mask_rule_names[all[0].options.sample.mask], "rule", "protocol");
    print_cells(NULL, stream);
    for (int i = 0; i < count; i++) {
        const scoring *how = &all[i].options.how;
        char rule[32];
        snprintf(rule, sizeof rule, "%s > %.5g", score_rule_names[how->rule], scoring_threshold(how));
        fprintf(stream, "  %-16s %-9s", rule, match_protocol_names[how->protocol]);
        print_cells(&all[i].counts, stream);
    }
    fputc('\n', stream);
    print_empty_by_rule(all, count, stream);
    return written(stream);
}

/* --- any format --- */

status evaluation_print(const evaluation *e, report_format format, report_extent extent, FILE *stream) {
    if (format == REPORT_TEXT)
        return print_text(e, extent, stream);
    json_t *object = object_of(e);
    if (!object)
        return STATUS_MEMORY;
    status result = format == REPORT_JSON ? print_json(object, stream) : print_csv(object, true, stream);
    json_decref(object);
    return result;
}

static status print_objects(const evaluation *all, int count, report_format format, json_t *array, FILE *stream) {
    for (int i = 0; i < count; i++) {
        json_t *object = object_of(&all[i]);
        if (!object)
            return STATUS_MEMORY;
        status printed = format == REPORT_CSV ? print_csv(object, i == 0, stream) : STATUS_OK;
        if (json_array_append_new(array, object) != 0)
            return status_fail(STATUS_MEMORY, "out of memory for a report");
        TRY(printed);
    }
    return format == REPORT_JSON ? print_json(array, stream) : STATUS_OK;
}

status evaluation_print_all(const evaluation *all, int count, report_format format, FILE *stream) {
    if (format == REPORT_TEXT)
        return print_table(all, count, stream);
    json_t *array = json_array();
    if (!array)
        return status_fail(STATUS_MEMORY, "out of memory for a report");
    status result = print_objects(all, count, format, array, stream);
    json_decref(array);
    return result;
}
