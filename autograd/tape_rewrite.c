#include "autograd/tape_rewrite.h"

#include "autograd/tape_internal.h"

#include <assert.h>

bool rewrite_is_inner(const tape *t, const node *n, const op *operation, int readers, const node *last) {
    const struct node_plan *plan = n->plan;
    bool crosses = t->loss && plan->segment != last->plan->segment;
    return n->op == operation && plan->readers == readers && !plan->pinned && n != t->loss && !crosses;
}

/* One reader less; without any, a value is not computed. */
static void release(const tape *t, node *n) {
    if (--n->plan->readers > 0 || n->plan->pinned || n == t->loss)
        return;
    n->plan->used = n->plan->reaches_loss = false;
    for (int i = 0; i < n->input_count; i++)
        release(t, n->input[i]);
}

void rewrite_as(tape *t, node *last, const op *operation, const void *options, size_t options_size, int input_count,
                node *const *inputs) {
    node *before[NODE_INPUTS];
    int before_count = last->input_count;
    tensor shape = last->value;
    assert(input_count <= NODE_INPUTS);
    for (int i = 0; i < before_count; i++)
        before[i] = last->input[i];
    for (int i = 0; i < input_count; i++)
        inputs[i]->plan->readers++;
    status result = tape_set_operation(t, last, operation, options, options_size, input_count, inputs);
    if (result != STATUS_OK) {
        tape_note_failure(t, result);
        return;
    }
    if (!operation->gathers_moments) /* which another pattern may have asked for: the norm counts them itself then */
        last->plan->moments = NULL;
    assert(tensor_same_shape(&shape, &last->value));
    (void)shape;
    for (int i = 0; i < before_count; i++)
        release(t, before[i]);
}

void tape_leave_plain(tape *t) {
    t->plain = true;
}

status tape_rewrite(tape *t) {
    static void (*const patterns[])(tape * t, node * last) = {
#define PATTERN(name) pattern_##name,
#include "autograd/rewrite.def"
#undef PATTERN
    };
    if (t->plain)
        return STATUS_OK;
    for (size_t k = 0; k < sizeof patterns / sizeof *patterns; k++)
        for (int i = 0; i < t->count && t->failure == STATUS_OK; i++)
            if (t->nodes[i]->plan->used)
                patterns[k](t, t->nodes[i]);
    return tape_recorded(t);
}
