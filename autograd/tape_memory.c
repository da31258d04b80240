/* Memory planning. Time counts the runs of the schedule. Every value and gradient lives in an interval of it, a value
 * that is computed again in two; lives that overlap get different planes. */
#include "autograd/tape_internal.h"

#include <stdlib.h>

typedef struct life {
    const tensor *shape;
    float **data;   /* receives the address */
    int start, end; /* the first and the last run that has to do with it */
    int64_t planes;
    int64_t offset; /* in planes, once placed */
} life;

typedef struct life_list {
    life *items;
    int count;
    life **value, **grad; /* while time passes: the present life of each node's; NULL: none yet, or a dense one */
    life **live;          /* for place() */
} life_list;

static life *begin(life_list *lives, const tensor *shape, float **data, int start, int end) {
    life *item = &lives->items[lives->count++];
    *item = (life){.shape = shape, .data = data, .start = start, .end = end, .planes = (int64_t)shape->n * shape->c};
    return item;
}

static void extend(life *item, int time) {
    if (item && item->end < time)
        item->end = time;
}

static void read_value(life_list *lives, const node *n, int time) {
    extend(lives->value[n->index], time);
}

/* Whether the value takes the place of its first input, which nobody else reads, now or in a backward pass: each image
 * that of its own input. */
static bool replaces_input(const tape *t, const node *n) {
    const node *x = n->op->works_in_place ? n->input[0] : NULL;
    if (!x || !x->op || x->plan->readers != 1 || x->plan->pinned || tape_runs_backward(t, n))
        return false;
    const tensor *from = &x->value, *to = &n->value;
    return !tensor_is_dense(to) && from->n == to->n && from->h == to->h && from->w == to->w &&
           (to->n == 1 ? from->c >= to->c : from->c == to->c);
}

static void pass_forward(const tape *t, life_list *lives, tape_step *step, int time) {
    node *n = step->n;
    for (int k = 0; k < n->input_count; k++)
        read_value(lives, n->input[k], time);
    int end = n->plan->pinned ? t->step_count : time; /* the caller reads outputs at any time */
    if (replaces_input(t, n)) {
        lives->value[n->index] = lives->value[n->input[0]->index];
        extend(lives->value[n->index], end);
    } else if (!tensor_is_dense(&n->value)) {
        lives->value[n->index] = begin(lives, &n->value, &step->data, time, end);
    }
}

/* The backward run of its first reader back in time begins the life of a gradient, the node's own one ends it; those of
 * leaves are the caller's to read. */
static void begin_gradient(const tape *t, life_list *lives, node *n, int time) {
    if (!n->requires_grad || tensor_is_dense(&n->value) || lives->grad[n->index])
        return;
    n->grad = n->value;
    lives->grad[n->index] = begin(lives, &n->grad, &n->grad.data, time, n->op ? time : t->step_count);
}

static void pass_backward(const tape *t, life_list *lives, const node *n, int time) {
    int reads = tape_backward_reads(t, n);
    if (reads & READS_OUTPUT)
        read_value(lives, n, time);
    for (int k = 0; k < n->input_count; k++) {
        if (reads & (READS_INPUT_0 << k))
            read_value(lives, n->input[k], time);
        begin_gradient(t, lives, n->input[k], time);
    }
    extend(lives->grad[n->index], time);
}

static void list_lives(tape *t, life_list *lives) {
    for (int i = 0; i < t->count; i++) { /* the caller refills leaves at any time */
        node *n = t->nodes[i];
        if (!n->op && !tensor_is_dense(&n->value))
            begin(lives, &n->value, &n->value.data, 0, t->step_count);
    }
    for (int time = 0; time < t->step_count; time++) {
        tape_step *step = &t->steps[time];
        if (step->kind == RUN_BACKWARD)
            pass_backward(t, lives, step->n, time);
        else
            pass_forward(t, lives, step, time);
    }
}

static int by_start(const void *a, const void *b) {
    const life *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->planes != y->planes ? (x->planes > y->planes ? -1 : 1) : 0;
}

/* First fit by offset for the h x w maps of a list in order of start, over those placed before that still live.
 * Returns the number of planes needed. */
static int64_t place(life_list *lives, int h, int w) {
    life **live = lives->live;
    int64_t peak = 0;
    int live_count = 0;
    for (int i = 0; i < lives->count; i++) {
        life *item = &lives->items[i];
        if (item->shape->h != h || item->shape->w != w)
            continue;
        int kept = 0; /* live[] stays sorted by offset */
        for (int k = 0; k < live_count; k++)
            if (live[k]->end >= item->start)
                live[kept++] = live[k];
        live_count = kept;
        int64_t offset = 0;
        int slot = 0;
        while (slot < live_count && live[slot]->offset - offset < item->planes) {
            offset = live[slot]->offset + live[slot]->planes;
            slot++;
        }
        item->offset = offset;
        for (int k = live_count++; k > slot; k--)
            live[k] = live[k - 1];
        live[slot] = item;
        if (offset + item->planes > peak)
            peak = offset + item->planes;
    }
    return peak;
}

