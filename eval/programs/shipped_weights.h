/* Trained weights that come with the programs, by name.
 *
 * Thread rule: the main thread alone. */
#ifndef IRST_EVAL_PROGRAMS_SHIPPED_WEIGHTS_H
#define IRST_EVAL_PROGRAMS_SHIPPED_WEIGHTS_H

#include "core/base/status.h"

#include <stdbool.h>
#include <stdio.h>

/* What --weights may be, "nudt|list", and its help. */
extern const char shipped_weights_words[];
#define SHIPPED_WEIGHTS_HELP                                                                                           \
    "trained weights that come with the programs, by name; list prints what each was trained on, its size and how "    \
    "good "                                                                                                            \
    "it is on images that it has not seen"

/* Their names, in the order of the list; NULL after the last one. */
const char *shipped_weights_name(int index);

/* The name of those that are taken without any option. */
const char *shipped_weights_default(void);

/* The file of the weights `name`, in the source tree or where the programs are installed. An unknown name is
 * STATUS_USAGE, and the message lists those there are. */
status shipped_weights_path(const char *name, char out[4096]);

/* `name` (may be NULL) is the word that asks for the list. */
bool shipped_weights_is_list(const char *name);

/* A line for each: its name, and the first line of its card, which says what it is and how good. */
status shipped_weights_print(FILE *stream);

#endif
