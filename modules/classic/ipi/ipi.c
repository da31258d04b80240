/* IPI, the infrared patch-image model (Gao et al., TIP 2013).
 *
 * The windows of the image are the columns of a matrix D = B + T: the background B repeats itself, so its rank is low;
 * the target T has few entries. The score of a pixel is the median of T over the windows that cover it, in grey
 * levels. lambda = 1 / sqrt(longer side of the image), as published. The preset `community` repeats the Python version
 * in circulation: smaller windows, another solver (ipi_alm.c), and a mean that loses the last window. */
#include "modules/classic/ipi/ipi_solver.h"
#include "modules/classic/ipi/patch_image.h"

#include <math.h>
#include <string.h>

static const config_key options_table[] = {
    {"model.preset", CONFIG_CHOICE, "authors", 0, 0, "authors|community", "",
     "authors: accelerated proximal gradient, median; community: the Python version, augmented Lagrangian, mean"},
    {"model.patch_size", CONFIG_INT, "0", 0, 256, NULL, "pixels", "side of a window; 0: the preset's, 50 or 30"},
    {"model.patch_step", CONFIG_INT, "10", 1, 256, NULL, "pixels", "from one window to the next, at most its side"},
    {"model.tolerance", CONFIG_REAL, "0", 0, 1, NULL, "",
     "measure of convergence at which the solver stops; 0: the preset's, 1e-6 or 1e-7"},
    {"model.iterations", CONFIG_INT, "1000", 1, 100000, NULL, "", "largest number of iterations"},
    {"model.decomposition", CONFIG_CHOICE, "leading", 0, 0, "leading|exact", "",
     "leading: only the singular values that count, of the background's factors, as near as 1e-5 of their threshold; "
     "exact: LAPACK decomposes the whole matrix in every iteration, as with the preset community always"},
};

enum { LEAST_WINDOWS = 4 }; /* the solver asks for the fourth singular value */

/* What a preset stands for. */
typedef struct preset {
    const char *name;
    int patch_size;
    double tolerance;
    bool unit_range; /* D is scaled to [0, 1] */
    status (*solve)(engine *e, const ipi_problem *p, workspace *work, const double **T, solver_report *report);
    patch_rule paste;
} preset;

static const preset presets[] = {
    {"authors", 50, 1e-6, true, ipi_apg, patch_median},
    {"community", 30, 1e-7, false, ipi_alm, patch_community_mean},
};

static const preset *preset_of(const config *options) {
    return &presets[strcmp(config_text(options, "model.preset"), presets[0].name) != 0];
}

static int patch_size_of(const config *options) {
    int size = (int)config_int(options, "model.patch_size");
    return size > 0 ? size : preset_of(options)->patch_size;
}

/* Returns the range; 0 for a flat image, which stays as it is. */
static double scale_to_unit(double *D, size_t count) {
    double least = D[0], most = D[0];
    for (size_t i = 1; i < count; i++) {
        least = D[i] < least ? D[i] : least;
        most = D[i] > most ? D[i] : most;
    }
    double range = most - least;
    for (size_t i = 0; range > 0 && i < count; i++)
        D[i] = (D[i] - least) / range;
    return range;
}

static status check_size(const grey_map *image, int size, int step) {
    if (image->width < size || image->height < size)
        return status_fail(STATUS_INPUT,
                           "an image of %dx%d is smaller than the windows of IPI, %dx%d: set a smaller "
                           "model.patch_size",
                           image->width, image->height, size, size);
    patch_image p = patch_image_of(image->width, image->height, size, step);
    if (p.n < LEAST_WINDOWS)
        return status_fail(STATUS_INPUT,
                           "an image of %dx%d holds too few windows of %dx%d, every %d pixels: IPI needs %d "
                           "of them, of as many pixels",
                           image->width, image->height, size, size, step, LEAST_WINDOWS);
    return STATUS_OK;
}

static status score_image(engine *e, const config *options, const grey_map *image, workspace *work, float *score,
                          solver_report *report) {
    const preset *how = preset_of(options);
    int size = patch_size_of(options), step = (int)config_int(options, "model.patch_step");
    TRY(check_size(image, size, step));
    patch_image patches = patch_image_of(image->width, image->height, size, step);
    size_t count = (size_t)patches.m * (size_t)patches.n;
    workspace_begin(work);
    double *D = workspace_take(work, count, sizeof *D);
    TRY(workspace_check(work));
    patch_image_cut(&patches, image->grey, D);
    memset(score, 0, (size_t)image->width * (size_t)image->height * sizeof *score);
    double unit = how->unit_range ? scale_to_unit(D, count) : 1;
    if (unit == 0)
        return STATUS_OK;
    double tolerance = config_real(options, "model.tolerance");
    ipi_problem problem = {.m = patches.m,
                           .n = patches.n,
                           .D = D,
                           .lambda = 1 / sqrt(image->width > image->height ? image->width : image->height),
                           .iterations = (int)config_int(options, "model.iterations"),
                           .tolerance = tolerance > 0 ? tolerance : how->tolerance,
                           .exact = !strcmp(config_text(options, "model.decomposition"), "exact")};
    report->lambda = problem.lambda;
    const double *T;
    TRY(how->solve(e, &problem, work, &T, report));
    TRY(patch_image_paste(e, &patches, T, how->paste, work, score));
    for (size_t i = 0; i < (size_t)image->width * (size_t)image->height; i++)
        score[i] *= (float)unit;
    return STATUS_OK;
}

static status check_options(const config *options) {
    long long step = config_int(options, "model.patch_step");
    int size = patch_size_of(options);
    if (size < 2)
        return status_fail(STATUS_USAGE, "model.patch_size is %d, expected at least 2, or 0 for the preset's", size);
    if (step > size)
        return status_fail(STATUS_USAGE,
                           "model.patch_step is %lld, but the windows have only %d pixels: those between "
                           "would belong to none",
                           step, size);
    return STATUS_OK;
}

const detector_type ipi = {
    .name = "ipi",
    .title = "IPI (Gao et al., 2013)",
    .options = options_table,
    .option_count = sizeof options_table / sizeof *options_table,
    .score = SCORE_RAW,
    .check = check_options,
    .score_image = score_image,
};
