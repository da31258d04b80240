#include "include/irst_evaluate.h"

#include "core/config/word_choice.h"
#include "eval/measure/evaluate.h"
#include "eval/measure/evaluation_report.h"
#include "eval/measure/measured_data.h"
#include "library/detector_handle.h"
#include "library/host_state.h"
#include "library/settings.h"
#include "modules/torch/weights_notes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct request {
    const char *split;
    int size;                           /* -1: not given */
    int resizing, rule, mask, protocol; /* places in their words; a rule of -1: not given */
    double threshold;                   /* NaN: not given */
} request;

static status read_threshold(const char *value, double *out) {
    char *end;
    *out = strtod(value, &end);
    if (end == value || *end || !isfinite(*out))
        return status_fail(STATUS_USAGE, "threshold is '%.200s', expected a number", value);
    return STATUS_OK;
}

static status read_setting(const char *text, request *out) {
    const char *value = text ? strchr(text, '=') : NULL;
    char key[64];
    if (!value)
        return status_fail(STATUS_USAGE, "setting '%.200s': expected key=value", text ? text : "");
    snprintf(key, sizeof key, "%.*s", (int)(value - text), text);
    value++;
    if (!strcmp(key, "split")) {
        out->split = value;
        return STATUS_OK;
    }
    if (!strcmp(key, "size"))
        return settings_read_size(value, &out->size);
    if (!strcmp(key, "resize"))
        return word_choose(key, value, sample_resizing_names, 2, &out->resizing);
    if (!strcmp(key, "threshold"))
        return read_threshold(value, &out->threshold);
    if (!strcmp(key, "rule"))
        return word_choose(key, value, score_rule_names, SCORE_RULES, &out->rule);
    if (!strcmp(key, "mask"))
        return word_choose(key, value, mask_rule_names, 3, &out->mask);
    if (!strcmp(key, "protocol"))
        return word_choose(key, value, match_protocol_names, 2, &out->protocol);
    return status_fail(STATUS_USAGE,
                       "unknown setting '%s'; known are split, size, resize, rule, threshold, mask and protocol", key);
}

/* As the program decides: a threshold goes with scores unless a rule is given, and scores with the detector's. */
static void decide_rule(const irst_detector *d, request *r) {
    if (r->rule < 0)
        r->rule = isnan(r->threshold) ? RULE_MAX : RULE_SCORE;
    if (r->rule == RULE_SCORE && isnan(r->threshold))
        r->threshold = d->threshold;
}

static void note(void *context, const char *remark) {
    const text_buffer *remarks = context;
    fprintf(remarks->stream, "%s\n", remark);
}

static status measure(irst_detector *d, const request *r, const dataset *set) {
    evaluation e = {
        .method = detector_name(d->d),
        .dataset = dataset_name(set),
        .split = dataset_split(set),
        .params = parameter_count_trained(detector_parameters(d->d)),
        .options = {.sample = {.size = r->size, .resizing = (sample_resizing)r->resizing, .mask = (mask_rule)r->mask},
                    .how = {.rule = (score_rule)r->rule,
                            .protocol = (match_protocol)r->protocol,
                            .threshold = isnan(r->threshold) ? NULL : &r->threshold}}};
    TRY(evaluate_dataset(d->d, set, &e.options, &e.counts, &e.ms_per_image));
    return evaluation_print(&e, REPORT_JSON, REPORT_ALL, d->report.stream);
}

static status evaluate(irst_detector *d, const char *data, const char *const *given, int count, irst_evaluation *out) {
    request r = {.split = "test", .size = -1, .rule = -1, .threshold = NAN};
    dataset *set;
    for (int i = 0; i < count; i++)
        TRY(read_setting(given[i], &r));
    decide_rule(d, &r);
    if (r.size < 0)
        TRY(weights_read_size(d->checkpoint, PUBLISHED_SIZE, &r.size));
    text_buffer_free(&d->report);
    text_buffer_free(&d->remarks);
    TRY(text_buffer_begin(&d->report));
    TRY(text_buffer_begin(&d->remarks));
    TRY(measured_data_open(&(measured_data){.path = data,
                                            .split = r.split,
                                            .range = &d->range,
                                            .checkpoint = d->checkpoint,
                                            .mask = (mask_rule)r.mask,
                                            .size = r.size,
                                            .centred = r.resizing == RESIZE_PILLOW,
                                            .words = {.range = "range=", .mask = "mask=", .size = "size"},
                                            .say = note,
                                            .context = &d->remarks},
                           &set));
    status result = measure(d, &r, set);
    dataset_close(set);
    TRY(result);
    TRY(text_buffer_end(&d->report));
    TRY(text_buffer_end(&d->remarks));
    *out = (irst_evaluation){.json = d->report.text, .remarks = d->remarks.text};
    return STATUS_OK;
}

int irst_evaluate(irst_detector *d, const char *data, const char *const *given, int setting_count,
                  irst_evaluation *out) {
    host_state host = host_state_put_aside();
    bool complete = d && data && out && setting_count >= 0 && (given || setting_count == 0);
    if (out)
        *out = (irst_evaluation){0};
    int code = irst_outcome(complete ? evaluate(d, data, given, setting_count, out)
                                     : status_fail(STATUS_USAGE, "irst_evaluate needs a detector, data, settings and a "
                                                                 "place for the result; one is missing"));
    host_state_put_back(&host);
    return code;
}
