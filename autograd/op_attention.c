/* Attention within patches (patches.h): every pixel p looks at all pixels q of its patch, weighted by how well its
 * query meets their keys (Wang et al., Non-local Neural Networks, 2018).
 *
 * Forward    S_pq = sum_c Q_cp K_cq,  A_pq = exp(S_pq) / sum_r exp(S_pr),  Y_cp = sum_q A_pq V_cq
 * Gradients  dA_pq = sum_c dY_cp V_cq,  dS_pq = A_pq (dA_pq - sum_r A_pr dA_pr)
 *            dQ_cp = sum_q dS_pq K_cq;  dK_cq = sum_p dS_pq Q_cp;  dV_cq = sum_p A_pq dY_cp
 *
 * A is never whole in memory: a block of its rows is computed at a time, and once more in backward, where the largest
 * score and the sum of each row are all that is kept. */
#include "autograd/ops.h"

#include "autograd/shared/op_support.h"
#include "autograd/shared/patches.h"
#include "core/base/parallel.h"
#include "core/base/whole_numbers.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

enum { ROW_BLOCK = 64 };

/* Of one row of S: A_pq = exp(S_pq - largest) normaliser. */
typedef struct row_saved {
    float largest, normaliser;
} row_saved;

static int parts_of(const node *n) {
    const attention_options *o = n->options;
    return o->parts;
}

static status infer_shape(node *n) {
    const tensor *query = &n->input[0]->value, *value = &n->input[2]->value;
    TRY(require_same_shape(query, &n->input[1]->value));
    if (value->n != query->n || value->h != query->h || value->w != query->w)
        return status_fail(STATUS_USAGE, "values %dx%dx%dx%d for queries %dx%dx%dx%d", value->n, value->c, value->h,
                           value->w, query->n, query->c, query->h, query->w);
    TRY(patches_check(value, parts_of(n)));
    n->value = tensor_planar(value->n, value->c, value->h, value->w);
    n->saved_count = (size_t)value->n * (size_t)value->h * (size_t)value->w * sizeof(row_saved) / sizeof(float);
    return STATUS_OK;
}

/* One patch of one image, its maps dense: [channels][pixels]. */
typedef struct patch_maps {
    int pixels, query_channels, value_channels;
    float *query, *key, *value, *output; /* output: Y, or its gradient */
    float *query_grad, *key_grad, *value_grad;
    float *rows, *rows_grad; /* a block of rows of A and of dS */
    row_saved *saved;        /* of each row */
} patch_maps;

/* The last patch is the largest. */
static int most_pixels(const node *n) {
    int parts = parts_of(n);
    patch last = patch_at(&n->value, parts, parts * parts - 1);
    return last.h * last.w;
}

static size_t scratch_per_thread(const node *n) {
    size_t pixels = (size_t)most_pixels(n), rows = pixels < ROW_BLOCK ? pixels : ROW_BLOCK;
    return pixels * (4 * (size_t)n->input[0]->value.c + 3 * (size_t)n->value.c + 2 * rows);
}

/* The present thread's maps for a patch of an image. */
static patch_maps maps_at(const worker *w, const node *n, const op_run *run, int image, patch p) {
    const tensor *y = &n->value;
    patch_maps m = {.pixels = p.h * p.w, .query_channels = n->input[0]->value.c, .value_channels = y->c};
    size_t query_count = (size_t)m.pixels * (size_t)m.query_channels, value_count = (size_t)m.pixels * (size_t)y->c;
    float *scratch = run->scratch;
    m.query = scratch + (size_t)w->thread * scratch_per_thread(n);
    m.key = m.query + query_count;
    m.query_grad = m.key + query_count;
    m.key_grad = m.query_grad + query_count;
    m.value = m.key_grad + query_count;
    m.value_grad = m.value + value_count;
    m.output = m.value_grad + value_count;
    m.rows = m.output + value_count;
    m.rows_grad = m.rows + (size_t)int_min(m.pixels, ROW_BLOCK) * (size_t)m.pixels;
    /* The patches before this one: whole rows of them above, the rest to the left. */
    row_saved *saved = n->saved;
    m.saved = saved + (ptrdiff_t)image * y->h * y->w + (ptrdiff_t)p.y * y->w + (ptrdiff_t)p.x * p.h;
    return m;
}

