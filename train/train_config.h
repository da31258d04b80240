/* The keys of a training run: sections data and train, and model.* of the method. */
#ifndef IRST_TRAIN_TRAIN_CONFIG_H
#define IRST_TRAIN_TRAIN_CONFIG_H

#include "core/base/status.h"
#include "core/config/config.h"

/* Reads an ini file (NULL: defaults only) and overrides "section.key=value", in this order, and checks that every
 * key is known and every needed one given. Free with config_free. */
status train_config_read(const char *path, const char *const *overrides, int override_count, config **out);

/* All keys with their defaults, for --help-config; data.root has no value then. */
status train_config_defaults(config **out);

#endif
