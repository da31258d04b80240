#include "eval/programs/convert_calibrate.h"

#include "eval/programs/calibration_images.h"
#include "modules/calibration.h"
#include "modules/rounding_trial.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* A chain that alone changes more of what is detected stays in float32. */
#define MOST_CHANGED 0.02

/* --- ranges --- */

static status add_image(void *context, const float *image, int width, int height) {
    return calibration_add(context, image, width, height);
}

/* What is wrong with the network, not with an image. */
static status of_network(status result, const char *path) {
    return result == STATUS_OK ? STATUS_OK : status_prefix(result, "%s", path);
}

static void say_what_was_seen(const calibration *c, const calibration_images *all) {
    char text[4096 + 256];
    for (int i = 0; i < calibration_images_sources(all); i++) {
        calibration_images_name(all, i, text, sizeof text);
        printf("ranges of %d layers from %s\n", calibration_layers(c), text);
    }
    if (calibration_images_remark(all, text, sizeof text))
        fprintf(stderr, "convert: %s\n", text);
}

static status find_ranges(detector *d, const char *path, calibration_images *all) {
    calibration *c;
    TRY(of_network(calibration_new(d, &c), path));
    status result = calibration_images_each(all, add_image, c);
    if (result == STATUS_OK)
        result = of_network(calibration_finish(c), path);
    if (result == STATUS_OK)
        say_what_was_seen(c, all);
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

static status choose_chains(detector *d, const char *path, calibration_images *all) {
    rounding_trial *t;
    TRY(rounding_trial_new(d, &t));
    status result = calibration_images_each(all, try_image, t);
    if (result == STATUS_OK && drop_chains(t) == 0)
        result = status_fail(STATUS_INPUT, "%s: rounding changes what is detected in every chain: no int8", path);
    rounding_trial_free(t);
    return result;
}

status convert_calibrate(detector *d, const char *path, const char *data, const grey_range *range, int size,
                         int images) {
    calibration_images *all;
    TRY(calibration_images_open(data, range, size, images, &all));
    status result = find_ranges(d, path, all);
    if (result == STATUS_OK)
        result = choose_chains(d, path, all);
    calibration_images_close(all);
    return result;
}
