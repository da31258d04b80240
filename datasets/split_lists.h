/* The list files of a data set: which of them says what a split holds. They stand beside the images or in folders that
 * published sets use for them, and are called SPLIT.txt, SPLIT_NAMEOFTHESET.txt or SPLIT_SOMETHING.txt.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_DATASETS_SPLIT_LISTS_H
#define IRST_DATASETS_SPLIT_LISTS_H

#include "core/base/status.h"
#include "core/io/file_io.h"

/* Paths of all list files of the set in `folder`, from this on ("img_idx/test.txt"), nearest first. `out` is new, and
 * empty after a failure. */
status split_lists_find(const char *folder, name_list *out);

/* The list of `split` among `lists`, or NULL. `set` is the name of the set; a split may name the folder of its list, as
 * "50_50/train" does. If several of one rank could be meant, `choices` counts them (1 else) and the first is
 * returned. */
const char *split_lists_choose(const name_list *lists, const char *split, const char *set, int *choices);

/* The lists in one line, as in "train.txt, img_idx/test_A.txt"; the first ones if they are many. "none" without any. */
void split_lists_print(const name_list *lists, char *out, size_t size);

#endif
