#include "eval/programs/arguments.h"

#include "core/config/word_choice.h"
#include "core/io/file_io.h"
#include "core/io/image.h"
#include "eval/programs/shipped_weights.h"
#include "modules/method_open.h"
#include "modules/torch/torch_file.h"
#include "modules/torch/torch_import.h"
#include "modules/torch/weights_notes.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_FORMAT "%5d" /* as many digits: longer numbers would be read modulo 2^32 */

const char *argument_method_help(void) {
    static char help[512];
    size_t used = (size_t)snprintf(help, sizeof help, "a method without parameters, instead of a checkpoint:");
    const char *separator = " ";
    for (int i = 0; i < detector_method_count() && used < sizeof help; i++) {
        if (detector_method_score_kind(i) != SCORE_RAW)
            continue;
        used += (size_t)snprintf(help + used, sizeof help - used, "%s%s", separator, detector_method_name(i));
        separator = ", ";
    }
    if (used < sizeof help)
        snprintf(help + used, sizeof help - used,
                 "; model.KEY=VALUE sets its options, which `train --help-config model.name=NAME` lists");
    return help;
}

bool argument_is_model_option(const char *text) {
    return !strncmp(text, "model.", strlen("model.")) && strchr(text, '=') != NULL;
}

status argument_detector(engine *e, const char *checkpoint, checkpoint_weights which, const char *method,
                         const char *const *settings, int count, detector **out) {
    *out = NULL;
    if (!checkpoint == !method)
        return status_fail(STATUS_USAGE, "give one of --checkpoint FILE.h5, --weights NAME and --method NAME");
    if (checkpoint && count > 0 && torch_file_recognises(checkpoint))
        return torch_import_with(e, checkpoint, settings, count, NULL, out);
    if (checkpoint && count > 0)
        return status_fail(STATUS_USAGE,
                           "%s: a checkpoint has its own options; only --method and files of PyTorch take any",
                           settings[0]);
    if (checkpoint)
        return weights_file_load(e, checkpoint, which, out);
    return method_open(e, method, settings, count, "--method", "--checkpoint FILE.h5", out);
}

status argument_weights(const char *name, const char *method, const char **checkpoint) {
    static char path[4096];
    if (!name)
        return STATUS_OK;
    if (*checkpoint || method)
        return status_fail(STATUS_USAGE, "--weights %s: give one of --weights, --checkpoint and --method", name);
    TRY(shipped_weights_path(name, path));
    *checkpoint = path;
    return STATUS_OK;
}

status argument_size(const char *text, int *out) {
    *out = 0;
    if (!strcmp(text, "native"))
        return STATUS_OK;
    char *end;
    errno = 0;
    long size = strtol(text, &end, 10);
    if (errno || end == text || *end || size < 1 || size > IMAGE_LARGEST_SIDE)
        return status_fail(STATUS_USAGE, "--size is '%s', expected 'native' or a number from 1 to %d", text,
                           IMAGE_LARGEST_SIDE);
    *out = (int)size;
    return STATUS_OK;
}

status argument_number(const char *name, const char *text, double *out) {
    char *end;
    *out = strtod(text, &end);
    if (end == text || *end || !isfinite(*out))
        return status_fail(STATUS_USAGE, "%s is '%s', expected a number", name, text);
    return STATUS_OK;
}

status argument_sides(const char *option, const char *text, int *width, int *height) {
    char after;
    *width = *height = 0;
    if (!text || (sscanf(text, SIZE_FORMAT "x" SIZE_FORMAT "%c", width, height, &after) == 2 && *width > 0 &&
                  *width <= IMAGE_LARGEST_SIDE && *height > 0 && *height <= IMAGE_LARGEST_SIDE))
        return STATUS_OK;
    return status_fail(STATUS_USAGE, "--%s is '%s', expected WxH with sides of 1 to %d, as in 640x512", option, text,
                       IMAGE_LARGEST_SIDE);
}

status argument_range(const char *text, const char *checkpoint, grey_range *out) {
    *out = (grey_range){.kind = RANGE_FULL};
    if (text)
        return grey_range_read(text, "--range", out);
    return checkpoint ? weights_read_range(checkpoint, out) : STATUS_OK;
}

status argument_precision(const char *text, const char *checkpoint, detector *d, char *remark, size_t size) {
    int precision;
    *remark = '\0';
    TRY(argument_choice("precision", text, detector_precision_names, 2, &precision));
    if (precision == PRECISION_FLOAT)
        return STATUS_OK;
    if (!checkpoint)
        return status_fail(STATUS_USAGE, "--precision int8 is for networks, not for %s", detector_name(d));
    if (detector_set_precision(d, PRECISION_INT8) != STATUS_OK)
        return status_fail(STATUS_USAGE,
                           "--precision int8: %s has no ranges of activations: convert calibrate %s DATA OUT.h5 makes "
                           "a file that has, of a network with convolutions between 16 channels and more",
                           checkpoint, checkpoint);
    if (!detector_int8_is_fast(d))
        snprintf(remark, size,
                 "this processor has no AVX-512 VNNI, or IRST_ISA leaves it out: --precision int8 finds the same, but "
                 "slower than without");
    return STATUS_OK;
}

status argument_keeps(const char *option, const char *path, const char *read) {
    return path && read && path_is_same(path, read)
               ? status_fail(STATUS_USAGE, "%s is read and would be lost: it cannot be %s too", path, option)
               : STATUS_OK;
}

status argument_choice(const char *option, const char *text, const char *const *words, int count, int *out) {
    char key[64];
    snprintf(key, sizeof key, "--%s", option);
    return word_choose(key, text, words, count, out);
}
