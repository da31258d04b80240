/* The schedule: the runs of operations that make a training step, in order. The forward ones first; then, from the
 * last segment to the first, those forward ones of the segment that have to run again (Chen et al., 2016) and its
 * backward ones.
 *
 * A value is computed again if the backward pass of its own segment wants it, directly or to compute another one
 * again, and nothing else keeps it: what a later segment wants while it runs backward has to live until then anyway,
 * and so it crosses the border. What nobody wants, such as the end of a segment, is not computed twice. */
#include "autograd/tape_internal.h"

#include <stdlib.h>

/* Who wants a value after the forward pass. */
enum { WANTED_BY_OWN_SEGMENT = 1, WANTED_BY_LATER_SEGMENT = 2 };

static bool runs_forward(const node *n) {
    return n->op && n->plan->used;
}

bool tape_runs_backward(const tape *t, const node *n) {
    return t->loss && n->op && n->plan->reaches_loss && n->requires_grad;
}

int tape_backward_reads(const tape *t, const node *n) {
    if (!tape_runs_backward(t, n))
        return 0;
    return n->op->backward_reads_of ? n->op->backward_reads_of(n) : n->op->backward_reads;
}

/* The last segment is just over when its backward pass begins, as is what follows it: they keep their values. */
static bool may_be_recomputed(const tape *t, const node *n) {
    bool worth_it = t->recompute || (n->op && n->op->is_cheap && n->op->is_cheap(n));
    return worth_it && t->loss && n->plan->segment < t->segment - 1 && runs_forward(n) && !n->plan->pinned &&
           !tensor_is_dense(&n->value);
}

static void want(unsigned char *wanted, const node *value, const node *reader) {
    bool same_segment = value->plan->segment == reader->plan->segment;
    wanted[value->index] |= same_segment ? WANTED_BY_OWN_SEGMENT : WANTED_BY_LATER_SEGMENT;
}

/* Fills node_plan.recomputed. Readers follow what they read: from the last node to the first, all readers of a
 * value have been seen when its turn comes. */
static void choose_recomputed(tape *t, unsigned char *wanted) {
    for (int i = t->count - 1; i >= 0; i--) {
        node *n = t->nodes[i];
        int reads = tape_backward_reads(t, n);
        if (reads & READS_OUTPUT)
            want(wanted, n, n);
        n->plan->recomputed = may_be_recomputed(t, n) && wanted[i] == WANTED_BY_OWN_SEGMENT;
        for (int k = 0; k < n->input_count; k++)
            if (n->plan->recomputed || reads & (READS_INPUT_0 << k))
                want(wanted, n->input[k], n);
    }
}

static void append(tape *t, run_kind kind, node *n) {
    t->steps[t->step_count++] = (tape_step){.kind = kind, .n = n};
}

/* The backward pass of the nodes from `start` to before `end`, one segment. */
static void append_segment(tape *t, int start, int end) {
    for (int i = start; i < end; i++)
        if (t->nodes[i]->plan->recomputed)
            append(t, RUN_RECOMPUTATION, t->nodes[i]);
    for (int i = end - 1; i >= start; i--)
        if (tape_runs_backward(t, t->nodes[i]))
            append(t, RUN_BACKWARD, t->nodes[i]);
}

static void append_all(tape *t) {
    for (int i = 0; i < t->count; i++)
        if (runs_forward(t->nodes[i]))
            append(t, RUN_FORWARD, t->nodes[i]);
    t->forward_steps = t->step_count;
    for (int start, end = t->count; end > 0; end = start) {
        start = end - 1;
        while (start > 0 && t->nodes[start - 1]->plan->segment == t->nodes[start]->plan->segment)
            start--;
        append_segment(t, start, end);
    }
}

static bool is_parameter(const node *n) {
    return !n->op && n->requires_grad && tensor_is_dense(&n->grad);
}

/* Several leaves may stand for one parameter: the later step counts, and the leaf that it writes to. */
static void note_writer(const tape *t, const node *leaf, int step) {
    for (int i = 0; i < t->count; i++)
        if (is_parameter(t->nodes[i]) && t->nodes[i]->grad.data == leaf->grad.data)
            t->nodes[i]->plan->last_writer = t->nodes[i] == leaf ? step : 0;
}

/* Fills node_plan.last_writer: no step of backward is number 0. */
static void find_last_writers(tape *t) {
    for (int i = t->forward_steps; i < t->step_count; i++) {
        const node *n = t->steps[i].n;
        for (int k = 0; k < n->input_count && t->steps[i].kind == RUN_BACKWARD; k++)
            if (is_parameter(n->input[k]))
                note_writer(t, n->input[k], i);
    }
}

status tape_plan_schedule(tape *t) {
    size_t count = (size_t)t->count + 1;
    unsigned char *wanted = calloc(count, sizeof *wanted);
    t->steps = calloc(RUN_KINDS * count, sizeof *t->steps);
    if (!wanted || !t->steps) {
        free(wanted);
        return status_fail(STATUS_MEMORY, "out of memory while planning a network");
    }
    choose_recomputed(t, wanted);
    free(wanted);
    append_all(t);
    find_last_writers(t);
    return STATUS_OK;
}
