#include "eval/arguments.h"

#include "core/config.h"
#include "modules/checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_SIZE 32768

static status create_method(const char *method, config *options, detector **out) {
    TRY(config_declare(options, &detector_name_key, 1));
    TRY(config_set(options, "model.name", method, "--method"));
    TRY(detector_declare_options(options));
    TRY(detector_new(options, 0, out));
    if (detector_parameters(*out)->count == 0)
        return STATUS_OK;
    detector_free(*out);
    *out = NULL;
    return status_fail(STATUS_USAGE, "%s is a network with trained parameters: give --checkpoint FILE.h5", method);
}

status argument_detector(const char *checkpoint, const char *method, detector **out) {
    *out = NULL;
    if (!checkpoint == !method)
        return status_fail(STATUS_USAGE, "give either --checkpoint FILE.h5 or --method NAME");
    if (checkpoint)
        return checkpoint_load(checkpoint, out);
    config *options;
    TRY(config_new(&options));
    status result = create_method(method, options, out);
    config_free(options);
    return result;
}

status argument_size(const char *text, int *out) {
    *out = 0;
    if (!strcmp(text, "native"))
        return STATUS_OK;
    char *end;
    errno = 0;
    long size = strtol(text, &end, 10);
    if (errno || end == text || *end || size < 1 || size > LARGEST_SIZE)
        return status_fail(STATUS_USAGE, "--size is '%s', expected 'native' or a number from 1 to %d", text,
                           LARGEST_SIZE);
    *out = (int)size;
    return STATUS_OK;
}

status argument_choice(const char *option, const char *text, const char *const *words, int count, int *out) {
    char known[256] = "";
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        if (!strcmp(text, words[i])) {
            *out = i;
            return STATUS_OK;
        }
        if (used < sizeof known)
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", words[i]);
    }
    return status_fail(STATUS_USAGE, "--%s is '%s', expected one of: %s", option, text, known);
}
