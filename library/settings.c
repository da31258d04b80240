#include "library/settings.h"

#include "core/config/word_choice.h"
#include "modules/checkpoint.h"
#include "modules/method_open.h"
#include "modules/torch/torch_file.h"
#include "modules/torch/torch_import.h"
#include "modules/torch/weights_notes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_method(const char *name) {
    for (int i = 0; i < detector_method_count(); i++)
        if (!strcmp(name, detector_method_name(i)))
            return true;
    return false;
}

/* Somebody may have mistyped a method. */
static status choose(const char *name, settings *out) {
    if (!name || !*name)
        return status_fail(STATUS_USAGE, "neither a checkpoint nor a method is named");
    if (is_method(name)) {
        out->method = name;
        return STATUS_OK;
    }
    out->checkpoint = name;
    if (strpbrk(name, "/.") || access(name, F_OK) == 0)
        return STATUS_OK;
    char known[256] = "";
    size_t used = 0;
    for (int i = 0; i < detector_method_count() && used < sizeof known; i++)
        if (detector_method_score_kind(i) == SCORE_RAW)
            used +=
                (size_t)snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", detector_method_name(i));
    return status_fail(STATUS_INPUT, "'%.200s' is neither a file nor a method without parameters (%s)", name, known);
}

/* A checkpoint's threshold was written in [0, 1); the user's must be. */
static status read_threshold(const char *text, double *out) {
    char *end;
    *out = strtod(text, &end);
    if (end == text || *end || !checkpoint_is_threshold(*out))
        return status_fail(STATUS_USAGE, "threshold is '%.200s', expected a number of at least 0 and less than 1",
                           text);
    return STATUS_OK;
}

static status read_precision(const char *text, detector_precision *out) {
    int choice;
    TRY(word_choose("precision", text, detector_precision_names, 2, &choice));
    *out = (detector_precision)choice;
    return STATUS_OK;
}

status settings_read_size(const char *value, int *out) {
    char *end;
    *out = 0;
    if (!strcmp(value, "native"))
        return STATUS_OK;
    long size = strtol(value, &end, 10);
    if (*end || size < 1 || size > IMAGE_LARGEST_SIDE)
        return status_fail(STATUS_USAGE, "size is '%.200s', expected native or a number from 1 to %d", value,
                           IMAGE_LARGEST_SIDE);
    *out = (int)size;
    return STATUS_OK;
}

/* What stands behind "NAME="; NULL if the text is of another name. */
static const char *value_of(const char *text, const char *name) {
    size_t length = strlen(name);
    return !strncmp(text, name, length) && text[length] == '=' ? text + length + 1 : NULL;
}

static status read_setting(const char *text, settings *out, bool *has_range) {
    const char *value;
    if (!text || !strchr(text, '='))
        return status_fail(STATUS_USAGE, "setting '%.200s': expected key=value", text ? text : "");
    if (!strncmp(text, "model.", strlen("model."))) {
        out->model[out->model_count++] = text;
        return STATUS_OK;
    }
    if ((value = value_of(text, "range"))) {
        *has_range = true;
        return grey_range_read(value, "range", &out->range);
    }
    if ((value = value_of(text, "size")))
        return settings_read_size(value, &out->size);
    if ((value = value_of(text, "tiles")))
        return detector_tiles_read(value, "tiles", &out->tiles);
    if ((value = value_of(text, "threshold")))
        return read_threshold(value, &out->threshold);
    if ((value = value_of(text, "precision")))
        return read_precision(value, &out->precision);
    size_t length = strcspn(text, "=");
    return status_fail(STATUS_USAGE,
                       "unknown setting '%.*s'; known are range, size, threshold, tiles, precision and model.KEY",
                       length < 200 ? (int)length : 200, text);
}

status settings_read(const char *checkpoint_or_method, const irst_options *options, settings *out) {
    bool has_range = false;
    int count = options ? options->setting_count : 0;
    *out = (settings){.threshold = NAN};
    TRY(choose(checkpoint_or_method, out));
    TRY(detector_tiles_read("auto", "tiles", &out->tiles));
    if (count < 0 || (count > 0 && !options->settings))
        return status_fail(STATUS_USAGE, "%d settings, but no texts", count);
    out->model = calloc((size_t)count + 1, sizeof *out->model);
    if (!out->model)
        return status_fail(STATUS_MEMORY, "out of memory for %d settings", count);
    for (int i = 0; i < count; i++)
        TRY(read_setting(options->settings[i], out, &has_range));
    if (out->checkpoint && !has_range)
        TRY(weights_read_range(out->checkpoint, &out->range));
    if (out->checkpoint && isnan(out->threshold))
        TRY(weights_read_threshold(out->checkpoint, &out->threshold));
    if (isnan(out->threshold))
        out->threshold = 0.5;
    return STATUS_OK;
}

void settings_free(settings *s) {
    free(s->model);
    *s = (settings){0};
}

/* "model.stages=3" is what the checkpoint has, or it is refused. */
static status compare(const settings *s, const detector *d, const char *setting) {
    char key[256];
    const char *value = strchr(setting, '=') + 1;
    snprintf(key, sizeof key, "%.*s", (int)(value - 1 - setting), setting);
    bool is_name = !strcmp(key, detector_name_key.name);
    const char *own = is_name ? detector_name(d) : detector_option(d, key);
    if (!own)
        return status_fail(STATUS_USAGE, "%s: unknown key: %s has no such option", key, detector_name(d));
    if (is_name ? strcmp(own, value) != 0 : !detector_option_is(d, key, value))
        return status_fail(STATUS_USAGE, "%.200s: %s has %s = %s, which cannot be changed", setting, s->checkpoint, key,
                           own);
    return STATUS_OK;
}

static status open_detector(const settings *s, engine *e, detector **out) {
    if (s->method)
        return method_open(e, s->method, s->model, s->model_count, "irst_open", "the path of its checkpoint", out);
    if (torch_file_recognises(s->checkpoint))
        return torch_import_with(e, s->checkpoint, s->model, s->model_count, NULL, out);
    TRY(checkpoint_load(e, s->checkpoint, out));
    for (int i = 0; i < s->model_count; i++)
        TRY(compare(s, *out, s->model[i]));
    return STATUS_OK;
}

status settings_open(const settings *s, engine *e, detector **out) {
    *out = NULL;
    status result = open_detector(s, e, out);
    if (result == STATUS_OK && detector_set_precision(*out, s->precision) != STATUS_OK)
        result = status_prefix(STATUS_USAGE, "precision=int8, %s", s->method ? s->method : s->checkpoint);
    if (result != STATUS_OK) {
        detector_free(*out);
        *out = NULL;
    }
    return result;
}
