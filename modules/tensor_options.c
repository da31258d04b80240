#include "modules/tensor_options.h"

#include "modules/detector_type.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const named_shape *named_shape_find(const named_shape *tensors, int count, const char *name, ...) {
    char wanted[256];
    va_list arguments;
    va_start(arguments, name);
    vsnprintf(wanted, sizeof wanted, name, arguments);
    va_end(arguments);
    for (int i = 0; i < count; i++)
        if (!strcmp(tensors[i].name, wanted))
            return &tensors[i];
    return NULL;
}

static const detector_type *recognise(const named_shape *tensors, int count) {
    for (int i = 0; i < detector_type_count; i++)
        if (detector_types[i]->recognises && detector_types[i]->recognises(tensors, count))
            return detector_types[i];
    char known[512] = "";
    size_t used = 0;
    for (int i = 0; i < detector_type_count && used < sizeof known; i++)
        if (detector_types[i]->recognises)
            used +=
                (size_t)snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", detector_types[i]->name);
    status_fail(STATUS_INPUT, "its %d tensors (%s, ...) belong to no network that can be converted; there are: %s",
                count, count > 0 ? tensors[0].name : "none", known);
    return NULL;
}

status detector_options_from_tensors(const named_shape *tensors, int count, config *options) {
    const detector_type *type = recognise(tensors, count);
    if (!type)
        return STATUS_INPUT;
    status result = config_declare(options, &detector_name_key, 1);
    if (result == STATUS_OK)
        result = config_set(options, detector_name_key.name, type->name, "its tensors");
    if (result == STATUS_OK)
        result = config_declare(options, type->options, type->option_count);
    if (result == STATUS_OK)
        result = type->options_from_tensors(tensors, count, options);
    return result == STATUS_USAGE ? STATUS_INPUT : result; /* a bad value from a file is no misuse */
}
