#include "modules/classic/ipi/patch_image.h"

#include "core/base/parallel.h"

#include <stdbool.h>
#include <stdlib.h>

patch_image patch_image_of(int width, int height, int size, int step) {
    patch_image p = {.width = width, .height = height, .size = size, .step = step};
    p.rows = (height - size) / step + 1;
    p.columns = (width - size) / step + 1;
    int pixels = size * size, windows = p.rows * p.columns;
    bool upright = pixels >= windows;
    p.m = upright ? pixels : windows;
    p.n = upright ? windows : pixels;
    p.pixel_stride = upright ? 1 : windows;
    p.window_stride = upright ? pixels : 1;
    return p;
}

void patch_image_cut(const patch_image *p, const double *image, double *matrix) {
    for (int window = 0; window < p->rows * p->columns; window++) {
        int x0 = window % p->columns * p->step, y0 = window / p->columns * p->step;
        double *to = matrix + window * p->window_stride;
        for (int y = y0; y < y0 + p->size; y++)
            for (int x = x0; x < x0 + p->size; x++, to += p->pixel_stride)
                *to = image[(ptrdiff_t)y * p->width + x];
    }
}

/* --- rules --- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double patch_median(double *values, int count) {
    int below = 0, above = 0, half = (count - 1) / 2;
    for (int i = 0; i < count; i++) {
        below += values[i] < 0;
        above += values[i] > 0;
    }
    if (below <= half && above <= half) /* nearly every pixel of a target image */
        return 0;
    qsort(values, (size_t)count, sizeof *values, by_value);
    return (values[half] + values[count / 2]) / 2;
}

double patch_community_mean(double *values, int count) {
    double sum = 0;
    for (int i = 0; i < count - 1; i++)
        sum += values[i];
    return sum > 0 ? sum / count : 0;
}

/* --- pasting --- */

typedef struct pasting {
    const patch_image *p;
    const double *matrix;
    patch_rule rule;
    double *values; /* room for one pixel's values per thread */
    int room;
    float *image;
} pasting;

/* The windows over one coordinate, of `count`: first .. last, none if last < first. */
typedef struct covering {
    int first, last;
} covering;

static covering covering_of(const patch_image *p, int coordinate, int count) {
    int before = coordinate - p->size + 1, last = coordinate / p->step;
    return (covering){before > 0 ? (before + p->step - 1) / p->step : 0, last < count - 1 ? last : count - 1};
}

static void paste_row(const worker *w, void *context, int y) {
    const pasting *job = context;
    const patch_image *p = job->p;
    double *values = job->values + (ptrdiff_t)w->thread * job->room;
    covering rows = covering_of(p, y, p->rows);
    for (int x = 0; x < p->width; x++) {
        covering columns = covering_of(p, x, p->columns);
        int count = 0;
        for (int i = rows.first; i <= rows.last; i++)
            for (int j = columns.first; j <= columns.last; j++) {
                ptrdiff_t pixel = (ptrdiff_t)(y - i * p->step) * p->size + (x - j * p->step);
                ptrdiff_t window = (ptrdiff_t)i * p->columns + j;
                values[count++] = job->matrix[pixel * p->pixel_stride + window * p->window_stride];
            }
        job->image[(ptrdiff_t)y * p->width + x] = count > 0 ? (float)job->rule(values, count) : 0;
    }
}

status patch_image_paste(engine *e, const patch_image *p, const double *matrix, patch_rule rule, workspace *work,
                         float *image) {
    int along = (p->size + p->step - 1) / p->step;
    pasting job = {.p = p, .matrix = matrix, .rule = rule, .room = along * along, .image = image};
    job.values = workspace_take(work, (size_t)job.room * (size_t)engine_threads(e), sizeof(double));
    TRY(workspace_check(work));
    parallel_for(e, p->height, paste_row, &job);
    return STATUS_OK;
}
