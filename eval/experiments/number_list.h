/* Numbers in one value of a configuration, separated by blanks or commas.
 *
 * Thread rule: any thread at any time, on different structs. */
#ifndef IRST_EVAL_EXPERIMENTS_NUMBER_LIST_H
#define IRST_EVAL_EXPERIMENTS_NUMBER_LIST_H

#include "core/base/status.h"

enum { MOST_NUMBERS = 32 };

typedef struct number_list {
    int count;
    double values[MOST_NUMBERS];
} number_list;

typedef enum number_kind { NUMBERS_REAL, NUMBERS_WHOLE } number_kind;

/* Reads `text`, the value of `key`: increasing numbers in minimum..maximum. An empty text is an empty list. What is
 * wrong is STATUS_USAGE. */
status number_list_read(const char *key, const char *text, number_kind kind, double minimum, double maximum,
                        number_list *out);

#endif
