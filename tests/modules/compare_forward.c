/* compare_forward CHECKPOINT.h5 FILE.h5: the maps of a network against those of the reference network.
 * FILE: NAME/input with NAME/{target_logit, reconstruction} or NAME/{T, D}, H x W each; for some images the maps of the
 * stages too: NAME/stageK/{B, T, N, D} whole, or NAME/stages/{TK, DK} cut out at row and column 100. */
#include "tests/golden.h"

#include "modules/checkpoint.h"
#include "tests/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of each map's largest magnitude. Float32 rounding of some hundred layers, in another order of summation. */
#define LIMIT 2e-4

typedef struct comparison {
    const h5_file *file;
    detector *d;
    int *wrong;
    int width, height;
    int images, maps; /* compared so far */
} comparison;

#define CUT_PLACE 100

/* The part of `map` that a dataset of `shape` holds: all of it, or a cut. New memory. */
static status cut(const comparison *c, const float *map, const h5_shape *shape, const char *path, float **out) {
    if (shape->rank != 2)
        return status_fail(STATUS_INPUT, "%s: %s is not a map of H x W", h5_path(c->file), path);
    int height = (int)shape->size[0], width = (int)shape->size[1];
    bool whole = height == c->height && width == c->width;
    int place = whole ? 0 : CUT_PLACE;
    if (height < 1 || width < 1 || place + height > c->height || place + width > c->width)
        return status_fail(STATUS_INPUT, "%s: %s is no part of an image of %dx%d", h5_path(c->file), path, c->width,
                           c->height);
    *out = malloc((size_t)height * (size_t)width * sizeof **out);
    if (!*out)
        return status_fail(STATUS_MEMORY, "out of memory for %s", path);
    for (int y = 0; y < height; y++)
        memcpy(*out + y * width, map + (place + y) * c->width + place, (size_t)width * sizeof **out);
    return STATUS_OK;
}

/* Compares one map if the file holds it. */
static status compare_map(comparison *c, const char *image, const char *map, const float *ours) {
    char path[512];
    h5_shape shape;
    void *theirs;
    float *part;
    size_t count;
    snprintf(path, sizeof path, "%s/%s", image, map);
    if (!h5_exists(c->file, path))
        return STATUS_OK;
    TRY(h5_get_shape(c->file, path, &shape));
    TRY(cut(c, ours, &shape, path, &part));
    status result = golden_read(c->file, path, H5_FLOAT32, &theirs, &count);
    if (result == STATUS_OK) {
        double largest, difference = golden_difference(part, theirs, count, &largest);
        golden_limit(path, largest > 0 ? difference / largest : difference, LIMIT, c->wrong);
        c->maps++;
        free(theirs);
    }
    free(part);
    return result;
}

/* "stage2/T" is "stages/T2" in the other layout. */
static status compare_stage(comparison *c, const char *image, const detector_map *stage) {
    char other[32];
    int number;
    char letter;
    TRY(compare_map(c, image, stage->name, stage->map));
    if (sscanf(stage->name, "stage%d/%c", &number, &letter) != 2)
        return status_fail(STATUS_INPUT, "%s is no map of a stage", stage->name);
    snprintf(other, sizeof other, "stages/%c%d", letter, number);
    return compare_map(c, image, other, stage->map);
}

static status compare_maps(comparison *c, const char *image, const float *input) {
    detector_maps maps;
    int before = c->maps;
    TRY(detector_run(c->d, input, c->width, c->height, DETAIL_STAGES, &maps));
    TRY(compare_map(c, image, "target_logit", maps.logit));
    TRY(compare_map(c, image, "T", maps.logit));
    if (maps.reconstruction) {
        TRY(compare_map(c, image, "reconstruction", maps.reconstruction));
        TRY(compare_map(c, image, "D", maps.reconstruction));
    }
    for (int i = 0; i < maps.stage_count; i++)
        TRY(compare_stage(c, image, &maps.stages[i]));
    if (c->maps == before)
        return status_fail(STATUS_INPUT, "%s: %s holds no map of the method's", h5_path(c->file), image);
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
    c->width = (int)shape.size[1];
    c->height = (int)shape.size[0];
    status result = compare_maps(c, image, input);
    free(input);
    c->images++;
    return result;
}

static status check(char **files, int *wrong) {
    comparison c = {.wrong = wrong};
    h5_file *file;
    TRY(checkpoint_load(test_engine(), files[0], &c.d));
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
