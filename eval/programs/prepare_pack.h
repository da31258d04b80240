/* prepare pack: a data set in one file. */
#ifndef IRST_EVAL_PROGRAMS_PREPARE_PACK_H
#define IRST_EVAL_PROGRAMS_PREPARE_PACK_H

#include "core/base/status.h"
#include "core/io/grey_range.h"
#include "datasets/pack.h"

/* Packs every split of the set at `from`. Prints what is odd about it before; a split in which no target would be left
 * is refused. */
status prepare_pack(const char *from, const char *to, const grey_range *range, const pack_options *how);

#endif
