/* compare_forward CHECKPOINT.h5 FILE.h5: the maps of a network against those of the reference network.
 * FILE: NAME/{input, target_logit, reconstruction} and, for some images, NAME/stageK/{B, T, N, D}; H x W each. */
#include "tests/golden.h"

#include "modules/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of each map's largest magnitude. Float32 rounding of some hundred layers, in another order of summation. */
#define LIMIT 2e-4

typedef struct comparison {
    const h5_file *file;
    detector *d;
    int *wrong;
    int images;
} comparison;

/* Compares one map if the file holds it. */
static status compare_map(const comparison *c, const char *image, const char *map, const float *ours, size_t pixels) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", image, map);
    if (!h5_exists(c->file, path))
        return STATUS_OK;
    float *theirs = malloc(pixels * sizeof *theirs);
    if (!theirs)
        return status_fail(STATUS_MEMORY, "out of memory for %s", path);
    status result = h5_read(c->file, path, H5_FLOAT32, pixels, theirs);
    if (result == STATUS_OK) {
        double largest, difference = golden_difference(ours, theirs, pixels, &largest);
        golden_limit(path, largest > 0 ? difference / largest : difference, LIMIT, c->wrong);
    }
    free(theirs);
    return result;
}

static status compare_maps(const comparison *c, const char *image, const float *input, int width, int height) {
    detector_maps maps;
    size_t pixels = (size_t)width * (size_t)height;
    TRY(detector_run(c->d, input, width, height, DETAIL_STAGES, &maps));
    TRY(compare_map(c, image, "target_logit", maps.logit, pixels));
    if (maps.reconstruction)
        TRY(compare_map(c, image, "reconstruction", maps.reconstruction, pixels));
    for (int i = 0; i < maps.stage_count; i++)
        TRY(compare_map(c, image, maps.stages[i].name, maps.stages[i].map, pixels));
    return STATUS_OK;
}

static status compare_image(void *context, const char *image) {
    comparison *c = context;
    char path[512];
    h5_shape shape;
    snprintf(path, sizeof path, "%s/input", image);
    TRY(h5_get_shape(c->file, path, &shape));
    if (shape.rank != 2)
        return status_fail(STATUS_INPUT, "%s: %s is not a map of H x W", h5_path(c->file), path);
    void *input;
    size_t count;
    TRY(golden_read(c->file, path, H5_FLOAT32, &input, &count));
    status result = compare_maps(c, image, input, (int)shape.size[1], (int)shape.size[0]);
    free(input);
    c->images++;
    return result;
}

static status check(char **files, int *wrong) {
    comparison c = {.wrong = wrong};
    h5_file *file;
    TRY(checkpoint_load(files[0], &c.d));
    status result = h5_open(files[1], &file);
    if (result == STATUS_OK) {
        c.file = file;
        result = h5_each_child(file, "/", compare_image, &c);
        if (result == STATUS_OK && c.images == 0)
            result = status_fail(STATUS_INPUT, "%s holds no image", files[1]);
        h5_close(file);
    }
    detector_free(c.d);
    return result;
}

int main(int argc, char **argv) {
    return golden_main(argc, argv, 2, "compare_forward CHECKPOINT.h5 FILE.h5", check);
}
