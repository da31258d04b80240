/* A loss of logits z against a mask t through sums over pixels, whatever the term (mask_loss.h).
 *
 * Forward    S_i = the term's sums over the pixels of image i,  Y = mean over images of f(S_i, pixels), or
 *            f(sum of S_i, all pixels) for the batch as one image
 * Gradient   dz = dY / N  df/dS  dS/dz, N the number of images, or 1; none for t
 *
 * The images are those of the whole batch, on all ranks. */
#include "autograd/losses/mask_loss.h"

#include "autograd/shared/op_support.h"
#include "core/base/parallel.h"
#include "core/base/peers.h"

const mask_loss_term *const mask_loss_terms[] = {
#define TERM(name) &loss_##name,
#include "autograd/losses/mask_losses.def"
#undef TERM
    NULL,
};

const mask_loss_term *mask_loss_find(const char *name) {
    const mask_loss_term *const *term = mask_loss_terms;
    while (*term && strcmp((*term)->name, name))
        term++;
    return *term;
}

static const mask_loss_options *options_of(const node *n) {
    return n->options;
}

static status infer_shape(node *n) {
    const tensor *logit = &n->input[0]->value;
    TRY(infer_loss(n));
    if (logit->c != 1)
        return status_fail(STATUS_USAGE, "logits of %d channels: expected 1", logit->c);
    n->saved_count = (size_t)logit->n * MASK_SUMS * sizeof(double) / sizeof(float); /* slopes */
    return STATUS_OK;
}

static double *slopes_of(const node *n, int image) {
    double *slopes = n->saved;
    return slopes + (options_of(n)->pooling == POOL_IMAGE ? image * MASK_SUMS : 0);
}

static mask_row row_of(const node *n, int image, int y) {
    const tensor *z = &n->input[0]->value, *t = &n->input[1]->value;
    return (mask_row){.z = tensor_plane(z, image, 0) + y * z->row,
                      .t = tensor_plane(t, image, 0) + y * t->row,
                      .width = z->w,
                      .y = (double)y / z->h};
}

typedef struct sum_job {
    const node *n;
    double *sums; /* MASK_SUMS of each image */
} sum_job;

static void sum_image(const worker *w, void *context, int image) {
    (void)w;
    const sum_job *job = context;
    double *sums = job->sums + image * MASK_SUMS;
    memset(sums, 0, MASK_SUMS * sizeof *sums);
    for (int y = 0; y < job->n->input[0]->value.h; y++) {
        mask_row row = row_of(job->n, image, y);
        options_of(job->n)->term->add_row(&row, sums);
    }
}

/* Image by image, in order: whatever thread summed which. */
static double pooled_loss(const node *n, double *sums, const engine *e) {
    const mask_loss_options *o = options_of(n);
    int images = n->input[0]->value.n, whole = peers_images(e, images);
    double pixels = (double)n->input[0]->value.h * n->input[0]->value.w, total = 0;
    memset(n->saved, 0, n->saved_count * sizeof(float));
    if (o->pooling == POOL_BATCH) {
        for (int image = 1; image < images; image++)
            for (int i = 0; i < MASK_SUMS; i++)
                sums[i] += sums[image * MASK_SUMS + i];
        peers_sum(engine_peers(e), sums, MASK_SUMS);
        return o->term->value(sums, whole * pixels, slopes_of(n, 0));
    }
    for (int image = 0; image < images; image++)
        total += o->term->value(sums + image * MASK_SUMS, pixels, slopes_of(n, image));
    peers_sum(engine_peers(e), &total, 1);
    return total / whole;
}

static void forward(node *n, const op_run *run) {
    sum_job job = {n, run->scratch};
    parallel_for(run->engine, n->input[0]->value.n, sum_image, &job);
    *n->value.data = (float)pooled_loss(n, job.sums, run->engine);
}

typedef struct gradient_job {
    grad_target target;
    float *rows;   /* one of each thread, for gradients that are added to others */
    double images; /* that the loss is a mean over */
} gradient_job;

static void backward_image(const worker *w, void *context, int image) {
    const gradient_job *job = context;
    const node *n = job->target.n;
    const tensor *to = job->target.to;
    double slopes[MASK_SUMS], per_image = *n->grad.data / job->images;
    for (int i = 0; i < MASK_SUMS; i++)
        slopes[i] = per_image * slopes_of(n, image)[i];
    for (int y = 0; y < to->h; y++) {
        mask_row row = row_of(n, image, y);
        float *dz = tensor_plane(to, image, 0) + y * to->row;
        float *row_grad = job->target.accumulate ? job->rows + w->thread * to->w : dz;
        options_of(n)->term->grad_row(&row, slopes, row_grad);
        for (int x = 0; job->target.accumulate && x < to->w; x++)
            dz[x] += row_grad[x];
    }
}

static void backward(node *n, const op_run *run) {
    bool pooled = options_of(n)->pooling == POOL_BATCH;
    gradient_job job = {grad_target_of(n, 0), run->scratch,
                        pooled ? 1 : peers_images(run->engine, n->input[0]->value.n)};
    if (job.target.to)
        parallel_for(run->engine, job.target.to->n, backward_image, &job);
}

/* Forward needs the images' sums, backward the threads' rows. */
static size_t scratch(const engine *e, const node *n) {
    const tensor *z = &n->input[0]->value;
    size_t sums = (size_t)z->n * MASK_SUMS * sizeof(double) / sizeof(float);
    size_t rows = (size_t)engine_threads(e) * (size_t)z->w;
    return sums > rows ? sums : rows;
}

/* Every term, with both kinds of pooling. */
static node *sample(tape *t, int index) {
    static const struct { int n, h, w; } sizes[] = {{3, 9, 21}, {2, 7, 5}, {1, 6, 16}, {4, 1, 1}};
    enum { SIZES = sizeof sizes / sizeof *sizes };
    int term_count = 0;
    while (mask_loss_terms[term_count])
        term_count++;
    if (index >= 2 * SIZES * term_count)
        return NULL;
    int size = index / 2 % SIZES, n = sizes[size].n, h = sizes[size].h, w = sizes[size].w;
    return mask_loss(t, tape_variable(t, n, 1, h, w, false), tape_input(t, n, 1, h, w),
                     mask_loss_terms[index / (2 * SIZES)], index % 2 ? POOL_BATCH : POOL_IMAGE);
}

const op op_mask_loss = {.name = "mask_loss",
                         .infer_shape = infer_shape,
                         .forward = forward,
                         .backward = backward,
                         .backward_reads = READS_INPUT_0 | READS_INPUT_1,
                         .scratch = scratch,
                         .sample = sample};

node *mask_loss(tape *t, node *logit, node *mask, const mask_loss_term *term, mask_pooling pooling) {
    mask_loss_options options = {term, pooling};
    node *inputs[] = {logit, mask};
    return tape_record(t, &op_mask_loss, &options, sizeof options, 2, inputs);
}
