/* The keys of a training run: sections data and train, and model.* of the method.
 *
 * Thread rule: any thread at any time, on different structs. */
#ifndef IRST_TRAIN_TRAIN_CONFIG_H
#define IRST_TRAIN_TRAIN_CONFIG_H

#include "core/base/status.h"
#include "core/config/config.h"

/* Reads an ini file (NULL: defaults only) and overrides "section.key=value", in this order, and checks that every
 * key is known and every needed one given. Free with config_free. */
status train_config_read(const char *path, const char *const *overrides, int override_count, config **out);

/* The same unchecked, for the help: model.name decides which keys there are. */
status train_config_describe(const char *path, const char *const *overrides, int override_count, config **out);

#endif
