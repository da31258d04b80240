#include "tests/modules/formula_network.h"

#include "tests/formula.h"
#include "tests/support.h"

static status set_options(config *options, const char *method, const char *setting) {
    TRY(config_declare(options, &detector_name_key, 1));
    TRY(config_set(options, "model.name", method, "the test"));
    TRY(detector_declare_options(options));
    return setting ? config_override(options, setting) : STATUS_OK;
}

status formula_network(const char *method, const char *setting, detector **out) {
    config *options;
    *out = NULL;
    TRY(config_new(&options));
    status result = set_options(options, method, setting);
    if (result == STATUS_OK)
        result = detector_new(test_engine(), options, 1, out);
    config_free(options);
    if (result == STATUS_OK)
        formula_fill(detector_parameters(*out));
    return result;
}
