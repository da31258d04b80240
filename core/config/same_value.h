/* Values compared by what they mean.
 *
 * Thread rule: as config.h. */
#ifndef IRST_CORE_CONFIG_SAME_VALUE_H
#define IRST_CORE_CONFIG_SAME_VALUE_H

#include "core/config/config.h"

/* Whether `value` would give the declared key the value that it has: 1e-3 is 0.001, yes is true. A key without a value
 * has none of them. */
bool config_value_is(const config *c, const char *name, const char *value);

#endif
