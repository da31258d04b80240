#include "autograd/shared/bands.h"

/* Enough that taking an item costs next to nothing, few enough for many threads: a map of 256x256 has eight. */
enum { ITEM_PIXELS = 8192 };

/* Rows of one item; those of all planes are counted through. */
static int item_rows(const tensor *t) {
    return t->w < ITEM_PIXELS ? ITEM_PIXELS / t->w : 1;
}

static int64_t all_rows(const tensor *t) {
    return (int64_t)t->n * t->c * t->h;
}

int bands_items(const tensor *t) {
    return (int)((all_rows(t) + item_rows(t) - 1) / item_rows(t));
}

typedef struct band_loop {
    const tensor *t;
    band_body *body;
    void *job;
} band_loop;

static void run_item(const worker *w, void *context, int item) {
    const band_loop *loop = context;
    const tensor *t = loop->t;
    int64_t row = (int64_t)item * item_rows(t), end = row + item_rows(t);
    end = end < all_rows(t) ? end : all_rows(t);
    while (row < end) {
        int y0 = (int)(row % t->h);
        int count = t->h - y0 < end - row ? t->h - y0 : (int)(end - row);
        loop->body(w, loop->job, &(plane_band){(int)(row / t->h), y0, {count, t->w, t->row}, item});
        row += count;
    }
}

void bands_for(engine *e, const tensor *t, band_body *body, void *job) {
    parallel_for(e, bands_items(t), run_item, &(band_loop){t, body, job});
}

double bands_sum(engine *e, const tensor *t, band_body *body, void *job, double *sums) {
    int count = bands_items(t);
    for (int i = 0; i < count; i++)
        sums[i] = 0;
    bands_for(e, t, body, job);
    double total = 0;
    for (int i = 0; i < count; i++)
        total += sums[i];
    return total;
}

size_t bands_sum_scratch(const tensor *t) {
    return (size_t)bands_items(t) * sizeof(double) / sizeof(float);
}

static void add_band(const worker *w, void *context, const plane_band *band) {
    const tensor *const *from_to = context;
    w->kernels->plane_combine(band->rows, 1, band_data(from_to[0], band), 0, NULL, true, band_data(from_to[1], band));
}

void bands_add(engine *e, const tensor *from, const tensor *to) {
    bands_for(e, from, add_band, (const tensor *[]){from, to});
}

void bands_forward(node *n, const op_run *run) {
    bands_for(run->engine, &n->value, n->op->forward_band, n);
}

void bands_backward(node *n, const op_run *run) {
    grad_target target = grad_target_of(n, 0);
    if (target.to)
        bands_for(run->engine, target.to, n->op->backward_band, &target);
}
