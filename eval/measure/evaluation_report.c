#include "eval/measure/evaluation_report.h"

#include "core/io/file_io.h"
#include "eval/measure/roc_plot.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

const char *const score_rule_names[] = {[RULE_MAX] = "max", [RULE_LOGIT] = "logit"};
const char *const mask_rule_names[] = {[MASK_MAX] = "max", [MASK_HALF] = "half", [MASK_ANY] = "any"};
const char *const match_protocol_names[] = {[PROTOCOL_OVERLAP] = "overlap", [PROTOCOL_CENTROID] = "centroid"};
const char *const report_format_names[] = {[REPORT_TEXT] = "text", [REPORT_CSV] = "csv", [REPORT_JSON] = "json"};

static const char *size_text(int size, char text[16]) {
    snprintf(text, 16, "%d", size);
    return size > 0 ? text : "native";
}

/* --- JSON and CSV: the same fields, in the same order --- */

static int set_rates(json_t *object, const metrics *m) {
    metrics_summary s = metrics_summarize(m);
    return json_object_set_new(object, "miou", json_real(s.miou)) ||
           json_object_set_new(object, "niou", json_real(s.niou)) ||
           json_object_set_new(object, "precision", json_real(s.precision)) ||
           json_object_set_new(object, "recall", json_real(s.recall)) ||
           json_object_set_new(object, "f1", json_real(s.f1)) || json_object_set_new(object, "pd", json_real(s.pd)) ||
           json_object_set_new(object, "fa", json_real(s.fa)) || json_object_set_new(object, "auc", json_real(s.auc));
}

static int set_counts(json_t *object, const metrics *m) {
    return json_object_set_new(object, "tp", json_integer(m->tp)) ||
           json_object_set_new(object, "fp", json_integer(m->fp)) ||
           json_object_set_new(object, "fn", json_integer(m->fn)) ||
           json_object_set_new(object, "targets", json_integer(m->targets)) ||
           json_object_set_new(object, "targets_detected", json_integer(m->targets_detected)) ||
           json_object_set_new(object, "false_pixels", json_integer(m->false_pixels)) ||
           json_object_set_new(object, "area_pixels", json_integer(m->area_pixels));
}

static int set_fields(json_t *object, const evaluation *e) {
    char size[16];
    const evaluate_options *o = &e->options;
    return json_object_set_new(object, "method", json_string(e->method)) ||
           json_object_set_new(object, "dataset", json_string(e->dataset)) ||
           json_object_set_new(object, "split", json_string(e->split)) ||
           json_object_set_new(object, "size", json_string(size_text(o->size, size))) ||
           json_object_set_new(object, "rule", json_string(score_rule_names[o->rule])) ||
           json_object_set_new(object, "mask", json_string(mask_rule_names[o->mask])) ||
           json_object_set_new(object, "protocol", json_string(match_protocol_names[o->protocol])) ||
           json_object_set_new(object, "images", json_integer(e->counts.images)) ||
           json_object_set_new(object, "params", json_integer(e->params)) || set_rates(object, &e->counts) ||
           set_counts(object, &e->counts) || json_object_set_new(object, "ms_per_image", json_real(e->ms_per_image));
}

static status print_json(const json_t *object, FILE *stream) {
    if (json_dumpf(object, stream, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15)) ||
        fputc('\n', stream) == EOF)
        return status_fail(STATUS_OUTPUT, "the report cannot be written");
    return STATUS_OK;
}

/* A text is quoted where a comma, a quote or a line break stands in it. */
static void print_cell(const json_t *value, FILE *stream) {
    if (json_is_integer(value)) {
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

static void print_rate(FILE *stream, const char *name, double fraction, const char *note) {
    fprintf(stream, "  %-10s %7.2f %%%s%s\n", name, 100 * fraction, *note ? "   " : "", note);
}

static status print_text(const evaluation *e, FILE *stream) {
    const metrics *m = &e->counts;
    const evaluate_options *o = &e->options;
    metrics_summary s = metrics_summarize(m);
    char size[16], pixels[128], found[64];
    snprintf(pixels, sizeof pixels, "pixels: %" PRId64 " right, %" PRId64 " false, %" PRId64 " missed", m->tp, m->fp,
             m->fn);
    snprintf(found, sizeof found, "%" PRId64 "/%" PRId64 " targets", m->targets_detected, m->targets);
    fprintf(stream, "%s on %s, split %s: %" PRId64 " images, size %s\n", e->method, e->dataset, e->split, m->images,
            size_text(o->size, size));
    fprintf(stream, "rule %s, mask %s, protocol %s\n\n", score_rule_names[o->rule], mask_rule_names[o->mask],
            match_protocol_names[o->protocol]);
    print_rate(stream, "mIoU", s.miou, pixels);
    print_rate(stream, "nIoU", s.niou, "");
    print_rate(stream, "precision", s.precision, "");
    print_rate(stream, "recall", s.recall, "");
    print_rate(stream, "F1", s.f1, "");
    print_rate(stream, "Pd", s.pd, found);
    fprintf(stream, "  %-10s %7.3f e-5 %" PRId64 "/%" PRId64 " pixels\n", "Fa", 1e5 * s.fa, m->false_pixels,
            m->area_pixels);
    fprintf(stream, "  %-10s %7.4f\n\n", "AUC", s.auc);
    fprintf(stream, "%.2f ms per image, %" PRId64 " parameters\n", e->ms_per_image, e->params);
    return ferror(stream) ? status_fail(STATUS_OUTPUT, "the report cannot be written") : STATUS_OK;
}

status evaluation_print(const evaluation *e, report_format format, FILE *stream) {
    if (format == REPORT_TEXT)
        return print_text(e, stream);
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

/* --- ROC --- */

static const char *suffix_of(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot && !strchr(dot, '/') ? dot : "";
}

status evaluation_check_roc_path(const char *path) {
    const char *suffix = suffix_of(path);
    if (!strcmp(suffix, ".csv") || !strcmp(suffix, ".png") || !strcmp(suffix, ".svg"))
        return STATUS_OK;
    return status_fail(STATUS_USAGE, "%s: the ROC curve goes to a file that ends in .csv, .png or .svg", path);
}

static double quotient(int64_t part, int64_t whole) {
    return whole > 0 ? (double)part / (double)whole : 0;
}

static status write_roc_csv(const metrics *m, const char *path) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return status_fail(STATUS_MEMORY, "out of memory for %s", path);
    fprintf(stream, "threshold,fpr,tpr\n");
    for (int i = 0; i < ROC_POINTS; i++)
        fprintf(stream, "%.3f,%.15g,%.15g\n", i / (ROC_POINTS - 1.0),
                quotient(m->roc_false_pixels[i], m->roc_background), quotient(m->roc_detected[i], m->roc_targets));
    status result =
        fclose(stream) == 0 ? file_write(path, text, size) : status_fail(STATUS_MEMORY, "out of memory for %s", path);
    free(text);
    return result;
}

status evaluation_write_roc(const evaluation *e, const char *path) {
    TRY(evaluation_check_roc_path(path));
    if (!strcmp(suffix_of(path), ".csv"))
        return write_roc_csv(&e->counts, path);
    char title[300];
    snprintf(title, sizeof title, "%.60s on %.120s %.60s", e->method, e->dataset, e->split);
    return roc_plot_draw(title, &e->method, &e->counts, 1, path);
}