static void load(const tensor *t, int image, patch p, float *dense) {
    for (int c = 0; c < t->c; c++)
        for (int row = p.y; row < p.y + p.h; row++, dense += p.w)
            memcpy(dense, tensor_plane(t, image, c) + row * t->row + p.x, (size_t)p.w * sizeof *dense);
}

static void store(const float *dense, bool accumulate, const tensor *t, int image, patch p) {
    for (int c = 0; c < t->c; c++)
        for (int row = p.y; row < p.y + p.h; row++, dense += p.w) {
            float *to = tensor_plane(t, image, c) + row * t->row + p.x;
            for (int i = 0; i < p.w; i++)
                to[i] = accumulate ? to[i] + dense[i] : dense[i];
        }
}

static void store_gradient(const float *dense, const grad_target *target, int image, patch p) {
    if (target->to)
        store(dense, target->accumulate, target->to, image, p);
}

/* Rows first .. first + count - 1 of S, in m->rows. */
static void score(const patch_maps *m, int first, int count) {
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, count, m->pixels, m->query_channels, 1, m->query + first,
                m->pixels, m->key, m->pixels, 0, m->rows, m->pixels);
}

/* Rows of S become rows of A. The largest score is taken off first, so that no exponential overflows. */
static void softmax(const patch_maps *m, int first, int count) {
    for (int p = 0; p < count; p++) {
        float *row = m->rows + (ptrdiff_t)p * m->pixels, largest = row[0], sum = 0;
        for (int q = 1; q < m->pixels; q++)
            largest = row[q] > largest ? row[q] : largest;
        for (int q = 0; q < m->pixels; q++) {
            row[q] = expf(row[q] - largest);
            sum += row[q];
        }
        row_saved *saved = &m->saved[first + p];
        *saved = (row_saved){largest, 1 / sum};
        for (int q = 0; q < m->pixels; q++)
            row[q] *= saved->normaliser;
    }
}

typedef struct attention_job {
    const node *n;
    const op_run *run;
    grad_target dquery, dkey, dvalue;
} attention_job;

static void forward_patch(const worker *w, void *context, int item) {
    const attention_job *job = context;
    const node *n = job->n;
    int patches = parts_of(n) * parts_of(n), image = item / patches;
    patch p = patch_at(&n->value, parts_of(n), item % patches);
    patch_maps m = maps_at(w, n, job->run, image, p);
    load(&n->input[0]->value, image, p, m.query);
    load(&n->input[1]->value, image, p, m.key);
    load(&n->input[2]->value, image, p, m.value);
    for (int first = 0; first < m.pixels; first += ROW_BLOCK) {
        int count = int_min(m.pixels - first, ROW_BLOCK);
        score(&m, first, count);
        softmax(&m, first, count);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m.value_channels, count, m.pixels, 1, m.value, m.pixels,
                    m.rows, m.pixels, 0, m.output + first, m.pixels);
    }
    store(m.output, false, &n->value, image, p);
}

static void forward(node *n, const op_run *run) {
    attention_job job = {.n = n, .run = run};
    parallel_for(run->engine, n->value.n * parts_of(n) * parts_of(n), forward_patch, &job);
}

