/* MPCM, the multiscale patch-based contrast measure (Wei et al., Pattern Recognition 2016).
 *
 * m is the mean of the N x N patch around each pixel, borders replicated. The eight patches around it lie N away:
 *
 *     d_i(p) = m(p) - m(p + offset_i),         i and i + 4 opposite each other
 *     C_N(p) = min_j d_j(p) d_{j+4}(p),        j = 1 .. 4
 *     score  = max(0, max_N C_N),              N = 3, 5, 7, 9
 *
 * A product of two negative differences is positive: dark targets answer too. The preset `community` repeats the
 * arithmetic of the Python version in circulation, whose images keep 8 bits: rounded means, negative differences 0,
 * products modulo 256. */
#include "core/base/parallel.h"
#include "core/base/whole_numbers.h"
#include "modules/classic/solver_report.h"
#include "modules/detector_type.h"

#include <math.h>
#include <string.h>

static const config_key options_table[] = {
    {"model.preset", CONFIG_CHOICE, "authors", 0, 0, "authors|community", "",
     "authors: floating point; community: the Python version's 8-bit arithmetic, which wraps"},
    {"model.scales", CONFIG_INT, "4", 1, 16, NULL, "", "number of patch sizes: 3, 5, 7, 9, ..."},
};

enum { BAND = 8 }; /* rows per parallel item */

typedef struct contrast {
    int width, height, scales;
    bool wrap; /* 8-bit arithmetic */
    int margin;
    ptrdiff_t stride;    /* of padded rows: `margin` replicated columns on both sides */
    const double *image; /* padded rows */
    double *means;       /* padded rows, one map per scale */
    double *columns;     /* one padded row per thread */
    float *score;
} contrast;

static int patch_size(int scale) {
    return 2 * scale + 3;
}

/* Column 0 of a padded row; rows outside the image repeat its border. */
static const double *image_row(const contrast *c, int y) {
    return c->image + int_clamp(y, 0, c->height - 1) * c->stride + c->margin;
}

static double *mean_row(const contrast *c, int scale, int y) {
    ptrdiff_t row = (ptrdiff_t)scale * c->height + int_clamp(y, 0, c->height - 1);
    return c->means + row * c->stride + c->margin;
}

static void replicate(const contrast *c, double *row) {
    for (int i = 1; i <= c->margin; i++) {
        row[-i] = row[0];
        row[c->width - 1 + i] = row[c->width - 1];
    }
}

/* The means of one row, of all scales: a patch's column sums are those of the next smaller one and two more rows. */
static void mean_rows(const worker *w, const contrast *c, int y) {
    int padded = c->width + 2 * c->margin;
    double *sums = c->columns + w->thread * c->stride;
    memcpy(sums, image_row(c, y) - c->margin, (size_t)padded * sizeof *sums);
    for (int scale = 0; scale < c->scales; scale++) {
        int radius = scale + 1, N = patch_size(scale);
        const double *above = image_row(c, y - radius) - c->margin, *below = image_row(c, y + radius) - c->margin;
        for (int x = 0; x < padded; x++)
            sums[x] += above[x] + below[x];
        double *mean = mean_row(c, scale, y), share = 1.0 / (N * N);
        const double *sum = sums + c->margin;
        for (int x = 0; x < c->width; x++)
            mean[x] = sum[x];
        for (int i = 1; i <= radius; i++)
            for (int x = 0; x < c->width; x++)
                mean[x] += sum[x - i] + sum[x + i];
        for (int x = 0; x < c->width; x++)
            mean[x] *= share;
        for (int x = 0; c->wrap && x < c->width; x++)
            mean[x] = rint(mean[x]);
        replicate(c, mean);
    }
}

static inline double smaller(double a, double b) {
    return a < b ? a : b;
}

/* max(0, difference), as an 8-bit image holds it. */
static inline double saturated(double difference) {
    return difference > 0 ? difference : 0;
}

