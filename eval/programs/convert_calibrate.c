#include "eval/programs/convert_calibrate.h"

#include "core/base/process.h"
#include "datasets/set_roots.h"
#include "eval/measure/sample.h"
#include "modules/calibration.h"
#include "modules/rounding_trial.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* A chain that alone changes more of what is detected stays in float32. */
#define MOST_CHANGED 0.02

/* What is done with each image. */
typedef struct image_user {
    status (*use)(void *context, const float *image, int width, int height);
    void *context;
} image_user;

static status use_image(const image_user *user, const dataset *set, int size, int index) {
    sample s;
    TRY(process_check_signals());
    TRY(sample_read(set, index, &(sample_options){.size = size}, &s));
    status result = user->use(user->context, s.image, s.width, s.height);
    sample_free(&s);
    return result;
}

/* The training splits of some sets, or all of those that have none. */
typedef struct calibration_sets {
    const char *path; /* of the detector's checkpoint */
    name_list roots;
    dataset **sets;
    int count, images; /* up to so many of each */
    int size;          /* that they are resized to */
} calibration_sets;

static int images_of(const calibration_sets *all, const dataset *set) {
    return all->images < dataset_count(set) ? all->images : dataset_count(set);
}

/* A set that is not split is taken whole. */
static status open_training(const char *path, dataset **out) {
    bool found = false;
    for (int i = 0; i < DATASET_SPLITS && !found; i++)
        TRY(dataset_has_split(path, dataset_split_names[i], &found));
    return dataset_open(path, found ? "train" : "all", out);
}

static status open_sets(const char *data, const grey_range *range, calibration_sets *out) {
    TRY(set_roots_of("DATA", data, &out->roots));
    out->sets = calloc((size_t)out->roots.count, sizeof *out->sets);
    if (!out->sets)
        return status_fail(STATUS_MEMORY, "out of memory for %d data sets", out->roots.count);
    for (; out->count < out->roots.count; out->count++) {
        TRY(open_training(out->roots.names[out->count], &out->sets[out->count]));
        dataset_set_range(out->sets[out->count], range);
    }
    return STATUS_OK;
}

static void close_sets(calibration_sets *all) {
    for (int i = 0; i < all->count; i++)
        dataset_close(all->sets[i]);
    free(all->sets);
    name_list_free(&all->roots);
}

/* Spread evenly over the list of each set. */
static status use_images(const calibration_sets *all, const image_user *user) {
    for (int i = 0; i < all->count; i++) {
        int count = images_of(all, all->sets[i]);
        for (int k = 0; k < count; k++)
            TRY(use_image(user, all->sets[i], all->size, (int)((int64_t)k * dataset_count(all->sets[i]) / count)));
    }
    return STATUS_OK;
}

/* --- ranges --- */

static status add_image(void *context, const float *image, int width, int height) {
    return calibration_add(context, image, width, height);
}

/* What is wrong with the network, not with an image. */
static status of_network(status result, const calibration_sets *all) {
    return result == STATUS_OK ? STATUS_OK : status_prefix(result, "%s", all->path);
}

static status find_ranges(detector *d, const calibration_sets *all) {
    calibration *c;
    TRY(of_network(calibration_new(d, &c), all));
    status result = use_images(all, &(image_user){add_image, c});
    if (result == STATUS_OK)
        result = of_network(calibration_finish(c), all);
    for (int i = 0; i < all->count && result == STATUS_OK; i++)
        printf("ranges of %d layers from %d images of %s, split %s\n", calibration_layers(c),
               images_of(all, all->sets[i]), dataset_name(all->sets[i]), dataset_split(all->sets[i]));
    calibration_free(c);
    return result;
}

/* --- chains that do not bear rounding --- */

static status try_image(void *context, const float *image, int width, int height) {
    return rounding_trial_add(context, image, width, height);
}

/* How many of the chains keep their ranges. */
static int drop_chains(rounding_trial *t) {
    int left = 0;
    for (int chain = 0; chain < rounding_trial_chains(t); chain++) {
        double changed = rounding_trial_changed(t, chain);
        if (changed <= MOST_CHANGED) {
            left++;
            continue;
        }
        printf(
            "%s and what follows it, %d layers, stay in float32: rounded, they change %.1f %% of the pixels detected\n",
            rounding_trial_name(t, chain), rounding_trial_layers(t, chain), 100 * changed);
        rounding_trial_drop(t, chain);
    }
    return left;
}

static status choose_chains(detector *d, const calibration_sets *all) {
    rounding_trial *t;
    TRY(rounding_trial_new(d, &t));
    status result = use_images(all, &(image_user){try_image, t});
    if (result == STATUS_OK && drop_chains(t) == 0)
        result = status_fail(STATUS_INPUT, "%s: rounding changes what is detected in every chain: no int8", all->path);
    rounding_trial_free(t);
    return result;
}

status convert_calibrate(detector *d, const char *path, const char *data, const grey_range *range, int size,
                         int images) {
    calibration_sets all = {.path = path, .images = images, .size = size};
    status result = open_sets(data, range, &all);
    if (result == STATUS_OK)
        result = find_ranges(d, &all);
    if (result == STATUS_OK)
        result = choose_chains(d, &all);
    close_sets(&all);
    return result;
}
