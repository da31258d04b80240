/* How the networks of an experiment are trained: by the keys of [train], by another training's ini, or both. */
#include "core/config/same_value.h"
#include "eval/experiments/experiment_private.h"

#include <stdlib.h>
#include <string.h>

status experiment_declare_recipes(config *c, const name_list *methods, const name_list *data) {
    for (int i = 0; i < methods->count; i++) {
        const char *name = methods->names[i];
        TRY(config_declare_text(c, "recipe", name, "", "ini of train for all data sets"));
        for (int k = 0; k < data->count; k++)
            TRY(config_declare_text(c, "recipe", experiment_pair(name, data->names[k]).text, "",
                                    "ini of train for this data set"));
    }
    return STATUS_OK;
}

/* "key = value" */
static status add_line(name_list *lines, const char *key, const char *value) {
    char *line;
    if (asprintf(&line, "%s = %s", key, value) < 0)
        return status_fail(STATUS_MEMORY, "out of memory for an experiment");
    status result = name_list_add(lines, line);
    free(line);
    return result;
}

static bool is_line_of(const char *line, const char *key) {
    size_t length = strlen(key);
    return !strncmp(line, key, length) && !strncmp(line + length, " = ", 3);
}

static bool has_key(const name_list *lines, const char *key) {
    for (int i = 0; i < lines->count; i++)
        if (is_line_of(lines->names[i], key))
            return true;
    return false;
}

/* The keys of [train] belong to the trainer, which checks them; only the seed comes from elsewhere. */
status experiment_read_train(experiment *e) {
    name_list names;
    TRY(config_undeclared_names(e->c, "train", &names));
    status result = STATUS_OK;
    for (int i = 0; i < names.count && result == STATUS_OK; i++) {
        const char *name = names.names[i];
        result = config_declare_text(e->c, "train", name, NULL, "handed to the trainer");
        if (result == STATUS_OK && strcmp(name, "seed") == 0)
            result = status_fail(STATUS_USAGE, "train.seed: the seeds of an experiment are in sweep.seeds");
        if (result == STATUS_OK)
            result = add_line(&e->train, name, config_text(e->c, experiment_key("train", name).text));
    }
    name_list_free(&names);
    return result;
}

/* --- an ini of train --- */

/* What is not taken: keys that are the experiment's own, and those of its lines. */
typedef struct left_out {
    const char *own[8];
    int own_count;
    const name_list *over; /* may be NULL */
} left_out;

static bool is_left_out(const char *key, const left_out *out) {
    for (int i = 0; i < out->own_count; i++)
        if (!strcmp(key, out->own[i]))
            return true;
    return out->over && has_key(out->over, key);
}

/* The keys of a section, as lines. */
static status take_section(config *c, const char *section, const left_out *without, name_list *out) {
    name_list names;
    TRY(config_undeclared_names(c, section, &names));
    status result = STATUS_OK;
    for (int i = 0; i < names.count && result == STATUS_OK; i++) {
        const char *name = names.names[i];
        result = config_declare_text(c, section, name, NULL, "handed to the trainer");
        if (result == STATUS_OK && !is_left_out(name, without))
            result = add_line(out, name, config_text(c, experiment_key(section, name).text));
    }
    name_list_free(&names);
    return result;
}

static status has_model(const config *c, bool *out) {
    name_list names;
    TRY(config_undeclared_names(c, "model", &names));
    *out = names.count > 0;
    name_list_free(&names);
    return STATUS_OK;
}

static status compare_option(const config *c, const char *key, const experiment_method *m) {
    const char *found = config_value(c, key);
    return config_value_is(m->options, key, found)
               ? STATUS_OK
               : status_fail(STATUS_USAGE, "it trains a network with %s = %s, but methods.%s has %s", key, found,
                             m->name, config_value(m->options, key));
}

/* A recipe for another network than the method is would train neither. One that says nothing of a network is for any.
 */
static status check_model(config *c, const experiment_method *m) {
    bool says_model;
    TRY(has_model(c, &says_model));
    if (!says_model)
        return STATUS_OK;
    TRY(config_declare(c, &detector_name_key, 1));
    TRY(compare_option(c, detector_name_key.name, m)); /* given or not: only of the same method are the keys the same */
    TRY(detector_declare_options(c));
    for (int i = 0; i < config_count(c); i++) {
        const char *key = config_key_at(c, i)->name;
        if (config_is_given(c, key))
            TRY(compare_option(c, key, m));
    }
    return STATUS_OK;
}

static status read_keys(config *c, const char *path, const experiment *e, int method, int data,
                        experiment_recipe *out) {
    left_out of_data = {{"root", "train_split", "test_split", "validation_split", "holdout", "may_change"}, 6, NULL};
    if (*e->data[data].augment)
        of_data.own[of_data.own_count++] = "augment";
    if (e->evaluate.sample.size > 0)
        of_data.own[of_data.own_count++] = "size";
    TRY(config_load(c, path));
    TRY(check_model(c, &e->methods[method]));
    TRY(take_section(c, "data", &of_data, &out->data));
    TRY(take_section(c, "train", &(left_out){{"seed"}, 1, &e->train}, &out->train));
    return config_check(c);
}

static status read_recipe(experiment *e, int method, int data) {
    const experiment_method *m = &e->methods[method];
    experiment_recipe *out = &e->recipes[method * e->data_count + data];
    const char *path =
        config_text(e->c, experiment_key("recipe", experiment_pair(m->name, e->data[data].name).text).text);
    if (!*path)
        path = config_text(e->c, experiment_key("recipe", m->name).text);
    if (!*path)
        return STATUS_OK;
    if (!m->is_network)
        return status_fail(STATUS_USAGE, "recipe.%s = %s: %s is no network, it has nothing to train", m->name, path,
                           m->method);
    config *c;
    out->path = path;
    TRY(config_new(&c));
    status result = read_keys(c, path, e, method, data, out);
    config_free(c);
    return result == STATUS_OK ? STATUS_OK : status_prefix(result, "recipe.%s = %s", m->name, path);
}

status experiment_read_recipes(experiment *e) {
    e->recipes = calloc((size_t)e->method_count * (size_t)e->data_count, sizeof *e->recipes);
    if (!e->recipes)
        return status_fail(STATUS_MEMORY, "out of memory for an experiment");
    for (int m = 0; m < e->method_count; m++)
        for (int d = 0; d < e->data_count; d++)
            TRY(read_recipe(e, m, d));
    return STATUS_OK;
}

void experiment_free_recipes(experiment *e) {
    for (int i = 0; e->recipes && i < e->method_count * e->data_count; i++) {
        name_list_free(&e->recipes[i].data);
        name_list_free(&e->recipes[i].train);
    }
    free(e->recipes);
    name_list_free(&e->train);
}

const experiment_recipe *experiment_recipe_of(const experiment *e, int method, int data) {
    return &e->recipes[method * e->data_count + data];
}
