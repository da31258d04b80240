#include "train/trainer_private.h"

#include "core/base/process.h"
#include "core/io/file_io.h"
#include "modules/torch/weights_file.h"
#include "modules/torch/weights_notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the running statistics, where an optimizer averages the weights itself and train.average says nothing. */
#define STATISTICS_DECAY 0.99

bool trainer_averages(const trainer *t) {
    return t->average.value;
}

static bool is_given(const trainer *t, const char *key) {
    return config_text(t->c, key)[0] != '\0';
}

void trainer_say(const trainer *t, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (t->options->on_notice && trainer_writes(t))
        t->options->on_notice(t->options->context, text);
}

static bool is_balanced(const config *c) {
    return !strcmp(config_text(c, "train.stages"), "balanced");
}

static status read_optimizer_options(const config *c, optimizer_options *out) {
    const optimizer_rule *rule = optimizer_find(config_text(c, "train.optimizer"));
    if (!rule)
        return STATUS_USAGE;
    *out = (optimizer_options){.rule = rule,
                               .momentum = config_real(c, "train.momentum"),
                               .beta1 = config_real(c, "train.beta1"),
                               .beta2 = config_real(c, "train.beta2"),
                               .epsilon = config_real(c, "train.epsilon"),
                               .weight_decay = config_real(c, "train.weight_decay"),
                               .decay_weights_only = !strcmp(config_text(c, "train.decay"), "weights"),
                               .clip_norm = config_real(c, "train.clip_norm"),
                               .balanced = is_balanced(c)};
    TRY(parameter_values_read(config_text(c, "train.rates"), "train.rates", 0, &out->rates));
    return parameter_patterns_read(config_text(c, "train.freeze"), "train.freeze", &out->frozen);
}

status trainer_open_network(trainer *t) {
    optimizer_options options;
    TRY(detector_new(t->engine, t->c, (uint64_t)config_int(t->c, "train.seed"), &t->d));
    TRY(read_optimizer_options(t->c, &options));
    TRY(optimizer_new(t->engine, detector_parameters(t->d), &options, &t->optimizer));
    double decay = config_real(t->c, "train.average");
    if (options.rule->has_average && decay == 0)
        decay = STATISTICS_DECAY;
    return decay > 0 ? average_new(t->engine, detector_parameters(t->d), decay, &t->average) : STATUS_OK;
}

/* The file that a key names: as it is, else among those that come with the programs, as a configuration is found. */
static const char *weights_path(const trainer *t, const char *key, char found[4096]) {
    const char *path = config_text(t->c, key);
    bool comes_with_us = *path != '/' && !path_is_file(path) && process_shared_file(path, found) == STATUS_OK;
    return comes_with_us && path_is_file(found) ? found : path;
}

static bool same_range(const grey_range *a, const grey_range *b) {
    return a->kind == b->kind && (a->kind != RANGE_VALUES || (a->low == b->low && a->high == b->high)) &&
           (a->kind != RANGE_PERCENTILE || a->percent == b->percent);
}

/* A network knows targets by the grey values that it saw. */
static status compare_range(const trainer *t, const char *key, const char *path) {
    grey_range theirs, ours;
    const char *text = config_text(t->c, "data.range");
    TRY(weights_read_range(path, &theirs));
    TRY(grey_range_read(text, "data.range", &ours));
    if (!same_range(&theirs, &ours))
        trainer_say(t, "%s: %s was trained with another range of grey values than data.range = %s", key, path, text);
    return STATUS_OK;
}

/* What train.init did not have stays as the network begins. */
static status take_over(trainer *t) {
    char found[4096];
    weights_match match;
    const char *path = weights_path(t, "train.init", found);
    TRY(weights_file_take(t->engine, path, t->d, &match));
    if (match.taken == 0)
        return status_fail(STATUS_INPUT, "%s: no tensor fits one of %s", path, detector_name(t->d));
    trainer_say(t, "train.init: %d of %d tensors taken from %s%s%s", match.taken, match.all, path,
                match.taken < match.all ? "; not, for example, " : "", match.first_left ? match.first_left : "");
    return compare_range(t, "train.init", path);
}

/* train.stages = balanced: every stage hands T on, doubled, and nothing else. */
static void begin_at_zero(const trainer *t) {
    const parameter_set *set = detector_parameters(t->d);
    int terms = 0;
    for (int i = 0; i < set->count; i++)
        if (set->items[i]->gain > 0) {
            memset(set->items[i]->value, 0, set->items[i]->count * sizeof(float));
            terms++;
        }
    if (terms == 0)
        trainer_say(t, "train.stages: %s has no stages to balance", detector_name(t->d));
}

/* train.start */
static status set_values(const trainer *t) {
    parameter_values start;
    const parameter_set *set = detector_parameters(t->d);
    TRY(parameter_values_read(config_text(t->c, "train.start"), "train.start", -1e6, &start));
    TRY(parameter_patterns_check(&start.names, "train.start", set));
    for (int i = 0; i < set->count; i++) {
        parameter *p = set->items[i];
        const double *value = p->kind == PARAMETER_TRAINED ? parameter_values_find(&start, p->name) : NULL;
        for (size_t k = 0; value && k < p->count; k++)
            p->value[k] = (float)*value;
    }
    return STATUS_OK;
}

status trainer_begin_weights(trainer *t) {
    if (is_balanced(t->c))
        begin_at_zero(t);
    TRY(set_values(t));
    double prior = config_real(t->c, "train.prior");
    if (prior > 0)
        TRY(detector_set_prior(t->d, prior));
    if (is_given(t, "train.init"))
        TRY(take_over(t));
    if (trainer_averages(t))
        average_restart(&t->average);
    return STATUS_OK;
}

status trainer_open_teacher(trainer *t) {
    if (!is_given(t, "train.teacher"))
        return STATUS_OK;
    char found[4096];
    const char *path = weights_path(t, "train.teacher", found);
    TRY(weights_file_load(t->engine, path, WEIGHTS_BEST, &t->teacher));
    if (detector_score_kind(t->teacher) != SCORE_PROBABILITY)
        return status_fail(STATUS_USAGE, "train.teacher: %s gives no probabilities", detector_name(t->teacher));
    TRY(compare_range(t, "train.teacher", path));
    size_t side = (size_t)config_int(t->c, "data.size");
    for (int i = 0; i < t->crops.count; i++)
        side = (size_t)t->crops.size[i] > side ? (size_t)t->crops.size[i] : side;
    t->teacher_scores = malloc((size_t)config_int(t->c, "train.batch_size") * side * side * sizeof(float));
    return t->teacher_scores ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for the teacher's score maps");
}
