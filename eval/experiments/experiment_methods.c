/* The methods of an experiment: their options, their checkpoints, and a detector of them. */
#include "eval/experiments/experiment_private.h"

#include "core/config/same_value.h"
#include "modules/torch/weights_file.h"

#include <stdlib.h>
#include <string.h>

#define BLANKS " \t"

config_name experiment_pair(const char *method, const char *data) {
    config_name out;
    snprintf(out.text, sizeof out.text, "%s/%s", method, data);
    return out;
}

status experiment_declare_methods(config *c, const name_list *methods, const name_list *data) {
    for (int i = 0; i < methods->count; i++) {
        const char *name = methods->names[i];
        TRY(experiment_check_name("methods", name));
        TRY(config_declare_text(c, "methods", name, NULL, "the method and its options"));
        TRY(config_declare_text(c, "checkpoint", name, "", "checkpoint for all data sets"));
        TRY(config_declare_text(c, "published_method", name, name, "method of the published figures"));
        for (int k = 0; k < data->count; k++)
            TRY(config_declare_text(c, "checkpoint", experiment_pair(name, data->names[k]).text, "",
                                    "checkpoint for this data set"));
    }
    return STATUS_OK;
}

/* --- options --- */

/* One "stages=6". */
static status set_option(experiment_method *m, const char *text) {
    size_t length = strcspn(text, "=");
    if (text[length] == '\0' || length == 0 || length > CONFIG_LONGEST_NAME - strlen("model."))
        return status_fail(STATUS_USAGE, "'%.100s': expected OPTION=VALUE", text);
    char key[CONFIG_LONGEST_NAME + 1];
    snprintf(key, sizeof key, "model.%.*s", (int)length, text);
    if (strcmp(key, detector_name_key.name) == 0)
        return status_fail(STATUS_USAGE, "'%s': the method's name stands in front of its options", text);
    TRY(name_list_add(&m->given, key));
    return config_set(m->options, key, text + length + 1, "option");
}

/* Parses "rpcanet_plus stages=6 ...", cutting it up. */
static status read_options(experiment_method *m, char *text) {
    char *rest, *word = strtok_r(text, BLANKS, &rest);
    TRY(config_new(&m->options));
    TRY(config_declare(m->options, &detector_name_key, 1));
    TRY(config_set(m->options, detector_name_key.name, word, "method"));
    while ((word = strtok_r(NULL, BLANKS, &rest)))
        TRY(set_option(m, word));
    TRY(detector_declare_options(m->options));
    TRY(config_check(m->options));
    m->method = config_text(m->options, detector_name_key.name);
    return STATUS_OK;
}

/* Networks are the methods that give probabilities; the others have nothing to train. */
static bool is_network(const char *method) {
    for (int i = 0; i < detector_method_count(); i++)
        if (strcmp(detector_method_name(i), method) == 0)
            return detector_method_score_kind(i) == SCORE_PROBABILITY;
    return false;
}

static status read_method(experiment *e, const char *name, const char *value) {
    experiment_method *m = &e->methods[e->method_count++];
    m->name = name;
    m->published = config_text(e->c, experiment_key("published_method", name).text);
    char *text = strdup(value);
    status result = text ? read_options(m, text) : status_fail(STATUS_MEMORY, "out of memory");
    free(text);
    if (result != STATUS_OK)
        return status_prefix(result, "methods.%s", name);
    m->is_network = is_network(m->method);
    const char *checkpoint = config_text(e->c, experiment_key("checkpoint", name).text);
    m->checkpoint = *checkpoint ? checkpoint : NULL;
    return STATUS_OK;
}

status experiment_read_methods(experiment *e) {
    e->methods = calloc((size_t)e->method_names.count + 1, sizeof *e->methods);
    if (!e->methods)
        return status_fail(STATUS_MEMORY, "out of memory for an experiment");
    for (int i = 0; i < e->method_names.count; i++) {
        const char *name = e->method_names.names[i], *value = config_text(e->c, experiment_key("methods", name).text);
        if (*value)
            TRY(read_method(e, name, value));
    }
    return e->method_count ? STATUS_OK
                           : status_fail(STATUS_USAGE, "no method is left: expected [methods] NAME = METHOD");
}

