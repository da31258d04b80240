#include "eval/programs/prepare_pack.h"

#include "core/base/process.h"
#include "core/log/progress.h"
#include "datasets/check/set_survey.h"
#include "datasets/dataset.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void close_splits(dataset *splits[DATASET_SPLITS], int count) {
    for (int i = 0; i < count; i++)
        dataset_close(splits[i]);
}

/* What train or val hold and trainval lacks would not be in the pack. */
static status refuse_more_than(const dataset *trainval, const char *path, const char *split) {
    dataset *d;
    const char *example;
    int lacking;
    TRY(dataset_open(path, split, &d));
    status result = dataset_lacking_names(d, trainval, &lacking, &example);
    if (result == STATUS_OK && lacking)
        result =
            status_fail(STATUS_INPUT, "%s: split trainval should hold split %s and lacks %d of its images, e.g. '%s'",
                        path, split, lacking, example);
    dataset_close(d);
    return result;
}

/* The splits that a set really has, without train and val where trainval holds them already; all of it if it has none.
 * One that is there and cannot be opened is a failure: the others alone are not the set. */
static status open_splits(const char *path, dataset *splits[DATASET_SPLITS], int *count) {
    *count = 0;
    status result = STATUS_OK;
    for (int i = 0; i < DATASET_SPLITS && result == STATUS_OK; i++) {
        const char *split = dataset_split_names[i];
        bool has_trainval = *count > 0 && !strcmp(dataset_split(splits[0]), "trainval"), found;
        result = dataset_has_split(path, split, &found);
        if (result != STATUS_OK || !found)
            continue;
        if (has_trainval && dataset_is_in_trainval(split)) {
            result = refuse_more_than(splits[0], path, split);
            continue;
        }
        result = dataset_open(path, split, &splits[*count]);
        *count += result == STATUS_OK;
    }
    if (result == STATUS_OK && *count == 0) {
        result = dataset_open(path, "all", &splits[0]);
        *count = result == STATUS_OK;
    }
    if (result != STATUS_OK)
        close_splits(splits, *count);
    return result;
}

/* A single mask that covers too much is said, not refused: it stands in the pack as it was. */
static status look_at(const dataset *d, int index, set_survey *s, name_list *notes) {
    grey_image image = {0}, mask = {0};
    TRY(process_check_signals());
    TRY(dataset_read(d, index, MASK_SIZE_MAY_DIFFER, &image, &mask));
    status result = set_survey_add(s, d, index, &image, &mask);
    grey_image_free(&image);
    grey_image_free(&mask);
    return result == STATUS_INPUT ? name_list_add(notes, status_message()) : result;
}

static status look_over(const dataset *d, const pack_options *how, progress *bar, name_list *notes) {
    static const survey_words words = {.range = "--range ", .mask = "--mask ", .size = "--size"};
    set_survey s = {.rule = how->rule, .resizing.size = how->size};
    for (int i = 0; i < dataset_count(d); i++) {
        TRY(look_at(d, i, &s, notes));
        progress_update(bar, bar->done + 1, NULL);
    }
    return set_survey_judge(&s, d, &words, notes);
}

static status look_over_all(dataset *const *splits, int count, int total, const pack_options *how) {
    name_list notes = {0};
    progress bar;
    status result = STATUS_OK;
    progress_begin(&bar, "looking", "image", total);
    for (int i = 0; i < count && result == STATUS_OK; i++)
        result = look_over(splits[i], how, &bar, &notes);
    progress_end(&bar);
    for (int i = 0; i < notes.count && result == STATUS_OK; i++)
        printf("NOTE: %s\n", notes.names[i]);
    name_list_free(&notes);
    return result;
}

static void show_progress(void *context, int done) {
    progress_update(context, done, NULL);
}

static status pack_all(const char *to, dataset *const *splits, int count, int total, const pack_options *how) {
    TRY(look_over_all(splits, count, total, how));
    progress bar;
    progress_begin(&bar, "packing", "image", total);
    status result = pack_write(to, splits, count, how, show_progress, &bar);
    progress_end(&bar);
    if (result == STATUS_OK)
        printf("%s: %d images\n", to, total);
    return result;
}

status prepare_pack(const char *from, const char *to, const grey_range *range, const pack_options *how) {
    dataset *splits[DATASET_SPLITS];
    int count, total = 0;
    TRY(open_splits(from, splits, &count));
    for (int i = 0; i < count; i++) {
        total += dataset_count(splits[i]);
        dataset_set_range(splits[i], range);
    }
    status result = pack_all(to, splits, count, total, how);
    close_splits(splits, count);
    return result;
}
