/* compare_model_driven METHOD FILE.h5: score maps of a model-driven method against the reference's.
 * FILE: NAME/image (8 bit) and NAME/mpcm, for every NAME. */
#include "tests/golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MPCM_LIMIT 1e-6 /* relative, pixel by pixel */
#define MPCM_ZERO 1e-20 /* of the map's maximum: where the exact value is 0, the reference has rounding noise */

typedef struct comparison {
    const h5_file *file;
    detector *d;
    const char *method;
    int *wrong;
    int images;
} comparison;

typedef struct golden_image {
    const char *name;
    int width, height;
    size_t pixels;
    int32_t *grey;
} golden_image;

static status read_image(const comparison *c, const char *name, golden_image *out) {
    char path[256];
    h5_shape shape;
    void *grey;
    snprintf(path, sizeof path, "%s/image", name);
    TRY(h5_get_shape(c->file, path, &shape));
    if (shape.rank != 2)
        return status_fail(STATUS_INPUT, "%s: %s is not H x W", h5_path(c->file), path);
    *out = (golden_image){.name = name, .width = (int)shape.size[1], .height = (int)shape.size[0]};
    TRY(golden_read(c->file, path, H5_INT32, &grey, &out->pixels));
    out->grey = grey;
    return STATUS_OK;
}

/* The score through the interface that the programs use. */
static status score_of(const comparison *c, const golden_image *image, const float **score) {
    *score = NULL;
    float *unit = malloc(image->pixels * sizeof *unit);
    if (!unit)
        return status_fail(STATUS_MEMORY, "out of memory for %s", image->name);
    for (size_t i = 0; i < image->pixels; i++)
        unit[i] = (float)image->grey[i] / 255;
    detector_maps maps;
    status result = detector_run(c->d, unit, image->width, image->height, DETAIL_SCORE, &maps);
    free(unit);
    *score = maps.score;
    return result;
}

static status read_map(const comparison *c, const golden_image *image, const char *dataset, double **out) {
    char path[256];
    void *map;
    size_t count;
    snprintf(path, sizeof path, "%s/%s", image->name, dataset);
    TRY(golden_read(c->file, path, H5_FLOAT64, &map, &count));
    *out = map;
    if (count == image->pixels)
        return STATUS_OK;
    free(map);
    return status_fail(STATUS_INPUT, "%s: %s has not the image's size", h5_path(c->file), path);
}

static status compare_mpcm(const comparison *c, const golden_image *image) {
    const float *ours;
    double *theirs, most = 0, worst = 0;
    TRY(score_of(c, image, &ours));
    TRY(read_map(c, image, "mpcm", &theirs));
    for (size_t i = 0; i < image->pixels; i++)
        most = fmax(most, theirs[i]);
    for (size_t i = 0; i < image->pixels; i++) {
        double off = fabs(ours[i] - theirs[i]) / fmax(theirs[i], MPCM_ZERO * most);
        worst = off <= worst ? worst : off; /* NaN stays */
    }
    free(theirs);
    golden_limit(image->name, worst, MPCM_LIMIT, c->wrong);
    return STATUS_OK;
}

static status compare_image(void *context, const char *name) {
    comparison *c = context;
    golden_image image;
    TRY(read_image(c, name, &image));
    status result = compare_mpcm(c, &image);
    free(image.grey);
    c->images++;
    return result;
}

static status check(char **arguments, int *wrong) {
    comparison c = {.wrong = wrong, .method = arguments[0]};
    h5_file *file;
    TRY(golden_detector((const char *[]){"model.name", arguments[0], NULL}, &c.d));
    status result = h5_open(arguments[1], &file);
    if (result == STATUS_OK) {
        c.file = file;
        result = h5_each_child(file, "/", compare_image, &c);
        if (result == STATUS_OK && c.images == 0)
            result = status_fail(STATUS_INPUT, "%s holds no image", arguments[1]);
        h5_close(file);
    }
    detector_free(c.d);
    return result;
}

int main(int argc, char **argv) {
    return golden_main(argc, argv, 2, "compare_model_driven METHOD FILE.h5", check);
}
