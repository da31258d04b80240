/* compare_model_driven METHOD FILE.h5: score maps of a model-driven method against the reference's.
 * FILE: NAME/image (8 bit); NAME/mpcm; NAME/pstnn/{target, N, iterations, positive, lambda, mu, err}, for every NAME.
 */
#include "modules/classic/solver_report.h"
#include "modules/detector_type.h"
#include "tests/golden.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MPCM_LIMIT 1e-6 /* relative, pixel by pixel */
#define MPCM_ZERO 1e-20 /* of the map's maximum: where the exact value is 0, the reference has rounding noise */

#define TARGET_LIMIT 1e-6  /* of the map's maximum */
#define SCALAR_LIMIT 1e-9  /* relative */
#define MEASURE_LIMIT 1e-8 /* the singular values come from a Gram matrix, whose rounding this shows */
#define LEADING_LIMIT 1e-5 /* of IPI's, where singular vectors are iterated as far as 1e-5 of the threshold */

enum { EXACT_EVERY = 4 };

typedef struct comparison {
    const h5_file *file;
    detector *d;
    config *options;
    const char *method;
    bool exact; /* IPI's decompositions by LAPACK; every image takes a second of that, so every EXACT_EVERYth */
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
        worst = deviation_worse(worst, off);
    }
    free(theirs);
    golden_limit(image->name, worst, MPCM_LIMIT, c->wrong);
    return STATUS_OK;
}

/* The reference's IPI leaves its target in shares of the range of its windows. */
static double unit_of(const comparison *c, const golden_image *image) {
    enum { SIDE = 50, STEP = 10 };
    if (strcmp(c->method, "ipi") != 0)
        return 1;
    int least = image->grey[0], most = least;
    for (int y = 0; y < (image->height - SIDE) / STEP * STEP + SIDE; y++)
        for (int x = 0; x < (image->width - SIDE) / STEP * STEP + SIDE; x++) {
            int grey = image->grey[(size_t)y * (size_t)image->width + (size_t)x];
            least = grey < least ? grey : least;
            most = grey > most ? grey : most;
        }
    return most - least;
}

static status compare_target(const comparison *c, const golden_image *image, const float *ours) {
    double *theirs, most = 0, worst = 0, unit = unit_of(c, image);
    char dataset[64], what[256];
    snprintf(dataset, sizeof dataset, "%s/target", c->method);
    TRY(read_map(c, image, dataset, &theirs));
    for (size_t i = 0; i < image->pixels; i++) {
        worst = deviation_worse(worst, fabs(ours[i] - theirs[i] * unit));
        most = fmax(most, theirs[i] * unit);
    }
    free(theirs);
    snprintf(what, sizeof what, "%s/%s", image->name, dataset);
    golden_limit(what, worst / most, TARGET_LIMIT, c->wrong);
    return STATUS_OK;
}

static status compare_scalar(const comparison *c, const golden_image *image, const char *name, double ours,
                             double limit) {
    char path[256];
    double theirs;
    snprintf(path, sizeof path, "%s/%s/%s", image->name, c->method, name);
    TRY(h5_read(c->file, path, H5_FLOAT64, 1, &theirs));
    golden_limit(path, ours == theirs ? 0 : fabs(ours - theirs) / fabs(theirs), limit, c->wrong);
    return STATUS_OK;
}

/* The method's own function, for its report. */
static status solve(const comparison *c, const golden_image *image, workspace *work, float *score,
                    solver_report *report) {
    double *grey = malloc(image->pixels * sizeof *grey);
    if (!grey)
        return status_fail(STATUS_MEMORY, "out of memory for %s", image->name);
    for (size_t i = 0; i < image->pixels; i++)
        grey[i] = image->grey[i];
    const detector_type *type = detector_type_find(c->method);
    status result = type->score_image(test_engine(), c->options, &(grey_map){image->width, image->height, grey}, work,
                                      score, report);
    free(grey);
    return result;
}

/* The same number of iterations, stopped by the same rule, gives the same map; and the programs get it too. */
static status compare_solver(const comparison *c, const golden_image *image, float *score) {
    const float *seen;
    char path[256];
    workspace work = {0};
    solver_report report = {0};
    status result = solve(c, image, &work, score, &report);
    workspace_free(&work);
    TRY(result);
    TRY(compare_target(c, image, score));
    TRY(score_of(c, image, &seen));
    snprintf(path, sizeof path, "%s: the interface differs in", image->name);
    golden_limit(path, memcmp(seen, score, image->pixels * sizeof *score) != 0, 0, c->wrong);
    bool is_pstnn = !strcmp(c->method, "pstnn");
    TRY(compare_scalar(c, image, "iterations", report.iterations, 0));
    TRY(compare_scalar(c, image, is_pstnn ? "N" : "rank", report.rank, 0));
    TRY(compare_scalar(c, image, is_pstnn ? "positive" : "nonzero_in_T", (double)report.nonzero, 0));
    TRY(compare_scalar(c, image, "lambda", report.lambda, SCALAR_LIMIT));
    TRY(compare_scalar(c, image, "mu", report.mu, SCALAR_LIMIT));
    return compare_scalar(c, image, is_pstnn ? "err" : "stop_measure", report.measure,
                          is_pstnn || c->exact ? MEASURE_LIMIT : LEADING_LIMIT);
}

static status compare_image(void *context, const char *name) {
    comparison *c = context;
    golden_image image;
    int place = c->images++;
    if (c->exact && place % EXACT_EVERY != 0)
        return STATUS_OK;
    TRY(read_image(c, name, &image));
    float *score = malloc(image.pixels * sizeof *score);
    status result = score ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for %s", name);
    if (result == STATUS_OK)
        result = !strcmp(c->method, "mpcm") ? compare_mpcm(c, &image) : compare_solver(c, &image, score);
    free(score);
    free(image.grey);
    return result;
}

static status create(comparison *c) {
    TRY(config_new(&c->options));
    TRY(config_set(c->options, "model.name", c->method, "METHOD"));
    if (c->exact)
        TRY(config_set(c->options, "model.decomposition", "exact", "METHOD"));
    TRY(config_declare(c->options, &detector_name_key, 1));
    TRY(detector_declare_options(c->options));
    return detector_new(test_engine(), c->options, 1, &c->d);
}

static status compare(comparison *c, const char *path) {
    h5_file *file = NULL;
    status result = create(c);
    if (result == STATUS_OK)
        result = h5_open(path, &file);
    if (result == STATUS_OK) {
        c->file = file;
        result = h5_each_child(file, "/", compare_image, c);
        if (result == STATUS_OK && c->images == 0)
            result = status_fail(STATUS_INPUT, "%s holds no image", path);
        h5_close(file);
    }
    detector_free(c->d);
    config_free(c->options);
    return result;
}

static status check(char **arguments, int *wrong) {
    comparison usual = {.wrong = wrong, .method = arguments[0]}, exact = {.wrong = wrong, .method = arguments[0]};
    TRY(compare(&usual, arguments[1]));
    exact.exact = true;
    return strcmp(arguments[0], "ipi") ? STATUS_OK : compare(&exact, arguments[1]);
}

int main(int argc, char **argv) {
    return golden_main(argc, argv, 2, "compare_model_driven METHOD FILE.h5", check);
}
