/* One word of a few.
 *
 * Thread rule: any thread. */
#ifndef IRST_CORE_CONFIG_WORD_CHOICE_H
#define IRST_CORE_CONFIG_WORD_CHOICE_H

#include "core/base/status.h"

/* The place of `text` among the words; else STATUS_USAGE, with `key`, what was given for it, and all of them. */
status word_choose(const char *key, const char *text, const char *const *words, int count, int *out);

#endif
