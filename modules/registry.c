/* All methods. A method joins by its own file and one line here. */
#include "modules/detector_type.h"

#include <stdio.h>
#include <string.h>

#define METHODS(METHOD)                                                                                                \
    METHOD(rpcanet_plus)                                                                                               \
    METHOD(rpcanet)                                                                                                    \
    METHOD(rpcanet_plusplus)                                                                                           \
    METHOD(drpcanet)                                                                                                   \
    METHOD(agpcnet)                                                                                                    \
    METHOD(mshnet)                                                                                                     \
    METHOD(uiunet)                                                                                                     \
    METHOD(mpcm)                                                                                                       \
    METHOD(pstnn)                                                                                                      \
    METHOD(ipi)

#define DECLARE(method) extern const detector_type method;
METHODS(DECLARE)

#define ADDRESS(method) &method,
const detector_type *const detector_types[] = {METHODS(ADDRESS)};
const int detector_type_count = sizeof detector_types / sizeof *detector_types;

#define SPOKEN(method) " " #method
const config_key detector_name_key = {
    "model.name",
    CONFIG_TEXT,
    "rpcanet_plus",
    0,
    0,
    NULL,
    "",
    "the method, of" METHODS(SPOKEN) "; each has keys of its own: train --help-config model.name=NAME"};

const detector_type *detector_type_find(const char *name) {
    for (int i = 0; i < detector_type_count; i++)
        if (!strcmp(detector_types[i]->name, name))
            return detector_types[i];
    char known[512] = "";
    size_t used = 0;
    for (int i = 0; i < detector_type_count && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", detector_types[i]->name);
    status_fail(STATUS_USAGE, "no method is called '%s'; there are: %s", name, known);
    return NULL;
}

int detector_method_count(void) {
    return detector_type_count;
}

const char *detector_method_name(int index) {
    return detector_types[index]->name;
}

const char *detector_method_title(int index) {
    return detector_types[index]->title;
}

score_kind detector_method_score_kind(int index) {
    return detector_types[index]->score;
}

status detector_method_options(const char *name, const config_key **keys, int *count) {
    const detector_type *type = detector_type_find(name);
    if (!type)
        return STATUS_USAGE;
    *keys = type->options;
    *count = type->option_count;
    return STATUS_OK;
}

status detector_declare_options(config *c) {
    const detector_type *type = detector_type_find(config_text(c, "model.name"));
    if (!type)
        return STATUS_USAGE;
    config_name_owner(c, "model", type->name);
    return config_declare(c, type->options, type->option_count);
}
