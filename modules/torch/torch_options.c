#include "modules/torch/torch_options.h"

#include "core/config/same_value.h"
#include "modules/tensor_options.h"
#include "modules/torch/unpickle.h"

#include <stdlib.h>
#include <string.h>

/* --- what the tensors tell --- */

static named_shape *shapes_of_file(const torch_file *file) {
    named_shape *shapes = calloc((size_t)file->count + 1, sizeof *shapes);
    for (int i = 0; shapes && i < file->count; i++) {
        const torch_tensor *t = &file->tensors[i];
        shapes[i] = (named_shape){.name = t->name, .rank = t->rank};
        memcpy(shapes[i].shape, t->shape, sizeof t->shape);
    }
    return shapes;
}

static named_shape *shapes_of_parameters(const parameter_set *set) {
    named_shape *shapes = calloc((size_t)set->count + 1, sizeof *shapes);
    for (int i = 0; shapes && i < set->count; i++) {
        const parameter *p = set->items[i];
        shapes[i] = (named_shape){.name = p->name, .rank = p->rank};
        memcpy(shapes[i].shape, p->shape, (size_t)p->rank * sizeof *p->shape);
    }
    return shapes;
}

/* Frees the shapes. */
static status options_from_shapes(named_shape *shapes, int count, config *options) {
    status result = shapes ? detector_options_from_tensors(shapes, count, options)
                           : status_fail(STATUS_MEMORY, "out of memory for the shapes of %d tensors", count);
    free(shapes);
    return result;
}

/* --- what else does --- */

/* Of settings for what the tensors tell only those pass that say the same. */
static status take_settings(const config *settings, config *options) {
    for (int i = 0; i < config_count(settings); i++) {
        const char *name = config_key_at(settings, i)->name, *value = config_value(settings, name);
        if (!config_is_given(settings, name))
            continue;
        if (config_is_given(options, name) && !config_value_is(options, name, value))
            return status_fail(STATUS_USAGE, "%s is %s by the tensors; it cannot be set to %s", name,
                               config_value(options, name), value);
        TRY(config_set(options, name, value, "settings"));
    }
    return STATUS_OK;
}

static status read_settings(const char *const *settings, int count, config *given, config *options) {
    TRY(config_declare(given, &detector_name_key, 1));
    TRY(config_set(given, detector_name_key.name, config_text(options, detector_name_key.name), "its tensors"));
    TRY(detector_declare_options(given));
    for (int i = 0; i < count; i++)
        TRY(config_assign(given, settings[i], "settings")); /* who opens it need not have a command line */
    TRY(config_check(given));
    return take_settings(given, options);
}

/* What irst itself wrote beside the tensors; where these tell, they are right. */
static status read_metadata(const torch_file *file, config *options) {
    for (int i = 0; i < config_count(options); i++) {
        const char *name = config_key_at(options, i)->name;
        const char *value = config_is_given(options, name) ? NULL : pickle_option(file->names, name);
        if (value && config_set(options, name, value, "its metadata") != STATUS_OK)
            return STATUS_INPUT; /* a bad value from a file is no misuse */
    }
    return STATUS_OK;
}

/* --- what is to be said --- */

/* A list, of which this is the n-th. */
static void put_option(FILE *notes, const char *name, const char *value, int n) {
    fprintf(notes, "%s%s = %s", n ? ", " : "", name, value);
}

static void say_what_is_assumed(const config *options, FILE *notes) {
    int assumed = 0;
    for (int i = 0; i < config_count(options); i++) {
        const char *name = config_key_at(options, i)->name;
        if (!config_is_given(options, name))
            put_option(notes, name, config_value(options, name), assumed++);
    }
    if (assumed)
        fprintf(notes, " %s assumed: the file does not tell\n", assumed > 1 ? "are" : "is");
}

status torch_options_read(const torch_file *file, const char *const *settings, int count, FILE *notes,
                          config *options) {
    config *given;
    TRY(options_from_shapes(shapes_of_file(file), file->count, options));
    TRY(config_new(&given));
    status result = read_settings(settings, count, given, options);
    config_free(given);
    if (result == STATUS_OK)
        result = read_metadata(file, options);
    if (result == STATUS_OK && notes)
        say_what_is_assumed(options, notes);
    return result;
}

static void say_what_is_lost(const detector *d, const config *told, FILE *notes) {
    int lost = 0;
    for (int i = 0; i < config_count(told); i++) {
        const char *name = config_key_at(told, i)->name, *own = detector_option(d, name);
        if (!config_is_given(told, name) && !config_value_is(told, name, own))
            put_option(notes, name, own, lost++);
    }
    if (lost)
        fprintf(notes, " %s not kept: .safetensors keeps it, and from-torch takes model.KEY=VALUE\n",
                lost > 1 ? "are" : "is");
}

status torch_options_lost(detector *d, FILE *notes) {
    const parameter_set *set = detector_parameters(d);
    config *told;
    TRY(config_new(&told));
    status result = options_from_shapes(shapes_of_parameters(set), set->count, told);
    if (result == STATUS_OK)
        say_what_is_lost(d, told, notes);
    config_free(told);
    return result;
}
