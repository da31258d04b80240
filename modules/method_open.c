#include "modules/method_open.h"

#include "core/config/config.h"

#include <string.h>

static status create(engine *e, const char *method, const char *const *settings, int count, const char *option,
                     const char *instead, config *options, detector **out) {
    TRY(config_set(options, detector_name_key.name, method, option));
    TRY(config_declare(options, &detector_name_key, 1));
    TRY(detector_declare_options(options));
    for (int i = 0; i < count; i++)
        TRY(config_assign(options, settings[i], method)); /* who opens it need not have a command line */
    if (strcmp(config_text(options, detector_name_key.name), method) != 0)
        return status_fail(STATUS_USAGE, "model.name is what %s says; it cannot be set to '%s'", option,
                           config_text(options, detector_name_key.name));
    TRY(config_check(options));
    TRY(detector_new(e, options, 0, out));
    if (detector_parameters(*out)->count == 0)
        return STATUS_OK;
    detector_free(*out);
    *out = NULL;
    return status_fail(STATUS_USAGE, "%s is a network with trained parameters: give %s", method, instead);
}

status method_open(engine *e, const char *method, const char *const *settings, int count, const char *option,
                   const char *instead, detector **out) {
    config *options;
    *out = NULL;
    TRY(config_new(&options));
    status result = create(e, method, settings, count, option, instead, options, out);
    config_free(options);
    return result;
}
