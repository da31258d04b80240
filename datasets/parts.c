/* Data sets made of data sets: a side of one, several as one. */
#include "datasets/dataset_private.h"
#include "datasets/ranked_name.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct ranked {
    ranked_name key;
    int index;
} ranked;

static ranked *rank_all(const dataset *d) {
    ranked *all = malloc((size_t)d->count * sizeof *all);
    for (int i = 0; all && i < d->count; i++)
        all[i] = (ranked){{name_rank(d->samples[i].name, "holdout", 0), d->samples[i].name}, i};
    if (all)
        qsort(all, (size_t)d->count, sizeof *all, ranked_name_compare);
    return all;
}

/* Drops every sample that is not marked. */
static void keep_marked(dataset *d, const bool *marked) {
    int kept = 0;
    for (int i = 0; i < d->count; i++) {
        if (!marked[i]) {
            sample_files_free(&d->samples[i]);
            continue;
        }
        d->samples[kept] = d->samples[i];
        if (d->rows)
            d->rows[kept] = d->rows[i];
        kept++;
    }
    d->count = kept;
}

status dataset_hold_out(dataset *d, double share, dataset_side side) {
    assert(!d->parts && share >= 0 && share <= 0.5);
    int held = (int)lround(share * d->count);
    if (held == 0 || held == d->count)
        return status_fail(STATUS_USAGE,
                           "a share of %g holds out %d of the %d samples of %s, split %s: expected at least one "
                           "held out and one kept",
                           share, held, d->count, d->name, d->split);
    ranked *all = rank_all(d);
    bool *marked = calloc((size_t)d->count, sizeof *marked);
    if (!all || !marked) {
        free(all);
        free(marked);
        return status_fail(STATUS_MEMORY, "out of memory for the names of %s", d->name);
    }
    for (int i = 0; i < d->count; i++)
        marked[all[i].index] = (i < held) == (side == DATASET_HELD_OUT);
    free(all);
    keep_marked(d, marked);
    free(marked);
    char split[64];
    snprintf(split, sizeof split, "%.63s", d->split);
    if (side == DATASET_HELD_OUT)
        snprintf(d->split, sizeof d->split, "%s, the %d held out", split, held);
    else
        snprintf(d->split, sizeof d->split, "%s, %d held out", split, held);
    return STATUS_OK;
}

/* "a + b", or "a" if both are the same. */
static void append(char *out, size_t size, const char *text) {
    size_t length = strlen(out);
    if (!strcmp(out, text))
        return;
    snprintf(out + length, size - length, "%s%s", length ? " + " : "", text);
}

static status add_part(dataset *d, const dataset *part, bool alone) {
    char name[4096];
    append(d->name, sizeof d->name, part->name);
    append(d->split, sizeof d->split, part->split);
    for (int i = 0; i < part->count; i++) {
        int length =
            snprintf(name, sizeof name, "%s%s%s", alone ? "" : part->name, alone ? "" : "/", part->samples[i].name);
        if (length >= (int)sizeof name)
            return status_fail(STATUS_INPUT, "%s: the name of a sample is too long", part->name);
        TRY(dataset_add(d, name, NULL, NULL));
    }
    return STATUS_OK;
}

status dataset_join(dataset **parts, int count, dataset **out) {
    *out = NULL;
    dataset *d = calloc(1, sizeof *d);
    dataset **own = malloc((size_t)count * sizeof *own);
    if (!d || !own) {
        for (int i = 0; i < count; i++)
            dataset_close(parts[i]);
        free(d);
        free(own);
        return status_fail(STATUS_MEMORY, "out of memory for %d data sets", count);
    }
    memcpy(own, parts, (size_t)count * sizeof *own);
    d->parts = own;
    d->part_count = count;
    status result = STATUS_OK;
    for (int i = 0; i < count && result == STATUS_OK; i++)
        result = add_part(d, parts[i], count == 1);
    if (result != STATUS_OK) {
        dataset_close(d);
        return result;
    }
    *out = d;
    return STATUS_OK;
}

int dataset_part_count(const dataset *d) {
    return d->parts ? d->part_count : 1;
}

int dataset_part_size(const dataset *d, int part) {
    return d->parts ? d->parts[part]->count : d->count;
}

/* Counts the names of `d` that `other` has, or those that it has not. */
static status count_names(const dataset *d, const dataset *other, bool has, int *count, const char **example) {
    const char **names;
    *count = 0;
    if (example)
        *example = NULL;
    TRY(dataset_sorted_names(other, &names));
    for (int i = 0; i < d->count; i++) {
        const char *name = d->samples[i].name;
        if (has != (bsearch(&name, names, (size_t)other->count, sizeof *names, name_compare) != NULL))
            continue;
        if (example && !*count)
            *example = name;
        ++*count;
    }
    free(names);
    return STATUS_OK;
}

status dataset_shared_names(const dataset *d, const dataset *other, int *count, const char **example) {
    return count_names(d, other, true, count, example);
}

status dataset_lacking_names(const dataset *d, const dataset *other, int *count, const char **example) {
    return count_names(d, other, false, count, example);
}
