#include "autograd/tape_internal.h"

#include "core/base/parallel.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_HEADER = 64 };

void *tape_alloc(tape *t, size_t bytes) {
    size_t rounded = (bytes + 63) / 64 * 64;
    tape_chunk *chunk = aligned_alloc(64, CHUNK_HEADER + rounded);
    if (!chunk) {
        tape_note_failure(t, status_fail(STATUS_MEMORY, "out of memory while recording a network"));
        return NULL;
    }
    memset(chunk, 0, CHUNK_HEADER + rounded);
    chunk->next = t->chunks;
    t->chunks = chunk;
    return (char *)chunk + CHUNK_HEADER;
}

float *tape_alloc_packed(tape *t, size_t floats) {
    size_t bytes = floats * sizeof(float);
    if (bytes == 0 || t->kept_bytes + bytes > MOST_KEPT_BYTES)
        return NULL;
    t->kept_bytes += bytes;
    return tape_alloc(t, bytes);
}

void tape_note_failure(tape *t, status failure) {
    if (t->failure != STATUS_OK)
        return;
    t->failure = failure;
    snprintf(t->failure_message, sizeof t->failure_message, "%s", status_message());
}

status tape_recorded(const tape *t) {
    return t->failure == STATUS_OK ? STATUS_OK : status_fail(t->failure, "%s", t->failure_message);
}

status tape_new(engine *e, int batch, tape **out) {
    *out = calloc(1, sizeof **out);
    if (!*out)
        return status_fail(STATUS_MEMORY, "out of memory for a tape");
    (*out)->engine = e;
    (*out)->batch = batch;
    return STATUS_OK;
}