static status plan_pool(plane_pool *pool, life_list *lives) {
    pool->planes = place(lives, pool->h, pool->w);
    tensor plane = tensor_planar(1, 1, pool->h, pool->w);
    size_t footprint = tensor_footprint(&plane);
    /* A vector more: the last vector of a row may be read past the last plane's halo. */
    TRY(memory_block_new(((size_t)pool->planes * footprint + TENSOR_HALO) * sizeof(float), &pool->block));
    for (int i = 0; i < lives->count; i++) {
        life *item = &lives->items[i];
        if (item->shape->h == pool->h && item->shape->w == pool->w)
            *item->data = (float *)pool->block.data + (size_t)item->offset * footprint + tensor_origin(&plane);
    }
    return STATUS_OK;
}

static bool has_pool(const tape *t, int h, int w) {
    for (int i = 0; i < t->pool_count; i++)
        if (t->pools[i].h == h && t->pools[i].w == w)
            return true;
    return false;
}

/* Gates, sums and losses: small, each with memory of its own. */
static status plan_dense(tape *t) {
    size_t floats = 0;
    for (int pass = 0; pass < 2; pass++) {
        float *next = t->dense.data;
        for (int i = 0; i < t->count; i++) {
            node *n = t->nodes[i];
            if (!tensor_is_dense(&n->value) || (!n->op && n->value.data))
                continue;
            size_t count = (tensor_footprint(&n->value) + 15) / 16 * 16;
            if (pass == 0) {
                floats += 2 * count;
                continue;
            }
            n->value.data = next;
            n->grad = n->value;
            n->grad.data = next + count;
            next += 2 * count;
        }
        if (pass == 0)
            TRY(memory_block_new(floats * sizeof(float), &t->dense));
    }
    return STATUS_OK;
}

status tape_plan_scratch(tape *t) {
    size_t most = 0;
    for (int i = 0; i < t->count; i++) {
        const node *n = t->nodes[i];
        size_t need = n->op && n->plan->used && n->op->scratch ? n->op->scratch(t->engine, n) : 0;
        most = need > most ? need : most;
    }
    return memory_block_new(most * sizeof(float), &t->scratch);
}

static status plan_planar(tape *t, life_list *lives) {
    list_lives(t, lives);
    qsort(lives->items, (size_t)lives->count, sizeof *lives->items, by_start);
    for (int i = 0; i < t->count; i++) {
        const tensor *v = &t->nodes[i]->value;
        if (tensor_is_dense(v) || has_pool(t, v->h, v->w))
            continue;
        plane_pool *pools = realloc(t->pools, (size_t)(t->pool_count + 1) * sizeof *pools);
        if (!pools)
            return status_fail(STATUS_MEMORY, "out of memory while planning a network");
        t->pools = pools;
        t->pools[t->pool_count++] = (plane_pool){.h = v->h, .w = v->w};
        TRY(plan_pool(&t->pools[t->pool_count - 1], lives));
    }
    return STATUS_OK;
}

/* Before the first run, every value lies where the forward pass will put it. */
static void set_addresses(tape *t) {
    for (int i = 0; i < t->step_count; i++) {
        tape_step *step = &t->steps[i];
        node *n = step->n;
        if (tensor_is_dense(&n->value))
            step->data = n->value.data;
        else if (step->kind == RUN_FORWARD)
            n->value.data = step->data = replaces_input(t, n) ? n->input[0]->value.data : step->data;
    }
}

status tape_plan_memory(tape *t) {
    TRY(plan_dense(t));
    size_t count = (size_t)t->count + 1, most = RUN_KINDS * count; /* a value twice and a gradient */
    life_list lives = {.items = calloc(most, sizeof *lives.items),
                       .value = calloc(count, sizeof(life *)),
                       .grad = calloc(count, sizeof(life *)),
                       .live = calloc(most, sizeof(life *))};
    status result = lives.items && lives.value && lives.grad && lives.live
                        ? plan_planar(t, &lives)
                        : status_fail(STATUS_MEMORY, "out of memory while planning a network");
    free(lives.items);
    free(lives.value);
    free(lives.grad);
    free(lives.live);
    if (result == STATUS_OK)
        set_addresses(t);
    return result;
}