static inline double wrapped(double a, double b) {
    return (int)(saturated(a) * saturated(b)) & 255; /* whole numbers up to 255 * 255 */
}

/* score = max(score, C_N) along one row. */
static void contrast_row(const double *above, const double *row, const double *below, int N, int width, float *score) {
    for (int x = 0; x < width; x++) {
        double m = row[x];
        double C = smaller(smaller((m - above[x - N]) * (m - below[x + N]), (m - above[x]) * (m - below[x])),
                           smaller((m - above[x + N]) * (m - below[x - N]), (m - row[x + N]) * (m - row[x - N])));
        score[x] = (float)C > score[x] ? (float)C : score[x];
    }
}

static void wrapped_row(const double *above, const double *row, const double *below, int N, int width, float *score) {
    for (int x = 0; x < width; x++) {
        double m = row[x];
        double C =
            smaller(smaller(wrapped(m - above[x - N], m - below[x + N]), wrapped(m - above[x], m - below[x])),
                    smaller(wrapped(m - above[x + N], m - below[x - N]), wrapped(m - row[x + N], m - row[x - N])));
        score[x] = (float)C > score[x] ? (float)C : score[x];
    }
}

static void contrast_rows(const contrast *c, int y) {
    float *score = c->score + (ptrdiff_t)y * c->width;
    memset(score, 0, (size_t)c->width * sizeof *score);
    for (int scale = 0; scale < c->scales; scale++) {
        int N = patch_size(scale);
        (c->wrap ? wrapped_row : contrast_row)(mean_row(c, scale, y - N), mean_row(c, scale, y),
                                               mean_row(c, scale, y + N), N, c->width, score);
    }
}

static void mean_band(const worker *w, void *context, int band) {
    const contrast *c = context;
    for (int y = band * BAND; y < (band + 1) * BAND && y < c->height; y++)
        mean_rows(w, c, y);
}

static void contrast_band(const worker *w, void *context, int band) {
    (void)w;
    const contrast *c = context;
    for (int y = band * BAND; y < (band + 1) * BAND && y < c->height; y++)
        contrast_rows(c, y);
}

static void pad(const contrast *c, const double *grey, double *padded) {
    for (int y = 0; y < c->height; y++) {
        double *row = padded + y * c->stride + c->margin;
        memcpy(row, grey + (ptrdiff_t)y * c->width, (size_t)c->width * sizeof *row);
        for (int x = 0; c->wrap && x < c->width; x++)
            row[x] = rint(row[x]);
        replicate(c, row);
    }
}

static status score_image(engine *e, const config *options, const grey_map *image, workspace *work, float *score,
                          solver_report *report) {
    (void)report;
    contrast c = {.width = image->width,
                  .height = image->height,
                  .scales = (int)config_int(options, "model.scales"),
                  .wrap = !strcmp(config_text(options, "model.preset"), "community"),
                  .score = score};
    c.margin = patch_size(c.scales - 1);
    c.stride = c.width + 2 * c.margin;
    size_t map = (size_t)c.stride * (size_t)c.height;
    size_t rows = (size_t)c.stride * (size_t)engine_threads(e);
    workspace_begin(work);
    double *padded = workspace_take(work, map, sizeof *padded);
    c.image = padded;
    c.means = workspace_take(work, (size_t)c.scales * map, sizeof *c.means);
    c.columns = workspace_take(work, rows, sizeof *c.columns);
    TRY(workspace_check(work));
    pad(&c, image->grey, padded);
    int bands = int_pieces(c.height, BAND);
    parallel_for(e, bands, mean_band, &c);
    parallel_for(e, bands, contrast_band, &c);
    return STATUS_OK;
}

const detector_type mpcm = {
    .name = "mpcm",
    .title = "MPCM (Wei et al., 2016)",
    .options = options_table,
    .option_count = sizeof options_table / sizeof *options_table,
    .score = SCORE_RAW,
    .score_image = score_image,
};