/* Rows of S become rows of A, those of dA rows of dS. */
static void softmax_gradient(const patch_maps *m, int first, int count) {
    for (int p = 0; p < count; p++) {
        const row_saved saved = m->saved[first + p];
        float *row = m->rows + (ptrdiff_t)p * m->pixels, *grad = m->rows_grad + (ptrdiff_t)p * m->pixels, sum = 0;
        for (int q = 0; q < m->pixels; q++) {
            row[q] = expf(row[q] - saved.largest) * saved.normaliser;
            sum += row[q] * grad[q];
        }
        for (int q = 0; q < m->pixels; q++)
            grad[q] = row[q] * (grad[q] - sum);
    }
}

/* The gradients of one block of rows of A; what they give to keys and values adds up. */
static void backward_rows(const patch_maps *m, int first, int count) {
    int pixels = m->pixels, channels = m->value_channels;
    float add = first ? 1 : 0;
    score(m, first, count);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, count, pixels, channels, 1, m->output + first, pixels,
                m->value, pixels, 0, m->rows_grad, pixels);
    softmax_gradient(m, first, count);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, channels, pixels, count, 1, m->output + first, pixels,
                m->rows, pixels, add, m->value_grad, pixels);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m->query_channels, count, pixels, 1, m->key, pixels,
                m->rows_grad, pixels, 0, m->query_grad + first, pixels);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m->query_channels, pixels, count, 1, m->query + first,
                pixels, m->rows_grad, pixels, add, m->key_grad, pixels);
}

static void backward_patch(const worker *w, void *context, int item) {
    const attention_job *job = context;
    const node *n = job->n;
    int patches = parts_of(n) * parts_of(n), image = item / patches;
    patch p = patch_at(&n->value, parts_of(n), item % patches);
    patch_maps m = maps_at(w, n, job->run, image, p);
    load(&n->input[0]->value, image, p, m.query);
    load(&n->input[1]->value, image, p, m.key);
    load(&n->input[2]->value, image, p, m.value);
    load(&n->grad, image, p, m.output);
    for (int first = 0; first < m.pixels; first += ROW_BLOCK)
        backward_rows(&m, first, int_min(m.pixels - first, ROW_BLOCK));
    store_gradient(m.query_grad, &job->dquery, image, p);
    store_gradient(m.key_grad, &job->dkey, image, p);
    store_gradient(m.value_grad, &job->dvalue, image, p);
}

static void backward(node *n, const op_run *run) {
    attention_job job = {.n = n, .run = run};
    job.dquery = grad_target_of(n, 0);
    job.dkey = grad_target_of(n, 1);
    job.dvalue = grad_target_of(n, 2);
    parallel_for(run->engine, n->value.n * parts_of(n) * parts_of(n), backward_patch, &job);
}

static size_t scratch(const engine *e, const node *n) {
    return (size_t)engine_threads(e) * scratch_per_thread(n);
}

static node *sample(tape *t, int index) {
    static const struct {
        int query_channels, value_channels, h, w, parts;
    } cases[] = {{2, 4, 5, 7, 1}, {3, 2, 10, 14, 3}, {2, 3, 11, 9, 4}, {4, 4, 9, 15, 1}, {2, 5, 3, 5, 3}};
    if (index >= (int)(sizeof cases / sizeof *cases))
        return NULL;
    int h = cases[index].h, w = cases[index].w;
    node *query = tape_variable(t, 2, cases[index].query_channels, h, w, false);
    node *key = tape_variable(t, 2, cases[index].query_channels, h, w, false);
    return attention(t, query, key, tape_variable(t, 2, cases[index].value_channels, h, w, false), cases[index].parts);
}

const op op_attention = {.name = "attention",
                         .infer_shape = infer_shape,
                         .forward = forward,
                         .backward = backward,
                         .backward_reads = READS_INPUT_0 | READS_INPUT_1 | READS_INPUT_2,
                         .scratch = scratch,
                         .sample = sample};

node *attention(tape *t, node *query, node *key, node *value, int parts) {
    node *inputs[] = {query, key, value};
    attention_options options = {parts};
    return tape_record(t, &op_attention, &options, sizeof options, 3, inputs);
}
