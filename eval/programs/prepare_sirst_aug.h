/* prepare sirst-aug: SIRST-Aug, reconstructed from SIRST. */
#ifndef IRST_EVAL_PROGRAMS_PREPARE_SIRST_AUG_H
#define IRST_EVAL_PROGRAMS_PREPARE_SIRST_AUG_H

#include "core/base/status.h"

/* Makes the set at `to` from SIRST at `from` and prints its totals beside the published ones. */
status prepare_sirst_aug(const char *from, const char *to, int seed);

#endif
