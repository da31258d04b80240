/* Several data sets, or other items, in one text.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_DATASETS_SET_ROOTS_H
#define IRST_DATASETS_SET_ROOTS_H

#include "core/io/file_io.h"

/* The items of a list separated by commas, blanks around them dropped; `key` names the list in messages. `out` is new;
 * freed by the caller, also after a failure. STATUS_USAGE for an item without anything in it. */
status split_list(const char *key, const char *text, name_list *out);

/* The same for paths of sets; one that has commas in it and exists is itself one set. */
status set_roots_of(const char *key, const char *text, name_list *out);

/* Leaves of such a list the names of the sets, which are enough to tell them: where they lay concerns nobody whom a
 * file is handed on to. A path that tells no name, as ".", goes. */
void set_roots_keep_names(char *roots);

#endif
