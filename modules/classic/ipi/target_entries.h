/* The target part of accelerated proximal gradient (ipi_apg.c) by its entries: few of a patch-image's are not zero.
 *
 * Which entries of T the next step has is seen in single precision, with a bound of its error; what they are is then
 * computed in double precision: the result is that of double precision throughout.
 *
 * Thread rule: the caller's of the engine, but target_step_columns: any of its threads, for items of its own. */
#ifndef IRST_MODULES_CLASSIC_IPI_TARGET_ENTRIES_H
#define IRST_MODULES_CLASSIC_IPI_TARGET_ENTRIES_H

#include "core/base/parallel.h"
#include "core/base/workspace.h"
#include "modules/classic/ipi/apg_step.h"
#include "modules/classic/ipi/low_rank.h"

#include <stdbool.h>
#include <stdint.h>

/* One entry in step k. */
typedef struct target_entry {
    double T_new, T; /* T_{k+1} and T_k */
    double Y_T, Y_B; /* of step k */
    double B;        /* B_k */
    int row;
} target_entry;

/* What a step adds up, of the entries: squares of T_{k+1}, of T_{k+1} - Y_T, products of the latter with Y_B -
 * B_{k+1}; and how many T_{k+1} has. */
typedef struct target_sums {
    double norm2, step2, cross;
    int64_t card;
} target_sums;

/* A step under way: from k to k + 1, B_{k+1} being `new_B` and B_k `B`. */
typedef struct target_stepping {
    const low_rank *new_B, *B;
    apg_pace pace;
    double lambda;
    bool last;
} target_stepping;

typedef struct target_entries {
    int m, n, items;
    const double *D;
    float *D_single, *B_single; /* B_k */
    float *blocks;              /* new columns of B, one piece per thread */
    target_entry *entries;      /* column after column of each item, items TARGET_COLUMNS * m apart */
    target_entry *spare;        /* the same of one item, one piece per thread */
    int *first;                 /* of each column, in its item; one more per item: the end */
    int *hits;                  /* rows, m per thread */
    float *margins;             /* of each row: how far single precision may be off */
    target_sums *sums;
    /* Y_T by rows: entries row_first[i] .. row_first[i + 1] - 1. */
    int *row_first, *column;
    double *value;
    target_stepping step;
} target_entries;

enum { TARGET_COLUMNS = 112 }; /* of one item, the last one's may be fewer */

/* Takes its memory from `w`; no entries. D: m x n, in [0, 1]. */
status target_entries_new(engine *e, target_entries *t, int m, int n, const double *D, workspace *w);

/* The entries of column j are t->entries[begin .. end - 1], rows rising. */
typedef struct target_range {
    size_t begin, end;
} target_range;

target_range target_column(const target_entries *t, int j);

/* Y_T of the next step, whose momentum this is. */
static inline double target_next(const target_entry *entry, double momentum) {
    return entry->T_new + momentum * (entry->T_new - entry->T);
}

/* Lists Y_T of the next step by rows; the number of its entries. */
int64_t target_list_rows(target_entries *t, double momentum);

/* From step k to k + 1 in three parts: T_{k+2}, from T_1 on where both backgrounds are empty, and step k's sums. After
 * the last step there is no T_{k+2}. Between the first and the last part target_step_columns is called for every item
 * 0 .. t->items - 1, TARGET_COLUMNS columns of its own, in any of the engine's threads. */
void target_step_begin(target_entries *t, const target_stepping *step);
void target_step_columns(const worker *w, target_entries *t, int item);
target_sums target_step_end(const target_entries *t);

/* T, m x n. */
void target_write(const target_entries *t, double *T);

#endif
