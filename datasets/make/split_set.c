#include "datasets/make/split_set.h"

#include "core/io/file_io.h"
#include "core/io/text_buffer.h"
#include "datasets/dataset_private.h"
#include "datasets/ranked_name.h"
#include "datasets/split_folders.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum side { SIDE_TRAIN, SIDE_VAL, SIDE_TEST, SIDES } side;

static const char *const side_names[SIDES] = {"train", "val", "test"};

typedef struct ranked {
    ranked_name key;      /* its rank is that of the folder, or of the name if there is none */
    size_t folder_length; /* the first bytes of the name; 0: no folder */
    side side;
} ranked;

static int by_name(const void *a, const void *b) {
    return strcmp(((const ranked *)a)->key.name, ((const ranked *)b)->key.name);
}

static bool same_folder(const ranked *a, const ranked *b) {
    return a->folder_length > 0 && a->folder_length == b->folder_length &&
           !strncmp(a->key.name, b->key.name, a->folder_length);
}

static void rank_all(const dataset *d, uint64_t seed, ranked *out) {
    for (int i = 0; i < d->count; i++) {
        const char *name = d->samples[i].name, *slash = strrchr(name, '/');
        size_t folder = slash ? (size_t)(slash - name) : 0;
        char ranked_by[4096];
        snprintf(ranked_by, sizeof ranked_by, "%.*s", (int)(folder ? folder : strlen(name)), name);
        out[i] = (ranked){.key = {name_rank(ranked_by, "split", seed), name}, .folder_length = folder};
    }
    qsort(out, (size_t)d->count, sizeof *out, ranked_name_compare);
}

/* Goes through the ranks: the first ones are for test, the next ones to choose on. */
static void choose_sides(ranked *all, int count, const split_shares *shares, split_counts *out) {
    int test = (int)lround(shares->test * count), val = (int)lround(shares->val * count);
    for (int i = 0; i < count; i++) {
        bool goes_on = i > 0 && same_folder(&all[i], &all[i - 1]);
        all[i].side = goes_on ? all[i - 1].side : out->test < test ? SIDE_TEST : out->val < val ? SIDE_VAL : SIDE_TRAIN;
        out->test += all[i].side == SIDE_TEST;
        out->val += all[i].side == SIDE_VAL;
        out->train += all[i].side == SIDE_TRAIN;
        out->folders += !goes_on && all[i].folder_length > 0;
    }
}

static status write_list(const char *root, side which, const ranked *all, int count) {
    char path[4096];
    text_buffer b;
    TRY(path_join(path, root, side_names[which], ".txt"));
    TRY(text_buffer_begin(&b));
    for (int i = 0; i < count; i++)
        if (all[i].side == which)
            fprintf(b.stream, "%s\n", all[i].key.name);
    return text_buffer_save(&b, path);
}

/* A list or folder that is there says more than chance does. */
static status refuse_splits(const char *path, const dataset *d) {
    bool found;
    for (int i = 0; i < DATASET_SPLITS; i++) {
        TRY(dataset_has_split(path, dataset_split_names[i], &found));
        if (found)
            return status_fail(STATUS_INPUT, "%s: there is a list of split %s already", path, dataset_split_names[i]);
    }
    const char *name = split_folders_in_names(d);
    return name ? status_fail(STATUS_INPUT,
                              "%s: the folder of '%s' is a split already; expected a list of each such folder "
                              "(train.txt, ...), or train/images and train/masks",
                              path, name)
                : STATUS_OK;
}

static status split_all(const char *root, const dataset *d, const split_shares *shares, ranked *all,
                        split_counts *out) {
    *out = (split_counts){0};
    rank_all(d, shares->seed, all);
    choose_sides(all, d->count, shares, out);
    if (out->train == 0 || (shares->val > 0 && out->val == 0) || (shares->test > 0 && out->test == 0))
        return status_fail(STATUS_USAGE,
                           "%s: shares of %g to choose on and %g for test part %d images%s into %d, %d and %d for "
                           "training: none may be empty",
                           d->name, shares->val, shares->test, d->count, out->folders ? " in whole folders" : "",
                           out->val, out->test, out->train);
    qsort(all, (size_t)d->count, sizeof *all, by_name);
    TRY(write_list(root, SIDE_TRAIN, all, d->count));
    if (shares->val > 0)
        TRY(write_list(root, SIDE_VAL, all, d->count));
    return shares->test > 0 ? write_list(root, SIDE_TEST, all, d->count) : STATUS_OK;
}

status split_set_write(const char *path, const split_shares *shares, split_counts *out) {
    char root[4096];
    dataset *d;
    if (!(shares->val >= 0 && shares->test >= 0 && shares->val + shares->test < 1))
        return status_fail(STATUS_USAGE,
                           "--val %g and --test %g: expected shares from 0 on that are less than 1 together",
                           shares->val, shares->test);
    TRY(dataset_open(path, "all", &d));
    ranked *all = malloc((size_t)d->count * sizeof *all);
    status result =
        all ? refuse_splits(path, d) : status_fail(STATUS_MEMORY, "out of memory for the names of %s", path);
    bool takes_lists = path_is_folder(path);
    if (result == STATUS_OK && takes_lists)
        result = layout_list_folder(path, root, &takes_lists);
    if (result == STATUS_OK && !takes_lists)
        result = status_fail(STATUS_INPUT, "%s: no folder of images and masks that could take lists", path);
    if (result == STATUS_OK)
        result = split_all(root, d, shares, all, out);
    free(all);
    dataset_close(d);
    return result;
}