void tape_free(tape *t) {
    if (!t)
        return;
    for (tape_chunk *chunk = t->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    for (int i = 0; i < t->pool_count; i++)
        memory_block_free(&t->pools[i].block);
    memory_block_free(&t->dense);
    memory_block_free(&t->scratch);
    free(t->steps);
    free(t->pools);
    free(t->nodes);
    free(t);
}

static node *append(tape *t) {
    if (t->failure != STATUS_OK)
        return NULL;
    if (t->count == t->capacity) {
        int capacity = t->capacity ? 2 * t->capacity : 256;
        node **nodes = realloc(t->nodes, (size_t)capacity * sizeof *nodes);
        if (!nodes) {
            tape_note_failure(t, status_fail(STATUS_MEMORY, "out of memory while recording a network"));
            return NULL;
        }
        t->nodes = nodes;
        t->capacity = capacity;
    }
    node *n = tape_alloc(t, sizeof *n);
    struct node_plan *plan = tape_alloc(t, sizeof *plan);
    if (!n || !plan)
        return NULL;
    plan->segment = t->segment;
    n->plan = plan;
    n->index = t->count;
    return t->nodes[t->count++] = n;
}

node *tape_input(tape *t, int n, int c, int h, int w) {
    node *leaf = append(t);
    if (leaf) {
        leaf->value = tensor_planar(n, c, h, w);
        leaf->plan->batched = n == t->batch;
    }
    return leaf;
}

node *tape_parameter(tape *t, int n, int c, int h, int w, float *value, float *grad) {
    node *leaf = append(t);
    if (leaf) {
        leaf->value = leaf->grad = tensor_dense(n, c, h, w);
        leaf->value.data = value;
        leaf->grad.data = grad;
        leaf->requires_grad = grad != NULL;
    }
    return leaf;
}

node *tape_variable(tape *t, int n, int c, int h, int w, bool dense) {
    if (dense) {
        size_t bytes = (size_t)n * (size_t)c * (size_t)h * (size_t)w * sizeof(float);
        float *value = tape_alloc(t, bytes), *grad = tape_alloc(t, bytes);
        return tape_parameter(t, n, c, h, w, value, grad);
    }
    node *leaf = tape_input(t, n, c, h, w);
    if (leaf)
        leaf->requires_grad = true;
    return leaf;
}

/* What makes a map reads one, with a halo: a parameter has none. */
static status check_layout(const node *n) {
    const tensor *x = &n->input[0]->value;
    if (tensor_is_dense(&n->value) || !tensor_is_dense(x) || x->h * x->w == 1)
        return STATUS_OK;
    return status_fail(STATUS_USAGE, "a parameter of %dx%dx%dx%d where a map is expected", x->n, x->c, x->h, x->w);
}

status tape_set_operation(tape *t, node *n, const op *operation, const void *options, size_t options_size,
                          int input_count, node *const *inputs) {
    void *copy = options_size ? tape_alloc(t, options_size) : NULL;
    if (options_size && !copy)
        return STATUS_MEMORY;
    if (options_size)
        memcpy(copy, options, options_size);
    n->op = operation;
    n->options = copy;
    n->input_count = input_count;
    memcpy(n->input, inputs, (size_t)input_count * sizeof *inputs);
    n->saved_count = 0;
    status result = operation->infer_shape(n);
    if (result == STATUS_OK)
        result = check_layout(n);
    return result == STATUS_OK ? STATUS_OK : status_prefix(result, "%s", operation->name);
}

node *tape_record(tape *t, const op *operation, const void *options, size_t options_size, int input_count,
                  node *const *inputs) {
    if (input_count < 1 || input_count > NODE_INPUTS) {
        tape_note_failure(
            t, status_fail(STATUS_USAGE, "%s: %d inputs, expected 1 to %d", operation->name, input_count, NODE_INPUTS));
        return NULL;
    }
    bool requires_grad = false, batched = false;
    for (int i = 0; i < input_count; i++) {
        if (!inputs[i])
            return NULL;
        requires_grad |= inputs[i]->requires_grad;
        batched |= inputs[i]->plan->batched;
    }
    node *n = append(t);
    if (!n)
        return NULL;
    n->requires_grad = requires_grad;
    status result = tape_set_operation(t, n, operation, options, options_size, input_count, inputs);
    if (result != STATUS_OK) {
        tape_note_failure(t, result);
        return NULL;
    }
    n->plan->batched = batched && n->value.n == t->batch;
    return n;
}

void tape_end_segment(tape *t) {
    t->segment++;
}

void tape_set_recompute(tape *t, bool recompute) {
    t->recompute = recompute;
}

void tape_set_fast(tape *t, bool fast) {
    t->fast = fast;
}

void tape_set_ranges(tape *t, node *weight, const float *ranges) {
    (void)t;
    weight->plan->ranges = ranges;
}

bool tape_rounds(const node *weight) {
    return weight->plan->is_rounded;
}

void tape_pin(tape *t, node *n) {
    (void)t;
    if (n)
        n->plan->pinned = true;
}

/* Fills used, reaches_loss and readers of all nodes. */
static void mark(tape *t, node *loss) {
    for (int i = t->count - 1; i >= 0; i--) {
        node *n = t->nodes[i];
        n->plan->reaches_loss |= n == loss;
        n->plan->used |= n->plan->pinned || n == loss;
        for (int k = 0; k < n->input_count; k++) {
            n->input[k]->plan->reaches_loss |= n->plan->reaches_loss;
            n->input[k]->plan->used |= n->plan->used;
            n->input[k]->plan->readers += n->plan->used;
        }
    }
}

/* What nodes have beside values, once rewriting has settled which of them run. */
static status prepare(tape *t) {
    for (int i = 0; i < t->count; i++) {
        node *n = t->nodes[i];
        if (!n->plan->used || !n->op)
            continue;
        if (n->saved_count && !(n->saved = tape_alloc(t, n->saved_count * sizeof(float))))
            return STATUS_MEMORY;
        if (n->op->prepare)
            TRY(n->op->prepare(t, n));
    }
    return STATUS_OK;
}

status tape_plan(tape *t, node *loss) {
    TRY(tape_recorded(t));
    if (t->steps)
        return status_fail(STATUS_USAGE, "a tape is planned once: record another one");
    if (loss && tensor_count(&loss->value) != 1)
        return status_fail(STATUS_USAGE, "a loss of %dx%dx%dx%d, expected a single number", loss->value.n,
                           loss->value.c, loss->value.h, loss->value.w);
    t->loss = loss;
    mark(t, loss);
    TRY(tape_rewrite(t));
    TRY(prepare(t));
    TRY(tape_plan_schedule(t));
    TRY(tape_plan_memory(t));
    return tape_plan_scratch(t);
}

void tape_set_batch(tape *t, int n) {
    assert(n >= 1 && n <= t->batch);
    t->is_forward = false;
    for (int i = 0; i < t->count; i++)
        if (t->nodes[i]->plan->batched)
            t->nodes[i]->value.n = t->nodes[i]->grad.n = n;
}

static void run_step(const tape *t, const tape_step *step) {
    node *n = step->n;
    op_run run = {.engine = t->engine, .scratch = t->scratch.data, .is_recomputation = step->kind == RUN_RECOMPUTATION};
    if (step->kind == RUN_BACKWARD) {
        n->op->backward(n, &run);
        return;
    }
    n->value.data = step->data;
    n->op->forward(n, &run);
}

static void run_forward(void *context) {
    tape *t = context;
    for (int i = 0; i < t->forward_steps; i++)
        run_step(t, &t->steps[i]);
}

void tape_forward(tape *t) {
    parallel_region(t->engine, run_forward, t);
    t->is_forward = true;
}

bool tape_writes_gradient(const tape *t, const float *grad) {
    for (int i = 0; i < t->count; i++)
        if (t->nodes[i]->grad.data == grad && t->nodes[i]->plan->last_writer > 0)
            return true;
    return false;
}

void tape_tell_gradients(tape *t, const gradient_listener *listener) {
    t->listener = listener ? *listener : (gradient_listener){0};
}

static bool is_earlier_input(const node *n, int k) {
    int i = 0;
    while (n->input[i] != n->input[k])
        i++;
    return i < k;
}

/* Of the parameters whose last writer step number `i` was. */
static void tell_gradients(const tape *t, int i) {
    const node *n = t->steps[i].n;
    for (int k = 0; k < n->input_count; k++)
        if (n->input[k]->plan->last_writer == i && !is_earlier_input(n, k)) {
            const tensor *grad = &n->input[k]->grad;
            t->listener.is_complete(t->listener.context, grad->data, (size_t)tensor_count(grad));
        }
}

static void run_backward(void *context) {
    tape *t = context;
    for (int i = t->forward_steps; i < t->step_count; i++) {
        run_step(t, &t->steps[i]);
        if (t->listener.is_complete)
            tell_gradients(t, i);
    }
}

void tape_backward(tape *t) {
    assert(t->loss && t->is_forward);
    t->is_forward = false; /* gradients take the memory of values */
    for (int i = 0; i < t->count; i++) {
        node *n = t->nodes[i];
        n->plan->grad_is_set = !n->op && tensor_is_dense(&n->grad); /* those of parameters add up, see tape_parameter */
    }
    *t->loss->grad.data = 1;
    parallel_region(t->engine, run_backward, t);
}

bool node_grad_adds_up(const node *n, int i) {
    const node *x = n->input[i];
    return x->requires_grad && (x->plan->readers > 1 || (!x->op && tensor_is_dense(&x->value)));
}

const tensor *node_grad(node *n, int i, bool *accumulate) {
    node *input = n->input[i];
    *accumulate = input->requires_grad && input->plan->grad_is_set;
    if (!input->requires_grad)
        return NULL;
    input->plan->grad_is_set = true;
    return &input->grad;
}

int tape_node_count(const tape *t) {
    return t->count;
}

node *tape_node(const tape *t, int index) {
    return t->nodes[index];
}

int64_t tape_memory(const tape *t) {
    size_t bytes = t->dense.bytes + t->scratch.bytes + t->kept_bytes;
    for (int i = 0; i < t->pool_count; i++)
        bytes += t->pools[i].block.bytes;
    return (int64_t)bytes;
}

double tape_flops(const tape *t) {
    double flops = 0;
    for (int i = 0; i < t->count; i++) {
        const node *n = t->nodes[i];
        if (n->plan->used && n->op && n->op->flops)
            flops += n->op->flops(n);
    }
    return flops;
}
