/* Memory planning. Time runs 0 .. F - 1 over the forward operations and F .. 2F - 1 over the backward ones, in reverse
 * order. Every value and gradient lives in an interval of it; intervals that overlap get different planes. */
#include "autograd/tape_internal.h"

#include "core/runtime.h"

#include <stdlib.h>

typedef struct interval {
    tensor *tensor;
    int start, end;
    int64_t planes;
    int64_t offset; /* in planes, once placed */
} interval;

typedef struct interval_list {
    interval *items;
    int count;
} interval_list;

static int backward_time(const tape *t, const node *n) {
    return 2 * t->count - 1 - n->index;
}

static bool has_backward(const node *n) {
    return n->op && n->reaches_loss && n->requires_grad;
}

static int later(int a, int b) {
    return a > b ? a : b;
}

static void extend(int *last, const node *n, int time) {
    last[n->index] = later(last[n->index], time);
}

/* When each value is read last: by a forward operation, or by a backward one that keeps it. */
static void value_ends(const tape *t, int *last) {
    for (int i = 0; i < t->count; i++) {
        const node *n = t->nodes[i];
        bool forever = n->pinned || !n->op; /* the caller reads outputs and refills leaves at any time */
        last[i] = forever ? 2 * t->count : i;
    }
    for (int i = 0; i < t->count; i++) {
        const node *n = t->nodes[i];
        if (!n->op || !n->used)
            continue;
        int keeps = has_backward(n) ? n->op->keeps(n) : 0;
        if (keeps & KEEPS_OUTPUT)
            extend(last, n, backward_time(t, n));
        for (int k = 0; k < n->input_count; k++)
            extend(last, n->input[k], keeps & (KEEPS_INPUT_0 << k) ? backward_time(t, n) : i);
    }
    /* A folded node is another name for the node it shares. */
    for (int i = t->count - 1; i >= 0; i--)
        if (t->nodes[i]->shares)
            extend(last, t->nodes[i]->shares, last[i]);
}

/* The backward of the last consumer writes a gradient first; the node's own backward reads it last. */
static void gradient_starts(const tape *t, int *first) {
    for (int i = 0; i < t->count; i++)
        first[i] = t->nodes[i] == t->loss ? t->count : 2 * t->count;
    for (int i = 0; i < t->count; i++) {
        const node *n = t->nodes[i];
        for (int k = 0; has_backward(n) && k < n->input_count; k++) {
            int *start = &first[n->input[k]->index];
            *start = backward_time(t, n) < *start ? backward_time(t, n) : *start;
        }
    }
}

static int by_start(const void *a, const void *b) {
    const interval *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->planes != y->planes ? (x->planes > y->planes ? -1 : 1) : 0;
}

/* First fit by offset, over the intervals placed before that still live. Returns the number of planes needed. */
static int64_t place(interval_list *list, interval **live) {
    int64_t peak = 0;
    int live_count = 0;
    qsort(list->items, (size_t)list->count, sizeof *list->items, by_start);
    for (int i = 0; i < list->count; i++) {
        interval *item = &list->items[i];
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

static void list_add(interval_list *list, tensor *shape, int start, int end) {
    list->items[list->count++] = (interval){shape, start, end, (int64_t)shape->n * shape->c, 0};
}

/* All intervals of planar maps with h x w pixels. */
static void collect(tape *t, int h, int w, const int *last, const int *first, interval_list *list) {
    list->count = 0;
    for (int i = 0; i < t->count; i++) {
        node *n = t->nodes[i];
        if (tensor_is_dense(&n->value) || n->value.h != h || n->value.w != w || (!n->used && n->op))
            continue;
        if (!n->shares)
            list_add(list, &n->value, n->op ? i : 0, last[i]);
        if (n->requires_grad && n->reaches_loss && t->loss) {
            n->grad = n->value;
            list_add(list, &n->grad, first[i], n->op ? backward_time(t, n) : 2 * t->count);
        }
    }
}

static status plan_pool(tape *t, plane_pool *pool, const int *last, const int *first, interval_list *list,
                        interval **live) {
    collect(t, pool->h, pool->w, last, first, list);
    pool->planes = place(list, live);
    tensor plane = tensor_planar(1, 1, pool->h, pool->w);
    size_t footprint = tensor_footprint(&plane);
    /* A vector more: the last vector of a row may be read past the last plane's halo. */
    TRY(memory_block_new(((size_t)pool->planes * footprint + TENSOR_HALO) * sizeof(float), &pool->block));
    for (int i = 0; i < list->count; i++)
        list->items[i].tensor->data =
            (float *)pool->block.data + (size_t)list->items[i].offset * footprint + tensor_origin(&plane);
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
        size_t need = n->op && n->used && n->op->scratch ? n->op->scratch(n) : 0;
        most = need > most ? need : most;
    }
    memory_block_free(&t->scratch);
    t->scratch_threads = runtime_threads();
    return memory_block_new(most * sizeof(float), &t->scratch);
}

static status plan_planar(tape *t, int *last, int *first, interval_list *list, interval **live) {
    value_ends(t, last);
    gradient_starts(t, first);
    for (int i = 0; i < t->count; i++) {
        const tensor *v = &t->nodes[i]->value;
        if (tensor_is_dense(v) || has_pool(t, v->h, v->w))
            continue;
        plane_pool *pools = realloc(t->pools, (size_t)(t->pool_count + 1) * sizeof *pools);
        if (!pools)
            return status_fail(STATUS_MEMORY, "out of memory while planning a network");
        t->pools = pools;
        t->pools[t->pool_count++] = (plane_pool){.h = v->h, .w = v->w};
        TRY(plan_pool(t, &t->pools[t->pool_count - 1], last, first, list, live));
    }
    for (int i = 0; i < t->count; i++)
        if (t->nodes[i]->shares)
            t->nodes[i]->value.data = t->nodes[i]->shares->value.data;
    return STATUS_OK;
}

status tape_plan_memory(tape *t) {
    TRY(plan_dense(t));
    size_t count = (size_t)t->count + 1;
    int *last = calloc(count, sizeof *last), *first = calloc(count, sizeof *first);
    interval_list list = {.items = calloc(2 * count, sizeof *list.items)};
    interval **live = calloc(2 * count, sizeof(interval *));
    status result = last && first && list.items && live
                        ? plan_planar(t, last, first, &list, live)
                        : status_fail(STATUS_MEMORY, "out of memory while planning a network");
    free(last);
    free(first);
    free(list.items);
    free(live);
    return result;
}