void experiment_free_methods(experiment *e) {
    for (int i = 0; i < e->method_count; i++) {
        config_free(e->methods[i].options);
        name_list_free(&e->methods[i].given);
    }
    free(e->methods);
}

/* --- checkpoints --- */

const char *experiment_checkpoint(const experiment *e, int method, int data) {
    const experiment_method *m = &e->methods[method];
    config_name key = experiment_key("checkpoint", experiment_pair(m->name, e->data[data].name).text);
    const char *own = config_text(e->c, key.text);
    return *own ? own : m->checkpoint;
}

status experiment_check_checkpoints(const experiment *e) {
    for (int m = 0; m < e->method_count; m++)
        for (int d = 0; d < e->data_count; d++) {
            const char *file = experiment_checkpoint(e, m, d);
            if (file && !e->methods[m].is_network)
                return status_fail(STATUS_USAGE, "checkpoint.%s = %s: %s is no network, it has nothing to load",
                                   e->methods[m].name, file, e->methods[m].method);
            if (file && !path_is_file(file))
                return status_fail(STATUS_INPUT, "checkpoint of %s for %s: %s: no such file", e->methods[m].name,
                                   e->data[d].name, file);
        }
    return STATUS_OK;
}

status experiment_check_rule(const experiment *e) {
    for (int m = 0; m < e->method_count; m++)
        if (e->evaluate.how.rule == RULE_LOGIT && !e->methods[m].is_network)
            return status_fail(STATUS_USAGE, "evaluate.rule = logit: methods.%s: %s has no logits, leave it out",
                               e->methods[m].name, e->methods[m].method);
    return STATUS_OK;
}

/* What the ini says about the network must be what the checkpoint holds. */
static status check_options(const experiment_method *m, const char *checkpoint, const detector *d) {
    if (strcmp(detector_name(d), m->method) != 0)
        return status_fail(STATUS_USAGE, "%s is a checkpoint of %s, but methods.%s is %s", checkpoint, detector_name(d),
                           m->name, m->method);
    for (int i = 0; i < m->given.count; i++) {
        const char *key = m->given.names[i], *found = detector_option(d, key);
        if (!config_value_is(m->options, key, found))
            return status_fail(STATUS_USAGE, "%s has %s = %s, but methods.%s says %s", checkpoint, key, found, m->name,
                               config_value(m->options, key));
    }
    return STATUS_OK;
}

status experiment_detector(const experiment *e, int method, const char *checkpoint, experiment_weights weights,
                           detector **out) {
    const experiment_method *m = &e->methods[method];
    *out = NULL;
    if (!m->is_network || (!checkpoint && weights == WEIGHTS_MAY_BE_RANDOM))
        return detector_new(e->engine, m->options, 1, out);
    if (!checkpoint)
        return status_fail(STATUS_USAGE, "%s is a network and needs a checkpoint: give checkpoint.%s=FILE.h5", m->name,
                           m->name);
    TRY(weights_file_load(e->engine, checkpoint, WEIGHTS_BEST, out));
    status result = check_options(m, checkpoint, *out);
    if (result != STATUS_OK) {
        detector_free(*out);
        *out = NULL;
    }
    return result;
}

status experiment_try_checkpoints(const experiment *e) {
    for (int m = 0; m < e->method_count; m++)
        for (int d = 0; d < e->data_count; d++) {
            const char *file = experiment_checkpoint(e, m, d);
            if (!file || (d > 0 && file == experiment_checkpoint(e, m, d - 1)))
                continue;
            detector *tried;
            TRY(experiment_detector(e, m, file, WEIGHTS_MUST_BE_TRAINED, &tried));
            detector_free(tried);
        }
    return STATUS_OK;
}
